/**
 * A duty that one of several hubs does: whoever holds the lease. Its holder says that it lives; another takes it over when
 * it has not seen that for a while by its own clock, so that clocks need not agree. Each holder has a higher fencing term
 * than the one before, for whatever it writes in its duty.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { StateStore } from './store/state.ts'

/** As the state keeps it. */
interface Lease {
  hub: string
  term: number
  /** Raised while its holder lives; absent once it has let go. */
  beat?: number
}

export interface LeaseOptions {
  state: StateStore
  /** Names the duty. */
  name: string
  log: Pick<Logger, 'info' | 'warn'>
  /** A lease whose holder was not seen to live for so long is free. */
  freeAfterMs?: number
}

const PREFIX = 'lease/'
const FREE_AFTER_MS = 20_000
/** So many signs of life fit into the time after which a lease is free. */
const BEATS = 4

/** Does the duty's work while this hub holds the lease; the work ends when its own signal aborts. */
export type Duty = (term: number, signal: AbortSignal) => Promise<void>

/** Does the duty whenever it is this hub's, until the signal aborts. A hub that is alone has it from the start. */
export async function onDuty(options: LeaseOptions, duty: Duty, signal: AbortSignal): Promise<void> {
  const { state, name, log, freeAfterMs = FREE_AFTER_MS } = options
  if (!state.shared) return duty(0, signal)
  const { hub } = state.shared
  const everyMs = freeAfterMs / BEATS
  let seen: { lease: string; atMs: number } | undefined
  let work: { term: number; stop: AbortController; done: Promise<void>; renewedMs: number } | undefined
  const stop = async (reason: string) => {
    if (!work) return
    log.info({ duty: name, term: work.term, reason }, 'a duty ends here')
    work.stop.abort()
    await work.done
    work = undefined
  }
  while (!signal.aborted) {
    const askedMs = performance.now()
    try {
      const isFree = (old: Lease | undefined) => {
        if (old?.beat === undefined) return true
        if (seen?.lease !== JSON.stringify(old)) seen = { lease: JSON.stringify(old), atMs: askedMs }
        return askedMs - seen.atMs > freeAfterMs
      }
      const now = await state.update<Lease>(PREFIX + name, (old) => {
        if (old?.hub === hub && old.beat !== undefined) return { ...old, beat: old.beat + 1 }
        return isFree(old) ? { hub, term: (old?.term ?? 0) + 1, beat: 0 } : old
      })
      if (work && (now?.hub !== hub || now.term !== work.term)) await stop('another hub has taken it over')
      if (now?.hub === hub) {
        if (!work) {
          log.info({ duty: name, term: now.term }, 'a duty begins here')
          const ending = new AbortController()
          const done = duty(now.term, ending.signal).catch((err) => {
            log.warn({ err, duty: name }, 'a duty failed, it begins again')
            if (work?.stop === ending) work = undefined
          })
          work = { term: now.term, stop: ending, done, renewedMs: askedMs }
        }
        work.renewedMs = askedMs
      }
    } catch (err) {
      log.warn({ err, duty: name }, 'the lease of a duty could not be renewed, will try again')
      // Others may take it from then on.
      if (work && performance.now() - work.renewedMs > freeAfterMs - everyMs)
        await stop('the state is away for too long')
    }
    await sleep(everyMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
  const { term } = work ?? {}
  await stop('this hub ends')
  if (term === undefined) return
  // Nobody has to wait for it. What fails here frees itself.
  await state
    .update<Lease>(PREFIX + name, (old) => (old?.hub === hub && old.term === term ? { hub, term } : old))
    .catch(() => undefined)
}
