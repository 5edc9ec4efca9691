import { useEffect, useState } from 'react'
import { asError } from '../api/as-error.ts'
import { wasAborted } from '../api/client.ts'
import type { Feed } from '../list/feed.ts'
import type { GapRow } from '../list/rows.ts'
import { usePage } from '../state/page.ts'
import { Store, useStore } from '../state/store.ts'
import { placeOf } from './told.ts'

/** What is still on its way is asked for again. */
const AGAIN_MS = 10_000
const NEVER = new Store(0)

/** Asks whether the rows of the feed are everything, and puts the gaps among them. */
export function useCompleteness(feed: Feed): Error | undefined {
  const { client } = usePage()
  const { phase, from, to, older, newer } = useStore(feed.status)
  const told = useStore(feed.tail?.gaps ?? NEVER)
  const answer = useStore(feed.missing)
  const [tick, setTick] = useState(0)
  const [error, setError] = useState<Error>()
  const isShown = phase === 'shown'
  const isLive = feed.tail !== undefined

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again where the tail tells of a gap, and by the clock.
  useEffect(() => {
    if (!isShown || from === undefined || to === undefined) return
    const stop = new AbortController()
    const { app, environment } = feed.view
    client.completeness({ app, environment, from, to: isLive ? 'now' : to }, stop.signal).then(
      (next) => {
        setError(undefined)
        feed.missing.set(next)
      },
      (reason: unknown) => {
        if (!wasAborted(reason)) setError(asError(reason))
      }
    )
    return () => stop.abort()
  }, [client, feed, isShown, from, to, isLive, told, tick])

  const isOpen = isLive || answer?.verdict === 'behind'
  useEffect(() => {
    if (!isOpen) return
    const timer = setInterval(() => setTick((n) => n + 1), AGAIN_MS)
    return () => clearInterval(timer)
  }, [isOpen])

  useEffect(() => {
    const rows = (answer?.gaps ?? []).map((gap): GapRow => {
      const key = `gap ${gap.instance} ${gap.stream} ${gap.generation ?? ''} ${gap.offset ?? ''} ${gap.told}`
      return { kind: 'gap', key, time: placeOf(gap), gap }
    })
    feed.rows.setGaps(rows, older.kind === 'end', isLive || newer.kind === 'end')
  }, [feed, answer, older.kind, newer.kind, isLive])
  return error
}
