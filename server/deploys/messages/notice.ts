/** To whom what becomes of deploys is told. */
import { type Static, Type } from 'typebox'
import { By } from '../deploy.ts'

const Moment = Type.Number({ minimum: 0, description: 'ms since 1970, UTC' })
/** Of apps or environments; `*` is any text. */
const Pattern = Type.String({ minLength: 1, maxLength: 63, pattern: '^[a-z0-9*?-]+$' })

export const NoticeName = Type.String({ pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$' })

const NoticeKind = Type.Union([
  Type.Literal('generic'),
  Type.Literal('slack'),
  Type.Literal('dingtalk'),
  Type.Literal('wecom')
])
export type NoticeKind = Static<typeof NoticeKind>

/** States of a deploy that are worth telling. */
export const TOLD_STATES = ['waiting', 'paused', 'succeeded', 'rolled-back', 'failed', 'cancelled'] as const
export type ToldState = (typeof TOLD_STATES)[number]
export const USUAL_STATES: readonly ToldState[] = ['waiting', 'succeeded', 'rolled-back', 'failed']

const Asked = {
  name: NoticeName,
  kind: NoticeKind,
  /** Absent: of all. */
  apps: Type.Optional(Type.Array(Pattern, { minItems: 1, maxItems: 100 })),
  environments: Type.Optional(Type.Array(Pattern, { minItems: 1, maxItems: 100 })),
  /** Absent: waiting, succeeded, rolled-back and failed. */
  on: Type.Optional(Type.Array(Type.Enum([...TOLD_STATES]), { minItems: 1, maxItems: TOLD_STATES.length })),
  /** With places such as {{app}}; lines that come to nothing are left out. Absent: a usual one. */
  text: Type.Optional(Type.String({ minLength: 1, maxLength: 2000 }))
}

/** POST /api/notices. One of the same name is replaced; address and secret stay where they are not given again. */
export const NoticeBody = Type.Object(
  {
    ...Asked,
    url: Type.Optional(Type.String({ minLength: 1, maxLength: 2048 })),
    /** DingTalk: SEC…; generic: signs as Standard Webhooks have it. */
    secret: Type.Optional(Type.String({ minLength: 16, maxLength: 256, pattern: '^[\\u0021-\\u007e]+$' }))
  },
  { additionalProperties: false }
)
export type NoticeBody = Static<typeof NoticeBody>

export const NoticeJson = Type.Object({
  ...Asked,
  /** Without what makes it a secret: https://hooks.slack.com/… */
  address: Type.String(),
  isSigned: Type.Boolean(),
  changedMs: Moment,
  by: By,
  /** Of the messages that are remembered: those under way, taken, and given up. */
  waiting: Type.Integer(),
  sent: Type.Integer(),
  givenUp: Type.Integer(),
  lastSentMs: Type.Optional(Moment),
  lastError: Type.Optional(Type.Object({ atMs: Moment, deploy: Type.String(), text: Type.String() }))
})
export type NoticeJson = Static<typeof NoticeJson>

export const NoticesAnswer = Type.Object({ notices: Type.Array(NoticeJson) })
