/**
 * Wrong secrets, counted per address and overall, wherever one is checked. Only the answer to a wrong one changes: a
 * right one always passes, so one broken agent can't lock out its neighbours, nor a stranger everybody.
 */
import { isIPv6 } from 'node:net'

/** Where a secret was checked. */
export type FailurePlace = 'api' | 'login' | 'join' | 'key' | 'hook'

export interface FailureLimits {
  windowMs: number
  perAddress: number
  overall: number
  /** Addresses that are remembered; beyond it the oldest is forgotten. */
  addresses: number
}

const LIMITS: FailureLimits = { windowMs: 60_000, perAddress: 20, overall: 1000, addresses: 10_000 }

interface Window {
  count: number
  sinceMs: number
}

/** Too many wrong secrets: come back after `retryAfterS` seconds. */
export class TokenFailuresError extends Error {
  readonly code = 'DRIFTLOG_TOKEN_FAILURES'
  readonly statusCode = 429
  readonly retryAfterS: number

  constructor(retryAfterS: number) {
    super('Too many wrong tokens came from this address. Wait, then try again with a valid one.')
    this.retryAfterS = retryAfterS
  }
}

export class Failures {
  readonly #nowMs: () => number
  readonly #limits: FailureLimits
  readonly #addresses = new Map<string, Window>()
  #overall: Window
  /** Wrong secrets since the start, and how many of them were answered with 429. */
  readonly counts: Record<FailurePlace, { wrong: number; limited: number }> = {
    api: { wrong: 0, limited: 0 },
    login: { wrong: 0, limited: 0 },
    join: { wrong: 0, limited: 0 },
    key: { wrong: 0, limited: 0 },
    hook: { wrong: 0, limited: 0 }
  }

  constructor(nowMs: () => number, limits: Partial<FailureLimits> = {}) {
    this.#nowMs = nowMs
    this.#limits = { ...LIMITS, ...limits }
    this.#overall = { count: 0, sinceMs: nowMs() }
  }

  /** Counts a wrong secret; what to answer it with: `refusal`, or that there were too many. */
  refuse<T extends Error>(place: FailurePlace, address: string, refusal: T): T | TokenFailuresError {
    const { windowMs, perAddress, overall } = this.#limits
    const nowMs = this.#nowMs()
    const own = this.#windowOf(neighbourhoodOf(address), nowMs)
    if (nowMs - this.#overall.sinceMs >= windowMs) this.#overall = { count: 0, sinceMs: nowMs }
    own.count++
    this.#overall.count++
    const counts = this.counts[place]
    counts.wrong++
    const full = own.count > perAddress ? own : this.#overall.count > overall ? this.#overall : undefined
    if (!full) return refusal
    counts.limited++
    return new TokenFailuresError(Math.max(1, Math.ceil((full.sinceMs + windowMs - nowMs) / 1000)))
  }

  /** Newest last, so that the one forgotten is the one that was quiet longest. */
  #windowOf(address: string, nowMs: number): Window {
    const known = this.#addresses.get(address)
    const window =
      known && nowMs - known.sinceMs < this.#limits.windowMs ? known : { count: 0, sinceMs: nowMs }
    this.#addresses.delete(address)
    this.#addresses.set(address, window)
    const [oldest] = this.#addresses.keys()
    if (this.#addresses.size > this.#limits.addresses && oldest !== undefined) this.#addresses.delete(oldest)
    return window
  }
}

/** Whoever has an IPv6 address has 2^64 of them: they count as one. */
function neighbourhoodOf(address: string): string {
  const mapped = address.replace(/^::ffff:(?=\d+\.)/i, '')
  if (!isIPv6(mapped)) return mapped
  const [head = '', tail = ''] = mapped.split('::')
  const front = head === '' ? [] : head.split(':')
  const back = tail === '' ? [] : tail.split(':')
  const middle = mapped.includes('::')
    ? Array<string>(Math.max(0, 8 - front.length - back.length)).fill('0')
    : []
  return `${[...front, ...middle, ...back].slice(0, 4).join(':')}::/64`
}
