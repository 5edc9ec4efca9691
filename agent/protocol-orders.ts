/**
 * What agent and hub say to each other about orders: what the hub wants done on a host, and what became of it.
 * docs/deploys.md tells the same in prose. The agent imports the types alone, as with protocol.ts.
 */
import { type Static, Type } from 'typebox'

const Id = Type.String({ minLength: 1, maxLength: 128 })
const Text = Type.String({ maxLength: 4096 })
/** Milliseconds since 1970, UTC. */
const Moment = Type.Number({ minimum: 0 })
const Digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })
const Port = Type.Integer({ minimum: 1, maximum: 65_535 })
const WithinMs = Type.Integer({ minimum: 1, maximum: 3_600_000 })

/**
 * An image as it is asked for. With `digest` (of the registry's manifest) or `imageId` (the engine's own, of images that
 * never were in a registry) only this very image counts; `reference` then says where it is to be had.
 */
export const ImageAsked = Type.Object({
  reference: Type.String({ minLength: 1, maxLength: 512 }),
  digest: Type.Optional(Digest),
  imageId: Type.Optional(Digest)
})
export type ImageAsked = Static<typeof ImageAsked>

/** The image that a host has now; `digest` is absent where the image never was in a registry. */
export const ImageFound = Type.Object({
  reference: Type.String({ minLength: 1, maxLength: 512 }),
  digest: Type.Optional(Digest),
  imageId: Digest
})
export type ImageFound = Static<typeof ImageFound>

/**
 * When a new instance counts as healthy: after `successes` good answers in a row, within `withinMs` of its start. The
 * same check goes on every `everyMs` as long as the instance runs. Without a kind: it runs for `everyMs` × `successes`.
 */
export const HealthCheck = Type.Object({
  /** GET on the instance's own port; statuses 200 to 399 are good unless `status` names one. */
  http: Type.Optional(
    Type.Object({
      path: Type.String({ pattern: '^/', maxLength: 1024 }),
      status: Type.Optional(Type.Integer({ minimum: 100, maximum: 599 }))
    })
  ),
  /** A connection to the instance's own port comes about. */
  tcp: Type.Optional(Type.Boolean()),
  /** Run inside of the container; 0 is good. */
  command: Type.Optional(Type.Array(Text, { minItems: 1, maxItems: 64 })),
  /** A line of its log, since its start, matches this regular expression. Good once is good for ever. */
  log: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
  everyMs: WithinMs,
  /** For one answer. */
  timeoutMs: WithinMs,
  withinMs: WithinMs,
  successes: Type.Integer({ minimum: 1, maximum: 100 })
})
export type HealthCheck = Static<typeof HealthCheck>

/** A secret is a name on the host: its value never leaves it, and the hub never has it. */
export const SecretAsked = Type.Object({
  /** Variable in the container; with `file` it holds the path of the file there. */
  name: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }),
  /** File of this name in the agent's folder of secrets; mounted at /run/secrets/<file>, read only. */
  file: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' })),
  /** The agent's own variable DRIFTLOG_SECRET_<env>. */
  env: Type.Optional(Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,127}$' }))
})
export type SecretAsked = Static<typeof SecretAsked>

export const VolumeAsked = Type.Object({
  /** Name of a volume, or an absolute path on the host that the agent allows (DRIFTLOG_DEPLOY_BINDS). */
  source: Type.String({ minLength: 1, maxLength: 1024 }),
  target: Type.String({ pattern: '^/', maxLength: 1024 }),
  readOnly: Type.Boolean()
})
export type VolumeAsked = Static<typeof VolumeAsked>

/**
 * One instance as it is to run. Network: the host's. `${PORT}` and `${HOST_IP}` in `env`, `command` and `entrypoint` are
 * replaced by the agent, `$$` stands for `$`; both are variables of the container as well.
 */
export const InstanceSpec = Type.Object({
  app: Id,
  environment: Id,
  /** Counts from 1 within app and environment. */
  slot: Type.Integer({ minimum: 1, maximum: 10_000 }),
  deploy: Id,
  /** Of the app's definition. */
  version: Type.Integer({ minimum: 1 }),
  image: ImageAsked,
  /** Leased for this instance alone. */
  port: Port,
  entrypoint: Type.Optional(Type.Array(Text, { maxItems: 256 })),
  command: Type.Optional(Type.Array(Text, { maxItems: 256 })),
  env: Type.Record(
    Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,127}$' }),
    Type.String({ maxLength: 65_536 })
  ),
  secrets: Type.Array(SecretAsked, { maxItems: 100 }),
  volumes: Type.Array(VolumeAsked, { maxItems: 100 }),
  health: HealthCheck,
  cpus: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1024 })),
  memoryBytes: Type.Optional(Type.Integer({ minimum: 4 * 2 ** 20 })),
  pidsLimit: Type.Optional(Type.Integer({ minimum: 1 })),
  user: Type.Optional(Type.String({ maxLength: 255 })),
  workingDir: Type.Optional(Type.String({ pattern: '^/', maxLength: 1024 })),
  logMaxBytes: Type.Integer({ minimum: 2 ** 16 }),
  logMaxFiles: Type.Integer({ minimum: 1, maximum: 1000 }),
  stopGraceMs: Type.Integer({ minimum: 0, maximum: 3_600_000 }),
  /** Compose's and Driftlog's own, and the definition's. */
  labels: Type.Record(Type.String({ maxLength: 512 }), Type.String({ maxLength: 4096 }))
})
export type InstanceSpec = Static<typeof InstanceSpec>

const Given = { id: Id, deploy: Id }

/** Have the image on this host; the end names it. */
export const PullOrder = Type.Object({ ...Given, kind: Type.Literal('pull'), image: ImageAsked })

/**
 * The slot runs this spec, and nothing else of that slot runs any more: pull → create → start → check → switch → stop.
 * Until `switch` every other instance of the slot runs on, and is what is left when anything fails.
 */
export const ReplaceOrder = Type.Object({ ...Given, kind: Type.Literal('replace'), spec: InstanceSpec })

/** Nothing of the slot runs any more: stop. */
export const RemoveOrder = Type.Object({
  ...Given,
  kind: Type.Literal('remove'),
  app: Id,
  environment: Id,
  slot: Type.Integer({ minimum: 1 }),
  stopGraceMs: Type.Integer({ minimum: 0, maximum: 3_600_000 })
})

export const Order = Type.Union([PullOrder, ReplaceOrder, RemoveOrder])
export type Order = Static<typeof Order>
export type PullOrder = Static<typeof PullOrder>
export type ReplaceOrder = Static<typeof ReplaceOrder>
export type RemoveOrder = Static<typeof RemoveOrder>

export const Step = Type.Union([
  Type.Literal('pull'),
  Type.Literal('create'),
  Type.Literal('start'),
  Type.Literal('check'),
  Type.Literal('switch'),
  Type.Literal('stop')
])
export type Step = Static<typeof Step>

/**
 * How an order ended. `done`: as it was ordered. `undone`: as it was before, nothing of the order is left. `refused`: the
 * agent does not do such a thing, and has touched nothing.
 */
export const OrderEnd = Type.Object({
  kind: Type.Union([Type.Literal('done'), Type.Literal('undone'), Type.Literal('refused')]),
  /** Why, where it is not done: DRIFTLOG_PORT_TAKEN, DRIFTLOG_IMAGE, DRIFTLOG_UNHEALTHY … */
  code: Type.Optional(Type.String({ maxLength: 64 })),
  image: Type.Optional(ImageFound),
  /** The instance that runs now in the slot. */
  container: Type.Optional(Id)
})
export type OrderEnd = Static<typeof OrderEnd>

/** Reports of an order count up from 1; the hub takes each once, in this order. */
export const Report = Type.Object({
  order: Id,
  seq: Type.Integer({ minimum: 1 }),
  atMs: Moment,
  step: Type.Optional(Step),
  state: Type.Union([
    Type.Literal('begun'),
    /** Goes on: layers of a pull, tries of a check. */
    Type.Literal('going'),
    Type.Literal('done'),
    Type.Literal('failed'),
    /** The order's last report. */
    Type.Literal('ended')
  ]),
  /** For people; no secrets. */
  text: Type.Optional(Text),
  /** With `ended` alone. */
  end: Type.Optional(OrderEnd)
})
export type Report = Static<typeof Report>

/**
 * POST /agent/v1/orders, with the host's key: tells what was done, and waits for something to do. Answered at once where
 * there is something new, else after `waitMs`. One such request may wait while another one reports (`waitMs` 0).
 */
export const OrdersAsked = Type.Object({
  /** Orders that the agent has written down and not forgotten yet. */
  held: Type.Array(Id, { maxItems: 1000 }),
  /** The agent sends them again until the hub no longer names their order as wanted. */
  reports: Type.Array(Report, { maxItems: 1000 }),
  waitMs: Type.Integer({ minimum: 0, maximum: 60_000 })
})
export type OrdersAsked = Static<typeof OrdersAsked>

export const OrdersGiven = Type.Object({
  /** Orders of this host that have not ended and are not `held`. */
  orders: Type.Array(Order, { maxItems: 1000 }),
  /** Of those held: to be undone where they have not switched yet. */
  withdrawn: Type.Array(Id, { maxItems: 1000 }),
  /** Of those held: the hub has their end for good, the agent may forget them. */
  ended: Type.Array(Id, { maxItems: 1000 }),
  /** By order: the last report that the hub has for good. */
  reported: Type.Record(Id, Type.Integer({ minimum: 0 }))
})
export type OrdersGiven = Static<typeof OrdersGiven>
