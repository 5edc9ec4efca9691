/**
 * LogStore: where log records live. Every engine passes test/collector/store/contract.ts, and the same query
 * gives the same answer on each.
 */
import type { Expression } from '../query/grammar.ts'
import type { Batch, GenerationState, LogRecord, Origin } from '../record.ts'

/** A stream of an instance, named as agents name it. */
export interface StreamKey {
  /** The host's enrolled id. */
  host: string
  container: string
  stream: string
}

/** What is asked for. Times are nanoseconds since 1970: `from` ≤ time < `to`. */
export interface Query {
  where: Expression
  from: bigint
  to: bigint
}

/** Newest first (`older`) or oldest first (`newer`); the same order as compareRecords(). */
export type Direction = 'older' | 'newer'

export interface PageAsked {
  limit: number
  /** `older` begins at the newest match, `newer` at the oldest. */
  direction: Direction
  /** Go on strictly behind this record, in `direction`. Made by cursorOf(); opaque to users. */
  after?: string
}

/** How a scan is bounded. Running out of time is an answer, not an error. */
export interface Bounds {
  /** Milliseconds that the scan may take. */
  budgetMs: number
  signal?: AbortSignal
}

/** How far an answer can be trusted to be everything. */
export interface Coverage {
  /** True when every part of the range was searched. */
  complete: boolean
  /** The scan ran out of time: everything on the near side of this instant was searched. */
  searchedTo?: bigint
  /** Parts that could not be read, with the reason. Their records are missing from the answer. */
  unreadable: { part: string; reason: string }[]
  scannedRecords: number
}

export interface Page {
  records: LogRecord[]
  coverage: Coverage
  /** False when nothing lies behind the last record in `direction`. */
  more: boolean
}

export interface Bucket {
  /** Nanoseconds; the bucket ends where the next begins. */
  from: bigint
  /** Records by level, indexed as LEVELS. */
  counts: number[]
}

export interface Histogram {
  buckets: Bucket[]
  /** End of the last bucket. */
  to: bigint
  total: number
  coverage: Coverage
}

export interface FacetValue {
  value: string
  count: number
}

export interface Facet {
  field: string
  values: FacetValue[]
  /** Distinct values beyond those listed; 0 when all are listed. */
  others: number
}

export interface Facets {
  facets: Facet[]
  /** Field names found in the records that were read, with how many of them hold each. */
  fields: FacetValue[]
  /** Records that were read to count parsed fields; fewer than `matched` where that was cut off. */
  sampled: number
  matched: number
  coverage: Coverage
}

export interface FacetsAsked {
  /** Built-in names (app, environment, host, instance, container, image, level, output) or parsed ones. */
  fields: string[]
  /** Values listed per field. */
  limit: number
  /** Only values that begin with this, any case. */
  prefix?: string
  /** Also find out which parsed fields there are. */
  discover?: boolean
}

export interface Context {
  before: LogRecord[]
  record: LogRecord
  after: LogRecord[]
}

export interface ContextAsked {
  before: number
  after: number
  /** Within the instance, or over all instances of the record's app and environment. */
  scope: 'instance' | 'app'
}

/** First and last record of an origin, and how many there are. */
export interface OriginSummary {
  origin: Origin
  first: bigint
  last: bigint
  count: number
}

/** What a follower is told. `cursor` resumes behind it: an arrival position, not a time. */
export type Arrival =
  | { kind: 'records'; records: LogRecord[]; cursor: string }
  /** Everything up to here was looked at; nothing matched. */
  | { kind: 'beat'; cursor: string }
  /** The reader was too slow: matching records between were left out. */
  | { kind: 'skipped'; count: number; from: bigint; to: bigint; cursor: string }
  /** The cursor is older than what can be replayed; following goes on from now. */
  | { kind: 'reset'; cursor: string }

export interface FollowAsked {
  where: Expression
  /** Where to go on; absent: from now. */
  after?: string
}

export interface StoreHealth {
  engine: string
  records: number
  /** Bytes on disk. */
  bytes: number
  /** Oldest and newest record, absent while there is none. */
  oldest?: bigint
  newest?: bigint
  /** False while appends are refused, and why (disk full, closed). */
  writable: boolean
  reason?: string
  /** Counters and gauges for /metrics, by their Prometheus name without prefix. */
  figures: Record<string, number>
}

export interface Retention {
  /** Records older than this many milliseconds are dropped, in whole parts. 0 keeps them. */
  maxAgeMs: number
  /** Oldest parts are dropped while the store is larger, whatever their age. 0 sets no limit. */
  maxBytes: number
  /** Instances whose records have another age, in ms; 0 keeps them. */
  ages?: ReadonlyMap<string, number>
}

/** How old an instance's records may become, in ms; Infinity where they are kept. */
export function ageOf({ maxAgeMs, ages }: Retention, instance: string): number {
  const age = ages?.get(instance) ?? maxAgeMs
  return age === 0 ? Number.POSITIVE_INFINITY : age
}

export interface LogStore extends AsyncDisposable {
  /**
   * Resolves once records and positions survive a crash, both or neither. Records whose `end` is ≤ what is
   * stored of their generation are left out, so appending again changes nothing. Rejects with
   * StoreFullError while the disk is full (nothing of the call was then taken), or, where another machine keeps the
   * records, with StoreAwayError while it is away and StoreRefusedError while it does not let the hub write (what of it
   * was taken is not taken again).
   */
  append(batches: readonly Batch[]): Promise<void>
  /** Every generation known of these streams, in order. Unknown streams give an empty list. */
  positions(streams: readonly StreamKey[]): Promise<GenerationState[][]>
  search(query: Query, page: PageAsked, bounds: Bounds): Promise<Page>
  /** Buckets of `stepNs` whose edges lie on `origin` + k × step; empty ones included; at most 2,000. */
  histogram(query: Query, step: { ns: bigint; origin: bigint }, bounds: Bounds): Promise<Histogram>
  facets(query: Query, asked: FacetsAsked, bounds: Bounds): Promise<Facets>
  /** Undefined where no such record is stored. */
  find(id: string, bounds: Bounds): Promise<LogRecord | undefined>
  context(id: string, asked: ContextAsked, bounds: Bounds): Promise<Context | undefined>
  origins(): Promise<OriginSummary[]>
  /** Records in the order of their arrival, each once, until `signal` aborts. */
  follow(asked: FollowAsked, signal: AbortSignal): AsyncIterable<Arrival>
  /** Drops what is too old or too much; resolves to the number of records dropped. */
  retain(retention: Retention, nowMs: number): Promise<number>
  health(): StoreHealth
}

/** The disk is full, gone or failing. Agents hold their place and try again. */
export class StoreFullError extends Error {
  readonly code = 'DRIFTLOG_STORE_FULL'
  constructor(detail: string) {
    super(
      `The log store can't write: ${detail}. Agents wait and lose nothing: see that its folder is there and has room, or lower the retention.`
    )
  }
}

/** Another machine keeps the records, and does not answer or has too much to do. Agents hold their place and try again. */
export class StoreAwayError extends Error {
  readonly code = 'DRIFTLOG_STORE_AWAY'
  constructor(detail: string) {
    super(
      `The log store can't be reached: ${detail}. Agents wait and lose nothing: see that the cluster runs and that the hub's address and credentials for it are right.`
    )
  }
}

/** Another hub serves the host now: what this one knows of it is old, and nothing of the delivery counts. */
export class StaleTermError extends Error {
  readonly code = 'DRIFTLOG_TURN'
  constructor() {
    super('Another hub serves this host now. Nothing was taken; send it again.')
  }
}

/** Another machine keeps the records, and does not let the hub do what it must. Agents hold their place and try again. */
export class StoreRefusedError extends Error {
  readonly code = 'DRIFTLOG_STORE_REFUSED'
  constructor(detail: string, remedy: string) {
    super(`The log store refuses the hub: ${detail}. Agents wait and lose nothing: ${remedy}`)
  }
}

/** Codes of refusals that pass: whoever brings records keeps them and tries again. */
export const PASSING_REFUSALS: ReadonlySet<string> = new Set([
  'DRIFTLOG_STORE_FULL',
  'DRIFTLOG_STORE_AWAY',
  'DRIFTLOG_TURN',
  'DRIFTLOG_STORE_REFUSED'
])

/** Names the place of a record in the one order; the page after it begins strictly behind it. */
export function cursorOf(record: LogRecord): string {
  return `${record.time}_${record.id}`
}

/** Undefined where the text is no cursor. */
export function placeOfCursor(cursor: string): { time: bigint; id: string } | undefined {
  const match = /^(-?\d{1,19})_([0-9a-f]{16}\.\d{1,9}\.\d{1,9}\.\d{1,15})$/.exec(cursor)
  return match?.[1] && match[2] ? { time: BigInt(match[1]), id: match[2] } : undefined
}
