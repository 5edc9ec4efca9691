/** Records of a host that was away: they do not sort into what is being read, a row says that they are there. */
import type { RecordJson } from '../../server/api/logs.ts'
import { msBetween } from '../list/order.ts'
import type { RangeRow, Rows } from '../list/rows.ts'

/** An older record does not sort into what is being read. */
const LATE_MS = 2000

/** Parts records by host into those that are late for a list whose newest record has the time `newest`, and the others. */
export function partLate(
  records: readonly RecordJson[],
  newest: string | undefined
): { now: RecordJson[]; late: Map<string, RecordJson[]> } {
  const late = new Map<string, RecordJson[]>()
  const now: RecordJson[] = []
  for (const record of records) {
    if (newest === undefined || !isLate(record, newest)) {
      now.push(record)
      continue
    }
    const list = late.get(record.host)
    if (list) list.push(record)
    else late.set(record.host, [record])
  }
  return { now, late }
}

/** One row for each host; what comes later widens it, as long as nobody loads it. */
export function tellLate(rows: Rows, host: string, records: readonly RecordJson[]): void {
  const times = records.map((record) => record.time).sort()
  const from = times[0] ?? ''
  const to = times[times.length - 1] ?? ''
  const known = rows.items.findLast(
    (row): row is RangeRow =>
      row.kind === 'range' && row.cause === 'late' && row.host === host && !row.loading
  )
  if (known) {
    known.count = (known.count ?? 0) + records.length
    if (from < known.from) known.from = from
    if (to > known.to) known.to = to
    rows.changed()
    return
  }
  const time = rows.last()?.time ?? to
  const hostName = records[0]?.hostName ?? host
  rows.insertRange({ cause: 'late', time, count: records.length, from, to, host, hostName })
}

/** Old when it reached the hub, and older than what stands in the list: a backlog, not a slow second. */
function isLate(record: RecordJson, newest: string): boolean {
  if (record.time >= newest) return false
  const ageMs = Date.parse(record.received) - Date.parse(record.time)
  return msBetween(record.time, newest) > LATE_MS && ageMs > LATE_MS
}
