import { useEffect, useState } from 'react'
import type { RecordJson } from '../../server/api/logs.ts'
import { useStore } from '../state/store.ts'
import type { Feed } from './feed.ts'
import { timeOf } from './order.ts'
import type { Source } from './source.ts'

/**
 * Nothing found in a range that was searched whole: time of the newest match before it. Null where there is none,
 * undefined while nobody knows.
 */
export function useNearest({ source, status, view, tail }: Feed): string | null | undefined {
  const { phase, older, from } = useStore(status)
  const [nearest, setNearest] = useState<string | null>()
  const isAsked = phase === 'shown' && older.kind === 'end' && view.ctx === '' && !tail
  useEffect(() => {
    setNearest(undefined)
    if (!isAsked || from === undefined) return
    // the list says already that nothing was found; a nearest match is a kindness
    nearestBefore(source, from).then(setNearest, () => undefined)
  }, [source, isAsked, from])
  return nearest
}

async function nearestBefore(
  { client, asked, signal }: Source,
  before: string
): Promise<string | null | undefined> {
  const found: RecordJson[] = []
  const question = { ...asked, from: timeOf(0n), to: before, limit: 1, direction: 'older' as const }
  const page = await client.search(question, (records) => found.push(...records), signal)
  return found[0]?.time ?? (page.coverage.complete ? null : undefined)
}
