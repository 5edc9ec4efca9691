/** Records for store tests: batches as the collector hands them over, and expressions as the parser makes them. */
import { createHash } from 'node:crypto'
import type { Expression } from '../../../collector/query/grammar.ts'
import {
  type Batch,
  type Columns,
  FLAG,
  type GenerationState,
  LEVELS,
  type Level,
  type Origin
} from '../../../collector/record.ts'

export const DAY_NS = 86_400_000_000_000n
/** 2026-11-23 00:00 UTC. */
export const DAY = 1_795_392_000_000n * 1_000_000n
export const ALL_TIME = { from: -(1n << 62n), to: 1n << 62n }
export const BOUNDS = { budgetMs: 60_000 }

export interface Line {
  text: string
  /** Nanoseconds since 1970. */
  time: bigint
  level?: Level
  output?: '' | 'stdout' | 'stderr'
  /** Bytes that the record takes in its file; default: its text and a newline. */
  bytes?: number
  flags?: number
}

export function origin(app: string, host = 'h1', container = `${app}-1`, more: Partial<Origin> = {}): Origin {
  return {
    instance: createHash('sha256').update(`${host}/${container}`).digest('hex').slice(0, 16),
    app,
    environment: 'production',
    host,
    hostName: `web-${host}`,
    container,
    containerName: container,
    image: `registry/${app}:1`,
    stream: 'docker',
    streamNumber: 0,
    ...more
  }
}

/** Lines of one generation that begin at `offset`; `state` overrides what follows from them. */
export function batch(
  from: Origin,
  lines: readonly Line[],
  offset = 0,
  state: Partial<GenerationState> = {}
): Batch {
  const texts = lines.map((line) => Buffer.from(line.text))
  const count = lines.length
  const records: Columns = {
    count,
    timeMs: new Float64Array(count),
    nanos: new Uint32Array(count),
    offset: new Float64Array(count),
    end: new Float64Array(count),
    level: new Uint8Array(count),
    output: new Uint8Array(count),
    flags: new Uint8Array(count),
    textEnd: new Uint32Array(count),
    text: new Uint8Array(Buffer.concat(texts))
  }
  let place = offset
  let textEnd = 0
  lines.forEach((line, row) => {
    const bytes = texts[row]?.length ?? 0
    const nanos = ((line.time % 1_000_000n) + 1_000_000n) % 1_000_000n
    records.timeMs[row] = Number((line.time - nanos) / 1_000_000n)
    records.nanos[row] = Number(nanos)
    records.offset[row] = place
    place += line.bytes ?? bytes + 1
    records.end[row] = place
    records.level[row] = LEVELS.indexOf(line.level ?? 'info')
    records.output[row] = ['', 'stdout', 'stderr'].indexOf(line.output ?? 'stdout')
    records.flags[row] = (line.flags ?? 0) | (line.text.includes('\u001b') ? FLAG.ansi : 0)
    textEnd += bytes
    records.textEnd[row] = textEnd
  })
  return {
    origin: from,
    state: {
      generation: 'g0',
      number: 0,
      file: '8:1:1',
      committed: place,
      stored: place,
      ended: false,
      ...state
    },
    receivedMs: 1_795_392_000_000,
    records
  }
}

export const everything: Expression = { kind: 'all' }

export function words(...run: string[]): Expression {
  return { kind: 'text', run: { words: run, prefix: false }, at: { from: 0, to: 0 } }
}

export function prefix(word: string): Expression {
  return { kind: 'text', run: { words: [word], prefix: true }, at: { from: 0, to: 0 } }
}

export function regex(source: string, flags = ''): Expression {
  return { kind: 'regex', source, flags, at: { from: 0, to: 0 } }
}

export function field(name: string, value: string): Expression {
  const run = { words: value.toLowerCase().match(/[\p{L}\p{N}\p{M}_]+/gu) ?? [], prefix: false }
  return { kind: 'field', name, test: { kind: 'words', text: value, run }, at: { from: 0, to: 0 } }
}

export function not(item: Expression): Expression {
  return { kind: 'not', item, at: { from: 0, to: 0 } }
}

/** Numbers in [0, 1) that are the same in every run with the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
