/** Engines are restarted and updated while orders are carried out: whoever does not answer is asked again. */
import { EngineRefusal } from '../docker/engine.ts'
import { type Backoff, delays, pause } from '../ship/backoff.ts'
import { OrderFailure } from './codes.ts'

const BACKOFF: Backoff = { minMs: 250, maxMs: 5000 }
/** So long an engine is waited for before the new instance counts. */
export const AWAY_MS = 300_000

export interface Waiting {
  signal: AbortSignal
  /** Told while the engine does not answer. */
  away: (text: string) => void
  backoff?: Backoff
}

/**
 * Until the engine has answered; a refusal of its is thrown. Throws DRIFTLOG_ENGINE_AWAY after `AWAY_MS`, and the
 * signal's reason.
 */
export function untilAnswered<T>(ask: (signal: AbortSignal) => Promise<T>, waiting: Waiting): Promise<T> {
  const sinceMs = Date.now()
  return again(ask, waiting, (error) => {
    if (error instanceof EngineRefusal || error instanceof OrderFailure) throw error
    if (Date.now() - sinceMs > AWAY_MS) {
      const text = `the engine does not answer: ${error.message}`
      throw new OrderFailure('DRIFTLOG_ENGINE_AWAY', text, { cause: error })
    }
    return `the engine does not answer, will ask again: ${error.message}`
  })
}

/** Until it was done, whatever the engine says meanwhile: what was begun has to be brought to its end. */
export function untilDone<T>(act: (signal: AbortSignal) => Promise<T>, waiting: Waiting): Promise<T> {
  return again(act, waiting, (error) => `will try again: ${error.message}`)
}

/** `failed` says what is told of an error, or throws what ends it. */
async function again<T>(
  act: (signal: AbortSignal) => Promise<T>,
  { signal, away, backoff = BACKOFF }: Waiting,
  failed: (error: Error) => string
): Promise<T> {
  for (const delayMs of delays(backoff)) {
    signal.throwIfAborted()
    try {
      return await act(signal)
    } catch (error) {
      signal.throwIfAborted()
      away(failed(error as Error))
      await pause(delayMs, signal)
    }
  }
  throw new Error('unreachable')
}
