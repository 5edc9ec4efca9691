import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { StatsStore } from '../collector/stats/store.ts'
import type { LogStore, Retention } from '../collector/store/store.ts'

const EVERY_MS = 60_000

/**
 * Drops what is too old or too much, now and then once a minute, until the signal aborts. `ages` are those of
 * instances that have their own.
 */
export async function keepRetention(
  logs: Pick<LogStore, 'retain'>,
  retention: Retention,
  ages: () => ReadonlyMap<string, number>,
  log: Logger,
  signal: AbortSignal
): Promise<void> {
  while (!signal.aborted) {
    try {
      const dropped = await logs.retain({ ...retention, ages: ages() }, Date.now())
      if (dropped > 0) log.info({ dropped, ...retention }, 'retention dropped records')
    } catch (err) {
      log.error({ err }, 'retention failed, will try again')
    }
    await setTimeout(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

/** Makes blocks of stats whose time is over and drops old ones, once a minute, until the signal aborts. */
export async function keepTidy(
  stats: Pick<StatsStore, 'tidy'>,
  log: Logger,
  signal: AbortSignal
): Promise<void> {
  while (!signal.aborted) {
    try {
      await stats.tidy()
    } catch (err) {
      log.error({ err }, 'stats could not be tidied, will try again')
    }
    await setTimeout(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}
