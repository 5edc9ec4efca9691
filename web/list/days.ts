import { useMemo } from 'react'
import type { RecordJson } from '../../server/api/logs.ts'
import type { Feed } from './feed.ts'

/** True where the loaded rows lie on more than one day of UTC. */
export function useSpansDays(feed: Feed, version: number): boolean {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the rows change in place; their version tells
  return useMemo(() => {
    const day = (record: RecordJson | undefined) => record?.time.slice(0, 10)
    return day(feed.rows.first()) !== day(feed.rows.last())
  }, [feed, version])
}
