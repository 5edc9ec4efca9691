/** How the program ends. The numbers are API: scripts act on them (docs/cli.md). */
export const EXIT = {
  /** Done; for `search`: something was found. */
  ok: 0,
  /** `search` found nothing, `check` found damage, `migrate` a difference, `status` tells of something that needs a person, `health` got no answer, `dashboards publish` kept what a person has changed, a `status` of Zabbix or Grafana found something wrong, a deploy that was followed did not succeed, `app diff` a difference. */
  found: 1,
  /** Wrong option, setting or query. */
  usage: 2,
  /** No hub answers at the address. */
  unreachable: 3,
  /** The hub demands a token, or a better one. */
  refused: 4,
  /** Anything else; the message says what. */
  failed: 5,
  /** Ctrl-C ended a question before its answer was complete, or was pressed twice and ended a program at once. */
  interrupted: 130
} as const
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Ends the program with this code; `message` is said on standard error and names the way out. */
export class CliError extends Error {
  readonly exitCode: ExitCode
  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** The sentence for a person, and how to end, for whatever was thrown. */
export function endingOf(error: unknown): { exitCode: ExitCode; message: string } {
  if (error instanceof CliError) return { exitCode: error.exitCode, message: error.message }
  if (!(error instanceof Error)) return { exitCode: EXIT.failed, message: String(error) }
  const code = 'code' in error ? String(error.code) : ''
  // Our own errors say everything in their message; a stack trace helps only where a bug shows itself.
  if (code === 'DRIFTLOG_CONFIG') return { exitCode: EXIT.usage, message: error.message }
  const planned = code.startsWith('DRIFTLOG_') || code.startsWith('E')
  return { exitCode: EXIT.failed, message: planned ? error.message : (error.stack ?? error.message) }
}
