/** Over so long the rate is told. */
export const RATE_SPAN_MS = 3000

/** Lines a second. */
export class Rate {
  #batches: { atMs: number; count: number }[] = []

  count(lines: number): void {
    this.#batches.push({ atMs: Date.now(), count: lines })
  }

  perSecond(): number {
    const nowMs = Date.now()
    this.#batches = this.#batches.filter((batch) => batch.atMs > nowMs - RATE_SPAN_MS)
    const count = this.#batches.reduce((sum, batch) => sum + batch.count, 0)
    return Math.round((count * 1000) / RATE_SPAN_MS)
  }
}
