import type { RecordJson } from '../../server/api/logs.ts'
import { nanosOf, timeOf } from '../list/order.ts'
import { urlOf, type View } from '../state/view.ts'

const ASIDE_NS = 900_000_000_000n

/** A link that shows this record for as long as it is kept: absolute range, no live tail. */
export function linkTo(record: RecordJson, view: View, origin = location.origin): string {
  const at = nanosOf(record.time)
  const isRelative = view.from.startsWith('now') || view.to.startsWith('now')
  const range = isRelative ? { from: timeOf(at - ASIDE_NS), to: timeOf(at + ASIDE_NS) } : {}
  return origin + urlOf({ ...view, ...range, live: false, at: record.id, ctx: '' })
}

/** The search as it stands. */
export function searchLink(view: View, origin = location.origin): string {
  return origin + urlOf({ ...view, at: '', ctx: '' })
}
