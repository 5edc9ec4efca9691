/** What is followed for long: connections that break, or fall silent, are taken up again. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type HubClient, type HubEvent, PassingError, type Question } from './client.ts'

/** What a connection says of itself meanwhile. */
export interface Standing {
  /** The hub is there: a break from now on is mended. */
  stands(): void
  /** The hub speaks: the next break is mended soon. */
  speaks(): void
}

/** The hub sends a beat every 10 s; a connection that is silent for longer than this is given up. */
const SILENCE_MS = 30_000
const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/** Connects again and again, until `connect` resolves to 'over' or `signal` aborts. Rejects where no connection ever stood. */
export async function keepConnected(
  connect: (standing: Standing) => Promise<'over' | 'broken'>,
  say: { remark(text: string): void },
  signal: AbortSignal
): Promise<void> {
  let connected = false
  let waitMs = FIRST_WAIT_MS
  const standing: Standing = {
    stands: () => {
      connected = true
    },
    speaks: () => {
      waitMs = FIRST_WAIT_MS
    }
  }
  while (!signal.aborted) {
    try {
      if ((await connect(standing)) === 'over') return
    } catch (error) {
      if (signal.aborted) return
      // What the hub refuses for good it will refuse again.
      if (!connected || !(error instanceof PassingError || isBroken(error))) throw error
    }
    if (signal.aborted) return
    say.remark(`The connection to the hub is lost; trying again in ${waitMs / 1000} s.`)
    await sleep(waitMs, undefined, { signal }).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)
  }
}

/** Events of one connection; throws when it has been silent for too long. */
export async function* heard(
  hub: HubClient,
  { path, question = {}, lastId }: { path: string; question?: Question; lastId: string | undefined },
  signal: AbortSignal,
  silenceMs = SILENCE_MS
): AsyncGenerator<HubEvent> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new SilenceError()), silenceMs)
  try {
    for await (const event of hub.events(path, question, lastId, AbortSignal.any([signal, silence.signal]))) {
      timer.refresh()
      yield event
    }
  } finally {
    clearTimeout(timer)
  }
}

class SilenceError extends Error {}

/** The answer broke off. */
function isBroken(error: unknown): boolean {
  if (error instanceof SilenceError) return true
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'].includes(code)
}
