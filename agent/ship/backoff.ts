export interface Backoff {
  minMs: number
  maxMs: number
}

/** Delays that double up to `maxMs`, each cut by up to half at random so that agents do not retry in step. */
export function* delays(
  { minMs, maxMs }: Backoff,
  random: () => number = Math.random
): Generator<number, never> {
  for (let ms = minMs; ; ms = Math.min(ms * 2, maxMs)) yield ms * (1 - random() / 2)
}

/** Ends early, without an error, when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
