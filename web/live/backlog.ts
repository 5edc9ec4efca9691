/** Records that waited while the reader had paused. */
import type { RecordJson } from '../../server/api/logs.ts'

/** So many records wait; of more only their number and their range are kept. */
const MOST_WAITING = 2000

interface Left {
  count: number
  from: string
  to: string
}

export class Backlog {
  #waiting: RecordJson[] = []
  #left: Left | undefined

  add(records: readonly RecordJson[]): void {
    this.#waiting = this.#waiting.concat(records)
    if (this.#waiting.length > MOST_WAITING)
      this.#leave(this.#waiting.splice(0, this.#waiting.length - MOST_WAITING))
  }

  /** The newest of them, and what was more than could wait. */
  takeAll(): { waiting: RecordJson[]; left: Left | undefined } {
    const all = { waiting: this.#waiting, left: this.#left }
    this.#waiting = []
    this.#left = undefined
    return all
  }

  #leave(records: readonly RecordJson[]): void {
    for (const { time } of records) {
      this.#left ??= { count: 0, from: time, to: time }
      this.#left.count++
      if (time < this.#left.from) this.#left.from = time
      if (time > this.#left.to) this.#left.to = time
    }
  }
}
