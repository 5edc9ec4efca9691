/** Plays the fleet: first a history of some hours in one go, then live, as time goes by. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Agenda } from './agenda.ts'
import { Chance } from './chance.ts'
import { Fleet, type PretendedHost } from './fleet.ts'
import { Incidents } from './incidents.ts'
import { writeProc } from './numbers.ts'
import { Traffic } from './traffic.ts'

export interface PlayOptions {
  /** Folder of the engines' sockets and log files. */
  dir: string
  /** The same seed tells the same story. */
  seed: number
  /** How far back the history reaches. */
  historyMs: number
  /** The moment at which history ends and live begins, milliseconds since 1970. */
  nowMs: number
}

export interface Play extends AsyncDisposable {
  readonly hosts: readonly PretendedHost[]
  /** Writes the history; resolves when it is on disk, or the signal aborted. `told` hears the share done, 0 … 1. */
  history(told: (share: number) => void, signal: AbortSignal): Promise<void>
  /** Plays on until `signal` aborts. */
  live(signal: AbortSignal): Promise<void>
}

/** Things done in one go before the event loop gets its turn. */
const SLICE = 500
/** Live lines are written at most this late. */
const LONGEST_WAIT_MS = 200
/** While live, containers that ended this long ago are removed, one at a time. */
const REMOVED_AFTER_MS = 4 * 60_000
const REMOVED_EVERY_MS = 20_000
/** How often the hosts' own numbers are told anew. */
const NUMBERS_EVERY_MS = 1000
/** The first minutes of live are rich in incidents: nobody waits long for the first move. */
const BUSY_FOR_MS = 6 * 60_000

export async function openPlay(options: PlayOptions): Promise<Play> {
  const { dir, seed, historyMs, nowMs } = options
  const beginMs = nowMs - historyMs
  const agenda = new Agenda()
  const fleet = await Fleet.open(dir, agenda, new Chance(seed))
  // Traffic grows towards now, as a morning does; it is never quite even.
  const share = (atMs: number) => {
    const grown = Math.min(1, Math.max(0, (atMs - beginMs) / Math.max(1, historyMs)))
    return (0.35 + 0.65 * grown) * (1 + 0.25 * Math.sin(atMs / 190_000) + 0.15 * Math.sin(atMs / 37_000))
  }
  const luck = new Chance(seed + 1)
  const pauseMs = (atMs: number) => {
    if (atMs < nowMs) return luck.between(6, 13) * 60_000
    return atMs < nowMs + BUSY_FOR_MS ? luck.between(14, 28) * 1000 : luck.between(2, 4) * 60_000
  }
  fleet.begin(beginMs)
  new Traffic(fleet, agenda, new Chance(seed + 2), share).begin(beginMs + 5000)
  const incidents = new Incidents(fleet, agenda, luck, pauseMs)
  // The last of history is over by now; live begins with the first of the round, a drift.
  incidents.begin(beginMs, nowMs - 30_000)
  agenda.at(nowMs, (atMs) => incidents.begin(atMs))

  return {
    hosts: fleet.hosts,
    history: async (told, signal) => {
      while (!signal.aborted && agenda.runUntil(nowMs, SLICE) === SLICE) {
        told(((agenda.nextMs ?? nowMs) - beginMs) / Math.max(1, historyMs))
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    live: async (signal) => {
      let removalMs = nowMs + REMOVED_AFTER_MS
      let numbersMs = 0
      while (!signal.aborted) {
        const clockMs = Date.now()
        while (agenda.runUntil(clockMs, SLICE) === SLICE)
          await new Promise((resolve) => setImmediate(resolve))
        if (clockMs >= numbersMs) {
          for (const { procDir, engine } of fleet.hosts) writeProc(procDir, engine.containers, clockMs)
          numbersMs = clockMs + NUMBERS_EVERY_MS
        }
        if (clockMs >= removalMs) {
          fleet.removeOneEndedBefore(clockMs - REMOVED_AFTER_MS, clockMs)
          removalMs = clockMs + REMOVED_EVERY_MS
        }
        const waitMs = Math.min(LONGEST_WAIT_MS, Math.max(5, (agenda.nextMs ?? clockMs) - Date.now()))
        await sleep(waitMs, undefined, { signal }).catch(() => undefined)
      }
    },
    [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose]()
  }
}
