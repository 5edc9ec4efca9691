/** Work that is done again: when a bell rings, when a schedule says so, after a while, or soon where it has failed. */
import { setTimeout as sleep } from 'node:timers/promises'
import { schedule } from 'node-cron'
import type { Logger } from 'pino'

/** Wakes whoever waits. Rung several times meanwhile, it has rung once. */
export class Bell {
  #rung = false
  #wake: () => void = () => {}

  ring(): void {
    this.#rung = true
    this.#wake()
  }

  /** True once it has rung since it was waited for last; false after `mostMs`, or when the signal aborts. */
  async wait(mostMs: number, signal: AbortSignal): Promise<boolean> {
    const heard = new AbortController()
    const wake = () => heard.abort()
    this.#wake = wake
    if (this.#rung || signal.aborted) wake()
    signal.addEventListener('abort', wake, { once: true })
    await sleep(mostMs, undefined, { signal: heard.signal, ref: false }).catch(() => undefined)
    signal.removeEventListener('abort', wake)
    const rung = this.#rung
    this.#rung = false
    return rung
  }
}

/** What goes wrong again and again is told once, and that it is over. */
export class Trouble {
  /** What went wrong last, while it does. */
  reason?: string
  readonly #log: Pick<Logger, 'info' | 'warn'>
  readonly #words: { begun: string; over: string }

  constructor(log: Pick<Logger, 'info' | 'warn'>, words: { begun: string; over: string }) {
    this.#log = log
    this.#words = words
  }

  tell(reason: string): void {
    if (this.reason !== reason) this.#log.warn({ reason }, this.#words.begun)
    this.reason = reason
  }

  over(): void {
    if (this.reason !== undefined) this.#log.info(this.#words.over)
    delete this.reason
  }
}

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
