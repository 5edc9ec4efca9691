/** Checks as a command says them. */
import type { Check } from '../check.ts'
import { EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'
import { safeLine } from './terminal.ts'

const NARROWEST = 13

/** One line for each, and below it what to do. Ends with 1 where something is not well. */
export function sayChecks(checks: readonly Check[], json: boolean, say: Say): ExitCode {
  const width = Math.max(NARROWEST, ...checks.map(({ name }) => name.length))
  if (json) say.line(JSON.stringify({ checks }))
  else
    for (const { name, ok, found, remedy } of checks) {
      say.line(
        `${ok ? say.paint('green', 'ok  ') : say.paint('red', 'not ')} ${name.padEnd(width)} ${safeLine(found)}`
      )
      if (remedy !== undefined) say.line(`     ${' '.repeat(width)} ${remedy}`)
    }
  return checks.every(({ ok }) => ok) ? EXIT.ok : EXIT.found
}
