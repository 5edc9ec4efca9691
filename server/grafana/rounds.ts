/** Work that is done again: when a bell rings, when a schedule says so, after a while, or soon where it has failed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { schedule } from 'node-cron'
import type { Bell } from '../bell.ts'
import type { Trouble } from '../trouble.ts'

export interface Beat {
  bell: Bell
  trouble: Trouble
  /** As cron has it, by the time zone of this process. */
  cron?: string
  /** At the latest after so long, where nothing else asks for it. */
  everyMs?: number
  /** After so long where it has failed. */
  retryMs: number
  /** What rings within so long is done in one. */
  gatherMs: number
}

/** The longest that a timer takes: three weeks. */
const LONGEST_MS = 2 ** 31 - 1

/** The first round is at once; until the signal aborts. Never rejects. */
export async function inRounds(round: () => Promise<void>, beat: Beat, signal: AbortSignal): Promise<void> {
  const { bell, trouble, cron, everyMs = LONGEST_MS, retryMs, gatherMs } = beat
  const task = cron === undefined ? undefined : schedule(cron, () => bell.ring(), { unref: true })
  // The event loop was held up at that moment; late is as good.
  task?.on('execution:missed', () => bell.ring())
  while (!signal.aborted) {
    try {
      await round()
      trouble.over()
    } catch (error) {
      // What was cut off by the end is no trouble.
      if (!signal.aborted) trouble.tell((error as Error).message)
    }
    const rung = await bell.wait(trouble.reason === undefined ? everyMs : retryMs, signal)
    if (rung) await sleep(gatherMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
  await task?.destroy()
}
