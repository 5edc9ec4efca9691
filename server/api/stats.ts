/** Numbers of hosts and containers. */
import { type Static, Type } from 'typebox'
import { instanceNamed } from './completeness.ts'
import { AskedTime, Time } from './times.ts'

/** GET /api/stats: one of `instance`, `host`, or `app` (with `environment`) says whose. */
export const StatsQuery = Type.Object({
  instance: Type.Optional(Type.String({ maxLength: 64 })),
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  host: Type.Optional(Type.String({ maxLength: 128 })),
  /** `total`: an app's instances as one; `instance`: a line for each, the newest 200. */
  by: Type.Union([Type.Literal('total'), Type.Literal('instance')], { default: 'total' }),
  metrics: Type.String({ maxLength: 1000, default: 'cpu,memory', description: 'see docs/stats.md' }),
  from: Type.Optional({ ...AskedTime, default: 'now-1h' }),
  to: Type.Optional({ ...AskedTime, default: 'now' }),
  /** Absent: the range cut into about `points` round steps. The answer's may be longer: see docs/stats.md. */
  stepSeconds: Type.Optional(Type.Integer({ minimum: 1, maximum: 31_536_000 })),
  points: Type.Integer({ minimum: 1, maximum: 2000, default: 120 })
})
export type StatsQuery = Static<typeof StatsQuery>

const Points = Type.Array(Type.Union([Type.Number(), Type.Null()]))
export const StatsSeriesJson = Type.Object({
  instance: Type.Optional(Type.String()),
  host: Type.Optional(Type.String()),
  app: Type.Optional(Type.String()),
  environment: Type.Optional(Type.String()),
  metric: Type.String(),
  /** cores, B, B/s, 1/s, s or 1 */
  unit: Type.String(),
  /** One value per step; null where nothing is known. */
  min: Points,
  avg: Points,
  max: Points
})
export type StatsSeriesJson = Static<typeof StatsSeriesJson>

export const StatsAnswer = Type.Object({
  from: Time,
  to: Time,
  stepMs: Type.Integer(),
  /** What the values are made of. */
  tier: Type.Union([Type.Literal('samples'), Type.Literal('minutes'), Type.Literal('hours')]),
  /** Where each step begins. */
  times: Type.Array(Time),
  series: Type.Array(StatsSeriesJson),
  /** Instances that had no place in the answer. */
  others: Type.Integer()
})
export type StatsAnswer = Static<typeof StatsAnswer>

/** GET /api/stats/latest: what runs now. */
export const StatsLatestQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  host: Type.Optional(Type.String({ maxLength: 128 }))
})

/** By metric, in its unit; absent what was not told in the last two minutes. */
const StatsValues = Type.Record(Type.String(), Type.Number())

export const StatsHostJson = Type.Object({
  host: Type.String(),
  hostName: Type.String(),
  live: Type.Boolean(),
  at: Type.Optional(Time),
  values: StatsValues
})
export type StatsHostJson = Static<typeof StatsHostJson>

export const StatsInstanceJson = Type.Object({
  ...instanceNamed,
  state: Type.String(),
  started: Type.Optional(Time),
  health: Type.Optional(Type.String()),
  restarts: Type.Optional(Type.Integer()),
  at: Type.Optional(Time),
  values: StatsValues
})
export type StatsInstanceJson = Static<typeof StatsInstanceJson>

export const StatsLatestAnswer = Type.Object({
  hubTime: Time,
  hosts: Type.Array(StatsHostJson),
  instances: Type.Array(StatsInstanceJson),
  units: Type.Record(Type.String(), Type.String())
})
export type StatsLatestAnswer = Static<typeof StatsLatestAnswer>
