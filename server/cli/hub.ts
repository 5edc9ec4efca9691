import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { Hub } from '../hub.ts'
import { joinCommand } from '../join.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { openLog } from './log.ts'
import type { Say } from './say.ts'
import { unlessStopped, untilStopped } from './stop.ts'

/** The hub alone, until it is told to stop. `env` holds the settings. */
export async function runHub(env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { readConfig } = await import('../config.ts')
  const config = readConfig(env)
  const { startHub } = await import('../hub.ts')
  const log = openLog(config.logLevel, env)
  // Where no terminal can hang up, the signal is an operator's: read the certificate again.
  const reloads = config.tls !== undefined && process.stdin.isTTY !== true
  using stop = untilStopped({ hangup: !reloads })
  say.progress.say('opening the store …')
  await using hub = await startHub(config, { log, signal: stop.signal }).catch(unlessStopped(stop))
  say.progress.done()
  if (!hub) return EXIT.ok
  const outside = hub.url === hub.localUrl ? '' : ` (others reach it as ${hub.url})`
  say.line(`Driftlog listens on ${hub.localUrl}${outside}`)
  using _reload = reloads ? onHangup(() => hub.reload()) : undefined
  tellAccess(hub, config, say)
  await stop.stopped
  say.remark('Closing …')
  return EXIT.ok
}

/** What whoever runs the hub has to know of who may ask it. */
export function tellAccess(hub: Hub, { dataDir }: Config, say: Say): void {
  const certificate = hub.certificate()
  if (certificate) say.line(`Certificate ${certificate.fingerprint}`)
  if (hub.open) return
  say.remark(`Tokens are demanded; the first ones lie in ${dataDir}/tokens (admin, read, join).`)
  say.remark(`Another host joins by: ${joinLine(hub, say, dataDir)}`)
  if (!hub.clear) return
  say.remark(
    'WARNING: tokens and lines go over the network in clear. Serve https: DRIFTLOG_TLS_CERT_FILE and DRIFTLOG_TLS_KEY_FILE ("driftlog certificate" makes a pair), or put a proxy before the hub.'
  )
}

export function onHangup(act: () => void): Disposable {
  process.on('SIGHUP', act)
  return { [Symbol.dispose]: () => void process.off('SIGHUP', act) }
}

/** The command that joins another host to this hub, or what has to come before it. */
export function joinLine(
  hub: Pick<Hub, 'url' | 'open' | 'tokens' | 'certificate'>,
  { me, isTerminal }: Say,
  dataDir: string
): string {
  if (hub.open) return `listen on an address that it reaches: ${me} up --host 0.0.0.0`
  // What is no terminal is a log, and the token would stand in it for good.
  const token = isTerminal ? hub.tokens.join : `"$(cat ${join(dataDir, 'tokens', 'join')})"`
  return joinCommand(token, hub.url, hub.certificate())
}
