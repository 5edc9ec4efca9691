/** Lines of Docker's JSON → records. Whatever is none becomes a record of its raw text. */
import { isUtf8 } from 'node:buffer'
import { FLAG } from '../record.ts'
import type { ColumnsBuilder } from './columns.ts'
import { readDockerLine, readDockerLineExactly } from './docker-json.ts'
import { takeLine } from './events.ts'
import { noteNuls } from './nuls.ts'
import { take } from './pieces.ts'
import { type Counts, giveWhole, LINE_BYTES, RECORD_BYTES, type Reading } from './reading.ts'

/** Index in `data` of the first byte that belongs to an unfinished line. */
export function readDockerLines(
  reading: Reading,
  data: Uint8Array,
  base: number,
  last: boolean,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): number {
  const { line } = reading
  const utf8 = isUtf8(data)
  const lastNewline = data.lastIndexOf(10)
  const view = new DataView(data.buffer, data.byteOffset, data.length)
  const n = data.length
  let p = 0
  while (p < n) {
    into.reserve(n - p)
    const from = into.textLength
    const next = p <= lastNewline ? readDockerLine(data, view, p, into.text, into.view, from, utf8, line) : -1
    if (next > 0 && next - p <= LINE_BYTES) {
      if (line.newline && reading.open === 0)
        takeLine(reading, base + p, base + next, line.ansi ? FLAG.ansi : 0, true, into, counts)
      else take(reading, base + p, base + next, into, counts)
      p = next
      continue
    }
    const c = data[p]
    if (c === 10) p++
    else if (c === 0) {
      const run = p
      while (p < n && data[p] === 0) p++
      counts.nulBytes += p - run
      noteNuls(reading.nuls, base + run, p - run, into.count)
    } else {
      const behind = readExactly(reading, data, p, base, last, nowMs, into, counts)
      if (behind < 0) return p
      p = behind
    }
  }
  return n
}

/** Reads one line of any content; index behind it, or -1 where more bytes are needed. NUL ends a line as well. */
function readExactly(
  reading: Reading,
  data: Uint8Array,
  p: number,
  base: number,
  last: boolean,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): number {
  const window = data.subarray(p, p + LINE_BYTES + 1)
  const newline = window.indexOf(10)
  const nul = (newline < 0 ? window : window.subarray(0, newline)).indexOf(0)
  const length = nul >= 0 ? nul : newline
  if (length >= 0) {
    segments(reading, window.subarray(0, length), base + p, base + p + length + 1, nowMs, into, counts)
    return nul >= 0 ? p + nul : p + newline + 1
  }
  if (window.length > LINE_BYTES) {
    const end = base + p + LINE_BYTES
    broken(reading, window.subarray(0, LINE_BYTES), base + p, end, true, nowMs, into, counts)
    return p + LINE_BYTES
  }
  if (!last) return -1
  // As if its newline were there: a flush may have moved `stored` one byte behind what was read before.
  segments(reading, window, base + p, base + p + window.length + 1, nowMs, into, counts)
  return data.length
}

/**
 * A line that is not as Docker writes it: other JSON, or several records of which some were cut off by a crash. Raw
 * text can't hold `{"log":"` (its quotes are escaped there), so a record begins wherever that stands.
 */
function segments(
  reading: Reading,
  bytes: Uint8Array,
  offset: number,
  end: number,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  if (isBlank(bytes)) return
  const text = readDockerLineExactly(bytes, reading.line)
  if (text !== undefined) {
    exact(reading, text, offset, end, nowMs, into, counts)
    return
  }
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  let from = 0
  while (from < all.length) {
    const found = all.indexOf(RECORD_HEAD, from + 1)
    const to = found < 0 ? all.length : found
    const part = all.subarray(from, to)
    const partText = to - from < all.length ? readDockerLineExactly(part, reading.line) : undefined
    if (partText !== undefined) exact(reading, partText, offset + from, end, nowMs, into, counts)
    else broken(reading, part, offset + from, end, false, nowMs, into, counts)
    from = to
  }
}

const RECORD_HEAD = '{"log":"'

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((c) => c === 32 || c === 9 || c === 13)
}

/** A line read by the exact path: as if the fast path had written its text behind `into.textLength`. */
function exact(
  reading: Reading,
  text: string,
  offset: number,
  end: number,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  const { line } = reading
  counts.exact++
  const bytes = Buffer.from(text)
  if (!line.timed || bytes.length > RECORD_BYTES) {
    let flags = line.ansi ? FLAG.ansi : 0
    if (!line.timed) {
      counts.timeless++
      flags |= FLAG.timeless
      line.timeMs = Number.isNaN(reading.lastMs) ? nowMs : reading.lastMs
      line.nanos = reading.lastNanos
    }
    giveWhole(reading, bytes, offset, end, flags, into, counts)
    return
  }
  into.reserve(bytes.length)
  into.text.set(bytes, into.textLength)
  line.textEnd = into.textLength + bytes.length
  take(reading, offset, end, into, counts)
}

/** Bytes that are no record are kept as they are, as text. */
export function broken(
  reading: Reading,
  bytes: Uint8Array,
  offset: number,
  end: number,
  cut: boolean,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  const { line } = reading
  counts.broken++
  counts.timeless++
  if (cut) counts.cut++
  const text = isUtf8(bytes) ? bytes : Buffer.from(Buffer.from(bytes).toString('utf8'))
  const flags = FLAG.broken | FLAG.timeless | (text.includes(27) ? FLAG.ansi : 0) | (cut ? FLAG.cut : 0)
  line.output = 0
  line.timeMs = Number.isNaN(reading.lastMs) ? nowMs : reading.lastMs
  line.nanos = reading.lastNanos
  giveWhole(reading, text, offset, end, flags, into, counts)
}
