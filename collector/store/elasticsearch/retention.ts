/**
 * Dropping what is too old or too much. Whole days go as indices, which costs nothing; where instances of one day have
 * ages of their own, the others' records are deleted one by one, which costs the cluster about what writing them did.
 */
import type { Client } from '@elastic/elasticsearch'
import { ageOf, type Retention } from '../store.ts'
import type { Catalog, DayIndex } from './catalog.ts'
import { ALL_RECORDS } from './names.ts'

const PAGE = 5000

interface Aged {
  newestMs: number
  /** Instances of the index; undefined where all have one age. */
  instances: string[] | undefined
  /** There are others. */
  hasMore: boolean
}

/** Resolves to the number of records dropped. */
export async function retain(
  client: Client,
  catalog: Catalog,
  retention: Retention,
  nowMs: number
): Promise<number> {
  if (retention.maxAgeMs === 0 && retention.maxBytes === 0 && !retention.ages?.size) return 0
  // What is closed can't be looked at; whoever closed it decides over it.
  const open = (await catalog.now()).filter(({ isClosed }) => !isClosed)
  const oldestFirst = open.toSorted((a, b) => a.day - b.day)
  let bytes = oldestFirst.reduce((sum, day) => sum + day.bytes, 0)
  let dropped = 0
  for (const day of oldestFirst) {
    const tooMuch = retention.maxBytes > 0 && bytes > retention.maxBytes
    const aged = await ageIn(client, day, retention)
    const old = (aged.instances ?? ['']).filter(
      (instance) => nowMs - aged.newestMs > ageOf(retention, instance)
    )
    if (tooMuch || (!aged.hasMore && old.length === (aged.instances ?? ['']).length)) {
      dropped += await deleteDay(client, day)
      bytes -= day.bytes
    } else if (old.length > 0) dropped += await deleteRecords(client, day, old)
  }
  catalog.stale()
  return dropped
}

async function ageIn(client: Client, day: DayIndex, { ages }: Retention): Promise<Aged> {
  const { aggregations } = await client.search({
    ...{ index: day.index, size: 0, track_total_hits: false },
    aggs: {
      newest: { max: { field: 'driftlog.time' } },
      ...(ages?.size ? { instances: { terms: { field: 'driftlog.instance', size: 60_000 } } } : {})
    }
  })
  const newest = (aggregations?.['newest'] as { value: number | null } | undefined)?.value
  const found = aggregations?.['instances'] as Buckets | undefined
  // Where nothing is found yet, something may just have been written.
  const newestMs = typeof newest === 'number' ? newest / 1e6 : Number.POSITIVE_INFINITY
  const hasMore = (found?.sum_other_doc_count ?? 0) > 0
  return { newestMs, instances: found?.buckets.map(({ key }) => key), hasMore }
}

interface Buckets {
  buckets: { key: string }[]
  sum_other_doc_count: number
}

async function deleteDay(client: Client, { index }: DayIndex): Promise<number> {
  const { count } = await client.count({ index })
  await client.indices.delete({ index })
  return count
}

async function deleteRecords(
  client: Client,
  { index }: DayIndex,
  instances: readonly string[]
): Promise<number> {
  let dropped = 0
  for (;;) {
    const { hits } = await client.search({
      ...{ index, size: PAGE, _source: false, track_total_hits: false },
      query: { terms: { 'driftlog.instance': [...instances] } }
    })
    if (hits.hits.length === 0) return dropped
    const { items } = await client.bulk({
      operations: hits.hits.map(({ _id = '' }) => ({ delete: { _index: index, _id } })),
      refresh: true
    })
    const gone = items.filter(({ delete: told }) => told?.status === 200).length
    dropped += gone
    if (gone === 0)
      throw new Error(`Records of ${ALL_RECORDS} could not be deleted: ${items[0]?.delete?.error?.reason}`)
  }
}
