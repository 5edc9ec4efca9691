/** What may come into an environment: from where, with which checks, and whose word. Pure. */
import type { Wanted } from './definition.ts'
import type { By, Check, Deploy } from './deploy.ts'
import { ChecksError, OwnApprovalError, PromoteFromError, PromoteOnlyError } from './errors.ts'

type Rollout = NonNullable<Wanted['rollout']>

/** Throws PromoteOnlyError where only what ran elsewhere may come. */
export function refuseUnpromoted(environment: string, { from }: Rollout): void {
  if (from !== undefined) throw new PromoteOnlyError(environment, from)
}

/** Throws PromoteFromError or ChecksError. `takenBackBy` is the deploy that has taken the source back. */
export function refusePromotion(
  source: Deploy,
  environment: string,
  { from, checks = [] }: Rollout,
  takenBackBy: string | undefined
): void {
  const refuse = (reason: string) => {
    throw new PromoteFromError(source.id, reason)
  }
  if (source.environment === environment) refuse(`it is one of ${environment} already`)
  if (from !== undefined && source.environment !== from)
    refuse(`it is one of ${source.environment}, and ${environment} takes only what ran in ${from}`)
  if (source.state !== 'succeeded') refuse(`it is ${source.state}, and not succeeded`)
  if (takenBackBy !== undefined) refuse(`deploy ${takenBackBy} has taken it back`)
  if (!source.image) refuse('it has no image, because it has no instances')
  const missing = checks.flatMap((name) => problemOf(name, source.checks) ?? [])
  if (missing.length > 0) throw new ChecksError(source.id, environment, missing.join(', '))
}

function problemOf(name: string, checks: readonly Check[]): string | undefined {
  const check = checks.find((one) => one.name === name)
  if (!check) return `${name} was not reported`
  return check.passed ? undefined : `${name} has failed`
}

/** Throws OwnApprovalError. On an open hub callers have no id, and anyone may say yes. */
export function refuseOwnApproval({ id, by }: Deploy, approver: By): void {
  if (by.id !== undefined && by.id === approver.id) throw new OwnApprovalError(id)
}

/** The newest of a name counts. */
export function withCheck(checks: readonly Check[], check: Check): Check[] {
  return [...checks.filter(({ name }) => name !== check.name), check]
}
