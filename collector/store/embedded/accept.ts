/** What of an append is new. */
import type { Batch, GenerationState } from '../../record.ts'
import { mergeState } from '../generations.ts'
import type { FrameInput } from './frame.ts'
import type { OriginLog } from './origins.ts'
import type { Positions } from './positions.ts'
import { Totals, totalOf } from './totals.ts'

export interface Accepted {
  /** Nothing is new where this is empty. */
  inputs: FrameInput[]
  rows: number
  totals: Totals
}

/** Leaves out what is stored already, and moves the positions ahead. Runs without a pause. */
export function accept(
  batches: readonly Batch[],
  ahead: Positions,
  origins: OriginLog,
  nowMs: number
): Accepted {
  const inputs: FrameInput[] = []
  const totals = new Totals()
  let rows = 0
  for (const { origin, state, receivedMs, records } of batches) {
    const old = ahead.get(origin, state.generation)
    const merged = mergeState(old, state)
    const kept = old ? rowsBehind(records.end, records.count, old.stored) : undefined
    const count = kept ? kept.length : records.count
    if (count === 0 && old && isSame(old, merged)) continue
    ahead.apply(origin, merged, nowMs)
    const number = origins.number(origin)
    inputs.push({
      origin: number,
      state: merged,
      receivedMs: Math.floor(receivedMs),
      columns: records,
      ...(kept ? { kept } : {})
    })
    totals.add(number, totalOf(records, 0, count, kept))
    rows += count
  }
  return { inputs, rows, totals }
}

/** Undefined where all rows end behind `stored`. */
function rowsBehind(end: Float64Array, count: number, stored: number): Uint32Array | undefined {
  let behind = 0
  for (let row = 0; row < count; row++) if ((end[row] as number) > stored) behind++
  if (behind === count) return undefined
  const rows = new Uint32Array(behind)
  let at = 0
  for (let row = 0; row < count; row++) if ((end[row] as number) > stored) rows[at++] = row
  return rows
}

function isSame(a: GenerationState, b: GenerationState): boolean {
  return a.file === b.file && a.committed === b.committed && a.stored === b.stored && a.ended === b.ended
}
