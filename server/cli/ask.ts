/** The commands that ask a running hub. */
import { HubClient, hubAddress } from './client.ts'
import type { ExitCode } from './exit.ts'
import type { ClientFlags, SearchFlags, TailFlags } from './program.ts'
import type { Say } from './say.ts'
import { type Output, search } from './search.ts'
import { status } from './status.ts'
import { untilStopped } from './stop.ts'
import { tail } from './tail.ts'

export async function runSearch(
  query: string,
  flags: SearchFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  using stop = untilStopped()
  const { oldest = false, reverse = false, all = false, json = false } = flags
  const options = { ...flags, query, oldest, reverse, all, json }
  return await search(new HubClient(hubAddress(flags, env)), options, outputOf(flags, say), stop.signal)
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
  return await tail(new HubClient(hubAddress(flags, env)), options, outputOf(flags, say), stop.signal)
}

export async function runStatus(flags: ClientFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  using stop = untilStopped()
  return await status(
    new HubClient(hubAddress(flags, env)),
    flags.json ?? false,
    outputOf(flags, say),
    stop.signal
  )
}

function outputOf(flags: ClientFlags, say: Say): Output {
  return {
    write: say.write,
    remark: say.remark,
    progress: say.progress,
    look: { paint: say.paint, colours: say.colours, utc: flags.utc ?? false, withApp: true }
  }
}
