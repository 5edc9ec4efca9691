/** How much there is and whether the cluster answers, as far as this hub has last seen. */
import type { Client } from '@elastic/elasticsearch'
import type { Logger } from 'pino'
import type { Batch } from '../../record.ts'
import { StoreAwayError } from '../store.ts'
import type { Catalog } from './catalog.ts'
import { isPassing, reasonOf } from './cluster.ts'
import { ALL_RECORDS } from './names.ts'

export class Standing {
  records = 0
  bytes = 0
  oldest: bigint | undefined
  newest: bigint | undefined
  /** Why the cluster can't be written to; absent while it can. */
  away?: string
  /** Why it takes nothing from this hub, though it answers. */
  refused?: string
  readonly #client: Client
  readonly #catalog: Catalog
  readonly #log: Pick<Logger, 'warn'>

  constructor(client: Client, catalog: Catalog, log: Pick<Logger, 'warn'>) {
    this.#client = client
    this.#catalog = catalog
    this.#log = log
  }

  /** What was just written counts at once; the next look puts it right. */
  count(shares: readonly { batch: Batch; rows: readonly number[] }[], created: number): void {
    this.records += created
    for (const { batch, rows } of shares) {
      const { timeMs, nanos, text } = batch.records
      // About: the cluster says what it takes on its disks.
      this.bytes += text.byteLength
      const edges = edgesOf(timeMs, nanos, rows)
      for (const row of edges) {
        const time = BigInt(timeMs[row] ?? 0) * 1_000_000n + BigInt(nanos[row] ?? 0)
        if (this.oldest === undefined || time < this.oldest) this.oldest = time
        if (this.newest === undefined || time > this.newest) this.newest = time
      }
    }
  }

  /** Asks the cluster. Never rejects. */
  async look(): Promise<void> {
    try {
      const indices = await this.#catalog.now()
      const [oldest, newest] =
        indices.length > 0 ? await Promise.all([this.#edge('asc'), this.#edge('desc')]) : []
      this.records = indices.reduce((sum, { records }) => sum + records, 0)
      this.bytes = indices.reduce((sum, { bytes }) => sum + bytes, 0)
      this.oldest = oldest
      this.newest = newest
      delete this.away
    } catch (error) {
      const reason = reasonOf(error)
      if (!isPassing(error)) this.#log.warn({ reason }, 'the cluster could not be looked at')
      this.away = new StoreAwayError(reason).message
    }
  }

  /** Time of the first or the last record. */
  async #edge(order: 'asc' | 'desc'): Promise<bigint | undefined> {
    const { hits } = await this.#client.search<{ driftlog: { time: string } }>({
      ...{ index: ALL_RECORDS, size: 1, track_total_hits: false, ignore_unavailable: true },
      sort: [{ 'driftlog.time': order }],
      _source: ['driftlog.time']
    })
    const time = hits.hits[0]?._source?.driftlog.time
    return time === undefined ? undefined : BigInt(time)
  }
}

/** The rows with the first and the last time. */
function edgesOf(timeMs: Float64Array, nanos: Uint32Array, rows: readonly number[]): number[] {
  const isBefore = (a: number, b: number) => {
    const [aMs = 0, bMs = 0] = [timeMs[a], timeMs[b]]
    return aMs < bMs || (aMs === bMs && (nanos[a] ?? 0) < (nanos[b] ?? 0))
  }
  let [first, last] = [rows[0] ?? 0, rows[0] ?? 0]
  for (const row of rows) {
    if (isBefore(row, first)) first = row
    if (isBefore(last, row)) last = row
  }
  return [first, last]
}
