/**
 * Everything that an agent and the hub say to each other (docs/protocol.md tells the same in prose).
 *
 * The hub checks what arrives against these schemas; the agent imports their types alone, so that the
 * schema library is not loaded on the hosts.
 */
import { type Static, Type } from 'typebox'

const Id = Type.String({ minLength: 1, maxLength: 128 })
const Text = Type.String({ maxLength: 4096 })
/** Milliseconds since 1970, UTC. */
const Moment = Type.Number({ minimum: 0 })
const Count = Type.Integer({ minimum: 0 })

export const Codec = Type.Union([
  Type.Literal('zstd'),
  Type.Literal('br'),
  Type.Literal('gzip'),
  Type.Literal('identity')
])
export type Codec = Static<typeof Codec>

/** What a host says of itself. None of it is its identity: names and engine ids of cloned machines repeat. */
export const HostFacts = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 255 }),
  engineId: Type.Optional(Text),
  engineVersion: Type.Optional(Text),
  machineId: Type.Optional(Text),
  os: Type.Optional(Text),
  kernel: Type.Optional(Text),
  arch: Type.Optional(Text),
  cpus: Type.Optional(Count),
  memoryBytes: Type.Optional(Count),
  addresses: Type.Optional(Type.Array(Text, { maxItems: 64 })),
  /** Under which others reach the instances of this host; the first of `addresses` where it is absent. */
  address: Type.Optional(Text),
  /** For the placement of instances; the engine's own and those of the agent's settings. */
  labels: Type.Optional(Type.Record(Type.String({ maxLength: 255 }), Type.String({ maxLength: 4096 }))),
  /** The agent carries out orders (protocol-orders.ts). */
  takesOrders: Type.Optional(Type.Boolean()),
  /** Set by `driftlog demo`: this host is played, not real. The page says so. */
  pretended: Type.Optional(Type.Boolean())
})
export type HostFacts = Static<typeof HostFacts>

/** POST /agent/v1/enrol: once in an agent's life. `join` may be absent where the hub is open (loopback). */
export const Enrol = Type.Object({
  protocol: Type.Integer(),
  version: Text,
  join: Type.Optional(Text),
  facts: HostFacts
})
export type Enrol = Static<typeof Enrol>

/** The host's id, and the key that every later request carries as `Authorization: Bearer`. */
export const Enrolled = Type.Object({ host: Id, key: Text })
export type Enrolled = Static<typeof Enrolled>

/** POST /agent/v1/hello: begins a session. */
export const Hello = Type.Object({
  protocol: Type.Integer(),
  /** The agent's own version, e.g. "0.1.0". */
  version: Text,
  /**
   * Where this agent keeps its identity: boot id and inode of the state folder, hashed. A restarted agent
   * has the same place; a copy of the folder or of the whole machine has another.
   */
  place: Id,
  facts: HostFacts,
  /** Best first; the hub picks the first that it can read. */
  codecs: Type.Array(Codec, { minItems: 1, maxItems: 8 }),
  /** The agent's clock when it sent this; the hub measures the offset. */
  clockMs: Moment
})
export type Hello = Static<typeof Hello>

export const Welcome = Type.Object({
  session: Id,
  host: Id,
  codec: Codec,
  /** When the hub answered, and for how long it had the request by then. */
  hubMs: Moment,
  tookMs: Type.Optional(Count),
  /** The longest time between two requests of this agent; a quiet agent sends an empty delivery. */
  heartbeatMs: Count,
  /** How long the agent gathers before it sends. */
  gatherMs: Count,
  /** The largest body of a delivery, before compression, in bytes. */
  maxDeliveryBytes: Count
})
export type Welcome = Static<typeof Welcome>

/**
 * A stream is one log file of an instance, over all its rotations. Its name says how its bytes are read:
 * `docker` is the container's own log, lines of JSON as Docker's `json-file` driver writes them; `file:<path>`
 * is a file of plain text, one line a record, by its path as the writer sees it.
 */
export const StreamName = Type.Object({ container: Id, stream: Text })
export type StreamName = Static<typeof StreamName>

/** POST /agent/v1/positions: where to go on in these streams, and in every stream known of these containers. */
export const PositionsAsked = Type.Object({
  session: Id,
  streams: Type.Array(StreamName, { maxItems: 5000 }),
  containers: Type.Optional(Type.Array(Id, { maxItems: 5000 }))
})
export type PositionsAsked = Static<typeof PositionsAsked>

/**
 * One generation of a stream: one file between two rotations. `generation` is made by the agent from the
 * file's first record, so the same file has the same id after a rename, a restart or a compression.
 */
export const Position = Type.Object({
  container: Id,
  stream: Text,
  generation: Id,
  /** dev:inode:birth of the file as last told; tells generations apart whose first record is the same. */
  file: Type.Optional(Text),
  /** The hub has everything before this byte for good. */
  committed: Count,
  /** The next chunk must begin here: ≥ committed while a record is still unfinished. */
  next: Count,
  /** The generation was delivered to its end. */
  ended: Type.Optional(Type.Boolean())
})
export type Position = Static<typeof Position>

/** The generations of a stream stand in the order in which they were written. */
export const Positions = Type.Object({ positions: Type.Array(Position) })
export type Positions = Static<typeof Positions>

/**
 * "These bytes, from this offset of this generation." The bytes of all chunks of a delivery follow its head
 * in the same order. A chunk ends after a newline unless a single line is longer than a chunk may be.
 */
export const Chunk = Type.Object({
  container: Id,
  stream: Text,
  generation: Id,
  file: Type.Optional(Text),
  offset: Count,
  bytes: Count,
  /** Nothing follows in this generation: the file was rotated or its container is gone, and it was read to its end. */
  last: Type.Optional(Type.Boolean())
})
export type Chunk = Static<typeof Chunk>

/** The label (or label family) that gave an instance its app; see agent/identity.ts. */
export const IdentityKind = Type.Union([
  Type.Literal('driftlog'),
  Type.Literal('compose'),
  Type.Literal('swarm'),
  Type.Literal('rancher'),
  Type.Literal('kubernetes'),
  Type.Literal('nomad'),
  Type.Literal('ecs'),
  Type.Literal('coolify'),
  Type.Literal('name'),
  /** No container: files or the journal of the host itself. */
  Type.Literal('host')
])
export type IdentityKind = Static<typeof IdentityKind>

/**
 * Where an instance's log bytes come from: `files` of the engine, read as they lie there; `api`, the engine's
 * answers, written to a spool; `host`, files of the host itself; `journal`, the host's journald.
 */
export const LogSource = Type.Union([
  Type.Literal('files'),
  Type.Literal('api'),
  Type.Literal('host'),
  Type.Literal('journal')
])
export type LogSource = Static<typeof LogSource>

/**
 * One container on one host, or what stands for one: logs of the host itself have an instance whose `container`
 * is `host/<app>` or `journal/<unit>`. Sent whole each time; the newest facts win.
 */
export const InstanceFacts = Type.Object({
  container: Id,
  name: Text,
  app: Type.String({ minLength: 1, maxLength: 255 }),
  environment: Type.String({ minLength: 1, maxLength: 255 }),
  /** Which of several equal instances this is ("2" of orders-2), where the platform says so. */
  replica: Type.Optional(Text),
  identity: IdentityKind,
  image: Text,
  imageId: Type.Optional(Text),
  labels: Type.Record(Type.String({ maxLength: 512 }), Type.String({ maxLength: 4096 })),
  state: Text,
  createdMs: Type.Optional(Moment),
  startedMs: Type.Optional(Moment),
  finishedMs: Type.Optional(Moment),
  exitCode: Type.Optional(Type.Integer()),
  oomKilled: Type.Optional(Type.Boolean()),
  health: Type.Optional(Text),
  restarts: Type.Optional(Count),
  logDriver: Type.Optional(Text),
  logOptions: Type.Optional(Type.Record(Type.String(), Type.String())),
  /** Absent: `files`. */
  logSource: Type.Optional(LogSource),
  /** Why this instance's log is not read, where it is not: its driver, an opt-out, a folder without permission. */
  unread: Type.Optional(Text)
})
export type InstanceFacts = Static<typeof InstanceFacts>

/** `seen` comes from a listing; the others from the engine's events. Telling one again changes nothing. */
export const InstanceEvent = Type.Object({
  kind: Type.Union([
    Type.Literal('seen'),
    Type.Literal('start'),
    Type.Literal('die'),
    Type.Literal('oom'),
    Type.Literal('rename'),
    Type.Literal('health'),
    Type.Literal('remove')
  ]),
  atMs: Moment,
  instance: InstanceFacts
})
export type InstanceEvent = Static<typeof InstanceEvent>

/** Bytes of a stream that can't be read any more. `bytes` is absent where nobody can know. */
export const Loss = Type.Object({
  container: Id,
  stream: Text,
  /** Whose bytes they were; absent where its file was never seen. */
  generation: Type.Optional(Id),
  /** Where in the generation they begin. */
  offset: Type.Optional(Count),
  /** The generations that were written right before and right after, where they are known. */
  after: Type.Optional(Id),
  before: Type.Optional(Id),
  /** When it was noticed. */
  atMs: Moment,
  bytes: Type.Optional(Count),
  /** There may have been more than `bytes`. */
  more: Type.Optional(Type.Boolean()),
  cause: Type.Union([
    Type.Literal('rotated-unread'),
    Type.Literal('removed-unread'),
    Type.Literal('hold-exceeded'),
    Type.Literal('truncated'),
    Type.Literal('unreadable'),
    /** The engine or the journal forgot it before it was asked for. */
    Type.Literal('source-gap')
  ])
})
export type Loss = Static<typeof Loss>

/** Kernels count with 64 bits. */
const Amount = Type.Optional(Type.Number({ minimum: 0, maximum: 2 ** 64 }))

/** What only grows, since `sinceMs`: a sample that is lost loses nothing, the next one holds it. */
export const StatsCounters = Type.Object({
  /** Microseconds of CPU time, all CPUs together. */
  cpuUs: Amount,
  cpuUserUs: Amount,
  cpuSystemUs: Amount,
  cpuIowaitUs: Amount,
  cpuStealUs: Amount,
  /** Periods of the CPU quota, those in which it was used up, and the time that processes then waited. */
  cpuPeriods: Amount,
  throttledPeriods: Amount,
  throttledUs: Amount,
  rxBytes: Amount,
  txBytes: Amount,
  rxPackets: Amount,
  txPackets: Amount,
  rxErrors: Amount,
  txErrors: Amount,
  rxDropped: Amount,
  txDropped: Amount,
  readBytes: Amount,
  writeBytes: Amount,
  readOps: Amount,
  writeOps: Amount
})
export type StatsCounters = Static<typeof StatsCounters>

/** What goes up and down, as it stood at `atMs`. docs/stats.md says where each is read. */
export const StatsGauges = Type.Object({
  /** CPUs that there are, or that the quota allows. */
  cpus: Amount,
  memoryBytes: Amount,
  memoryLimitBytes: Amount,
  memoryCacheBytes: Amount,
  memoryRssBytes: Amount,
  swapBytes: Amount,
  swapTotalBytes: Amount,
  pids: Amount,
  pidsLimit: Amount,
  restarts: Amount,
  oomKills: Amount,
  /** 0 unhealthy, 1 starting, 2 healthy; absent without a health check. */
  health: Amount,
  load1: Amount,
  load5: Amount,
  load15: Amount,
  rootUsedBytes: Amount,
  rootTotalBytes: Amount,
  dockerUsedBytes: Amount,
  dockerTotalBytes: Amount,
  uptimeSeconds: Amount
})
export type StatsGauges = Static<typeof StatsGauges>

/** One look at a container, or at the host itself where `container` is absent. What could not be read is absent. */
export const StatsSample = Type.Object({
  container: Type.Optional(Id),
  atMs: Moment,
  /** Start of the container or of the machine: the counters began at 0 then. */
  sinceMs: Type.Optional(Moment),
  counters: StatsCounters,
  gauges: StatsGauges
})
export type StatsSample = Static<typeof StatsSample>

/**
 * POST /agent/v1/deliver, the head. Body: u32 little-endian length of the head, the head as JSON, then the
 * chunks' bytes. The whole body is compressed by the session's codec (`Content-Encoding`), its length before
 * that stands in `driftlog-length`. Content-Type: application/vnd.driftlog.delivery.
 * Events are applied before chunks: an instance must have been told before its first chunk.
 */
export const Delivery = Type.Object({
  session: Id,
  events: Type.Array(InstanceEvent, { maxItems: 2000 }),
  /** Ids of every container that exists on this host now; sent with each reconciliation. */
  present: Type.Optional(Type.Array(Id, { maxItems: 20_000 })),
  chunks: Type.Array(Chunk, { maxItems: 5000 }),
  losses: Type.Array(Loss, { maxItems: 1000 }),
  /** Of each container and of the host in the order of their time. */
  stats: Type.Optional(Type.Array(StatsSample, { maxItems: 5000 })),
  /** Samples that the agent had to forget since it last said so. */
  statsDropped: Type.Optional(Count),
  /** The host's clock minus the hub's in ms, as the agent measured it by the answers of this session. */
  clockOffsetMs: Type.Optional(Type.Number()),
  /** How many bytes the agent knows of that the hub has not got yet. */
  behindBytes: Count
})
export type Delivery = Static<typeof Delivery>

/** The answer to a delivery: everything in it is durable. */
export const Receipt = Type.Object({
  positions: Type.Array(Position),
  /** When the hub answered, and for how long it had the request by then. */
  hubMs: Moment,
  tookMs: Type.Optional(Count),
  gatherMs: Count
})
export type Receipt = Static<typeof Receipt>

/**
 * Every refusal. `code` is stable. With `DRIFTLOG_POSITION` (409) nothing of the delivery was taken and
 * `positions` holds the truth for the chunks that did not fit: continue from `next`, then send again.
 * `DRIFTLOG_SESSION` (409): say hello again. `DRIFTLOG_HOST_TAKEN` (409): another live agent has this id.
 * 429 and 503 carry `Retry-After` in seconds.
 */
export const Problem = Type.Object({
  code: Type.String(),
  message: Type.String(),
  statusCode: Type.Integer(),
  positions: Type.Optional(Type.Array(Position))
})
export type Problem = Static<typeof Problem>

/** The one version of the protocol that this tree speaks. The agent states it without loading this file. */
export const PROTOCOL = 1
export const DELIVERY_TYPE = 'application/vnd.driftlog.delivery'
