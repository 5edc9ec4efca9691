/** Wakes everybody who waits, as often as it rings. */
export class Bell {
  readonly #waiting = new Set<{ resolve: () => void; reject: (error: unknown) => void }>()
  #broken: unknown

  ring(): void {
    for (const waiter of this.#waiting) waiter.resolve()
    this.#waiting.clear()
  }

  /** Everybody who waits, or will, is refused. */
  break(error: unknown): void {
    this.#broken = error
    for (const waiter of this.#waiting) waiter.reject(error)
    this.#waiting.clear()
  }

  /** Resolves at the next ring. Rejects with the signal's reason, or when the bell is broken. */
  wait(signal?: AbortSignal): Promise<void> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken)
    if (signal?.aborted) return Promise.reject(signal.reason)
    return new Promise((resolve, reject) => {
      const onAbort = () => {
        this.#waiting.delete(waiter)
        reject(signal?.reason)
      }
      const waiter = {
        resolve: () => {
          signal?.removeEventListener('abort', onAbort)
          resolve()
        },
        reject: (error: unknown) => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        }
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      this.#waiting.add(waiter)
    })
  }
}
