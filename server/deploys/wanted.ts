/** What a definition wants in one environment: that environment's words laid over the app's, checked as a whole. */
import type { AppDefinition, DefinitionProblem, Wanted } from './definition.ts'
import { DefinitionError, EnvironmentNotFoundError } from './errors.ts'
import { overlay, type Words } from './overlay.ts'
import { pathText } from './shape.ts'
import { wantedProblems } from './wanted-problems.ts'

/** Throws DRIFTLOG_ENVIRONMENT_NOT_FOUND, or DRIFTLOG_DEFINITION with all that is wrong. */
export function wantedOf(definition: AppDefinition, environment: string): Wanted {
  const laidOver = layOver(definition, environment)
  const problems: DefinitionProblem[] = wantedProblems(laidOver).map(({ path, message }) => ({
    ...{ path: pathText(path), environment, message }
  }))
  if (problems.length > 0) throw new DefinitionError(problems)
  return laidOver as Wanted
}

/** The same, not checked yet. Throws DRIFTLOG_ENVIRONMENT_NOT_FOUND. */
export function layOver({ environments, ...base }: AppDefinition, environment: string): Words {
  const words = Object.hasOwn(environments, environment) ? environments[environment] : undefined
  if (words === undefined)
    throw new EnvironmentNotFoundError(environment, Object.keys(environments).join(', ') || 'none')
  return overlay(base, words ?? {})
}
