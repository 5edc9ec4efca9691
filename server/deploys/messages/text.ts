/** What is said of a deploy, in a line or some. */
import type { Deploy } from '../deploy.ts'
import { fill, placesIn } from '../fill.ts'
import { TOLD_STATES, type ToldState } from './notice.ts'

/** What can be filled into a text. */
export const DEPLOY_PLACES = [
  ...['app', 'environment', 'state', 'result', 'image', 'digest', 'version', 'deploy'],
  ...['reason', 'why', 'by', 'approvedby', 'seconds', 'url']
] as const
export type Facts = Partial<Record<(typeof DEPLOY_PLACES)[number], string>>

export const USUAL_TEXT = `{{app}} in {{environment}}: {{result}}
{{image}}, version {{version}}, by {{by}}
{{reason}}
{{why}}
{{url}}`

const RESULTS: Record<ToldState, string> = {
  waiting: 'waits for somebody to approve it',
  paused: 'paused, somebody must let it go on',
  succeeded: 'deployed',
  'rolled-back': 'went wrong, all is as it was before',
  failed: 'FAILED, and what runs now must be looked at',
  cancelled: 'cancelled before anything was touched'
}
const LONGEST_FACT = 300

/** Absent what is not known. `hub` is the address of the page. */
export function factsOf(deploy: Deploy, state: ToldState, hub: URL | undefined): Facts {
  const { startedMs, endedMs, by, approvedBy, image } = deploy
  const seconds =
    startedMs === undefined || endedMs === undefined ? undefined : Math.round((endedMs - startedMs) / 1000)
  return known({
    ...{ app: deploy.app, environment: deploy.environment, state, result: RESULTS[state] },
    ...{ image: deploy.reference, digest: image?.digest, version: String(deploy.version), deploy: deploy.id },
    ...{ reason: deploy.reason, why: deploy.why, by: by.name, approvedby: approvedBy?.name },
    ...{ seconds: seconds === undefined ? undefined : String(seconds) },
    url: hub && new URL(`/${deploy.environment}/${deploy.app}/deploys/${deploy.id}`, hub).href
  })
}

/** `made` is called for what is filled in, not for the text. Lines whose places all came to nothing are left out. */
export function textOf(template: string, facts: Facts, made: (fact: string) => string): string {
  const value = (name: string) => {
    const fact = facts[name as keyof Facts]
    return fact === undefined ? undefined : made(plain(fact))
  }
  return template
    .split('\n')
    .filter((line) => {
      const places = placesIn(line)
      return places.length === 0 || places.some((name) => value(name) !== undefined)
    })
    .map((line) => fill(line, value))
    .join('\n')
}

export function isTold(state: string): state is ToldState {
  return (TOLD_STATES as readonly string[]).includes(state)
}

/** One line without signs that can't be seen: a name must not begin a line of its own, nor turn the text around. */
function plain(fact: string): string {
  const line = fact.replace(/[\p{C}\p{Z}]+/gu, ' ').trim()
  return line.length > LONGEST_FACT ? `${line.slice(0, LONGEST_FACT)}…` : line
}

function known(facts: Partial<Record<keyof Facts, string | undefined>>): Facts {
  return Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined && fact !== ''))
}
