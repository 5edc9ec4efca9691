/** Refusals of everything that has to do with deploys. Codes are API, as those of server/errors.ts. */
import createError from '@fastify/error'
import type { DefinitionProblem } from './definition.ts'

/** Everything that is wrong with a definition, at once. */
export class DefinitionError extends Error {
  readonly code = 'DRIFTLOG_DEFINITION'
  readonly statusCode = 400
  readonly problems: DefinitionProblem[]

  constructor(problems: readonly DefinitionProblem[]) {
    super(problems.map(sentenceOf).join('\n'))
    this.problems = [...problems]
  }
}

export const DefinitionNotFoundError = createError<[string]>(
  'DRIFTLOG_DEFINITION_NOT_FOUND',
  'There is no definition of "%s". POST /api/apps/:app makes one; GET /api/definitions lists them all.',
  404
)
export const VersionNotFoundError = createError<[string, number]>(
  'DRIFTLOG_VERSION_NOT_FOUND',
  'The definition of "%s" has no version %i. It was never there, or is too old; GET /api/apps/:app/versions lists those that are kept.',
  404
)
export const EnvironmentNotFoundError = createError<[string, string]>(
  'DRIFTLOG_ENVIRONMENT_NOT_FOUND',
  'The definition has no environment "%s". It has %s.',
  404
)
export const AppInUseError = createError<[string, string]>(
  'DRIFTLOG_APP_IN_USE',
  'The definition of "%s" stays: %s. Deploy it with 0 replicas there, or wait for the deploy, and try again.',
  409
)
export const EnvironmentsError = createError(
  'DRIFTLOG_ENVIRONMENTS',
  '"toEnvironment" says what "environment" is compared with. Name both.',
  400
)
export const ImageReferenceError = createError<[string, string]>(
  'DRIFTLOG_IMAGE_REFERENCE',
  '"%s" is no image: %s. Write it like registry.example.org/shop/orders:1.4.2, with a tag or a digest (sha256:…).',
  400
)
export const ImageNotAllowedError = createError<[string, string]>(
  'DRIFTLOG_IMAGE_NOT_ALLOWED',
  'The image %s may not be deployed by this hub: %s.',
  403
)

export const TriggerError = createError<[string]>('DRIFTLOG_TRIGGER', '%s', 400)
export const TriggerNotFoundError = createError<[string]>(
  'DRIFTLOG_TRIGGER_NOT_FOUND',
  'There is no trigger "%s". GET /api/triggers lists them all.',
  404
)
export const TriggerKindError = createError<[string, string]>(
  'DRIFTLOG_TRIGGER_KIND',
  'The trigger "%s" is of the kind %s, and its secret is meant for that alone. Delete it first, or take another name.',
  409
)
export const TriggerLimitError = createError<[number]>(
  'DRIFTLOG_TRIGGER_LIMIT',
  'There are %i triggers already, and a hub keeps no more. Delete those that nobody uses.',
  409
)
export const HookSecretError = createError(
  'DRIFTLOG_HOOK_SECRET',
  'There is no such hook, or this call does not prove that it knows its secret. docs/deploys.md says for each product how it does.',
  401
)
export const HookReplayedError = createError<[string]>(
  'DRIFTLOG_HOOK_REPLAYED',
  'This delivery came before, at %s, and nothing is done for it again. Send a new one.',
  409
)
export const HookBodyError = createError<[string]>('DRIFTLOG_HOOK_BODY', '%s', 400)
export const HookTooLargeError = createError<[number]>(
  'DRIFTLOG_BODY_TOO_LARGE',
  'A hook takes at most %i bytes. Have the product send less.',
  413
)
export const HookSlowError = createError(
  'DRIFTLOG_REQUEST_SLOW',
  'The body did not arrive in time. Send it again.',
  408
)
export const HookBusyError = createError(
  'DRIFTLOG_HOOK_BUSY',
  'Too many calls are being read already. Send it again in a moment.',
  503
)
export const HookFailedError = createError<[string]>(
  'DRIFTLOG_HOOK_FAILED',
  'The hub could not do it now (%s). Send it again.',
  503
)
export const NoticeError = createError<[string]>('DRIFTLOG_NOTICE', '%s', 400)
export const NoticeNotFoundError = createError<[string]>(
  'DRIFTLOG_NOTICE_NOT_FOUND',
  'There is no notice "%s". GET /api/notices lists them all.',
  404
)
export const NoticeLimitError = createError<[number]>(
  'DRIFTLOG_NOTICE_LIMIT',
  'There are %i notices already, and a hub keeps no more. Delete those that nobody reads.',
  409
)
export const NoHostError = createError<[string]>(
  'DRIFTLOG_NO_HOST',
  'There is nowhere to run it: %s. GET /api/hosts lists all hosts.',
  409
)
export const TooFewHostsError = createError<[string, string, string]>(
  'DRIFTLOG_TOO_FEW_HOSTS',
  'placement.onePerHost wants %s hosts for as many replicas, but %s will do (%s). Have fewer replicas, or more hosts.',
  409
)
export const NoPortError = createError<[string, string]>(
  'DRIFTLOG_NO_PORT',
  'No port of %s is free on host %s. Widen DRIFTLOG_DEPLOY_PORTS, or run less there.',
  409
)
export const DeployingError = createError<[string, string, string]>(
  'DRIFTLOG_DEPLOYING',
  '%s is being deployed to %s already, by deploy %s. Wait for its end, or stop it and roll it back.',
  409
)
export const DeployNotFoundError = createError<[string]>(
  'DRIFTLOG_DEPLOY_NOT_FOUND',
  'There is no deploy "%s". It was never there, or is too old; GET /api/deploys lists those that are kept.',
  404
)
export const DeployStateError = createError<[string, string, string]>(
  'DRIFTLOG_DEPLOY_STATE',
  'Deploy %s is %s: %s.',
  409
)
export const PromoteOnlyError = createError<[string, string]>(
  'DRIFTLOG_PROMOTE_ONLY',
  'Into %s comes only what ran well in %s, as rollout.from of the definition says: promote a deploy from there.',
  409
)
export const PromoteFromError = createError<[string, string]>(
  'DRIFTLOG_PROMOTE_FROM',
  'Deploy %s can not be promoted: %s.',
  409
)
export const ChecksError = createError<[string, string, string]>(
  'DRIFTLOG_CHECKS',
  'Deploy %s has not passed what %s demands: %s. Report checks by POST /api/deploys/:id/checks.',
  409
)
export const OwnApprovalError = createError<[string]>(
  'DRIFTLOG_OWN_APPROVAL',
  'Deploy %s was asked for with the same token. Somebody else has to approve it.',
  403
)
export const NothingBeforeError = createError<[string]>(
  'DRIFTLOG_NOTHING_BEFORE',
  'Deploy %s was the first: there is nothing to go back to. Deploy something else, or 0 replicas.',
  409
)
export const RepeatError = createError<[string]>(
  'DRIFTLOG_REPEAT',
  'The Idempotency-Key "%s" was used for another question. Use a new key for each deploy.',
  422
)

/** What was asked for can't be, and nothing was done for it. Of all other errors nobody knows how far it came. */
export function isRefusal(error: unknown): boolean {
  const { statusCode = 500 } = error as { statusCode?: number }
  return statusCode < 500
}

function sentenceOf({ path, environment, line, column, message }: DefinitionProblem): string {
  const place = line === undefined ? '' : ` (line ${line}, column ${column ?? 1})`
  const where = environment === undefined ? '' : `${environment}: `
  return path === '' ? `${where}${message}${place}` : `${where}${path} ${message}${place}`
}
