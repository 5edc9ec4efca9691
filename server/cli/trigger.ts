/** `driftlog trigger`: what deploys without a person. */
import type { Static } from 'typebox'
import type { DeliveriesAnswer, TriggerMade, TriggersAnswer } from '../deploys/triggers/trigger.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { changingHub, readingHub } from './hub-of.ts'
import type { ClientFlags } from './options.ts'
import { clock } from './records.ts'
import type { Say } from './say.ts'
import { safeLine, table } from './terminal.ts'
import { readMap } from './written.ts'

type Made = Static<typeof TriggerMade>

export async function putTrigger(
  file: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const body = await readMap(file)
  return made(await changingHub(flags, env).change<Made>('POST', '/api/triggers', body), flags, say)
}

export async function renewSecret(
  name: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  return made(await changingHub(flags, env).change<Made>('POST', `${pathOf(name)}/secret`), flags, say)
}

export async function listTriggers(flags: ClientFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { triggers } = await readingHub(flags, env).json<Static<typeof TriggersAnswer>>('/api/triggers')
  if (flags.json) for (const trigger of triggers) say.line(JSON.stringify(trigger))
  else if (triggers.length === 0) say.remark('There is no trigger.')
  else {
    const rows = triggers.map(({ name, kind, rules, path, cron = '', nextMs }) => {
      const next = nextMs === undefined ? '' : timeOf(nextMs, flags)
      const targets = rules.map(({ app, environment }) => `${app} → ${environment}`)
      return [name, kind, path ?? cron, next, [...new Set(targets)].join(', ')].map(safeLine)
    })
    say.write(table([['NAME', 'KIND', 'CALLED AT', 'NEXT', 'DEPLOYS'], ...rows], say.paint))
  }
  return EXIT.ok
}

export async function listDeliveries(
  name: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const answer = await readingHub(flags, env).json<DeliveriesAnswer>(`${pathOf(name)}/deliveries`)
  const { deliveries, strangers } = answer
  if (flags.json) {
    say.line(JSON.stringify(answer))
    return EXIT.ok
  }
  const rows = deliveries.map(({ atMs, event, verdict, app = '', environment = '', deploy = '', why = '' }) =>
    [timeOf(atMs, flags), event, verdict, app, environment, deploy, why].map(safeLine)
  )
  const head = ['TIME', 'EVENT', 'VERDICT', 'APP', 'ENVIRONMENT', 'DEPLOY', 'WHY']
  if (rows.length > 0) say.write(table([head, ...rows], say.paint))
  else say.remark('Nothing has come yet.')
  if (strangers.count > 0) say.remark(`${strangers.count} callers could not prove who they are.`)
  for (const { atMs, address, why } of strangers.last)
    say.remark(`${timeOf(atMs, flags)} ${safeLine(address)}: ${safeLine(why)}`)
  return EXIT.ok
}

export async function deleteTrigger(
  name: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const gone = await changingHub(flags, env).change<{ deleted: string }>('DELETE', pathOf(name))
  say.line(flags.json ? JSON.stringify(gone) : `Trigger ${gone.deleted} is deleted.`)
  return EXIT.ok
}

/** Standard output has the secret alone, where there is a new one. */
function made(trigger: Made, { json }: ClientFlags, say: Say): ExitCode {
  const { name, path, secret } = trigger
  if (json) say.line(JSON.stringify(trigger))
  else {
    if (secret !== undefined) say.line(secret)
    const shown = secret === undefined ? 'Its secret stays.' : 'Its secret is shown this once.'
    say.remark(
      path === undefined ? `Trigger ${name} stands.` : `Trigger ${name} is called at ${path}. ${shown}`
    )
  }
  return EXIT.ok
}

function timeOf(ms: number, { utc = false }: ClientFlags): string {
  return clock(new Date(ms).toISOString(), utc)
}

function pathOf(name: string): string {
  return `/api/triggers/${encodeURIComponent(name)}`
}
