import { useEffect, useState } from 'react'
import { asError } from '../api/as-error.ts'
import { wasAborted } from '../api/client.ts'
import { usePage } from './page.ts'
import { useStore } from './store.ts'

export interface Answered<T> {
  /** To the last question that was answered; stays while the next one runs. */
  answer: T | undefined
  /** Why there is no newer one. */
  error: Error | undefined
  again(): void
}

/**
 * What the hub answers: asked when the question is another one, after a login, and again when somebody wants it.
 * @param question Tells one question from another; without one nothing is asked.
 */
export function useAnswer<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  question: readonly (string | number)[] | undefined
): Answered<T> {
  const round = useStore(usePage().login.round)
  const [times, setTimes] = useState(0)
  const [answer, setAnswer] = useState<T>()
  const [error, setError] = useState<Error>()
  const key = JSON.stringify(question)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for what is asked.
  useEffect(() => {
    if (key === undefined) return
    const stop = new AbortController()
    ask(stop.signal).then(
      (next) => {
        if (stop.signal.aborted) return
        setAnswer(() => next)
        setError(undefined)
      },
      (reason: unknown) => {
        if (!stop.signal.aborted && !wasAborted(reason)) setError(asError(reason))
      }
    )
    return () => stop.abort()
  }, [key, round, times])
  return { answer, error, again: () => setTimes((count) => count + 1) }
}
