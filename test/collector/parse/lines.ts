/** Builders of json-file bytes, and readers of columns, for the parser's tests. */
import { ColumnsBuilder } from '../../../collector/parse/columns.ts'
import { parseChunk } from '../../../collector/parse/generation.ts'
import {
  beginReading,
  type Counts,
  type Manner,
  noCounts,
  type Reading
} from '../../../collector/parse/reading.ts'
import { type Columns, LEVELS, OUTPUTS } from '../../../collector/record.ts'

export const NOW_MS = Date.UTC(2026, 10, 23, 12)

export interface LineParts {
  stream?: string
  time?: string
  attrs?: Record<string, string>
}

/** One line exactly as dockerd writes it; `log` includes its own newline. */
export function dockerLine(log: string, parts: LineParts = {}): Buffer {
  const attrs = parts.attrs ? `,"attrs":${goJson(parts.attrs)}` : ''
  const stream = parts.stream ?? 'stdout'
  const time = parts.time ?? '2026-11-22T08:32:35.246468Z'
  return Buffer.from(`{"log":${goJson(log)},"stream":"${stream}"${attrs},"time":"${time}"}\n`)
}

/** Go escapes <, > and & as well, and U+2028 and U+2029. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
}

export interface ReadRecord {
  time: string
  offset: number
  end: number
  level: string
  output: string
  flags: number
  text: string
}

export interface ReadFile {
  records: ReadRecord[]
  counts: Counts
  reading: Reading
}

/** Reads `file` in the pieces that `cuts` make, the last one marked as last unless `open`. */
export function readFile(
  file: Uint8Array,
  cuts: readonly number[] = [],
  open = false,
  manner?: Manner
): ReadFile {
  const reading = beginReading(0, 0, NOW_MS, manner)
  const counts = noCounts()
  const builder = new ColumnsBuilder()
  const records: ReadRecord[] = []
  const edges = [...new Set([0, ...cuts, file.length])].sort((a, b) => a - b)
  if (edges.length === 1) edges.push(0)
  for (let i = 1; i < edges.length; i++) {
    const last = !open && i === edges.length - 1
    parseChunk(reading, file.subarray(edges[i - 1], edges[i]), last, NOW_MS, builder, counts)
    records.push(...rows(builder.finish()))
  }
  return { records, counts, reading }
}

export function rows(columns: Columns): ReadRecord[] {
  const text = Buffer.from(columns.text)
  return Array.from({ length: columns.count }, (_, i) => ({
    time: timeText(columns.timeMs[i] ?? 0, columns.nanos[i] ?? 0),
    offset: columns.offset[i] ?? -1,
    end: columns.end[i] ?? -1,
    level: LEVELS[columns.level[i] ?? 0] ?? '',
    output: OUTPUTS[columns.output[i] ?? 0] ?? '',
    flags: columns.flags[i] ?? 0,
    text: text.toString('utf8', i ? columns.textEnd[i - 1] : 0, columns.textEnd[i])
  }))
}

function timeText(timeMs: number, nanos: number): string {
  return `${new Date(timeMs).toISOString().slice(0, -1)}${String(nanos).padStart(6, '0')}Z`
}

export function texts(file: ReadFile): string[] {
  return file.records.map((record) => record.text)
}

/** Random numbers that are the same in every run. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
