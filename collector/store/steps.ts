/** The edges of histogram buckets. */
import type { Query } from './store.ts'

export interface Step {
  ns: bigint
  origin: bigint
}

export const MOST_BUCKETS = 2000

export class TooManyBucketsError extends Error {
  readonly code = 'DRIFTLOG_TOO_MANY_BUCKETS'
  constructor(count: bigint) {
    super(
      `The histogram would have ${count} buckets, at most ${MOST_BUCKETS} are drawn. Ask for a wider step.`
    )
  }
}

/** First edge (≤ from) and number of buckets that cover the query's range; no bucket for an empty range. */
export function bucketsOf(query: Pick<Query, 'from' | 'to'>, step: Step): { first: bigint; count: number } {
  if (query.to <= query.from) return { first: query.from, count: 0 }
  const first = step.origin + floorDivide(query.from - step.origin, step.ns) * step.ns
  const count = floorDivide(query.to - 1n - first, step.ns) + 1n
  if (count > BigInt(MOST_BUCKETS)) throw new TooManyBucketsError(count)
  return { first, count: Number(count) }
}

export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}
