import { BusyError } from './errors.ts'

export interface GateLimits {
  /** Jobs that run at the same time. */
  concurrent: number
  /** Jobs that may wait for their turn; one more is refused. */
  waiting: number
}

/** Lets a few jobs run, some wait in order, and refuses the rest, so that a rush can't take the whole hub. */
export class Gate {
  readonly #limits: GateLimits
  readonly #queue = new Set<() => void>()
  #running = 0
  /** Jobs refused since the start. */
  refused = 0

  constructor(limits: GateLimits) {
    this.#limits = limits
  }

  get running(): number {
    return this.#running
  }

  get waiting(): number {
    return this.#queue.size
  }

  /** Throws BusyError at once when too many wait, and the signal's reason when it aborts before the turn comes. */
  async run<T>(signal: AbortSignal, job: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    if (this.#running >= this.#limits.concurrent) await this.#turn(signal)
    else this.#running++
    try {
      return await job()
    } finally {
      this.#pass()
    }
  }

  /** The place of the job that ended goes to the first that waits. */
  #pass(): void {
    const [next] = this.#queue
    if (!next) this.#running--
    else {
      this.#queue.delete(next)
      next()
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    if (this.#queue.size >= this.#limits.waiting) {
      this.refused++
      throw new BusyError(this.#limits.concurrent, this.#limits.waiting)
    }
    return new Promise((resolve, reject) => {
      const start = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        this.#queue.delete(start)
        reject(signal.reason)
      }
      this.#queue.add(start)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
