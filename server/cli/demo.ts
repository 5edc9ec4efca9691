import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RELEASED } from '../demo/apps.ts'
import type { PretendedHost } from '../demo/fleet.ts'
import { openPlay } from '../demo/play.ts'
import { playReleases } from '../demo/releases.ts'
import type { Hub } from '../hub.ts'
import { hubFlag } from './address.ts'
import { Child } from './child.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { openLog } from './log.ts'
import type { Say } from './say.ts'
import { untilStopped } from './stop.ts'

export interface DemoOptions {
  env: NodeJS.ProcessEnv
  say: Say
  /** Why it is shown, where nobody asked for it. */
  reason?: string
  /** Asked now and then while it is shown; once it says yes, the reader is told to start again. */
  engineAppeared?: () => Promise<boolean>
  /** Kept at the end; absent: a fresh folder that is removed. */
  dir?: string
  seed?: number
  historyHours?: number
}

const DEFAULT_SEED = 7
const DEFAULT_HISTORY_HOURS = 3
const ENGINE_LOOK_MS = 5000

/** Three pretended engines, three real agents, one real hub. */
export async function playDemo(options: DemoOptions): Promise<ExitCode> {
  const { env, say, reason } = options
  const { readConfig } = await import('../config.ts')
  using stop = untilStopped()
  using folder = demoFolder(options.dir)
  const config = readConfig({
    ...env,
    DRIFTLOG_DATA_DIR: join(folder.path, 'hub'),
    DRIFTLOG_STORE: 'embedded',
    DRIFTLOG_DEPLOY_IMAGES: RELEASED.image
  })
  const { startHub } = await import('../hub.ts')
  await using hub = await startHub(config, {
    log: openLog(env['DRIFTLOG_LOG_LEVEL'] || 'warn', env),
    demo: reason === undefined ? {} : { reason }
  })
  await using play = await openPlay({
    dir: join(folder.path, 'fleet'),
    seed: options.seed ?? DEFAULT_SEED,
    historyMs: (options.historyHours ?? DEFAULT_HISTORY_HOURS) * 3_600_000,
    nowMs: Date.now()
  })
  await play.history(
    (share) => say.progress.say(`writing the past of three hosts … ${Math.round(share * 100)} %`),
    stop.signal
  )
  say.progress.done()
  if (stop.signal.aborted) return EXIT.ok
  const agents = play.hosts.map((host) => agentOf(host, hub, env, say))
  greet(say, hub, `${folder.path}${options.dir === undefined ? ' (removed at the end)' : ''}`)
  void remarkEngine(options, stop.signal)
  const released = playReleases(hub.deploys, stop.signal).catch((error: Error) => {
    if (!stop.signal.aborted) say.remark(`No more is deployed by itself: ${error.message}`)
  })
  try {
    await play.live(stop.signal)
  } finally {
    say.remark('Closing …')
    await released
    await Promise.all(agents.map((agent) => agent[Symbol.asyncDispose]()))
  }
  return EXIT.ok
}

function greet({ write, paint, me }: Say, hub: Pick<Hub, 'url' | 'localUrl'>, data: string): void {
  const here = hubFlag(hub.localUrl)
  write(`
  ${paint('bold', 'Driftlog plays a fleet')}: three hosts, six apps that drift, restart and fail

  ${paint('dim', 'page')}     ${paint('cyan', hub.url)}
  ${paint('dim', 'try')}      ${me} tail orders${here}
           ${me} search 'level>=error'${here}
  ${paint('dim', 'data')}     ${data}

`)
}

async function remarkEngine({ engineAppeared, say }: DemoOptions, signal: AbortSignal): Promise<void> {
  while (engineAppeared && !signal.aborted) {
    await sleep(ENGINE_LOOK_MS, undefined, { signal }).catch(() => undefined)
    if (signal.aborted || !(await engineAppeared())) continue
    say.remark('A Docker Engine answers now: end this with Ctrl-C and start again to see its containers.')
    return
  }
}

/** A child per host: the same program that a real host runs. */
function agentOf(
  host: PretendedHost,
  hub: Pick<Hub, 'localUrl' | 'tokens' | 'certificate'>,
  env: NodeJS.ProcessEnv,
  say: Say
): Child {
  return new Child({
    name: `the agent of ${host.name}`,
    args: ['agent'],
    env: () => ({
      ...agentEnv(env, hub),
      DRIFTLOG_STATE_DIR: host.agentDir,
      DRIFTLOG_DOCKER_SOCKET: host.engine.options.socketPath,
      DRIFTLOG_HOST_NAME: host.name,
      DRIFTLOG_CONTAINERS_DIR: '',
      DRIFTLOG_PROC_DIR: host.procDir,
      DRIFTLOG_CGROUP_DIR: join(host.procDir, 'cgroup'),
      DRIFTLOG_STATS_INTERVAL_MS: env['DRIFTLOG_STATS_INTERVAL_MS'] || '5000',
      DRIFTLOG_AGENT_PORT: '0',
      DRIFTLOG_ORDERS: 'deploy',
      DRIFTLOG_DEPLOY_IMAGES: RELEASED.image
    }),
    remark: say.remark
  })
}

/** What an agent of this hub may know: everything but the secrets that it has no use for. */
export function agentEnv(
  env: NodeJS.ProcessEnv,
  hub: Pick<Hub, 'localUrl' | 'tokens' | 'certificate'>
): NodeJS.ProcessEnv {
  const { DRIFTLOG_TOKEN: _, DRIFTLOG_HUB_CA_FILE: __, ...rest } = env
  return {
    ...rest,
    DRIFTLOG_HUB_URL: hub.localUrl,
    DRIFTLOG_HUB_FINGERPRINT: hub.certificate()?.fingerprint ?? '',
    DRIFTLOG_JOIN_TOKEN: hub.tokens.join,
    DRIFTLOG_LOG_LEVEL: env['DRIFTLOG_LOG_LEVEL'] || 'warn'
  }
}

/** A fresh folder, removed at the end; or the one that was named, which must be empty and stays. */
function demoFolder(named: string | undefined): Disposable & { path: string } {
  if (named === undefined) {
    const path = mkdtempSync(join(tmpdir(), 'driftlog-demo-'))
    return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true, maxRetries: 3 }) }
  }
  const path = resolve(named)
  if (existsSync(path) && readdirSync(path).length > 0) {
    throw new CliError(
      EXIT.usage,
      `The folder ${path} is not empty. The demo writes a story of its own: name a new one.`
    )
  }
  mkdirSync(path, { recursive: true })
  return { path, [Symbol.dispose]: () => {} }
}
