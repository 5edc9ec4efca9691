/** What sets a deploy off without a person: a product that calls, or the clock. */
import { type Static, Type } from 'typebox'
import { AppName } from '../definition.ts'
import { By } from '../deploy.ts'

const closed = { additionalProperties: false }
const Pattern = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\u0000-\\u0020\\u007f]+$' })
const Moment = Type.Number({ minimum: 0, description: 'ms since 1970, UTC' })
const Words = Type.String({ maxLength: 4096 })

export const TriggerName = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' })

/** Products that call, each with its own proof of who it is; `generic` is everything that can send JSON. */
export const CALLERS = ['github', 'gitlab', 'jenkins', 'registry', 'harbor', 'dockerhub', 'generic'] as const
export type CallerKind = (typeof CALLERS)[number]

const TriggerKind = Type.Enum([...CALLERS, 'schedule'])
export type TriggerKind = CallerKind | 'schedule'

/**
 * `push` of a branch, `tag` pushed to git, `pipeline`: CI ended well, `release` was published, `image`: a tag was pushed to
 * a registry.
 */
export const EVENT_KINDS = ['push', 'tag', 'pipeline', 'release', 'image'] as const
export type EventKind = (typeof EVENT_KINDS)[number]
const EventKind = Type.Enum([...EVENT_KINDS])

/** Every condition that is given must hold. */
export const Rule = Type.Object(
  {
    on: Type.Optional(Type.Array(EventKind, { minItems: 1, maxItems: EVENT_KINDS.length })),
    branch: Type.Optional(Pattern),
    /** Of git, or of an image. */
    tag: Type.Optional(Pattern),
    /** As the product writes it: shop/orders. */
    repository: Type.Optional(Pattern),
    /** Of CI: name of the workflow, pipeline or job. */
    job: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    app: AppName,
    environment: AppName,
    /** Tag, digest or whole reference, with places such as {{tag}}. Absent: the pushed image, or as the definition says. */
    image: Type.Optional(Type.String({ minLength: 1, maxLength: 512 })),
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    /** The rules below are looked at, too, also where this one decides. */
    goOn: Type.Optional(Type.Boolean())
  },
  closed
)
export type Rule = Static<typeof Rule>

/** POST /api/triggers. One of the same name and kind is replaced and keeps its secret. */
export const TriggerBody = Type.Object(
  {
    name: TriggerName,
    kind: TriggerKind,
    rules: Type.Array(Rule, { minItems: 1, maxItems: 100 }),
    /** Of a schedule: as cron has it, with seconds in front where wanted. */
    cron: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    /** Of a schedule: IANA time zone. Default: UTC. */
    zone: Type.Optional(Type.String({ minLength: 1, maxLength: 64 }))
  },
  closed
)
export type TriggerBody = Static<typeof TriggerBody>

export const TriggerJson = Type.Object({
  ...TriggerBody.properties,
  changedMs: Moment,
  by: By,
  /** Where the product is to send to; absent for a schedule. */
  path: Type.Optional(Type.String()),
  /** When a schedule fires next. */
  nextMs: Type.Optional(Moment)
})
export type TriggerJson = Static<typeof TriggerJson>

export const TriggersAnswer = Type.Object({ triggers: Type.Array(TriggerJson) })

/** With the secret, which is shown this once. */
export const TriggerMade = Type.Object({ ...TriggerJson.properties, secret: Type.Optional(Type.String()) })

/** What became of one event. */
export const DeliveryJson = Type.Object({
  atMs: Moment,
  /** The product's own, where it has one. */
  id: Type.Optional(Type.String()),
  /** What the product told. */
  event: Type.String(),
  /** `waiting`: for the end of another deploy. `failed`: the hub could not do it, the product may send it again. */
  verdict: Type.Union([
    Type.Literal('deployed'),
    Type.Literal('waiting'),
    Type.Literal('ignored'),
    Type.Literal('refused'),
    Type.Literal('failed')
  ]),
  app: Type.Optional(Type.String()),
  environment: Type.Optional(Type.String()),
  /** The deploy that was begun. */
  deploy: Type.Optional(Type.String()),
  /** Why it waits, or is ignored, refused or failed. */
  why: Type.Optional(Words)
})
export type DeliveryJson = Static<typeof DeliveryJson>

export const DeliveriesAnswer = Type.Object({
  /** Newest first. */
  deliveries: Type.Array(DeliveryJson),
  /** Those that could not prove who they are; the newest of them are listed. */
  strangers: Type.Object({
    count: Type.Integer(),
    last: Type.Array(Type.Object({ atMs: Moment, address: Type.String(), why: Words }))
  })
})
export type DeliveriesAnswer = Static<typeof DeliveriesAnswer>

/** POST /api/hooks/:trigger */
export const HookAnswer = Type.Object({ decided: Type.Array(DeliveryJson) })
