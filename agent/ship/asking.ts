/** Asks the hub until it answers, and knows how the conversation stands. */
import type { Logger } from 'pino'
import type { Metrics } from '../metrics.ts'
import { type Backoff, delays, pause } from './backoff.ts'
import type { Outcome } from './outcome.ts'

interface AskingOptions {
  metrics: Metrics
  log: Logger
  backoff?: Backoff | undefined
}

/** How the conversation stands, for /healthz. */
export interface Standing {
  connected: boolean
  /** Why not. */
  problem: string | undefined
}

/** A hub that is back is found within seconds; one that is there and busy says itself how long to wait. */
const BACKOFF: Backoff = { minMs: 200, maxMs: 3000 }
/** A refusal needs a person; until then the hub is asked this seldom. */
const REFUSED_BACKOFF: Backoff = { minMs: 10_000, maxMs: 60_000 }

export class Asking {
  readonly #options: AskingOptions
  readonly #stop: AbortSignal
  readonly standing: Standing = { connected: false, problem: 'not connected yet' }

  constructor(options: AskingOptions, signal: AbortSignal) {
    this.#options = options
    this.#stop = signal
  }

  /** Until an answer that is not "later". Undefined: the agent ends. */
  async untilAnswered<T>(ask: () => Promise<Outcome<T>>): Promise<Outcome<T> | undefined> {
    const { log, metrics } = this.#options
    for (const delayMs of delays(this.#options.backoff ?? BACKOFF)) {
      const outcome = await ask()
      if (outcome.kind !== 'retry') {
        if (!this.standing.connected && outcome.kind === 'accepted') {
          if (metrics.retries > 0) log.info('the hub answers')
          this.standing.connected = true
          this.standing.problem = undefined
        }
        return outcome
      }
      if (this.#stop.aborted) return undefined
      metrics.retries++
      const { reason, afterMs = 0 } = outcome
      // Asked to wait, agents must not come back all at once.
      const retryInMs = Math.round(Math.max(delayMs, afterMs * (1 + Math.random() / 2)))
      if (this.standing.problem !== reason)
        log.warn({ reason, retryInMs }, 'the hub does not answer, will try again')
      this.standing.connected = false
      this.standing.problem = reason
      await pause(retryInMs, this.#stop)
      if (this.#stop.aborted) return undefined
    }
    return undefined
  }

  /** Until it is accepted: a refusal is told loudly and asked again later. */
  async insist<T>(ask: () => Promise<Outcome<T>>): Promise<T | undefined> {
    for (const delayMs of delays(REFUSED_BACKOFF)) {
      const outcome = await this.untilAnswered(ask)
      if (outcome === undefined) return undefined
      if (outcome.kind === 'accepted') return outcome.value
      if (outcome.kind === 'refused') await this.refused(outcome.code, outcome.message, delayMs)
      else await pause(delayMs, this.#stop)
      if (this.#stop.aborted) return undefined
    }
    return undefined
  }

  /** Told loudly; resolves when it may be asked again. */
  async refused(code: string, reason: string, retryInMs = REFUSED_BACKOFF.minMs): Promise<void> {
    this.standing.connected = false
    this.standing.problem = `${code}: ${reason}`
    this.#options.log.error({ code, reason, retryInMs }, 'the hub refuses this agent, logs wait on this host')
    await pause(retryInMs, this.#stop)
  }
}
