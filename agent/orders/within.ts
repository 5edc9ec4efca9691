/** Time limits of calls that are made again and again under one signal that lives as long as the agent. */

export interface Limited extends Disposable {
  signal: AbortSignal
  /** The time was over. */
  readonly isLate: boolean
}

/**
 * Aborted after `ms`, or with `signal`. Disposed, it leaves nothing behind: AbortSignal.any keeps some bytes at a signal
 * that lives on, for each call.
 */
export function within(ms: number, signal: AbortSignal): Limited {
  const own = new AbortController()
  let isLate = false
  const stop = () => own.abort(signal.reason)
  const timer = setTimeout(() => {
    isLate = true
    own.abort(new Error(`no answer within ${ms} ms`))
  }, ms)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return {
    signal: own.signal,
    get isLate() {
      return isLate
    },
    [Symbol.dispose]: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  }
}
