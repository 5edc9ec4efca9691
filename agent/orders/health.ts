/** Whether an instance is well, by asking it again and again as long as it runs. */
import type { HealthCheck } from '../protocol-orders.ts'
import { pause } from '../ship/backoff.ts'
import { asksNothing, type Probe } from './probe.ts'
import { within } from './within.ts'

/** In Docker's own words. */
export type HealthState = 'starting' | 'healthy' | 'unhealthy'

/** So many bad answers in a row make a healthy instance an unhealthy one, as Docker has it. */
const BAD_IN_A_ROW = 3

export class HealthWatch {
  state: HealthState = 'starting'
  tries = 0
  /** Why the last answer was no good one. */
  why: string | undefined
  readonly #check: HealthCheck
  readonly #probe: Probe
  readonly #startedMs: number
  readonly #changed: (state: HealthState) => void
  readonly #ending = new AbortController()
  #wake: (() => void) | undefined
  #good = 0
  #bad = 0

  constructor(check: HealthCheck, startedMs: number, probe: Probe, changed: (state: HealthState) => void) {
    this.#check = check
    this.#startedMs = startedMs
    this.#probe = probe
    this.#changed = changed
    this.#run().catch((error: Error) => {
      this.why = error.message
    })
  }

  close(): void {
    this.#ending.abort()
    this.#wake?.()
  }

  /** Resolves with the next answer, or after `ms`. */
  async answered(ms: number, signal: AbortSignal): Promise<void> {
    using limited = within(ms, signal)
    if (limited.signal.aborted) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      limited.signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#wake = undefined
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    const { everyMs } = this.#check
    // Where nothing is asked, the time it runs is the answer.
    if (asksNothing(this.#check)) await pause(everyMs - (Date.now() - this.#startedMs), signal)
    while (!signal.aborted) {
      const askedMs = Date.now()
      const why = await this.#probe(signal)
      this.tries++
      this.#take(why)
      this.#wake?.()
      await pause(everyMs - (Date.now() - askedMs), signal)
    }
  }

  #take(why: string | undefined): void {
    this.why = why
    this.#good = why === undefined ? this.#good + 1 : 0
    this.#bad = why === undefined ? 0 : this.#bad + 1
    const { successes, withinMs } = this.#check
    const late = Date.now() - this.#startedMs > withinMs
    // Of an instance that has run for long the agent knows nothing only because it was started anew itself.
    const needed = this.state === 'starting' && late ? 1 : successes
    if (this.state !== 'healthy' && this.#good >= needed) this.#turn('healthy')
    else if (this.state === 'healthy' && this.#bad >= BAD_IN_A_ROW) this.#turn('unhealthy')
    else if (this.state === 'starting' && late && this.#bad >= BAD_IN_A_ROW) this.#turn('unhealthy')
  }

  #turn(state: HealthState): void {
    this.state = state
    this.#changed(state)
  }
}
