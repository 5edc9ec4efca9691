/** What can't be said of a trigger by its schema alone. */
import { validateDetailed } from 'node-cron'
import { offsetsOf } from '../../steps.ts'
import { TriggerError } from '../errors.ts'
import { placeProblem } from '../fill.ts'
import { decisionOf, EVENT_PLACES } from './rules.ts'
import type { Rule, TriggerBody, TriggerKind } from './trigger.ts'

/** Anybody may push something into a registry; of which repository a rule is must be said. */
const REGISTRIES: readonly TriggerKind[] = ['registry', 'harbor', 'dockerhub']
const CONDITIONS = ['on', 'branch', 'tag', 'repository', 'job'] as const

/** Throws DRIFTLOG_TRIGGER with the place and the way out. */
export function checkTrigger({ kind, rules, cron, zone }: TriggerBody): void {
  if (kind === 'schedule') checkSchedule(cron, zone)
  else if (cron !== undefined || zone !== undefined)
    throw new TriggerError('Only a trigger of the kind schedule has cron and zone. Leave them away.')
  for (const [index, rule] of rules.entries()) {
    const problem = ruleProblem(rule, kind)
    if (problem !== undefined) throw new TriggerError(`rules[${index}]: ${problem}`)
  }
}

function checkSchedule(cron: string | undefined, zone: string | undefined): void {
  if (cron === undefined)
    throw new TriggerError('A schedule needs cron, such as "0 6 * * 1-5" for six o\'clock on workdays.')
  const [first] = validateDetailed(cron).errors
  if (first)
    throw new TriggerError(
      `cron "${cron}" can not be read: ${first.field}: ${first.message}. Write it like "0 6 * * 1-5".`
    )
  if (zone !== undefined && !offsetsOf(zone))
    throw new TriggerError(
      `zone "${zone}" is no time zone of the IANA list. Use a name such as Europe/Berlin or UTC.`
    )
}

function ruleProblem(rule: Rule, kind: TriggerKind): string | undefined {
  const isSchedule = kind === 'schedule'
  const condition = CONDITIONS.find((name) => rule[name] !== undefined)
  if (isSchedule && (condition !== undefined || rule.goOn !== undefined))
    return `${condition ?? 'goOn'} has no meaning in a schedule, whose rules are all carried out. Leave it away.`
  if (REGISTRIES.includes(kind) && rule.repository === undefined)
    return 'repository is missing: say which images it is for, such as shop/orders.'
  for (const name of ['image', 'reason'] as const) {
    const problem =
      rule[name] === undefined ? undefined : placeProblem(rule[name], isSchedule ? [] : EVENT_PLACES)
    if (problem !== undefined) return `${name} "${rule[name]}" ${problem}.`
  }
  if (rule.image === undefined || rule.image.includes('{{')) return undefined
  const decision = decisionOf(rule, {}, '')
  return decision.kind === 'refused' ? `${decision.why}.` : undefined
}
