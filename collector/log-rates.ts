/** How much each instance has written since this hub began: lines, and how many of them are errors. */
import { type Batch, LEVELS } from './record.ts'

export interface Written {
  lines: number
  errors: number
}

const ERROR = LEVELS.indexOf('error')
/** Of instances that have long gone nobody asks; the oldest are forgotten. */
const MOST_INSTANCES = 100_000

export class LogRates {
  /** By instance; who wrote last stands last. */
  readonly #written = new Map<string, Written>()

  count(batches: readonly Batch[]): void {
    for (const { origin, records } of batches) {
      if (records.count === 0) continue
      const { instance } = origin
      const written = this.#written.get(instance) ?? { lines: 0, errors: 0 }
      written.lines += records.count
      for (let row = 0; row < records.count; row++)
        if ((records.level[row] as number) >= ERROR) written.errors++
      this.#written.delete(instance)
      this.#written.set(instance, written)
    }
    const [oldest] = this.#written.keys()
    if (this.#written.size > MOST_INSTANCES && oldest !== undefined) this.#written.delete(oldest)
  }

  of(instance: string): Written {
    return this.#written.get(instance) ?? { lines: 0, errors: 0 }
  }
}
