/** How much there is, by origin: from the parts' summaries and the journals, so that no query need count it. */
import type { Batch } from '../../record.ts'
import type { FrameBatch } from './frame.ts'
import type { PartSummary } from './part.ts'

/** Rows, first time (ms, nanos), last time (ms, nanos). */
export type OriginTotal = [number, number, number, number, number]

export class Totals {
  rows = 0
  readonly byOrigin = new Map<number, OriginTotal>()

  add(origin: number, [rows, firstMs, firstNanos, lastMs, lastNanos]: OriginTotal): void {
    if (rows === 0) return
    this.rows += rows
    const known = this.byOrigin.get(origin)
    if (!known) {
      this.byOrigin.set(origin, [rows, firstMs, firstNanos, lastMs, lastNanos])
      return
    }
    known[0] += rows
    if (firstMs < known[1] || (firstMs === known[1] && firstNanos < known[2])) {
      known[1] = firstMs
      known[2] = firstNanos
    }
    if (lastMs > known[3] || (lastMs === known[3] && lastNanos > known[4])) {
      known[3] = lastMs
      known[4] = lastNanos
    }
  }

  addTotals(others: Totals): void {
    for (const [origin, total] of others.byOrigin) this.add(origin, total)
  }

  addSummary(summary: PartSummary): void {
    for (const [origin, ...total] of summary.origins) this.add(origin, total)
  }

  oldest(): bigint | undefined {
    let found: bigint | undefined
    for (const [, ms, nanos] of this.byOrigin.values()) {
      const time = toTime(ms, nanos)
      if (found === undefined || time < found) found = time
    }
    return found
  }

  newest(): bigint | undefined {
    let found: bigint | undefined
    for (const [, , , ms, nanos] of this.byOrigin.values()) {
      const time = toTime(ms, nanos)
      if (found === undefined || time > found) found = time
    }
    return found
  }
}

export function toTime(ms: number, nanos: number): bigint {
  return BigInt(ms) * 1_000_000n + BigInt(nanos)
}

type Times = Pick<Batch['records'], 'timeMs' | 'nanos'>

/** Total of rows `from` to `to`, or of the rows in `kept`. */
export function totalOf({ timeMs, nanos }: Times, from: number, to: number, kept?: Uint32Array): OriginTotal {
  let [firstMs, firstNanos, lastMs, lastNanos] = [Number.POSITIVE_INFINITY, 0, Number.NEGATIVE_INFINITY, 0]
  for (let i = from; i < to; i++) {
    const row = kept ? (kept[i] as number) : i
    const ms = timeMs[row] as number
    const ns = nanos[row] as number
    if (ms < firstMs || (ms === firstMs && ns < firstNanos)) {
      firstMs = ms
      firstNanos = ns
    }
    if (ms > lastMs || (ms === lastMs && ns > lastNanos)) {
      lastMs = ms
      lastNanos = ns
    }
  }
  return [to - from, firstMs, firstNanos, lastMs, lastNanos]
}

/** Totals of a frame that was read back. */
export function totalsOfFrame(frame: Times & { batches: readonly FrameBatch[] }): Totals {
  const totals = new Totals()
  let row = 0
  for (const { origin, count } of frame.batches) {
    totals.add(origin, totalOf(frame, row, row + count))
    row += count
  }
  return totals
}
