/** Searching, counting and following records. In server/api/ one TypeBox value is the type, the check and the OpenAPI text. */
import { type Static, Type } from 'typebox'
import { AskedTime, Time } from './times.ts'

export const LevelName = Type.Union([
  Type.Literal('unknown'),
  Type.Literal('trace'),
  Type.Literal('debug'),
  Type.Literal('info'),
  Type.Literal('warn'),
  Type.Literal('error'),
  Type.Literal('fatal')
])
export type LevelName = Static<typeof LevelName>

/** One record. `text` is the line as written (escape sequences included); `fields` is its reading. */
export const RecordJson = Type.Object({
  id: Type.String(),
  time: Time,
  received: Time,
  level: LevelName,
  app: Type.String(),
  environment: Type.String(),
  host: Type.String(),
  hostName: Type.String(),
  instance: Type.String(),
  container: Type.String(),
  containerName: Type.String(),
  image: Type.String(),
  stream: Type.String(),
  output: Type.Union([Type.Literal(''), Type.Literal('stdout'), Type.Literal('stderr')]),
  generation: Type.Integer(),
  offset: Type.Integer(),
  text: Type.String(),
  /** Parsed JSON or logfmt fields, flattened to dotted names; numbers too big for a double are strings. */
  fields: Type.Optional(
    Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]))
  ),
  /** True where the record was cut at the longest length; the rest is the next record. */
  cut: Type.Optional(Type.Boolean()),
  /** True where the line could not be read as what its source promises; `text` is the raw line. */
  broken: Type.Optional(Type.Boolean()),
  /** True where secrets were taken out of the text before it was stored. */
  redacted: Type.Optional(Type.Boolean())
})
export type RecordJson = Static<typeof RecordJson>

export const CoverageJson = Type.Object({
  complete: Type.Boolean(),
  searchedTo: Type.Optional(Time),
  unreadable: Type.Array(Type.Object({ part: Type.String(), reason: Type.String() })),
  scannedRecords: Type.Integer(),
  /** Hosts that have not delivered everything yet, and until when what they delivered is complete. */
  behind: Type.Array(Type.Object({ host: Type.String(), hostName: Type.String(), behindMs: Type.Integer() }))
})
export type CoverageJson = Static<typeof CoverageJson>

/** What every log question has in common. `app` and `environment` narrow the query; `q` is the query text. */
const Asked = {
  q: Type.Optional(Type.String({ maxLength: 100_000, default: '' })),
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  from: Type.Optional({ ...AskedTime, default: 'now-1h' }),
  to: Type.Optional({ ...AskedTime, default: 'now' })
}

/** GET /api/logs. `Accept: application/x-ndjson` gives one record a line and a last line `{"page": …}`. */
export const SearchQuery = Type.Object({
  ...Asked,
  limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200 }),
  direction: Type.Union([Type.Literal('older'), Type.Literal('newer')], { default: 'older' }),
  after: Type.Optional(Type.String({ maxLength: 128, description: 'the `cursor` of a page' }))
})
export type SearchQuery = Static<typeof SearchQuery>

export const PageInfo = Type.Object({
  /** Behind the last record in the direction asked; absent when nothing is there. */
  cursor: Type.Optional(Type.String()),
  from: Time,
  to: Time,
  tookMs: Type.Number(),
  hubTime: Time,
  coverage: CoverageJson,
  /** Things about the query worth saying, though it runs. */
  warnings: Type.Array(
    Type.Object({
      code: Type.String(),
      message: Type.String(),
      from: Type.Integer(),
      to: Type.Integer(),
      /** A replacement of that place. */
      fix: Type.Optional(Type.String())
    })
  )
})
export type PageInfo = Static<typeof PageInfo>

export const SearchAnswer = Type.Object({ records: Type.Array(RecordJson), page: PageInfo })
export type SearchAnswer = Static<typeof SearchAnswer>

/** GET /api/logs/export: NDJSON of everything that matches, oldest first, at most `limit` records. */
export const ExportQuery = Type.Object({
  ...Asked,
  limit: Type.Integer({ minimum: 1, maximum: 10_000_000, default: 1_000_000 })
})

/** GET /api/logs/histogram. The hub picks a round step ≥ range / buckets; edges lie on round times of `zone`. */
export const HistogramQuery = Type.Object({
  ...Asked,
  buckets: Type.Integer({ minimum: 1, maximum: 240, default: 120 }),
  zone: Type.Optional(Type.String({ maxLength: 64, description: 'IANA zone, default UTC' }))
})

export const HistogramAnswer = Type.Object({
  stepMs: Type.Number(),
  buckets: Type.Array(
    Type.Object({
      from: Time,
      /** unknown, trace, debug, info, warn, error, fatal */
      counts: Type.Array(Type.Integer())
    })
  ),
  to: Time,
  total: Type.Integer(),
  tookMs: Type.Number(),
  coverage: CoverageJson
})
export type HistogramAnswer = Static<typeof HistogramAnswer>

/** GET /api/logs/facets. `fields` is a comma-separated list. */
export const FacetsQuery = Type.Object({
  ...Asked,
  fields: Type.String({ maxLength: 2000, default: 'level,host,instance,output' }),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 10 }),
  prefix: Type.Optional(Type.String({ maxLength: 255 })),
  discover: Type.Optional(Type.Boolean({ default: false }))
})

const FacetValueJson = Type.Object({ value: Type.String(), count: Type.Integer() })
export const FacetsAnswer = Type.Object({
  facets: Type.Array(
    Type.Object({ field: Type.String(), values: Type.Array(FacetValueJson), others: Type.Integer() })
  ),
  fields: Type.Array(FacetValueJson),
  sampled: Type.Integer(),
  matched: Type.Integer(),
  tookMs: Type.Number(),
  coverage: CoverageJson
})
export type FacetsAnswer = Static<typeof FacetsAnswer>

/** GET /api/logs/:id and GET /api/logs/:id/context */
export const ContextQuery = Type.Object({
  before: Type.Integer({ minimum: 0, maximum: 500, default: 50 }),
  after: Type.Integer({ minimum: 0, maximum: 500, default: 50 }),
  scope: Type.Union([Type.Literal('instance'), Type.Literal('app')], { default: 'instance' })
})
export const ContextAnswer = Type.Object({
  before: Type.Array(RecordJson),
  record: RecordJson,
  after: Type.Array(RecordJson)
})
export type ContextAnswer = Static<typeof ContextAnswer>

/**
 * GET /api/tail, text/event-stream. Events and their data:
 * `records` {records: RecordJson[]} (≤ 500, ≤ 100 ms gathered) · `move` MoveJson · `instance` InstanceJson ·
 * `gap` {app, environment, instance}: what is missing of it has changed, see GET /api/completeness ·
 * `skipped` {count, from, to} · `reset` {} · `beat` {hubTime, hosts: [{host, hostName, behindMs}]} at once and
 * every 10 s · `end` {reason} when the hub stops (`closing`: come back in a moment) or the token or login that
 * opened it has ended (`login`).
 * `id:` is the arrival cursor; resume with `Last-Event-ID` (or `after=`). A client that reads nothing for two
 * minutes is cut off.
 */
export const TailQuery = Type.Object({
  q: Type.Optional(Type.String({ maxLength: 100_000, default: '' })),
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  after: Type.Optional(Type.String({ maxLength: 128 }))
})
