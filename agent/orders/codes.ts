import { CodedError } from '../errors.ts'

/** Why an order was not done, by code. Codes are API: never reused. docs/deploys.md has the same table. */
export const ORDER_CODES = {
  DRIFTLOG_ORDER: 'Refused: the order is none that this agent understands.',
  DRIFTLOG_IMAGE_NOT_ALLOWED: 'Refused: the image is not among those of DRIFTLOG_DEPLOY_IMAGES.',
  DRIFTLOG_BIND_NOT_ALLOWED:
    'Refused: the folder is not below those of DRIFTLOG_DEPLOY_BINDS, or not to be seen.',
  DRIFTLOG_SECRET: 'Refused: this host does not have the secret.',
  DRIFTLOG_ENGINE_REMOTE: 'Refused: the engine is on another machine, whose ports the agent cannot see.',
  DRIFTLOG_HOST_NETWORK:
    'Refused: the agent runs in a container without the host’s network, and cannot see its ports.',
  DRIFTLOG_IMAGE: 'Undone: the image could not be had, or is another one than was asked for.',
  DRIFTLOG_REGISTRY_AUTH: 'Undone: DRIFTLOG_REGISTRY_AUTH_FILE cannot be used.',
  DRIFTLOG_PORT_TAKEN: 'Undone: somebody else listens on the port.',
  DRIFTLOG_ENGINE: 'Undone: the engine refused to create or start the container.',
  DRIFTLOG_ENGINE_AWAY: 'Undone: the engine did not answer for five minutes.',
  DRIFTLOG_DIED: 'Undone: the new instance ended before it was healthy.',
  DRIFTLOG_UNHEALTHY: 'Undone: the new instance was not healthy in time.',
  DRIFTLOG_WITHDRAWN: 'Undone: the hub took the order back.'
} as const
export type OrderCode = keyof typeof ORDER_CODES

/** Why an order is not carried out, or is given up and undone. The message is for people, and holds no secrets. */
export class OrderFailure extends CodedError<OrderCode> {}

/** Whatever went wrong before the new instance counts; most of it is the engine's refusal. */
export function failureOf(error: Error, withdrawn: boolean): OrderFailure {
  if (withdrawn) return new OrderFailure('DRIFTLOG_WITHDRAWN', 'the hub took the order back')
  if (error instanceof OrderFailure) return error
  return new OrderFailure('DRIFTLOG_ENGINE', error.message, { cause: error })
}
