/** Hubs that share a state tell one another which hosts they have heard, and take over what the others wrote. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Fleet, Heard } from './fleet/fleet.ts'
import type { SharedState, StateEntry, StateStore } from './store/state.ts'

export interface PeersOptions {
  state: StateStore
  shared: SharedState
  fleet: Fleet
  /** Others who take over what other hubs wrote. */
  keepers: readonly { apply(entries: readonly StateEntry[]): void }[]
  log: Pick<Logger, 'warn'>
  nowMs?: () => number
  /** What could not be read is read again after so long. */
  againMs?: number
}

/** What a hub tells of itself. */
interface Beat {
  atMs: number
  /** By host. */
  heard: Record<string, Heard>
}

const PREFIX = 'hub/'
/** A third of the time after which a host counts as silent. */
const BEAT_MS = 5000
/** Hosts that were heard in this time are told. */
const TOLD_MS = 60_000
/** A hub that told nothing for so long is gone. */
const GONE_MS = 3_600_000

/** Runs until the signal aborts; a state that is away is waited for. */
export async function keepUp(options: PeersOptions, signal: AbortSignal): Promise<void> {
  await Promise.all([tell(options, signal), listen(options, signal)])
}

async function tell(options: PeersOptions, signal: AbortSignal): Promise<void> {
  const { state, shared, fleet, log, nowMs = Date.now } = options
  const key = PREFIX + shared.hub
  const quietly = (act: Promise<unknown>) =>
    act.catch((err) => log.warn({ err }, 'other hubs could not be told which hosts are live, will try again'))
  await quietly(forgetGone(state, nowMs()))
  while (!signal.aborted) {
    const beat: Beat = { atMs: nowMs(), heard: Object.fromEntries(fleet.heardHere(nowMs() - TOLD_MS)) }
    await quietly(state.put(key, beat))
    await sleep(BEAT_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
  await quietly(state.delete(key))
}

/** What goes wrong is tried again: a hub that hears nothing of the others must not end for it. */
async function listen(options: PeersOptions, signal: AbortSignal): Promise<void> {
  const { shared, log, againMs = BEAT_MS } = options
  while (!signal.aborted) {
    try {
      for await (const entries of shared.changes(signal)) take(options, entries)
    } catch (err) {
      log.warn({ err }, 'what other hubs have changed could not be read, will try again')
      await sleep(againMs, undefined, { signal, ref: false }).catch(() => undefined)
    }
  }
}

function take({ fleet, keepers }: PeersOptions, entries: readonly StateEntry[]): void {
  for (const keeper of [fleet, ...keepers]) keeper.apply(entries)
  for (const { key, value } of entries) {
    if (!key.startsWith(PREFIX) || value === undefined) continue
    for (const [host, heard] of Object.entries((value as Beat).heard)) fleet.heardElsewhere(host, heard)
  }
}

/** What hubs that died have left. */
async function forgetGone(state: StateStore, nowMs: number): Promise<void> {
  for (const { key, value } of await state.list<Beat>(PREFIX))
    if (value.atMs < nowMs - GONE_MS) await state.delete(key)
}
