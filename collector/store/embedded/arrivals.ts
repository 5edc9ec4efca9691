/** What followers read: journals in the order in which they were written. */
import type { Expression } from '../../query/grammar.ts'
import type { LogRecord } from '../../record.ts'
import { Criteria } from './criteria.ts'
import type { JournalRead } from './library.ts'
import type { OriginRows } from './origins.ts'
import { recordOf, timeOf } from './record-of.ts'
import type { FrameSegment } from './segment.ts'

/** A place in the arrivals: rows of the frame at `at` that were told already. `at` may be the journal's end. */
export interface ArrivalPlace {
  journal: number
  at: number
  row: number
}

export interface ArrivalsAsked {
  where: Expression
  from: ArrivalPlace
  /** Durable end of the journal; where no more comes, the journal's end. */
  bytes: number
  path: string
  /** Matching records that are kept at most; older ones are counted and left out. */
  keeps: number
}

export interface Arrivals {
  /** With the place behind each. */
  records: { record: LogRecord; behind: ArrivalPlace }[]
  skipped?: { count: number; from: bigint; to: bigint; behind: ArrivalPlace }
  /** Everything before this was looked at. */
  behind: ArrivalPlace
  /** What could not be read, in words. */
  damage: string[]
}

const ALL_TIME = 1n << 62n

export function arrivals(journal: JournalRead, origins: OriginRows, asked: ArrivalsAsked): Arrivals {
  const { from, bytes, keeps } = asked
  const criteria = new Criteria({ where: asked.where, from: -ALL_TIME, to: ALL_TIME }, origins)
  const found: { segment: FrameSegment; row: number }[] = []
  let skipped: Arrivals['skipped']
  for (const segment of journal.frames) {
    if (segment.next <= from.at || segment.at >= bytes || !criteria.mayMatch(segment)) continue
    const { rows, count, holds } = criteria.candidates(segment)
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      if ((segment.at === from.at && row < from.row) || !holds(row)) continue
      found.push({ segment, row })
    }
    // Counted as they are left behind, so that no more than twice `keeps` is held.
    if (found.length > keeps * 2)
      skipped = leftOut(found.splice(0, found.length - keeps), from.journal, skipped)
  }
  if (found.length > keeps) skipped = leftOut(found.splice(0, found.length - keeps), from.journal, skipped)
  return {
    records: found.map(({ segment, row }) => ({
      record: recordOf(segment, row, origins),
      behind: placeBehind(from.journal, segment, row)
    })),
    ...(skipped ? { skipped } : {}),
    behind: { journal: from.journal, at: bytes, row: 0 },
    damage: [...journal.damage]
  }
}

function placeBehind(journal: number, segment: FrameSegment, row: number): ArrivalPlace {
  return row + 1 < segment.rows
    ? { journal, at: segment.at, row: row + 1 }
    : { journal, at: segment.next, row: 0 }
}

function leftOut(
  rows: { segment: FrameSegment; row: number }[],
  journal: number,
  before: Arrivals['skipped']
): Arrivals['skipped'] {
  let { count, from, to } = before ?? { count: 0, from: ALL_TIME, to: -ALL_TIME }
  let behind = before?.behind
  for (const { segment, row } of rows) {
    const time = timeOf(segment, row)
    count++
    if (time < from) from = time
    if (time > to) to = time
    behind = placeBehind(journal, segment, row)
  }
  return behind && { count, from, to, behind }
}
