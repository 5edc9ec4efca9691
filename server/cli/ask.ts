/** The commands that ask a running hub. */
import { EXIT, type ExitCode } from './exit.ts'
import { readingHub } from './hub-of.ts'
import type { ClientFlags } from './options.ts'
import type { SearchFlags, StatusFlags, TailFlags } from './program.ts'
import type { Say } from './say.ts'
import { type Output, search } from './search.ts'
import { status } from './status.ts'
import { untilStopped } from './stop.ts'
import { tail } from './tail.ts'
import { watch } from './watch.ts'

export async function runSearch(
  query: string,
  flags: SearchFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { oldest = false, reverse = false, all = false, json = false } = flags
  const options = { ...flags, query, oldest, reverse, all, json }
  const hub = readingHub(flags, env)
  return untilInterrupted(say, (signal) => search(hub, options, outputOf(flags, say), signal))
}

export async function runTail(
  app: string | undefined,
  query: string,
  flags: TailFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  using stop = untilStopped()
  const { json = false } = flags
  const options = { ...flags, query, json, ...(app === undefined ? {} : { app }) }
  return await tail(readingHub(flags, env), options, outputOf(flags, say), stop.signal)
}

export async function runStatus(flags: StatusFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const hub = readingHub(flags, env)
  if (flags.watch) {
    using stop = untilStopped()
    return await watch(hub, flags.json ?? false, outputOf(flags, say), () => say.screen(), stop.signal)
  }
  return untilInterrupted(say, (signal) => status(hub, flags.json ?? false, outputOf(flags, say), signal))
}

/** Ctrl-C ends a question without a word; what was answered so far stands. */
async function untilInterrupted(
  say: Say,
  ask: (signal: AbortSignal) => Promise<ExitCode>
): Promise<ExitCode> {
  using stop = untilStopped()
  try {
    return await ask(stop.signal)
  } catch (error) {
    if (!stop.signal.aborted) throw error
    say.progress.done()
    return EXIT.interrupted
  }
}

function outputOf(flags: ClientFlags, say: Say): Output {
  return {
    write: say.write,
    remark: say.remark,
    progress: say.progress,
    look: { paint: say.paint, colours: say.colours, utc: flags.utc ?? false, withApp: true }
  }
}
