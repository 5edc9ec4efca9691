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
export async function untilAnswered<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  { signal, away, backoff = BACKOFF }: Waiting
): Promise<T> {
  const sinceMs = Date.now()
  for (const delayMs of delays(backoff)) {
    signal.throwIfAborted()
    try {
      return await ask(signal)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof EngineRefusal || error instanceof OrderFailure) throw error
      const { message } = error as Error
      if (Date.now() - sinceMs > AWAY_MS) {
        const text = `the engine does not answer: ${message}`
        throw new OrderFailure('DRIFTLOG_ENGINE_AWAY', text, { cause: error })
      }
      away(`the engine does not answer, will ask again: ${message}`)
      await pause(delayMs, signal)
    }
  }
  throw new Error('unreachable')
}

/** Until it was done, whatever the engine says meanwhile: what was begun has to be brought to its end. */
export async function untilDone<T>(
  act: (signal: AbortSignal) => Promise<T>,
  { signal, away, backoff = BACKOFF }: Waiting
): Promise<T> {
  for (const delayMs of delays(backoff)) {
    signal.throwIfAborted()
    try {
      return await act(signal)
    } catch (error) {
      signal.throwIfAborted()
      away(`will try again: ${(error as Error).message}`)
      await pause(delayMs, signal)
    }
  }
  throw new Error('unreachable')
}
