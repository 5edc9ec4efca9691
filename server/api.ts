/**
 * The hub's public HTTP API: one TypeBox value is the type, the check and the OpenAPI text. The page imports
 * the types of this file (`import type`), the command line too.
 *
 * Times in answers are RFC 3339 in UTC with nine digits of a second. Times in questions are RFC 3339, epoch
 * digits (10 s, 13 ms, 16 µs, 19 ns) or relative: `now`, `now-15m`, `now+1h`
 * (s, m, h, d, w).
 */
import { type Static, Type } from 'typebox'
import { DefinitionProblem } from './deploys/definition.ts'

const Time = Type.String({ description: 'RFC 3339, UTC, nanoseconds' })
const AskedTime = Type.String({ maxLength: 64, description: 'RFC 3339, epoch digits, or now-15m' })

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

/** Something about an instance that can lose lines, or hide that lines are lost. */
const note = {
  /** not-read, opted-out, engine-api, non-blocking, no-rotation, one-file, small-rotation, label */
  code: Type.String(),
  message: Type.String(),
  /** The way out. */
  advice: Type.String(),
  /** Lines may be missing without anybody being able to tell. */
  blind: Type.Optional(Type.Boolean())
}
export const NoteJson = Type.Object(note)
export type NoteJson = Static<typeof NoteJson>

export const InstanceJson = Type.Object({
  /** 16 hex digits; first part of its records' ids. */
  instance: Type.String(),
  app: Type.String(),
  environment: Type.String(),
  replica: Type.Optional(Type.String()),
  host: Type.String(),
  hostName: Type.String(),
  container: Type.String(),
  containerName: Type.String(),
  image: Type.String(),
  imageId: Type.Optional(Type.String()),
  /** created, running, exited, removed, … as the engine says; `unknown` while its host is silent. */
  state: Type.String(),
  started: Type.Optional(Time),
  finished: Type.Optional(Time),
  exitCode: Type.Optional(Type.Integer()),
  oomKilled: Type.Optional(Type.Boolean()),
  health: Type.Optional(Type.String()),
  restarts: Type.Optional(Type.Integer()),
  /** Why its log is not read, where it is not. */
  unread: Type.Optional(Type.String()),
  /** Risky settings and the like; absent where there are none. */
  notes: Type.Optional(Type.Array(NoteJson)),
  firstRecord: Type.Optional(Time),
  lastRecord: Type.Optional(Time),
  records: Type.Integer()
})
export type InstanceJson = Static<typeof InstanceJson>

/** An app's instance ended on one host and the next began on another. */
export const MoveJson = Type.Object({
  app: Type.String(),
  environment: Type.String(),
  /** When the next instance began. */
  at: Time,
  fromHost: Type.String(),
  fromHostName: Type.String(),
  fromInstance: Type.String(),
  toHost: Type.String(),
  toHostName: Type.String(),
  toInstance: Type.String(),
  exitCode: Type.Optional(Type.Integer()),
  oomKilled: Type.Optional(Type.Boolean()),
  sameImage: Type.Boolean(),
  /** From the end of the one to the start of the other; negative when they overlapped. */
  awayMs: Type.Integer()
})
export type MoveJson = Static<typeof MoveJson>

export const AppJson = Type.Object({
  app: Type.String(),
  environment: Type.String(),
  instances: Type.Integer(),
  running: Type.Integer(),
  /** Names of the hosts on which it runs; where it runs nowhere, of those on which it ran. */
  hosts: Type.Array(Type.String()),
  /** Moves in the last 24 hours. */
  moves: Type.Integer(),
  firstRecord: Type.Optional(Time),
  lastRecord: Type.Optional(Time),
  records: Type.Integer(),
  /** True when all of its instances are played by the demo. */
  pretended: Type.Boolean()
})
export type AppJson = Static<typeof AppJson>

/** How a host stands in Zabbix. */
export const ZabbixHostJson = Type.Object({
  state: Type.Union(
    [
      Type.Literal('enabled'),
      Type.Literal('disabled'),
      Type.Literal('absent'),
      Type.Literal('refused'),
      Type.Literal('unknown')
    ],
    {
      description:
        'enabled; disabled: it has left; absent: not there, or not yet; refused: Zabbix does not take it; unknown: Zabbix is away, or was not looked at yet'
    }
  ),
  /** Zabbix's own page of its latest data, where Zabbix has it. */
  url: Type.Optional(Type.String()),
  /** Why it is refused, or why it is not known. */
  reason: Type.Optional(Type.String())
})
export type ZabbixHostJson = Static<typeof ZabbixHostJson>

export const HostJson = Type.Object({
  host: Type.String(),
  name: Type.String(),
  /** Colour slot 0 … 23, given at enrolment and kept: one colour for everybody. */
  slot: Type.Integer(),
  live: Type.Boolean(),
  seen: Type.Optional(Time),
  behindMs: Type.Integer(),
  behindBytes: Type.Integer(),
  clockOffsetMs: Type.Integer(),
  agentVersion: Type.String(),
  engineVersion: Type.Optional(Type.String()),
  instances: Type.Integer(),
  running: Type.Integer(),
  lostBytes: Type.Integer(),
  losses: Type.Integer(),
  /** Losses whose size nobody knows. */
  lostUnknown: Type.Integer(),
  pretended: Type.Boolean(),
  /** Absent where no Zabbix is told of it. */
  zabbix: Type.Optional(ZabbixHostJson)
})
export type HostJson = Static<typeof HostJson>

export const AppsAnswer = Type.Object({ apps: Type.Array(AppJson) })
export const HostsAnswer = Type.Object({ hosts: Type.Array(HostJson) })

/** GET /api/instances and GET /api/moves, newest first. */
export const FleetQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  host: Type.Optional(Type.String({ maxLength: 128 })),
  from: Type.Optional(AskedTime),
  to: Type.Optional(AskedTime),
  limit: Type.Integer({ minimum: 1, maximum: 5000, default: 500 })
})
export const InstancesAnswer = Type.Object({ instances: Type.Array(InstanceJson) })
export const MovesAnswer = Type.Object({ moves: Type.Array(MoveJson) })

/** Names the instance that a gap or a note belongs to. */
const instanceNamed = {
  instance: Type.String(),
  app: Type.String(),
  environment: Type.String(),
  host: Type.String(),
  hostName: Type.String(),
  container: Type.String(),
  containerName: Type.String()
}

/** Lines that were written and that nobody can read any more. */
export const GapJson = Type.Object({
  ...instanceNamed,
  stream: Type.String(),
  cause: Type.Union([
    Type.Literal('rotated-unread'),
    Type.Literal('removed-unread'),
    Type.Literal('source-gap'),
    Type.Literal('hold-exceeded'),
    Type.Literal('truncated'),
    Type.Literal('unreadable'),
    Type.Literal('nul')
  ]),
  /** Absent where nobody knows. */
  bytes: Type.Optional(Type.Integer()),
  /** There may have been more than `bytes`. */
  more: Type.Optional(Type.Boolean()),
  /** About how many lines, by the stream's mean length of a line. */
  lines: Type.Optional(Type.Integer()),
  /** Times of the last record before it and of the first behind it, as far as there are any. */
  from: Type.Optional(Time),
  to: Type.Optional(Time),
  /** When it was noticed. */
  told: Time,
  generation: Type.Optional(Type.String()),
  offset: Type.Optional(Type.Integer())
})
export type GapJson = Static<typeof GapJson>

/** GET /api/completeness */
export const CompletenessQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  host: Type.Optional(Type.String({ maxLength: 128 })),
  instance: Type.Optional(Type.String({ maxLength: 16 })),
  from: Type.Optional({ ...AskedTime, default: 'now-1h' }),
  to: Type.Optional({ ...AskedTime, default: 'now' }),
  limit: Type.Integer({ minimum: 0, maximum: 5000, default: 500 })
})

export const InstanceNoteJson = Type.Object({ ...instanceNamed, ...note })
export type InstanceNoteJson = Static<typeof InstanceNoteJson>

export const CompletenessAnswer = Type.Object({
  /**
   * `gaps`: something is missing for good. `behind`: something is still on its way. `unknown`: a source cannot tell.
   * `complete`: everything that was written in the range is there, from `since` on where that is given.
   */
  verdict: Type.Union([
    Type.Literal('complete'),
    Type.Literal('gaps'),
    Type.Literal('behind'),
    Type.Literal('unknown')
  ]),
  from: Time,
  to: Time,
  hubTime: Time,
  /** Nothing older is kept; absent where the range begins later. */
  since: Type.Optional(Time),
  gapCount: Type.Integer(),
  bytes: Type.Integer(),
  /** About so many, of the gaps whose size is known. */
  lines: Type.Integer(),
  /** Gaps whose size nobody knows, or only in part. */
  unknown: Type.Integer(),
  /** By their place in time. */
  gaps: Type.Array(GapJson),
  /** Gaps that are not listed. */
  others: Type.Integer(),
  behind: Type.Array(
    Type.Object({
      host: Type.String(),
      hostName: Type.String(),
      behindMs: Type.Integer(),
      behindBytes: Type.Integer(),
      /** Everything that it wrote before is there. */
      until: Time
    })
  ),
  notes: Type.Array(InstanceNoteJson),
  otherNotes: Type.Integer()
})
export type CompletenessAnswer = Static<typeof CompletenessAnswer>

/** GET /api/instances/:id/streams */
export const StreamsAnswer = Type.Object({
  instance: Type.String(),
  streams: Type.Array(
    Type.Object({
      stream: Type.String(),
      /** Bytes that are here for good, of all generations. */
      bytes: Type.Integer(),
      /** Older generations that are not listed. */
      others: Type.Integer(),
      /** In the order of their writing. */
      generations: Type.Array(
        Type.Object({
          generation: Type.String(),
          /** Parts of one file have the same. */
          file: Type.String(),
          /** Where in its file it begins. */
          begins: Type.Integer(),
          number: Type.Integer(),
          /** The bytes before this one are here for good, but for the gaps. */
          committed: Type.Integer(),
          /** `complete`: here to its end; `current`: it may grow; `coming`: the rest of it is on its way. */
          state: Type.Union([Type.Literal('complete'), Type.Literal('current'), Type.Literal('coming')]),
          /** Times of its first and last record, where they are remembered. */
          from: Type.Optional(Time),
          to: Type.Optional(Time)
        })
      ),
      gaps: Type.Array(GapJson)
    })
  )
})
export type StreamsAnswer = Static<typeof StreamsAnswer>

/** GET /api/status: what `driftlog status` prints and the page's head shows. */
/** How the hub stands with Zabbix. */
export const ZabbixJson = Type.Object({
  /** File of the token that is not there yet: nothing is told to Zabbix until then. */
  waitsFor: Type.Optional(Type.String()),
  /** Hosts that Zabbix has. */
  hosts: Type.Integer(),
  /** Hosts that it does not take. */
  refused: Type.Integer(),
  /** Why hosts can not be kept in line, while they can't. */
  hostsTrouble: Type.Optional(Type.String()),
  /** Values that this hub has sent, that were refused for long, that there was no room for, and that wait. */
  values: Type.Object({
    sent: Type.Integer(),
    refused: Type.Integer(),
    dropped: Type.Integer(),
    waiting: Type.Integer()
  }),
  /** Why values wait, while they do. */
  valuesTrouble: Type.Optional(Type.String())
})
export type ZabbixJson = Static<typeof ZabbixJson>

export const StatusAnswer = Type.Object({
  version: Type.String(),
  hubTime: Time,
  started: Time,
  /** True when this hub shows the played fleet of `driftlog demo`; `reason` says why where it was not asked for. */
  demo: Type.Boolean(),
  demoReason: Type.Optional(Type.String()),
  open: Type.Boolean({ description: 'true when no token is demanded (loopback)' }),
  /** True where tokens and lines go over the network in clear: no https beyond loopback. */
  clear: Type.Boolean(),
  /** The certificate that the hub itself serves. */
  certificate: Type.Optional(
    Type.Object({
      /** sha256:… of the whole certificate, as --fingerprint takes it. */
      fingerprint: Type.String(),
      expires: Time,
      selfSigned: Type.Boolean(),
      /** Why newer files are not served. */
      problem: Type.Optional(Type.String())
    })
  ),
  /** Whether the one who asks may change what runs where. */
  mayDeploy: Type.Boolean(),
  /** Of the reader who is logged in by cookie; absent for everybody else. */
  login: Type.Optional(Type.Object({ name: Type.String(), expires: Time })),
  hosts: Type.Integer(),
  liveHosts: Type.Integer(),
  apps: Type.Integer(),
  store: Type.Object({
    engine: Type.String(),
    records: Type.Integer(),
    bytes: Type.Integer(),
    oldest: Type.Optional(Time),
    newest: Type.Optional(Time),
    writable: Type.Boolean(),
    reason: Type.Optional(Type.String())
  }),
  /** Absent where no Zabbix is named. */
  zabbix: Type.Optional(ZabbixJson),
  /** The command that joins another host. */
  join: Type.Optional(Type.String())
})
export type StatusAnswer = Static<typeof StatusAnswer>

/** Every refusal. `from`/`to` mark the place in `q` for DRIFTLOG_QUERY; `fix` is a replacement of that place. */
export const ErrorJson = Type.Object({
  code: Type.String(),
  message: Type.String(),
  statusCode: Type.Integer(),
  detail: Type.Optional(Type.String({ description: 'code of the query error, e.g. unclosed-quote' })),
  from: Type.Optional(Type.Integer()),
  to: Type.Optional(Type.Integer()),
  fix: Type.Optional(Type.String()),
  /** Of a definition: everything that is wrong with it, by place. */
  problems: Type.Optional(Type.Array(DefinitionProblem))
})
export type ErrorJson = Static<typeof ErrorJson>

const ScopeName = Type.Union([
  Type.Literal('read'),
  Type.Literal('deploy'),
  Type.Literal('agent'),
  Type.Literal('admin')
])

/** POST /api/session: a token for a cookie. */
export const LoginBody = Type.Object({ token: Type.String({ minLength: 1, maxLength: 512 }) })
export const SessionAnswer = Type.Object({
  /** Of the token. */
  name: Type.String(),
  scopes: Type.Array(ScopeName),
  expires: Time
})
export type SessionAnswer = Static<typeof SessionAnswer>

/** A token without its secret. `lastUsed` is right to within an hour. */
export const TokenJson = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scopes: Type.Array(ScopeName),
  created: Time,
  expires: Type.Optional(Time),
  lastUsed: Type.Optional(Time)
})
export type TokenJson = Static<typeof TokenJson>

/** GET, POST /api/tokens, DELETE /api/tokens/:id */
export const TokensAnswer = Type.Object({ tokens: Type.Array(TokenJson) })
export type TokensAnswer = Static<typeof TokensAnswer>
export const IssueTokenBody = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100, pattern: '^[^\\u0000-\\u001f\\u007f]+$' }),
    scopes: Type.Array(ScopeName, { minItems: 1, maxItems: 4 }),
    /** Absent: until it is revoked. */
    expiresDays: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 36_500 }))
  },
  { additionalProperties: false }
)
export type IssueTokenBody = Static<typeof IssueTokenBody>
export const IssuedTokenJson = Type.Object({
  ...TokenJson.properties,
  /** Shown this once. */
  token: Type.String()
})
export type IssuedTokenJson = Static<typeof IssuedTokenJson>
/** `revoked` is the id of the token, or the host. */
export const RevokedAnswer = Type.Object({ revoked: Type.String(), name: Type.String() })
export type RevokedAnswer = Static<typeof RevokedAnswer>

/** GET /api/host-keys, DELETE /api/host-keys/:host. `lastUsed` is when the host's agent was last heard. */
export const HostKeysAnswer = Type.Object({
  keys: Type.Array(
    Type.Object({
      host: Type.String(),
      name: Type.String(),
      created: Type.Optional(Time),
      lastUsed: Type.Optional(Time)
    })
  )
})
export type HostKeysAnswer = Static<typeof HostKeysAnswer>

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
