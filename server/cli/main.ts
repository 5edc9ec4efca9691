#!/usr/bin/env node

import { CommanderError } from 'commander'
import { EXIT, type ExitCode, endingOf } from './exit.ts'
/** The program `driftlog`. Exit codes: exit.ts. */
// First, before anything takes its time.
import { joinToken } from './hidden.ts'
import { buildProgram } from './program.ts'
import { endQuietlyWithoutReader, sayOn } from './say.ts'
import { endWhenAskedAsFirstProcess } from './stop.ts'
import { paintFor } from './terminal.ts'

endQuietlyWithoutReader()
endWhenAskedAsFirstProcess()
process.exitCode = await run(process.argv.slice(2))

async function run(args: string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const say = sayOn(process.env)
  const program = buildProgram({
    env: process.env,
    say,
    ...(joinToken === undefined ? {} : { joinToken }),
    ended: (code) => {
      exitCode = code
    }
  })
  try {
    if (args.length === 0) program.outputHelp()
    else await program.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (error) {
    say.progress.done()
    // Commander has said what is wrong by then; its own code for shown help is 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    const ending = endingOf(error)
    process.stderr.write(`${paintFor(process.stderr, process.env)('red', 'error:')} ${ending.message}\n`)
    return ending.exitCode
  }
}
