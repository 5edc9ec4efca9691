/** Tells followers what changed. A slow follower gets the latest of each thing, so what waits stays bounded. */
import { once } from 'node:events'

export class Changes<T> {
  readonly #followers = new Set<(key: string, change: T) => void>()

  /** `key` names the thing: a newer change of it replaces one that still waits. */
  tell(key: string, change: T): void {
    for (const follower of this.#followers) follower(key, change)
  }

  /** Changes from now on, until `signal` aborts. */
  follow(signal: AbortSignal): AsyncIterable<T> {
    const waiting = new Map<string, T>()
    const bell = new EventTarget()
    const follower = (key: string, change: T) => {
      waiting.set(key, change)
      bell.dispatchEvent(new Event('ring'))
    }
    // From the call on, not from the first read.
    if (!signal.aborted) this.#followers.add(follower)
    const stop = () => this.#followers.delete(follower)
    signal.addEventListener('abort', stop, { once: true })
    return drain(waiting, bell, signal, stop)
  }
}

async function* drain<T>(
  waiting: Map<string, T>,
  bell: EventTarget,
  signal: AbortSignal,
  stop: () => void
): AsyncGenerator<T, void> {
  try {
    while (!signal.aborted) {
      if (waiting.size === 0) {
        await once(bell, 'ring', { signal }).catch(() => undefined)
        continue
      }
      for (const [key, change] of [...waiting]) {
        waiting.delete(key)
        yield change
        if (signal.aborted) return
      }
    }
  } finally {
    stop()
    signal.removeEventListener('abort', stop)
  }
}
