/** Which rule an event meets, and what is to be deployed for it. Pure. */
import { fill, placesIn } from '../fill.ts'
import { referenceOf } from '../image.ts'
import { type HookEvent, nameProblem, plain, quoted } from './event.ts'
import { fits } from './pattern.ts'
import type { Rule } from './trigger.ts'

/** Places that an image or a reason may have. */
export const EVENT_PLACES = ['tag', 'branch', 'slug', 'sha', 'sha7', 'sha8', 'digest', 'repository', 'by']

export type Decision =
  | { kind: 'deploy'; app: string; environment: string; image?: string; reason: string }
  | { kind: 'refused'; app?: string; environment?: string; why: string }
  | { kind: 'ignored'; why: string }

const LONGEST_REASON = 500

/** The first rule whose conditions all hold decides, and those that a rule with `goOn` leads to. */
export function decide(rules: readonly Rule[], event: HookEvent, text: string): Decision[] {
  const problem = nameProblem(event)
  if (problem !== undefined) return [{ kind: 'refused', why: problem }]
  const decisions: Decision[] = []
  for (const rule of rules) {
    if (!meets(rule, event)) continue
    decisions.push(decisionOf(rule, event, text))
    if (!rule.goOn) break
  }
  return decisions.length > 0 ? decisions : [{ kind: 'ignored', why: `no rule is for this: ${text}` }]
}

/** What a rule orders when the clock fires it. */
export function decisionOf(rule: Rule, event: Partial<HookEvent>, text: string): Decision {
  const { app, environment, image: template, reason } = rule
  const value = (name: string) => partOf(event, name)
  const refused = (why: string): Decision => ({ kind: 'refused', app, environment, why })
  const image = template === undefined ? pushed(event) : fill(template, value)
  const problem = template === undefined ? undefined : templateProblem(template, value)
  if (problem !== undefined) return refused(problem)
  if (image !== undefined && !isImage(image, template))
    return refused(`${quoted(image)} is no tag, digest or reference of an image`)
  return {
    ...{ kind: 'deploy', app, environment },
    ...(image === undefined ? {} : { image }),
    reason: plain(reason === undefined ? text : fill(reason, value), LONGEST_REASON)
  }
}

/** Of what was pushed to a registry exactly this is meant, and not what the tag may be a moment later. */
function pushed({ kind, digest, tag }: Partial<HookEvent>): string | undefined {
  return kind === 'image' ? (digest ?? tag) : undefined
}

/** A name from outside is never more than a part of a tag: a branch called evil/image must not become an image. */
function templateProblem(template: string, value: (name: string) => string | undefined): string | undefined {
  for (const name of placesIn(template)) {
    const text = value(name)
    if (text === undefined) return `the image "${template}" needs {{${name}}}, which this event does not have`
    if (name === 'digest' || (name === 'repository' ? PATH : TAG_PART).test(text)) continue
    const remedy = name === 'branch' || name === 'tag' ? '; {{slug}} is it with dashes instead' : ''
    return `${quoted(text)} can't be part of the image "${template}"${remedy}`
  }
  return undefined
}

function meets(rule: Rule, event: HookEvent): boolean {
  if (rule.on && !rule.on.includes(event.kind)) return false
  for (const part of ['branch', 'tag', 'repository', 'job'] as const) {
    const [pattern, name] = [rule[part], event[part]]
    if (pattern !== undefined && (name === undefined || !fits(pattern, name))) return false
  }
  return true
}

function partOf(event: Partial<HookEvent>, name: string): string | undefined {
  const { tag, branch, commit, digest, repository, by } = event
  switch (name) {
    case 'slug':
      return slugOf(branch ?? tag)
    case 'sha':
      return commit
    case 'sha7':
    case 'sha8':
      return commit?.slice(0, Number(name.slice(3)))
    default:
      return { tag, branch, digest, repository, by }[name]
  }
}

/** As GitLab makes CI_COMMIT_REF_SLUG. */
function slugOf(name: string | undefined): string | undefined {
  const slug = name
    ?.toLowerCase()
    .replace(/[^a-z0-9]/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '')
  return slug === '' ? undefined : slug
}

const TAG_PART = /^[\w.-]+$/
const PART = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const PATH = new RegExp(`^${PART}(?:/${PART})*$`)

/**
 * Only its form; whether it may be deployed is said by the hub's list of images. What a template without the signs of a
 * reference was filled with is a tag or a digest.
 */
function isImage(text: string, template = ''): boolean {
  if (/[/:@]/.test(text) && !text.startsWith('sha256:') && !/[/:@]/.test(template)) return false
  try {
    referenceOf('image', text)
    return true
  } catch {
    return false
  }
}
