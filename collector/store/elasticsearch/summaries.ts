/** The first and the last record of each origin, and how many there are. */
import type { OriginSummary } from '../store.ts'
import type { DayIndex } from './catalog.ts'
import type { Reader } from './question.ts'

const PAGE = 1000

interface Sum {
  first: bigint
  last: bigint
  count: number
}

interface Edge {
  hits: { hits: { _source: { driftlog: { time: string } } }[] }
}

interface Bucket {
  key: { origin: string }
  doc_count: number
  first: Edge
  last: Edge
}

export class Summaries {
  readonly #reader: Reader
  /** Sums of indices that did not change since they were made. */
  readonly #known = new Map<string, { state: string; byOrigin: Map<string, Sum> }>()

  constructor(reader: Reader) {
    this.#reader = reader
  }

  async list(): Promise<OriginSummary[]> {
    const indices = await this.#reader.catalog.now()
    const listed = new Set(indices.map(({ index }) => index))
    for (const index of this.#known.keys()) if (!listed.has(index)) this.#known.delete(index)
    const total = new Map<string, Sum>()
    for (const day of indices) {
      const before = this.#known.get(day.index)
      const state = `${day.records} records, ${day.deleted} deleted`
      const byOrigin = before?.state === state ? before.byOrigin : await sumOf(this.#reader, day)
      this.#known.set(day.index, { state, byOrigin })
      for (const [id, sum] of byOrigin) total.set(id, together(total.get(id), sum))
    }
    const { origins } = this.#reader
    await origins.know(total.keys())
    return [...total].flatMap(([id, sum]) => {
      const origin = origins.get(id)
      return origin ? [{ origin, ...sum }] : []
    })
  }
}

function together(a: Sum | undefined, b: Sum): Sum {
  const sum = { ...b, count: b.count + (a?.count ?? 0) }
  if (a && a.first < b.first) sum.first = a.first
  if (a && a.last > b.last) sum.last = a.last
  return sum
}

/** The cluster's smallest and largest are doubles, which do not hold nanoseconds: the records themselves tell. */
async function sumOf({ client }: Reader, { index }: DayIndex): Promise<Map<string, Sum>> {
  const edge = (order: 'asc' | 'desc') => ({
    top_hits: { size: 1, sort: [{ 'driftlog.time': order }], _source: ['driftlog.time'] }
  })
  const byOrigin = new Map<string, Sum>()
  let after: Record<string, string> | undefined
  do {
    const { aggregations } = await client.search({
      ...{ index, size: 0, track_total_hits: false, ignore_unavailable: true },
      aggs: {
        origins: {
          composite: {
            size: PAGE,
            sources: [{ origin: { terms: { field: 'driftlog.origin' } } }],
            ...(after ? { after } : {})
          },
          aggs: { first: edge('asc'), last: edge('desc') }
        }
      }
    } as never)
    const told = aggregations?.['origins'] as
      | { buckets: Bucket[]; after_key?: Record<string, string> }
      | undefined
    for (const { key, doc_count: count, first, last } of told?.buckets ?? [])
      byOrigin.set(key.origin, { first: timeOf(first), last: timeOf(last), count })
    after = told?.after_key
  } while (after)
  return byOrigin
}

function timeOf({ hits }: Edge): bigint {
  return BigInt(hits.hits[0]?._source.driftlog.time ?? 0)
}
