import type { Hub } from '../hub.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { openLog } from './log.ts'
import type { Say } from './say.ts'
import { untilStopped } from './stop.ts'

/** The hub alone, until it is told to stop. `env` holds the settings. */
export async function runHub(env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { readConfig } = await import('../config.ts')
  const config = readConfig(env)
  const { startHub } = await import('../hub.ts')
  const log = openLog(config.logLevel, env)
  using stop = untilStopped()
  say.progress.say('opening the store …')
  await using hub = await startHub(config, { log })
  say.progress.done()
  const outside = hub.url === hub.localUrl ? '' : ` (others reach it as ${hub.url})`
  say.line(`Driftlog listens on ${hub.localUrl}${outside}`)
  if (!hub.open)
    say.remark(`Tokens are demanded; the first ones lie in ${config.dataDir}/tokens (admin, read, join).`)
  await stop.stopped
  say.remark('Closing …')
  return EXIT.ok
}

/** The command that joins another host to this hub, or what has to come before it. */
export function joinLine(hub: Pick<Hub, 'url' | 'open' | 'tokens'>, me: string): string {
  if (hub.open) return `listen on an address that it reaches: ${me} up --host 0.0.0.0`
  return `DRIFTLOG_JOIN_TOKEN=${hub.tokens.join} driftlog agent --hub ${hub.url}`
}
