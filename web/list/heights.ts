/** How high each row is before it was drawn. */
import type { Look } from './look.ts'
import { rowHeight } from './measure.ts'
import type { Seen } from './sight.ts'

/** Of an opened record, until it has been measured. */
export const DETAIL_HEIGHT = 340
const DIVIDER_HEIGHT = 28

/** In px; what a record comes to is kept with its row. */
export function heightOf(seen: Seen | undefined, look: Look, unfolded: ReadonlySet<string>): number {
  if (!seen) return look.sheet.lineHeight
  if (seen.kind === 'detail') return DETAIL_HEIGHT
  const { row } = seen
  if (row.kind !== 'record') return DIVIDER_HEIGHT
  if (unfolded.size > 0 && unfolded.has(row.key)) return rowHeight(row.record, look.sheet, true)
  if (row.drawn?.sheet !== look.sheet) {
    row.drawn = { sheet: look.sheet, height: rowHeight(row.record, look.sheet, false) }
  }
  return row.drawn.height
}
