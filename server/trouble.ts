import type { Logger } from 'pino'

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
