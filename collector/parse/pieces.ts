/** Docker cuts long lines into pieces; here they are joined, each output for itself. */
import { FLAG } from '../record.ts'
import type { ColumnsBuilder } from './columns.ts'
import { endEvents, takeLine, withTextAside } from './events.ts'
import { type Counts, RECORD_BYTES, type Reading } from './reading.ts'

/** Docker cuts a longer line into pieces of this many bytes; only the last one ends with a newline. */
export const PIECE_BYTES = 16 * 1024
/** `committed` never stays further behind than this while records of both outputs overlap without end. */
const OPEN_SPAN_BYTES = 8 * 1024 * 1024

/**
 * A line whose text stands behind `into.textLength`, while pieces are open or it is a piece itself: joined to its
 * predecessor, kept for its successor, or given out.
 */
export function take(
  reading: Reading,
  offset: number,
  end: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  const { line } = reading
  if (reading.open > 0 && offset - reading.committed >= OPEN_SPAN_BYTES) {
    withTextAside(reading, into, () => {
      for (let output = 0; output < 3; output++) finish(reading, output, end, true, into, counts)
      endEvents(reading, () => end, into, counts)
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
    withTextAside(reading, into, () => finish(reading, line.output, end, same, into, counts))
  }
  if (ended) {
    takeLine(reading, offset, end, line.ansi ? FLAG.ansi : 0, !before, into, counts)
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

/** Gives out what is open of an output, if anything is, as one record that ends at `end`. */
export function finish(
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
  takeLine(reading, unfinished.offset, end, flags, false, into, counts)
}
