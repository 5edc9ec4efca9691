import { EXIT } from './exit.ts'

/**
 * Aborts at the first Ctrl-C, SIGTERM or hang-up, so that everything is closed in order. A second Ctrl-C
 * ends the process at once.
 */
export function untilStopped(): Disposable & { signal: AbortSignal; stopped: Promise<void> } {
  const controller = new AbortController()
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted && signal === 'SIGINT') process.exit(EXIT.interrupted)
    controller.abort(new Error(`stopped by ${signal}`))
  }
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
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
