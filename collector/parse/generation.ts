/**
 * Bytes of one generation → records. Whatever is unfinished at the end of a chunk is carried to the next one.
 *
 * From `committed` to `stored` the records are a function of the bytes alone: how the bytes were cut into chunks,
 * and when they came, changes nothing. That is why bytes that come again after a crash give the same records with the same
 * ends, and the store can leave out exactly those that it has. So `committed` stays at the last place where no line
 * was in pieces and no event open, on any output, and what depends on time (see flush) never happens before `stored`.
 * An event that a line ends gets that line's end (see takeLine in events.ts): the other output may have moved `stored`
 * beyond its own. docs/architecture.md tells it at length.
 */
import type { ColumnsBuilder } from './columns.ts'
import { broken, readDockerLines } from './docker-lines.ts'
import { endEvents } from './events.ts'
import { finish } from './pieces.ts'
import { type Counts, NOTHING, type Reading } from './reading.ts'
import { cutTextLine, readTextLines } from './text-lines.ts'

/** A piece whose continuation has not come after this long is taken for a whole line. */
export const PIECE_WAIT_MS = 2000
/** An event that did not go on for this long is taken for whole: agents send what is new every 100 ms. */
const EVENT_WAIT_MS = 400

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
  if (isIdle(reading, nowMs, PIECE_WAIT_MS)) flush(reading, into, counts, nowMs, false)
  const data = joined(reading.raw, bytes)
  const base = reading.next - reading.raw.length
  reading.next += bytes.length
  reading.touchedMs = nowMs
  const readLines = reading.manner.format === 'text' ? readTextLines : readDockerLines
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

/** How long what is open may wait for its continuation behind the last chunk; 0 where nothing is open. */
export function waitMs(reading: Reading): number {
  if (reading.open === 0) return 0
  return holdsEvents(reading) ? EVENT_WAIT_MS : PIECE_WAIT_MS
}

/** True where all that is open are events, and no line is in pieces. */
export function holdsEvents(reading: Reading): boolean {
  return reading.open > 0 && reading.unfinished.every((unfinished) => unfinished === undefined)
}

/** True where what is open has waited for so long and may be given out. */
export function isIdle(reading: Reading, nowMs: number, forMs: number): boolean {
  return reading.open > 0 && nowMs - reading.touchedMs >= forMs && mayFlush(reading)
}

/** What depends on time never happens before `stored`. */
export function mayFlush(reading: Reading): boolean {
  return reading.next >= reading.stored
}

/** Gives out all that is open, as it is; with `cut` an unfinished line too, marked as cut short as are pieces. */
export function flush(
  reading: Reading,
  into: ColumnsBuilder,
  counts: Counts,
  nowMs: number,
  cut: boolean
): void {
  const { stored } = reading
  const isText = reading.manner.format === 'text'
  // A record counts as stored when its end is ≤ `stored`. Records of the other output may have moved `stored`
  // beyond what is open here, which then ends one byte behind it: nothing that follows can end there.
  const endOf = (own: number) => (isText || own > stored ? own : stored + 1)
  const pieces = reading.unfinished.flatMap((unfinished, output) =>
    unfinished ? [{ unfinished, output }] : []
  )
  pieces.sort((a, b) => a.unfinished.offset - b.unfinished.offset)
  for (const { unfinished, output } of pieces)
    finish(reading, output, endOf(unfinished.end), cut, into, counts)
  endEvents(reading, endOf, into, counts)
  if (cut && reading.raw.length > 0) {
    const { raw, rawFrom } = reading
    reading.raw = NOTHING
    reading.held -= raw.length
    reading.rawFrom = reading.next
    if (isText) cutTextLine(reading, raw, rawFrom, nowMs, into, counts)
    else broken(reading, raw, rawFrom, endOf(reading.next), cut, nowMs, into, counts)
    endEvents(reading, endOf, into, counts)
  }
  reading.committed = reading.rawFrom
}
