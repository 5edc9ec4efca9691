/**
 * How far this host's clock is ahead of the hub's, by the times that the hub puts into its answers. As in NTP
 * (RFC 5905, section 8), with the answer's way taken for half of the fastest round trip.
 */

/** So many answers count; an older one may be of a clock that was put right since. */
const SAMPLES = 16

interface Sample {
  /** This host's clock at the answer, minus the hub's when it answered. */
  aheadMs: number
  tripMs: number
}

export class Clock {
  readonly #samples: Sample[] = []

  /** An answer that says `hubMs`, to a request of `sentMs`, came at `receivedMs`. */
  add(sentMs: number, receivedMs: number, hubMs: number): void {
    if (receivedMs < sentMs) return
    this.#samples.push({ aheadMs: receivedMs - hubMs, tripMs: receivedMs - sentMs })
    if (this.#samples.length > SAMPLES) this.#samples.shift()
  }

  /** In whole ms, negative where this clock is behind; undefined before the first answer. */
  get offsetMs(): number | undefined {
    if (this.#samples.length === 0) return undefined
    const aheadMs = Math.min(...this.#samples.map((sample) => sample.aheadMs))
    const tripMs = Math.min(...this.#samples.map((sample) => sample.tripMs))
    return Math.round(aheadMs - tripMs / 2)
  }
}
