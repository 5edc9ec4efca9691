/** What several commands have in common. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { ExitCode } from './exit.ts'
import type { Say } from './say.ts'

/** What commands are built with. */
export interface CommandParts {
  env: NodeJS.ProcessEnv
  say: Say
  /** What stood behind --join, where it was hidden before anybody could read it. */
  joinToken?: string
  /** Called once, with the way a command ended. */
  ended(exitCode: ExitCode): void
}

export interface ClientFlags {
  hub?: string
  tokenFile?: string
  ca?: string
  fingerprint?: string
  json?: boolean
  utc?: boolean
}

/** The option of a command that says times. */
export const UTC = ['--utc', "times in UTC instead of this machine's zone"] as const

/** Options of a command that asks a running hub. */
export function clientOf(command: Command, token = 'a read token'): Command {
  command.option('--hub <url>', 'address of the hub (DRIFTLOG_HUB_URL, default http://127.0.0.1:7400)')
  return trustOf(command)
    .option(
      '--token-file <file>',
      `file with ${token} (or DRIFTLOG_TOKEN; found by itself on the machine of the hub)`
    )
    .option('--json', 'for machines: JSON, one object a line')
}

/** Options of a command that has to know whether it speaks to the right hub. */
export function trustOf(command: Command): Command {
  return command
    .option('--ca <file>', "authority that vouches for the hub's certificate (DRIFTLOG_HUB_CA_FILE)")
    .addOption(
      new Option(
        '--fingerprint <sha256>',
        "the hub's certificate, as the hub prints it (DRIFTLOG_HUB_FINGERPRINT)"
      ).conflicts('ca')
    )
}

export function wholeNumber(from: number, to: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (Number.isInteger(value) && value >= from && value <= to && text.trim() !== '') return value
    throw new InvalidArgumentError(`It must be a whole number from ${from} to ${to}.`)
  }
}

export function examples(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}\n`).join('')}`
}

/** A flag wins over its variable. */
export function withSet(
  env: NodeJS.ProcessEnv,
  flags: Record<string, string | undefined>
): NodeJS.ProcessEnv {
  return { ...env, ...Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) }
}
