/**
 * How far this host's clock is ahead of the hub's, by the times that the hub puts into its answers. The hub had the
 * request between question and answer, so each answer bounds the difference from both sides, and all of them together bound it
 * closely (the intersection that NTP begins with: RFC 5905, section 11.2.1).
 */

/** So many answers count; an older one may be of a clock that was put right since. */
const SAMPLES = 16

interface Answered {
  sentMs: number
  receivedMs: number
  hubMs: number
  /** Where the hub says it. */
  tookMs?: number
}

interface Bounds {
  /** In ms. */
  least: number
  most: number
}

export class Clock {
  readonly #samples: Bounds[] = []

  /**
   * An answer that says `hubMs`, to a request of `sentMs`, came at `receivedMs`; the hub had the request for `tookMs` by
   * then.
   */
  add({ sentMs, receivedMs, hubMs, tookMs = 0 }: Answered): void {
    if (receivedMs < sentMs) return
    this.#samples.push({ least: sentMs - (hubMs - tookMs), most: receivedMs - hubMs })
    if (this.#samples.length > SAMPLES) this.#samples.shift()
  }

  /**
   * In whole ms, negative where this clock is behind; 0 where it may well be right. Undefined before the first answer.
   */
  get offsetMs(): number | undefined {
    const last = this.#samples.at(-1)
    if (!last) return undefined
    const all = {
      least: Math.max(...this.#samples.map(({ least }) => least)),
      most: Math.min(...this.#samples.map(({ most }) => most))
    }
    // Where they contradict each other the clock was put right meanwhile: the last one knows.
    const { least, most } = all.least <= all.most ? all : last
    return least <= 0 && most >= 0 ? 0 : Math.round((least + most) / 2)
  }
}
