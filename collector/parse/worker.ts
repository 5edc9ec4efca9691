/**
 * A parse thread: takes bodies apart, parses their chunks, and keeps what is unfinished of each generation. The
 * main thread decides between the two steps whether a delivery fits; until then nothing here changes.
 */
import { isDeepStrictEqual } from 'node:util'
import { parentPort, workerData } from 'node:worker_threads'
import type { Codec, Delivery } from '../../agent/protocol.ts'
import type { Handling } from '../handling.ts'
import type { Columns } from '../record.ts'
import { decompressors } from './codec.ts'
import { ColumnsBuilder } from './columns.ts'
import { FrameError, readFrame } from './frame.ts'
import { flush, holdsEvents, isIdle, mayFlush, parseChunk, waitMs } from './generation.ts'
import type { NulRun } from './nuls.ts'
import { beginReading, type Counts, type Format, mannerOf, noCounts, type Reading } from './reading.ts'
import { type Redaction, Redactor } from './redact.ts'
import { BUILT_IN_RULES, type RedactionConfig, redactionOf } from './redact-rules.ts'

/** A chunk to be parsed, with what the main thread knows of its generation. */
export interface ChunkAsked {
  /** Names the generation among all of all hosts. */
  key: string
  offset: number
  committed: number
  stored: number
  last: boolean
  format: Format
  handling: Handling
  /** How far the clock of the host is ahead of the hub's. */
  aheadMs: number
}

/** What is given out: what waited too long for its continuation, events that may go on, or all that is held, cut. */
export type Flushed = 'idle' | 'events' | 'cut'

export type Asked =
  | { kind: 'open'; id: number; body: ArrayBuffer; codec: Codec; length: number }
  | { kind: 'parse'; id: number; chunks: ChunkAsked[]; nowMs: number }
  | { kind: 'flush'; id: number; keys: string[]; what: Flushed; nowMs: number }
  /** The delivery is not wanted. */
  | { kind: 'drop'; id: number }
  /** What was given out of these was not stored: forget what is held, the bytes come again. */
  | { kind: 'forget'; keys: string[] }

/** Where a generation stands behind the records that come with it. */
export interface Parsed {
  key: string
  records: Columns
  next: number
  committed: number
  stored: number
  /** How long what is open may wait for its continuation; 0 where nothing is open. */
  waitMs: number
  nuls: NulRun[]
}

export type Answer =
  | { kind: 'ready'; codecs: Codec[] }
  | { kind: 'opened'; id: number; head: Delivery }
  | { kind: 'parsed'; id: number; chunks: Parsed[]; counts: Counts; held: number; oldest: string[] }
  | { kind: 'failed'; id: number; code: string; message: string }

/** Bytes that unfinished records and lines of one thread may hold together. */
const HELD_BYTES = 32 * 1024 * 1024
/** Labels that differ; beyond this many all are compiled again. */
const MOST_REDACTIONS = 1000
/** Readings that hold nothing are only a convenience; beyond this many the oldest are forgotten. */
const MOST_READINGS = 20_000

const port = parentPort
if (!port) throw new Error('collector/parse/worker is started as a thread')

const readers = decompressors()
const redactionConfig = (workerData as RedactionConfig | null | undefined) ?? BUILT_IN_RULES
const redactor = new Redactor()
/** By label. */
const redactions = new Map<string | undefined, Redaction>()
const builder = new ColumnsBuilder()
const readings = new Map<string, Reading>()
/** Bytes that all readings hold. */
let held = 0
/** Bodies between the two steps, by request: the chunks' bytes. */
const waiting = new Map<number, Uint8Array[]>()

port.on('message', (asked: Asked) => {
  try {
    handle(asked)
  } catch (error) {
    if (!('id' in asked)) throw error
    const code = error instanceof FrameError ? error.code : 'DRIFTLOG_PARSE'
    send({ kind: 'failed', id: asked.id, code, message: (error as Error).message })
  }
})
send({ kind: 'ready', codecs: Object.keys(readers) as Codec[] })

function handle(asked: Asked): void {
  switch (asked.kind) {
    case 'open':
      open(asked.id, asked.body, asked.codec, asked.length)
      return
    case 'parse':
      parse(asked.id, asked.chunks, asked.nowMs)
      return
    case 'flush':
      flushAll(asked.id, asked.keys, asked.what, asked.nowMs)
      return
    case 'drop':
      waiting.delete(asked.id)
      return
    case 'forget':
      for (const key of asked.keys) forget(key)
      return
    default:
      asked satisfies never
  }
}

function open(id: number, body: ArrayBuffer, codec: Codec, length: number): void {
  const { head, bytes } = readFrame(decompressed(new Uint8Array(body), codec, length))
  waiting.set(id, bytes)
  send({ kind: 'opened', id, head })
}

function decompressed(body: Uint8Array, codec: Codec, length: number): Buffer {
  const decompress = readers[codec]
  if (!decompress) throw new FrameError('DRIFTLOG_BODY', `This hub can't read the codec ${codec}.`)
  let plain: Buffer
  try {
    plain = decompress(body, Math.max(1, length))
  } catch (error) {
    throw new FrameError('DRIFTLOG_BODY', `The body can't be decompressed: ${(error as Error).message}`)
  }
  if (plain.length !== length)
    throw new FrameError(
      'DRIFTLOG_BODY',
      `driftlog-length says ${length} bytes, but the body has ${plain.length}.`
    )
  return plain
}

function parse(id: number, chunks: ChunkAsked[], nowMs: number): void {
  const bodies = waiting.get(id)
  waiting.delete(id)
  if (!bodies) throw new Error('the delivery was not opened')
  const counts = noCounts()
  const parsed: Parsed[] = []
  for (const [i, chunk] of chunks.entries()) {
    const reading = readings.get(chunk.key) ?? begin(chunk, nowMs)
    if (reading.next !== chunk.offset) throw new Error('the reading stands elsewhere')
    readings.set(chunk.key, reading)
    reading.redaction = redactionFor(chunk.handling.redact)
    reading.redactor = redactor
    reading.aheadMs = chunk.aheadMs
    adopt(reading, chunk)
    const before = reading.held
    parseChunk(reading, bodies[i] ?? new Uint8Array(0), chunk.last, nowMs, builder, counts)
    held += reading.held - before
    parsed.push(parsedOf(chunk.key, reading))
    if (chunk.last) forget(chunk.key)
  }
  forgetOldest()
  answer(id, parsed, counts)
}

function begin({ committed, stored, format, handling }: ChunkAsked, nowMs: number): Reading {
  return beginReading(committed, stored, nowMs, mannerOf(format, handling))
}

function redactionFor(label: string | undefined): Redaction {
  const known = redactions.get(label)
  if (known) return known
  if (redactions.size === MOST_REDACTIONS) redactions.clear()
  const redaction = redactionOf(redactionConfig, label)
  redactions.set(label, redaction)
  return redaction
}

/** Labels of what is no container may change, but never under what is open. */
function adopt(reading: Reading, { format, handling }: ChunkAsked): void {
  const { manner } = reading
  if (reading.open > 0 || isDeepStrictEqual(manner.handling, handling)) return
  reading.manner = mannerOf(format, handling)
}

function flushAll(id: number, keys: string[], what: Flushed, nowMs: number): void {
  const counts = noCounts()
  const parsed: Parsed[] = []
  for (const key of keys) {
    const reading = readings.get(key)
    if (!reading || !isWanted(reading, what, nowMs)) continue
    const before = reading.held
    flush(reading, builder, counts, nowMs, what === 'cut')
    held += reading.held - before
    parsed.push(parsedOf(key, reading))
  }
  answer(id, parsed, counts)
}

function isWanted(reading: Reading, what: Flushed, nowMs: number): boolean {
  if (what === 'idle') return isIdle(reading, nowMs, waitMs(reading))
  return what === 'cut' || (holdsEvents(reading) && mayFlush(reading))
}

function answer(id: number, chunks: Parsed[], counts: Counts): void {
  counts.redacted = redactor.take()
  const oldest = held > HELD_BYTES ? oldestHolding() : []
  const transfer = chunks.map((chunk) => chunk.records.text.buffer as ArrayBuffer)
  send({ kind: 'parsed', id, chunks, counts, held, oldest }, transfer)
}

/** Generations whose flush brings what is held down to the bound: those that waited longest. */
function oldestHolding(): string[] {
  const holding = [...readings].filter(([, reading]) => reading.held > 0)
  // Where records came already, pieces are better left to their end: see generation.ts.
  const rank = (reading: Reading) => (reading.next >= reading.stored ? 0 : Number.MAX_SAFE_INTEGER / 2)
  holding.sort(([, a], [, b]) => rank(a) + a.touchedMs - (rank(b) + b.touchedMs))
  const keys: string[] = []
  let left = held
  for (const [key, reading] of holding) {
    if (left <= HELD_BYTES) break
    keys.push(key)
    left -= reading.held
  }
  return keys
}

function parsedOf(key: string, reading: Reading): Parsed {
  const { next, committed, stored, nuls } = reading
  reading.nuls = []
  return { key, records: builder.finish(), next, committed, stored, waitMs: waitMs(reading), nuls }
}

function forget(key: string): void {
  held -= readings.get(key)?.held ?? 0
  readings.delete(key)
}

function forgetOldest(): void {
  if (readings.size <= MOST_READINGS) return
  let surplus = readings.size - MOST_READINGS
  for (const [key, reading] of readings) {
    if (reading.held > 0) continue
    readings.delete(key)
    if (--surplus === 0) return
  }
}

function send(message: Answer, transfer: ArrayBuffer[] = []): void {
  port?.postMessage(message, transfer)
}
