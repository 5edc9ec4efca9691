/** Lines of level error and fatal before and after a moment: did a deploy make it worse? */
import { type Static, Type } from 'typebox'
import { LEVELS } from '../../collector/record.ts'
import type { Bounds, LogStore, Query } from '../../collector/store/store.ts'
import { filterOf } from '../question.ts'
import { nsOf } from '../times.ts'

const Part = Type.Object({
  errors: Type.Integer(),
  /** Over the time that has passed of this part. */
  perMinute: Type.Number()
})

export const ErrorsAround = Type.Object({
  /** The query that shows these lines, with the deploy's app and environment. */
  q: Type.String(),
  /** Ends of the range in ms since 1970; `atMs` lies in its middle. */
  fromMs: Type.Number(),
  atMs: Type.Number(),
  toMs: Type.Number(),
  before: Part,
  after: Part,
  /** False where the search ran out of time or could not read everything. */
  complete: Type.Boolean()
})
export type ErrorsAround = Static<typeof ErrorsAround>

interface Asked {
  app: string
  environment: string
  atMs: number
  /** To each side. */
  minutes: number
  nowMs: number
}

const QUERY = 'level>=error'
const MINUTE_MS = 60_000

export async function errorsAround(
  logs: Pick<LogStore, 'histogram'>,
  { app, environment, atMs, minutes, nowMs }: Asked,
  bounds: Bounds
): Promise<ErrorsAround> {
  const { where } = filterOf({ q: QUERY, app, environment })
  const lengthMs = minutes * MINUTE_MS
  const [fromMs, toMs] = [atMs - lengthMs, atMs + lengthMs]
  const query: Query = { where, from: nsOf(fromMs), to: nsOf(toMs) }
  const { buckets, coverage } = await logs.histogram(
    query,
    { ns: nsOf(lengthMs), origin: nsOf(atMs) },
    bounds
  )
  const sum = (isPart: (from: bigint) => boolean) =>
    buckets
      .filter(({ from }) => isPart(from))
      .flatMap(({ counts }) => LEVELS.map((level, n) => (isError(level) ? (counts[n] ?? 0) : 0)))
      .reduce((all, count) => all + count, 0)
  const at = nsOf(atMs)
  const passedMs = Math.max(0, Math.min(toMs, nowMs) - atMs)
  return {
    q: QUERY,
    fromMs,
    atMs,
    toMs,
    before: part(
      sum((from) => from < at),
      lengthMs
    ),
    after: part(
      sum((from) => from >= at),
      passedMs
    ),
    complete: coverage.complete && coverage.unreadable.length === 0
  }
}

function part(errors: number, lengthMs: number): Static<typeof Part> {
  return { errors, perMinute: lengthMs === 0 ? 0 : errors / (lengthMs / MINUTE_MS) }
}

function isError(level: (typeof LEVELS)[number]): boolean {
  return level === 'error' || level === 'fatal'
}
