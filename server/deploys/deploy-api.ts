/** What the routes of deploys take and answer, beside what a deploy is. */
import { type Static, Type } from 'typebox'
import { AppName } from './definition.ts'
import { Check, Deploy, DeployStep, SlotState } from './deploy.ts'

const closed = { additionalProperties: false }
const Reason = Type.Optional(Type.String({ maxLength: 4096 }))

export const DeployBody = Type.Object(
  {
    app: AppName,
    environment: AppName,
    image: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description: "Tag, digest (sha256:…) or whole reference; absent: the definition's"
      })
    ),
    version: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Of the definition; absent: the newest' })
    ),
    reason: Reason,
    dryRun: Type.Optional(Type.Boolean({ description: 'Only says what would be done' }))
  },
  closed
)
export const PromoteBody = Type.Object({ environment: AppName, reason: Reason }, closed)
export const CheckBody = Type.Object(
  {
    name: Check.properties.name,
    passed: Check.properties.passed,
    url: Check.properties.url,
    text: Check.properties.text
  },
  closed
)

/** With `dryRun`: what each slot would become. */
export const PlanAnswer = Type.Object({ plan: Type.Array(SlotState) })
export type PlanAnswer = Static<typeof PlanAnswer>

export const DeployAnswer = Type.Object({ deploy: Deploy })
export type DeployAnswer = Static<typeof DeployAnswer>

export const DeployWithSteps = Type.Object({ deploy: Deploy, steps: Type.Array(DeployStep) })
export type DeployWithSteps = Static<typeof DeployWithSteps>

export const DeploysAnswer = Type.Object({ deploys: Type.Array(Deploy) })
export type DeploysAnswer = Static<typeof DeploysAnswer>

export const DeploysQuery = Type.Object({
  /** Names as logs have them: whatever nothing was deployed as gets an empty list. */
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
  before: Type.Optional(
    Type.String({ maxLength: 64, description: 'Id: only deploys that were asked for before this one' })
  )
})
export const DeployId = Type.Object({ id: Type.String({ pattern: '^[0-9a-z]{1,32}$' }) })
