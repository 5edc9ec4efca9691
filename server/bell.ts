import { setTimeout as sleep } from 'node:timers/promises'

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
