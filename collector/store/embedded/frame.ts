/**
 * A frame of a journal: what one append brought, records and positions together, under one checksum.
 *
 * Little-endian, 8-byte aligned. Head, 32 bytes: magic, crc32 of everything behind it, length of the payload,
 * length of the JSON, records, bytes of text, two words of zeroes. Payload: timeMs f64, offset f64, nanos u32, textEnd u32,
 * level u8, output u8, flags u8, each one column; the JSON of the batches; the texts; each padded to 8 bytes.
 */
import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Columns, GenerationState } from '../../record.ts'
import { NewerFormatError } from './fault.ts'

/** One batch of a frame. Its records are the next `count` of the frame. */
export interface FrameBatch {
  /** Number in the origins dictionary. */
  origin: number
  state: GenerationState
  receivedMs: number
  count: number
}

/** Columns of a frame; row i's text is text[textEnd[i-1] … textEnd[i]]. They look into the journal's bytes. */
export interface Frame {
  /** Where the frame begins in its file, and where the next one does. */
  at: number
  next: number
  count: number
  batches: FrameBatch[]
  timeMs: Float64Array
  offset: Float64Array
  nanos: Uint32Array
  textEnd: Uint32Array
  level: Uint8Array
  output: Uint8Array
  flags: Uint8Array
  text: Buffer
}

export const FILE_HEAD = 16
export const JOURNAL_VERSION = 1
const FILE_MAGIC = Buffer.from('DRIFTLGJ')
const HEAD = 32
const MAGIC = 0x4d52_464c
const MAGIC_BYTES = Buffer.from([0x4c, 0x46, 0x52, 0x4d])

export function journalHead(number: number): Buffer {
  const head = Buffer.alloc(FILE_HEAD)
  FILE_MAGIC.copy(head)
  head.writeUInt32LE(JOURNAL_VERSION, 8)
  head.writeUInt32LE(number, 12)
  return head
}

/** False where this is no journal's beginning; throws NewerFormatError. */
export function isJournalHead(file: Buffer, place: string): boolean {
  if (file.length < FILE_HEAD || !file.subarray(0, 8).equals(FILE_MAGIC)) return false
  const version = file.readUInt32LE(8)
  if (version > JOURNAL_VERSION) throw new NewerFormatError(place, version, JOURNAL_VERSION)
  return version > 0
}

/** The whole file, 8-byte aligned as frames need it. Sync: for worker threads and the start. */
export function readAligned(path: string): Buffer {
  const bytes = readFileSync(path)
  if (bytes.byteOffset % 8 === 0) return bytes
  const aligned = Buffer.alloc(bytes.length)
  bytes.copy(aligned)
  return aligned
}

/** What goes into a frame: the rows of `columns` for which `kept` is absent or names them. */
export interface FrameInput {
  origin: number
  state: GenerationState
  receivedMs: number
  columns: Columns
  /** Rows to take, ascending; absent: all. */
  kept?: Uint32Array
}

export function encodeFrame(inputs: readonly FrameInput[]): Buffer {
  let count = 0
  let textBytes = 0
  const heads = inputs.map(({ origin, state, receivedMs, columns, kept }) => {
    const rows = kept ? kept.length : columns.count
    count += rows
    textBytes += kept ? bytesOf(columns, kept) : rows > 0 ? (columns.textEnd[rows - 1] ?? 0) : 0
    const { generation, number, file, committed, stored, ended } = state
    return [origin, generation, number, file, committed, stored, ended ? 1 : 0, receivedMs, rows]
  })
  const json = Buffer.from(JSON.stringify(heads))
  const places = layout(count, json.length, textBytes)
  const frame = Buffer.alloc(places.end)
  const at = frame.byteOffset
  const timeMs = new Float64Array(frame.buffer, at + places.timeMs, count)
  const offset = new Float64Array(frame.buffer, at + places.offset, count)
  const nanos = new Uint32Array(frame.buffer, at + places.nanos, count)
  const textEnd = new Uint32Array(frame.buffer, at + places.textEnd, count)
  let row = 0
  let text = 0
  for (const { columns, kept } of inputs) {
    const rows = kept ? kept.length : columns.count
    for (let i = 0; i < rows; i++, row++) {
      const from = kept ? (kept[i] as number) : i
      timeMs[row] = columns.timeMs[from] as number
      offset[row] = columns.offset[from] as number
      nanos[row] = columns.nanos[from] as number
      frame[places.level + row] = columns.level[from] as number
      frame[places.output + row] = columns.output[from] as number
      frame[places.flags + row] = columns.flags[from] as number
      const start = from > 0 ? (columns.textEnd[from - 1] as number) : 0
      const end = columns.textEnd[from] as number
      if (kept) frame.set(columns.text.subarray(start, end), places.text + text)
      textEnd[row] = text + (kept ? end - start : end)
      if (kept) text += end - start
    }
    if (kept) continue
    const bytes = rows > 0 ? (columns.textEnd[rows - 1] as number) : 0
    frame.set(columns.text.subarray(0, bytes), places.text + text)
    text += bytes
  }
  json.copy(frame, places.json)
  frame.writeUInt32LE(MAGIC, 0)
  frame.writeUInt32LE(places.end - HEAD, 8)
  frame.writeUInt32LE(json.length, 12)
  frame.writeUInt32LE(count, 16)
  frame.writeUInt32LE(textBytes, 20)
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4)
  return frame
}

export type Read =
  | { kind: 'frame'; frame: Frame }
  /** Bytes between that are no frame, though frames follow. */
  | { kind: 'damaged'; from: number; to: number }
  /** Nothing that can be trusted follows: the rest of the file is an unfinished write, or worse. */
  | { kind: 'torn'; from: number; to: number }

/** Reads the frames of a journal from `from` (a frame's place) on. `file` must be 8-byte aligned. */
export function* readFrames(file: Buffer, from = FILE_HEAD): Generator<Read, void> {
  let at = from
  while (at < file.length) {
    const frame = frameAt(file, at)
    if (frame) {
      yield { kind: 'frame', frame }
      at = frame.next
      continue
    }
    const next = nextFrame(file, at)
    if (next === undefined) {
      yield { kind: 'torn', from: at, to: file.length }
      return
    }
    yield { kind: 'damaged', from: at, to: next }
    at = next
  }
}

/** The frame that begins here, or undefined where none does that passes its checksum. */
export function frameAt(file: Buffer, at: number): Frame | undefined {
  if (at + HEAD > file.length || file.readUInt32LE(at) !== MAGIC) return undefined
  const count = file.readUInt32LE(at + 16)
  const jsonBytes = file.readUInt32LE(at + 12)
  const textBytes = file.readUInt32LE(at + 20)
  const places = layout(count, jsonBytes, textBytes)
  if (places.end - HEAD !== file.readUInt32LE(at + 8) || at + places.end > file.length) return undefined
  if (crc32(file.subarray(at + 8, at + places.end)) !== file.readUInt32LE(at + 4)) return undefined
  const batches = batchesOf(file.toString('utf8', at + places.json, at + places.json + jsonBytes), count)
  if (!batches) return undefined
  const base = file.byteOffset + at
  const bytes = (place: number) => new Uint8Array(file.buffer, base + place, count)
  return {
    at,
    next: at + places.end,
    count,
    batches,
    timeMs: new Float64Array(file.buffer, base + places.timeMs, count),
    offset: new Float64Array(file.buffer, base + places.offset, count),
    nanos: new Uint32Array(file.buffer, base + places.nanos, count),
    textEnd: new Uint32Array(file.buffer, base + places.textEnd, count),
    level: bytes(places.level),
    output: bytes(places.output),
    flags: bytes(places.flags),
    text: file.subarray(at + places.text, at + places.text + textBytes)
  }
}

function nextFrame(file: Buffer, damaged: number): number | undefined {
  let at = file.indexOf(MAGIC_BYTES, damaged + 1)
  while (at >= 0) {
    if (at % 8 === 0 && frameAt(file, at)) return at
    at = file.indexOf(MAGIC_BYTES, at + 1)
  }
  return undefined
}

/** Places of the columns from the frame's beginning. */
function layout(count: number, jsonBytes: number, textBytes: number) {
  const timeMs = HEAD
  const offset = timeMs + count * 8
  const nanos = offset + count * 8
  const textEnd = nanos + count * 4
  const level = textEnd + count * 4
  const output = level + count
  const flags = output + count
  const json = padded(flags + count)
  const text = padded(json + jsonBytes)
  return { timeMs, offset, nanos, textEnd, level, output, flags, json, text, end: padded(text + textBytes) }
}

function padded(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}

function bytesOf(columns: Columns, kept: Uint32Array): number {
  let bytes = 0
  for (const row of kept)
    bytes += (columns.textEnd[row] ?? 0) - (row > 0 ? (columns.textEnd[row - 1] ?? 0) : 0)
  return bytes
}

type BatchRow = [number, string, number, string, number, number, number, number, number]

function batchesOf(json: string, count: number): FrameBatch[] | undefined {
  const rows = parsed(json)
  if (!Array.isArray(rows) || !rows.every(isBatchRow)) return undefined
  const batches = rows.map(
    ([origin, generation, number, file, committed, stored, ended, receivedMs, count]): FrameBatch => ({
      origin,
      state: { generation, number, file, committed, stored, ended: ended === 1 },
      receivedMs,
      count
    })
  )
  return batches.reduce((sum, batch) => sum + batch.count, 0) === count ? batches : undefined
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function isBatchRow(row: unknown): row is BatchRow {
  if (!Array.isArray(row) || row.length !== 9) return false
  return row.every((value: unknown, index) =>
    index === 1 || index === 3
      ? typeof value === 'string'
      : Number.isSafeInteger(value) && (index === 7 || Number(value) >= 0)
  )
}
