/** `driftlog deploy`: asks the hub for deploys, and says what it answers. */
import type { Check, Deploy } from '../deploys/deploy.ts'
import type { DeployAnswer, DeploysAnswer, DeployWithSteps, PlanAnswer } from '../deploys/deploy-api.ts'
import type { ErrorsAround } from '../deploys/errors-around.ts'
import type { HubClient } from './client.ts'
import { followDeploy } from './deploy-follow.ts'
import { deployLine, deployText, planTable, type TimeLook } from './deploy-lines.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { changingHub, readingHub } from './hub-of.ts'
import type { ClientFlags } from './options.ts'
import { clock } from './records.ts'
import type { Say } from './say.ts'
import { untilStopped } from './stop.ts'
import { safeText, table } from './terminal.ts'

export interface DeployFlags extends ClientFlags {
  follow?: boolean
}

export interface BeginFlags extends DeployFlags {
  environment: string
  image?: string
  /** Version of the definition. */
  at?: number
  reason?: string
  dryRun?: boolean
}

export interface ListFlags extends ClientFlags {
  app?: string
  environment?: string
  limit: number
}

export interface PromoteFlags extends DeployFlags {
  environment: string
  reason?: string
}

export interface CheckFlags extends ClientFlags {
  name: string
  passed?: boolean
  failed?: boolean
  url?: string
  text?: string
}

export async function beginDeploy(
  app: string,
  flags: BeginFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { environment, image, at: version, reason, dryRun = false, json } = flags
  const asked = { app, environment, ...given({ image, version, reason }) }
  const hub = changingHub(flags, env)
  if (dryRun) {
    const { plan } = await hub.change<PlanAnswer>('POST', '/api/deploys', { ...asked, dryRun })
    if (json) say.line(JSON.stringify({ plan }))
    else say.write(planTable(plan, say.paint))
    return EXIT.ok
  }
  const { deploy } = await hub.change<DeployAnswer>('POST', '/api/deploys', asked)
  return await goOn(hub, deploy, flags, say)
}

export async function listDeploys(flags: ListFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { app, environment, limit } = flags
  const { deploys } = await readingHub(flags, env).json<DeploysAnswer>('/api/deploys', {
    app,
    environment,
    limit
  })
  if (flags.json) for (const deploy of deploys) say.line(JSON.stringify(deploy))
  else if (deploys.length === 0) say.remark('Nothing was deployed here yet.')
  else {
    const head = ['ID', 'BEGAN', 'APP', 'ENVIRONMENT', 'IMAGE', 'STATE', 'BY']
    say.write(table([head, ...deploys.map((deploy) => deployLine(deploy, lookOf(flags, say)))], say.paint))
  }
  return EXIT.ok
}

export async function showDeploy(
  id: string,
  flags: DeployFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const whole = await readingHub(flags, env).json<DeployWithSteps>(pathOf(id))
  if (flags.json) say.line(JSON.stringify(whole))
  else say.write(deployText(whole.deploy, whole.steps, lookOf(flags, say)))
  return EXIT.ok
}

export async function followOne(
  id: string,
  flags: DeployFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  return await followed(readingHub(flags, env), id, flags, say)
}

export async function actOnDeploy(
  action: 'approve' | 'stop' | 'resume' | 'retry' | 'rollback',
  id: string,
  flags: DeployFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const hub = changingHub(flags, env)
  const { deploy } = await hub.change<DeployAnswer>('POST', `${pathOf(id)}/${action}`)
  return await goOn(hub, deploy, flags, say)
}

export async function promoteDeploy(
  id: string,
  flags: PromoteFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const hub = changingHub(flags, env)
  const { environment, reason } = flags
  const asked = { environment, ...given({ reason }) }
  const { deploy } = await hub.change<DeployAnswer>('POST', `${pathOf(id)}/promote`, asked)
  return await goOn(hub, deploy, flags, say)
}

export async function reportCheck(
  id: string,
  flags: CheckFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { name, passed = false, failed = false, url, text } = flags
  if (passed === failed)
    throw new CliError(EXIT.usage, 'Say how the check went: either --passed or --failed.')
  const asked = { name, passed, ...given({ url, text }) }
  const answer = await changingHub(flags, env).change<DeployAnswer>('POST', `${pathOf(id)}/checks`, asked)
  if (flags.json) say.line(JSON.stringify(answer))
  else say.line(answer.deploy.checks.map((check) => checkText(check)).join('\n'))
  return EXIT.ok
}

export async function errorsAroundDeploy(
  id: string,
  flags: DeployFlags & { minutes: number },
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { minutes, json } = flags
  const around = await readingHub(flags, env).json<ErrorsAround>(`${pathOf(id)}/errors`, { minutes })
  const { before, after, complete } = around
  const rate = ({ errors, perMinute }: ErrorsAround['before']) =>
    `${perMinute.toFixed(1)} a minute (${errors.toLocaleString('en')})`
  if (json) say.line(JSON.stringify(around))
  else say.line(`before  ${rate(before)}\nafter   ${rate(after)}`)
  if (!complete) say.remark('Not everything could be counted: these are the least.')
  return after.perMinute > before.perMinute ? EXIT.found : EXIT.ok
}

/** The id of a deploy that was begun or changed alone, so that a script can take it; or its steps. */
async function goOn(hub: HubClient, deploy: Deploy, flags: DeployFlags, say: Say): Promise<ExitCode> {
  if (flags.follow) return await followed(hub, deploy.id, flags, say)
  say.line(flags.json ? JSON.stringify(deploy) : deploy.id)
  if (!flags.json) say.remark(`${deploy.app} in ${deploy.environment} is ${deploy.state}.`)
  return EXIT.ok
}

async function followed(hub: HubClient, id: string, flags: DeployFlags, say: Say): Promise<ExitCode> {
  using stop = untilStopped()
  const options = { id, json: flags.json ?? false, ...lookOf(flags, say) }
  return await followDeploy(hub, options, say, stop.signal)
}

function checkText({ name, passed, text = '' }: Check): string {
  return safeText(`${passed ? 'passed' : 'failed'}  ${name}  ${text}`.trimEnd(), false)
}

function lookOf(flags: ClientFlags, say: Say): TimeLook {
  const utc = flags.utc ?? false
  return { paint: say.paint, time: (ms) => clock(new Date(ms).toISOString(), utc) }
}

function pathOf(id: string): string {
  return `/api/deploys/${encodeURIComponent(id)}`
}

/** Without what was not said. */
function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>
}
