import { EXIT } from './exit.ts'

/**
 * Aborts at the first Ctrl-C, SIGTERM or hang-up, so that everything is closed in order. A second Ctrl-C
 * ends the process at once. With `hangup: false` a hang-up is somebody else's to hear.
 */
export function untilStopped({
  hangup = true
} = {}): Disposable & { signal: AbortSignal; stopped: Promise<void> } {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted && signal === 'SIGINT') process.exit(EXIT.interrupted)
    controller.abort(new Error(`stopped by ${signal}`))
  }
  const signals = hangup ? (['SIGINT', 'SIGTERM', 'SIGHUP'] as const) : (['SIGINT', 'SIGTERM'] as const)
  for (const signal of signals) process.on(signal, stop)
  const stopped = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  return {
    signal: controller.signal,
    stopped,
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, stop)
    }
  }
}

/** For what fails because it was told to stop: that is no failure. */
export function unlessStopped({ signal }: { signal: AbortSignal }): (error: unknown) => undefined {
  return (error) => {
    if (!signal.aborted) throw error
    return undefined
  }
}

/**
 * The kernel lets the first process of a container ignore every signal for which it has no handler. Until a command
 * has one of its own, and for commands that never have, this does what the default would.
 */
export function endWhenAskedAsFirstProcess(): void {
  if (process.pid !== 1) return
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1]
  ] as const) {
    const end = () => {
      if (process.listenerCount(signal) === 1) process.exit(128 + number)
    }
    process.on(signal, end)
  }
}
