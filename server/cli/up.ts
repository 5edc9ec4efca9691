import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { hubFlag } from './address.ts'
import { Child } from './child.ts'
import { agentEnv, playDemo } from './demo.ts'
import { engineThere } from './engine-there.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { joinLine, onHangup } from './hub.ts'
import { openLog } from './log.ts'
import type { Say } from './say.ts'
import { unlessStopped, untilStopped } from './stop.ts'

/** Hub and agent of this machine; the played fleet where there is no engine and nothing of one's own to show yet. */
export async function up(env: NodeJS.ProcessEnv, say: Say, options: { demo: boolean }): Promise<ExitCode> {
  const { readConfig } = await import('../config.ts')
  const agentConfig = await import('../../agent/config.ts')
  const config = readConfig(env)
  // Checked here, so that a wrong setting of the agent stops the start instead of being told by its restarts.
  const { engine: address, containersDir } = agentConfig.readConfig({
    ...env,
    DRIFTLOG_HUB_URL: 'http://127.0.0.1'
  })
  // Of an engine on another machine the agent itself says whether it answers.
  if (!('socketPath' in address)) return runBoth(config, env, say)
  const { socketPath } = address
  const engine = await engineThere(socketPath, containersDir)
  if (engine.kind === 'absent') {
    say.remark([sentence(engine.reason), ...engine.hints.map((hint) => `  ${hint}`)].join('\n'))
    if (options.demo && isNew(config.dataDir)) {
      say.remark('Until then this is a played fleet. Start again when the engine runs.')
      const engineAppeared = async () => (await engineThere(socketPath)).kind === 'there'
      return playDemo({ env, say, reason: engine.reason, engineAppeared })
    }
    say.remark('The agent waits for it.')
  } else if (engine.unreadable !== undefined) {
    say.remark(
      `The log files in ${engine.unreadable} can not be read by this user: the engine is asked for them, which costs more. To read the files, start Driftlog with sudo.`
    )
  }
  return runBoth(config, env, say)
}

/** No hub has kept anything over this folder, neither records in it nor, where those lie in a cluster, its numbers. */
function isNew(dataDir: string): boolean {
  return !existsSync(join(dataDir, 'format.json')) && !existsSync(join(dataDir, 'stats'))
}

async function runBoth(config: Config, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { startHub } = await import('../hub.ts')
  const reloads = config.tls !== undefined && process.stdin.isTTY !== true
  using stop = untilStopped({ hangup: !reloads })
  say.progress.say('opening the store …')
  let agent: Child | undefined
  await using hub = await startHub(config, {
    log: openLog(env['DRIFTLOG_LOG_LEVEL'] || 'warn', env),
    signal: stop.signal,
    // The agent knows the hub by its certificate, whatever name that bears.
    certificateChanged: () => agent?.restart()
  }).catch(unlessStopped(stop))
  say.progress.done()
  if (!hub) return EXIT.ok
  using _reload = reloads ? onHangup(() => hub.reload()) : undefined
  await using child = new Child({
    name: 'the agent',
    args: ['agent'],
    env: () => ({
      ...agentEnv(env, hub),
      DRIFTLOG_STATE_DIR: env['DRIFTLOG_STATE_DIR'] || join(config.dataDir, 'agent')
    }),
    remark: say.remark
  })
  agent = child
  const { paint, me } = say
  const here = hubFlag(hub.localUrl)
  const tokens = hub.open
    ? ''
    : `\n  ${paint('dim', 'tokens')}     ${join(config.dataDir, 'tokens')}: the page asks for the one in "read"`
  say.write(`
  ${paint('bold', 'Driftlog is up')}

  ${paint('dim', 'page')}       ${paint('cyan', hub.url)}
  ${paint('dim', 'data')}       ${config.dataDir}${tokens}
  ${paint('dim', 'or here')}    ${me} tail${here} · ${me} search 'level>=error'${here}
  ${paint('dim', 'next host')}  ${joinLine(hub, say, config.dataDir)}${hub.clear ? `\n  ${paint('yellow', 'Tokens and lines go over the network in clear: docs/security.md says how to serve https.')}` : ''}

`)
  await stop.stopped
  say.remark('Closing …')
  return EXIT.ok
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
