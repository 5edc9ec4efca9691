import { readFileSync } from 'node:fs'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { openLog } from './log.ts'
import type { Say } from './say.ts'
import { untilStopped } from './stop.ts'

export interface AgentFlags {
  join?: string
  joinFile?: string
}

/** The agent of this host, until it is told to stop. `env` holds the settings. */
export async function runAgentCommand(
  flags: AgentFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { readConfig } = await import('../../agent/config.ts')
  const { runAgent } = await import('../../agent/agent.ts')
  if (flags.join !== undefined) {
    say.remark(
      '--join stood in the process list until this program hid it, and stays in the history of the shell; DRIFTLOG_JOIN_TOKEN and --join-file stand in neither.'
    )
  }
  const join = flags.join ?? (flags.joinFile === undefined ? undefined : secretIn(flags.joinFile))
  const config = readConfig(join === undefined ? env : { ...env, DRIFTLOG_JOIN_TOKEN: join })
  using stop = untilStopped()
  // Started by `driftlog up`: it ends with the program that started it.
  const orphaned = new AbortController()
  if (process.connected) {
    process.once('disconnect', () => orphaned.abort())
    process.channel?.unref()
  }
  await runAgent(config, {
    log: openLog(config.logLevel, env),
    signal: AbortSignal.any([stop.signal, orphaned.signal])
  })
  return EXIT.ok
}

function secretIn(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new CliError(
      EXIT.usage,
      `The join token can not be read from ${path}: ${(error as Error).message}.`
    )
  }
}
