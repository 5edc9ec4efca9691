/** 0.5, 1, 2 … 15 s, each cut by up to a third at random so that tabs do not come back in step. */
export function* delays(random: () => number = Math.random): Generator<number, never> {
  for (let ms = 500; ; ms = Math.min(ms * 2, 15_000)) yield ms * (1 - random() / 3)
}

/** Ends early, and never rejects, when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
