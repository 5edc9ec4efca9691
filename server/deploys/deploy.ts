/**
 * A deploy: one app's instances in one environment become those of another version, image or number, or all stay what they
 * were. This is what is kept of it for good, and what the API answers.
 */
import { type Static, Type } from 'typebox'
import { ImageFound, OrderEnd, Step } from '../../agent/protocol-orders.ts'
import { AppName } from './definition.ts'

const Moment = Type.Number({ minimum: 0, description: 'ms since 1970, UTC' })
const Words = Type.String({ maxLength: 4096 })

/** Who asked for something. */
export const By = Type.Object({
  kind: Type.Union([
    Type.Literal('person'),
    Type.Literal('token'),
    Type.Literal('hook'),
    Type.Literal('schedule'),
    /** The hub itself. */
    Type.Literal('hub')
  ]),
  /** Of the token, login or trigger. */
  name: Type.String({ maxLength: 255 }),
  /** Of the token, also where it was used to log in. */
  id: Type.Optional(Type.String({ maxLength: 64 }))
})
export type By = Static<typeof By>

/**
 * `waiting` for an approval; `running`; `paused` at a breakpoint or by somebody; `rolling-back` after a failure or by
 * somebody. Ends: `succeeded` all slots are new; `rolled-back` all are old; `failed` neither could be reached, the slots say
 * what runs; `cancelled` before anything was touched.
 */
export const DeployState = Type.Union([
  Type.Literal('waiting'),
  Type.Literal('running'),
  Type.Literal('paused'),
  Type.Literal('rolling-back'),
  Type.Literal('succeeded'),
  Type.Literal('rolled-back'),
  Type.Literal('failed'),
  Type.Literal('cancelled')
])
export type DeployState = Static<typeof DeployState>

/** What is to become of one slot: `same` is left alone. */
export const SlotChange = Type.Object({
  slot: Type.Integer({ minimum: 1 }),
  host: Type.String(),
  hostName: Type.String(),
  kind: Type.Union([
    Type.Literal('add'),
    Type.Literal('replace'),
    Type.Literal('move'),
    Type.Literal('remove'),
    Type.Literal('same')
  ]),
  /** Where it ran, with `move`. */
  fromHost: Type.Optional(Type.String()),
  /** What is other than before: image, env, command … ; no values. */
  differs: Type.Array(Type.String())
})
export type SlotChange = Static<typeof SlotChange>

/** How a slot stands: what runs there. */
export const SlotState = Type.Object({
  ...SlotChange.properties,
  state: Type.Union([
    Type.Literal('old'),
    Type.Literal('changing'),
    Type.Literal('new'),
    Type.Literal('reverting'),
    /** The host does not answer, so nobody knows. */
    Type.Literal('unknown')
  ]),
  port: Type.Optional(Type.Integer()),
  container: Type.Optional(Type.String()),
  reason: Type.Optional(Words)
})
export type SlotState = Static<typeof SlotState>

/** One thing that happened, in order; `seq` counts from 1 and is the event's id over SSE. */
export const DeployStep = Type.Object({
  seq: Type.Integer({ minimum: 1 }),
  atMs: Moment,
  /** Absent: of the deploy as a whole. */
  slot: Type.Optional(Type.Integer()),
  host: Type.Optional(Type.String()),
  step: Type.Union([
    Step,
    Type.Literal('plan'),
    Type.Literal('lease'),
    Type.Literal('approve'),
    Type.Literal('pause'),
    Type.Literal('resume'),
    Type.Literal('roll-back'),
    Type.Literal('check-reported'),
    Type.Literal('end')
  ]),
  state: Type.Union([
    Type.Literal('begun'),
    Type.Literal('going'),
    Type.Literal('done'),
    Type.Literal('failed')
  ]),
  text: Type.String({ maxLength: 4096 }),
  by: Type.Optional(By),
  end: Type.Optional(OrderEnd)
})
export type DeployStep = Static<typeof DeployStep>

/** What CI says of the deploy's image. The newest of a name counts. */
export const Check = Type.Object({
  name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$' }),
  passed: Type.Boolean(),
  url: Type.Optional(Type.String({ pattern: '^https?://', maxLength: 2048 })),
  text: Type.Optional(Words),
  atMs: Moment,
  by: By
})
export type Check = Static<typeof Check>

export const Deploy = Type.Object({
  /** Sorts by time. */
  id: Type.String(),
  app: AppName,
  environment: AppName,
  /** Of the definition. */
  version: Type.Integer({ minimum: 1 }),
  /** As asked for: with a tag, or by digest where it was promoted. */
  reference: Type.String(),
  /** Once the first host has it; every host runs exactly this one. */
  image: Type.Optional(ImageFound),
  /** What ran before, where anything did. */
  before: Type.Optional(
    Type.Object({ deploy: Type.String(), version: Type.Integer(), image: Type.Optional(ImageFound) })
  ),
  /** The deploy whose image this is, where it was promoted. */
  promotedFrom: Type.Optional(Type.String()),
  /** The deploy that is taken back by this one, where it is a roll-back that somebody asked for later. */
  takesBack: Type.Optional(Type.String()),
  reason: Type.Optional(Words),
  by: By,
  state: DeployState,
  /** Why it is paused, rolled back, failed or cancelled. */
  why: Type.Optional(Words),
  approvedBy: Type.Optional(By),
  createdMs: Moment,
  /** The first slot was touched. */
  startedMs: Type.Optional(Moment),
  endedMs: Type.Optional(Moment),
  slots: Type.Array(SlotState),
  checks: Type.Array(Check)
})
export type Deploy = Static<typeof Deploy>

/** What a caller asks for. */
export interface DeployAsked {
  app: string
  environment: string
  /** Tag, digest (`sha256:…`) or whole reference; absent: as the definition says. */
  image?: string
  /** Of the definition; absent: the newest. */
  version?: number
  reason?: string
  by: By
}
