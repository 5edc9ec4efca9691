/** Refusals of everything that has to do with deploys. Codes are API, as those of server/errors.ts. */
import createError from '@fastify/error'
import type { DefinitionProblem } from './definition.ts'

/** Everything that is wrong with a definition, at once. */
export class DefinitionError extends Error {
  readonly code = 'DRIFTLOG_DEFINITION'
  readonly statusCode = 400
  readonly problems: readonly DefinitionProblem[]

  constructor(problems: readonly DefinitionProblem[]) {
    super(problems.map(sentenceOf).join('\n'))
    this.problems = problems
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

function sentenceOf({ path, environment, line, column, message }: DefinitionProblem): string {
  const place = line === undefined ? '' : ` (line ${line}, column ${column ?? 1})`
  const where = environment === undefined ? '' : `${environment}: `
  return path === '' ? `${where}${message}${place}` : `${where}${path} ${message}${place}`
}
