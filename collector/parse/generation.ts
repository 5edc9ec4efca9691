/**
 * Bytes of one generation → records. Whatever is unfinished at the end of a chunk is carried to the next one.
 *
 * From `committed` to `stored` the records are a function of the bytes alone: how the bytes were cut into chunks,
 * and when they came, changes nothing. That is why bytes that come again after a crash give the same records with the same
 * ends, and the store can leave out exactly those that it has. So `committed` stays at the last place where no
 * record was open, and what depends on time (see flush) never happens before `stored`.
 */
import { isUtf8 } from 'node:buffer'
import { FLAG } from '../record.ts'
import type { ColumnsBuilder } from './columns.ts'
import { DockerLine, readDockerLine, readDockerLineExactly } from './docker-json.ts'
import { levelOf } from './level.ts'
import { type NulRun, noteNuls } from './nuls.ts'

/** Docker cuts a longer line into pieces of this many bytes; only the last one ends with a newline. */
export const PIECE_BYTES = 16 * 1024
/** The longest text of a record. */
export const RECORD_BYTES = 1024 * 1024
/** The longest line in the file; without a newline for longer it is cut, as broken. */
export const LINE_BYTES = 1024 * 1024
/** `committed` never stays further behind than this while records of both outputs overlap without end. */
export const OPEN_SPAN_BYTES = 8 * 1024 * 1024
/** A piece whose continuation has not come after this long is taken for a whole record. */
export const PIECE_WAIT_MS = 2000

/** A record whose end has not come yet. */
interface Unfinished {
  offset: number
  end: number
  timeMs: number
  nanos: number
  ansi: boolean
  pieces: Uint8Array[]
  length: number
}

/** Where the reading of one generation stands, and what it holds. */
export interface Reading {
  /** Place of the byte that must come next. */
  next: number
  /** Reading can begin again here with nothing carried. */
  committed: number
  /** Every record given out so far ends at or before this byte; at first, what the store has. */
  stored: number
  /** Bytes of a line whose newline has not come; they begin at `rawFrom`. */
  raw: Uint8Array
  rawFrom: number
  /** By output. */
  unfinished: (Unfinished | undefined)[]
  /** How many of `unfinished` are there. */
  open: number
  /** Bytes held in `raw` and `unfinished`. */
  held: number
  /** When the last chunk came. */
  touchedMs: number
  /** Time of the last record that had one. */
  lastMs: number
  lastNanos: number
  /** Zeros met since the last answer. */
  nuls: NulRun[]
  line: DockerLine
}

/** What was odd. Added up over chunks. */
export interface Counts {
  /** Lines that were not what Docker writes; kept as raw text. */
  broken: number
  /** Records without a time of their own. */
  timeless: number
  /** NUL bytes skipped. */
  nulBytes: number
  /** Records given out before their end was there: too long, or more held than allowed. */
  cut: number
  /** Lines that only the exact path could read. */
  exact: number
}

export function noCounts(): Counts {
  return { broken: 0, timeless: 0, nulBytes: 0, cut: 0, exact: 0 }
}

/** Begins at `committed` with nothing carried. */
export function beginReading(committed: number, stored: number, nowMs: number): Reading {
  return {
    next: committed,
    committed,
    stored,
    raw: NOTHING,
    rawFrom: committed,
    unfinished: [undefined, undefined, undefined],
    open: 0,
    held: 0,
    touchedMs: nowMs,
    lastMs: Number.NaN,
    lastNanos: 0,
    nuls: [],
    line: new DockerLine()
  }
}

const NOTHING = new Uint8Array(0)

/**
 * Reads the bytes at `reading.next` and adds their complete records to `into`. `last` says that the generation ends
 * with them, so that everything is given out. Moves `reading` on; nothing else is changed, and nothing throws.
 */
export function parseChunk(
  reading: Reading,
  bytes: Uint8Array,
  last: boolean,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  if (isIdle(reading, nowMs)) flush(reading, into, counts, nowMs, false)
  const data = joined(reading.raw, bytes)
  const base = reading.next - reading.raw.length
  reading.next += bytes.length
  reading.touchedMs = nowMs
  const rest = readLines(reading, data, base, last, nowMs, into, counts)
  reading.held -= reading.raw.length
  reading.raw = rest < data.length ? new Uint8Array(data.subarray(rest)) : NOTHING
  reading.rawFrom = base + rest
  reading.held += reading.raw.length
  if (reading.open === 0) reading.committed = reading.rawFrom
  if (last) flush(reading, into, counts, nowMs, false)
}

/** One plain array: what reads it stays fast where it always sees the same class. */
function joined(held: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (held.length === 0) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  const all = new Uint8Array(held.length + bytes.length)
  all.set(held)
  all.set(bytes, held.length)
  return all
}

/** True where pieces have waited too long for their continuation and may be given out. */
export function isIdle(reading: Reading, nowMs: number): boolean {
  return reading.open > 0 && nowMs - reading.touchedMs >= PIECE_WAIT_MS && reading.next >= reading.stored
}

/** Gives out the pieces that are held, as they are; with `cut` an unfinished line too, and all marked as cut short. */
export function flush(
  reading: Reading,
  into: ColumnsBuilder,
  counts: Counts,
  nowMs: number,
  cut: boolean
): void {
  const { stored } = reading
  // A record counts as stored when its end is ≤ `stored`. Records of the other output may have moved `stored`
  // beyond these pieces, so they end one byte behind it: nothing that follows can end there.
  const endOf = (end: number) => (end > stored ? end : stored + 1)
  const open = reading.unfinished.flatMap((unfinished, output) =>
    unfinished ? [{ unfinished, output }] : []
  )
  open.sort((a, b) => a.unfinished.offset - b.unfinished.offset)
  for (const { unfinished, output } of open) finish(reading, output, endOf(unfinished.end), cut, into, counts)
  if (cut && reading.raw.length > 0) {
    const { raw, rawFrom } = reading
    reading.raw = NOTHING
    reading.held -= raw.length
    reading.rawFrom = reading.next
    broken(reading, raw, rawFrom, endOf(reading.next), cut, nowMs, into, counts)
  }
  reading.committed = reading.rawFrom
}

/** Index in `data` of the first byte that belongs to an unfinished line. */
function readLines(
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
      if (line.newline && reading.open === 0) {
        const level = levelOf(into.text, into.view, from, line.textEnd)
        give(reading, base + p, base + next, level, line.ansi ? FLAG.ansi : 0, into)
      } else take(reading, base + p, base + next, into, counts)
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
    broken(reading, window.subarray(0, LINE_BYTES), base + p, end + 1, true, nowMs, into, counts)
    return p + LINE_BYTES
  }
  if (!last) return -1
  segments(reading, window, base + p, base + p + window.length, nowMs, into, counts)
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
    whole(reading, bytes, offset, end, flags, into, counts)
    return
  }
  into.reserve(bytes.length)
  into.text.set(bytes, into.textLength)
  line.textEnd = into.textLength + bytes.length
  take(reading, offset, end, into, counts)
}

/** Bytes that are no record are kept as they are, as text. */
function broken(
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
  whole(reading, text, offset, end, flags, into, counts)
}

/** A record that stands for itself. Longer than a record may be, it becomes several, each at a place of its own. */
function whole(
  reading: Reading,
  bytes: Uint8Array,
  offset: number,
  end: number,
  flags: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  into.reserve(bytes.length)
  let from = 0
  do {
    let to = Math.min(bytes.length, from + RECORD_BYTES)
    if (to < bytes.length) while (((bytes[to] as number) & 0xc0) === 0x80) to--
    const cut = to < bytes.length
    if (cut) counts.cut++
    const start = into.textLength
    into.text.set(bytes.subarray(from, to), start)
    reading.line.textEnd = start + (to - from)
    const level = levelOf(into.text, into.view, start, reading.line.textEnd)
    const place = from === 0 ? offset : offset + Math.floor((from / bytes.length) * (end - offset))
    give(reading, place, end, level, cut ? flags | FLAG.cut : flags, into)
    from = to
  } while (from < bytes.length)
}

/**
 * A line whose text stands behind `into.textLength`, while pieces are open or it is a piece itself: joined to its
 * predecessor, kept for its successor, or given out.
 */
function take(reading: Reading, offset: number, end: number, into: ColumnsBuilder, counts: Counts): void {
  const { line } = reading
  if (reading.open > 0 && offset - reading.committed >= OPEN_SPAN_BYTES) {
    withTextAside(line, into, () => {
      for (let output = 0; output < 3; output++) finish(reading, output, end, true, into, counts)
    })
  }
  const length = line.textEnd - into.textLength
  const ended = line.newline || length < PIECE_BYTES
  const before = reading.unfinished[line.output]
  if (before) {
    const same = before.timeMs === line.timeMs && before.nanos === line.nanos
    if (same && before.length + length <= RECORD_BYTES) {
      before.pieces.push(into.text.slice(into.textLength, line.textEnd))
      before.length += length
      before.end = end
      before.ansi ||= line.ansi
      reading.held += length
      if (ended) finish(reading, line.output, end, false, into, counts)
      return
    }
    withTextAside(line, into, () => finish(reading, line.output, end, same, into, counts))
  }
  if (ended) {
    const level = levelOf(into.text, into.view, into.textLength, line.textEnd)
    give(reading, offset, end, level, line.ansi ? FLAG.ansi : 0, into)
    return
  }
  if (reading.open === 0) reading.committed = offset
  reading.open++
  reading.held += length
  reading.unfinished[line.output] = {
    offset,
    end,
    timeMs: line.timeMs,
    nanos: line.nanos,
    ansi: line.ansi,
    pieces: [into.text.slice(into.textLength, line.textEnd)],
    length
  }
}

/** Runs `step`, which adds records, while the text that was just decoded is kept out of its way. */
function withTextAside(line: DockerLine, into: ColumnsBuilder, step: () => void): void {
  const text = into.text.slice(into.textLength, line.textEnd)
  const { timeMs, nanos, output } = line
  step()
  into.reserve(text.length)
  into.text.set(text, into.textLength)
  line.textEnd = into.textLength + text.length
  line.timeMs = timeMs
  line.nanos = nanos
  line.output = output
}

/** Gives out what is open of an output, if anything is, as one record that ends at `end`. */
function finish(
  reading: Reading,
  output: number,
  end: number,
  cut: boolean,
  into: ColumnsBuilder,
  counts: Counts
): void {
  const unfinished = reading.unfinished[output]
  if (!unfinished) return
  reading.unfinished[output] = undefined
  reading.open--
  reading.held -= unfinished.length
  if (cut) counts.cut++
  const from = into.textLength
  into.reserve(unfinished.length)
  let at = from
  for (const piece of unfinished.pieces) {
    into.text.set(piece, at)
    at += piece.length
  }
  const { line } = reading
  line.textEnd = at
  line.output = output
  line.timeMs = unfinished.timeMs
  line.nanos = unfinished.nanos
  const flags = (unfinished.ansi ? FLAG.ansi : 0) | (cut ? FLAG.cut : 0)
  give(reading, unfinished.offset, end, levelOf(into.text, into.view, from, at), flags, into)
}

/** Adds the record that `reading.line` describes. */
function give(
  reading: Reading,
  offset: number,
  end: number,
  level: number,
  flags: number,
  into: ColumnsBuilder
): void {
  const { line } = reading
  reading.lastMs = line.timeMs
  reading.lastNanos = line.nanos
  if (end > reading.stored) reading.stored = end
  into.push(line.timeMs, line.nanos, offset, end, level, line.output, flags, line.textEnd)
}
