/** Records that a range row stands for come in its place. */
import type { RecordJson } from '../../server/api/logs.ts'
import { cursorOf, shifted } from './order.ts'
import type { RangeRow, Rows } from './rows.ts'
import type { Source } from './source.ts'

/** One press on a range row loads at most so many records. */
const FILL = 20_000
const PAGE = 1000

/** Resolves to true where all of it is there and the row is gone; otherwise the row says what is left. */
export async function fillRange({ client, asked, rows, signal }: Source, row: RangeRow): Promise<boolean> {
  let after: string | undefined
  for (let loaded = 0; loaded < FILL; ) {
    const found: RecordJson[] = []
    const page = await client.search(
      {
        ...asked,
        from: row.from,
        to: shifted(row.to, 1n),
        direction: 'newer',
        limit: PAGE,
        ...(after ? { after } : {})
      },
      (records) => found.push(...records),
      signal
    )
    rows.merge(found)
    loaded += found.length
    const last = found[found.length - 1]
    if (page.cursor === undefined || !last) {
      if (!page.coverage.complete && page.coverage.searchedTo) {
        row.from = page.coverage.searchedTo
        return false
      }
      rows.remove(row)
      return true
    }
    after = cursorOf(last)
    row.from = last.time
    row.count = row.count === undefined ? undefined : Math.max(0, row.count - found.length)
  }
  return false
}

/** Records that were filled in before `first`, once the list's oldest, leave a hole between: that is a range again. */
export function bridge(rows: Rows, filled: RangeRow, first: RecordJson | undefined): void {
  if (!first || filled.to >= first.time) return
  const last = rows.items.findLast((item) => item.kind === 'record' && item.time < first.time)
  if (!last) return
  rows.insertRange({
    time: last.time,
    cause: 'reset',
    count: undefined,
    from: last.time,
    to: first.time,
    host: '',
    hostName: ''
  })
}
