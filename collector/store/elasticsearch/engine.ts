/** The engine for those who outgrow one machine: records and their positions live in an Elasticsearch cluster. */
import { setImmediate, setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import type { Logger } from 'pino'
import type { Batch, GenerationState, LogRecord } from '../../record.ts'
import type { Step } from '../steps.ts'
import {
  type Arrival,
  type Bounds,
  type Context,
  type ContextAsked,
  type Facets,
  type FacetsAsked,
  type FollowAsked,
  type Histogram,
  type LogStore,
  type OriginSummary,
  type Page,
  type PageAsked,
  type Query,
  type Retention,
  StoreAwayError,
  type StoreHealth,
  StoreRefusedError,
  type StreamKey
} from '../store.ts'
import { BulkWriter } from './bulk.ts'
import { Catalog } from './catalog.ts'
import { isPassing, patiently, reasonOf, startErrorOf, storeErrorOf } from './cluster.ts'
import { facets, histogram } from './count.ts'
import { type Place, placeOfGeneration } from './document.ts'
import { replaceDiffering } from './existing.ts'
import { follow, Pulse } from './follow.ts'
import { Leftovers, type Stretch } from './leftovers.ts'
import { Origins } from './origins.ts'
import { Positions } from './positions.ts'
import type { Reader } from './question.ts'
import { retain } from './retention.ts'
import { context, find, search } from './search.ts'
import { Standing } from './standing.ts'
import { Summaries } from './summaries.ts'
import { ensureTemplates, type Layout } from './template.ts'
import { type Documents, DocumentWriter } from './writer.ts'

export interface ElasticsearchOptions {
  client: Client
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  layout: Layout
  /** Tests: searches see at once what was written. */
  refresh?: boolean
  /** Milliseconds for which a write is tried again before agents are told that the cluster is away. */
  patienceMs?: number
  /** Ends the wait for a cluster that does not answer yet. */
  signal?: AbortSignal
  /** Milliseconds between two looks for what has arrived, while somebody follows. */
  followEveryMs?: number
  /** Records of which fields are counted. */
  facetSample?: number
}

const PATIENCE_MS = 20_000
/** A cluster that is just starting is waited for. */
const OPEN_PATIENCE_MS = 120_000
const OPEN_PAUSE_MS = 1000
const FOLLOW_EVERY_MS = 700
const FACET_SAMPLE = 20_000
const HEALTH_EVERY_MS = 10_000
/** Making documents keeps others from their turn for about so long. */
const SLICE_MS = 5
const SLICE_ROWS = 250

/** What of a batch is written. */
interface Share {
  batch: Batch
  rows: number[]
  /** Of the generation. */
  number: number
  place: Place
  /** The batch's place among all. */
  index: number
}

export class ElasticsearchLogStore implements LogStore {
  readonly #client: Client
  readonly #options: ElasticsearchOptions
  readonly #origins: Origins
  readonly #catalog: Catalog
  readonly #positions: Positions
  readonly #leftovers: Leftovers
  readonly #writer = new DocumentWriter()
  readonly #bulk: BulkWriter
  readonly #pulse: Pulse
  readonly #reader: Reader
  readonly #summaries: Summaries
  readonly #standing: Standing
  readonly #timer: NodeJS.Timeout
  #appended = 0
  #existing = 0
  #replaced = 0
  #arrivals = 0

  private constructor(options: ElasticsearchOptions) {
    const { client, refresh = false, patienceMs = PATIENCE_MS, followEveryMs = FOLLOW_EVERY_MS } = options
    this.#client = client
    this.#options = options
    this.#origins = new Origins(client, options.log)
    this.#catalog = new Catalog(client)
    this.#positions = new Positions(client)
    this.#leftovers = new Leftovers(client)
    this.#bulk = new BulkWriter(client, { patienceMs, refresh, log: options.log })
    this.#pulse = new Pulse(client, followEveryMs)
    this.#reader = { client, catalog: this.#catalog, origins: this.#origins }
    this.#summaries = new Summaries(this.#reader)
    this.#standing = new Standing(client, this.#catalog, options.log)
    this.#timer = setInterval(() => void this.#standing.look(), HEALTH_EVERY_MS)
    this.#timer.unref()
  }

  /** Rejects with StoreAwayError where the cluster does not answer, with StoreRefusedError where it does not let the hub in. */
  static async open(options: ElasticsearchOptions): Promise<ElasticsearchLogStore> {
    const { client, log, layout } = options
    try {
      await ready(options)
      await ensureTemplates(client, layout)
      await client.cluster.health({ index: 'driftlog.*', wait_for_status: 'yellow', timeout: '30s' })
      const store = new ElasticsearchLogStore(options)
      await store.#standing.look()
      log.info(
        { nodes: [...client.connectionPool.connections].map(({ url }) => url.origin) },
        'records live in Elasticsearch'
      )
      return store
    } catch (error) {
      throw startErrorOf(error)
    }
  }

  async append(batches: readonly Batch[]): Promise<void> {
    try {
      await this.#append(batches)
      delete this.#standing.away
      delete this.#standing.refused
    } catch (error) {
      // What of it was written is looked for before anything else of these generations is.
      this.#leftovers.forget(sourcesOf(batches))
      const told = storeErrorOf(error)
      if (told instanceof StoreAwayError) this.#standing.away = told.message
      if (told instanceof StoreRefusedError) this.#standing.refused = told.message
      throw told
    }
  }

  async #append(batches: readonly Batch[]): Promise<void> {
    const told = batches.map(({ origin, state, term }) => ({ stream: origin, states: [state], term }))
    const { patienceMs = PATIENCE_MS } = this.#options
    const origins = batches.map(({ origin }) => origin)
    const unknown = origins.filter((stream) => !this.#positions.isKnown(stream))
    const [ids] = await Promise.all([
      patiently(patienceMs, () => this.#origins.ensure(origins)),
      patiently(patienceMs, () => this.#positions.read(unknown))
    ])
    // Another hub may have written to their files since they were looked at.
    this.#leftovers.forget(
      sourcesOf(batches.filter((_, i) => told[i] && this.#positions.isUnclaimed(told[i])))
    )
    await patiently(patienceMs, () => this.#positions.announce(told))
    const shares = this.#sharesOf(batches)
    await patiently(patienceMs, () => this.#leftovers.look(this.#storedIn(shares)))
    for (const share of shares) await patiently(patienceMs, () => this.#clear(share))
    const documents = await this.#documents(shares, ids)
    if (documents.length > 0) {
      const { created, existing } = await this.#bulk.write(documents)
      for (const name of new Set(documents.flatMap(({ indices }) => [...indices]))) this.#catalog.meets(name)
      const demand = () => this.#positions.demand(told)
      this.#replaced += await patiently(patienceMs, () => replaceDiffering(this.#client, existing, demand))
      this.#appended += created
      this.#existing += existing.length
      this.#standing.count(shares, created)
    }
    await patiently(patienceMs, () => this.#positions.write(told))
    this.#leftovers.forget(sourcesOf(batches.filter(({ state }) => state.ended)))
  }

  /** What of each batch is new: rows that end behind what is stored of their generation, also by batches before. */
  #sharesOf(batches: readonly Batch[]): Share[] {
    const ahead = new Map<string, number>()
    const shares: Share[] = []
    for (const [index, batch] of batches.entries()) {
      const { origin, state, records } = batch
      const known = this.#positions.get(origin, state.generation) ?? state
      const place = placeOfGeneration(origin, state.generation)
      const key = `${place.source}@${place.from}`
      const behind = ahead.get(key) ?? known.stored
      const rows: number[] = []
      for (let row = 0; row < records.count; row++) if ((records.end[row] ?? 0) > behind) rows.push(row)
      ahead.set(key, Math.max(behind, state.stored))
      if (rows.length > 0) shares.push({ batch, rows, number: known.number, place, index })
    }
    return shares
  }

  /** What is stored of the files that are written to: by all their sections. */
  #storedIn(shares: readonly Share[]): Map<string, Stretch[]> {
    const stored = new Map<string, Stretch[]>()
    for (const { batch, place } of shares) {
      if (stored.has(place.source)) continue
      const sections = [...this.#positions.of(batch.origin)].flatMap((state): Stretch[] => {
        const { source, from } = placeOfGeneration(batch.origin, state.generation)
        return source === place.source && state.stored > 0 ? [{ at: from, until: from + state.stored }] : []
      })
      stored.set(place.source, sections)
    }
    return stored
  }

  /** What others left where these rows go. */
  async #clear({ batch, rows, place: { source, from } }: Share): Promise<void> {
    if (!this.#leftovers.has(source)) return
    const { offset, end } = batch.records
    const stretches = rows.map((row) => ({ at: from + (offset[row] ?? 0), until: from + (end[row] ?? 0) }))
    await this.#leftovers.clear(source, stretches)
  }

  /** Others get their turn between. */
  async #documents(shares: readonly Share[], ids: readonly string[]): Promise<Documents[]> {
    const documents: Documents[] = []
    const arrival = this.#arrival()
    let sinceMs = performance.now()
    for (const { batch, rows, number, index } of shares)
      for (let from = 0; from < rows.length; from += SLICE_ROWS) {
        if (performance.now() - sinceMs > SLICE_MS) {
          await setImmediate()
          sinceMs = performance.now()
        }
        const slice = rows.slice(from, from + SLICE_ROWS)
        documents.push(
          this.#writer.write({ batch, rows: slice, number, originId: ids[index] ?? '', arrival })
        )
      }
    return documents
  }

  /** Grows with time, also over a restart: what arrived later has a larger number. */
  #arrival(): number {
    this.#arrivals = Math.max(this.#arrivals + 1, Date.now() * 1000)
    return this.#arrivals
  }

  async positions(streams: readonly StreamKey[]): Promise<GenerationState[][]> {
    return this.#asked(() => this.#positions.read(streams))
  }

  search(query: Query, page: PageAsked, bounds: Bounds): Promise<Page> {
    return this.#asked(() => search(this.#reader, query, page, bounds))
  }

  histogram(query: Query, step: Step, bounds: Bounds): Promise<Histogram> {
    return this.#asked(() => histogram(this.#reader, query, step, bounds))
  }

  facets(query: Query, asked: FacetsAsked, bounds: Bounds): Promise<Facets> {
    const sample = this.#options.facetSample ?? FACET_SAMPLE
    return this.#asked(() => facets(this.#reader, query, asked, sample, bounds))
  }

  find(id: string, bounds: Bounds): Promise<LogRecord | undefined> {
    return this.#asked(() => find(this.#reader, id, bounds))
  }

  context(id: string, asked: ContextAsked, bounds: Bounds): Promise<Context | undefined> {
    return this.#asked(() => context(this.#reader, id, asked, bounds))
  }

  origins(): Promise<OriginSummary[]> {
    return this.#asked(() => this.#summaries.list())
  }

  follow(asked: FollowAsked, signal: AbortSignal): AsyncIterable<Arrival> {
    return follow(this.#reader, this.#pulse, asked, signal)
  }

  async retain(retention: Retention, nowMs: number): Promise<number> {
    return this.#asked(async () => {
      const dropped = await retain(this.#client, this.#catalog, retention, nowMs)
      if (dropped > 0) await this.#standing.look()
      return dropped
    })
  }

  health(): StoreHealth {
    const { records, bytes, oldest, newest, away, refused } = this.#standing
    const reason = away ?? refused
    const { requests, retried, simplified, unsearchable, waitingMs } = this.#bulk.figures
    return {
      ...{ engine: 'elasticsearch', records, bytes, writable: reason === undefined },
      ...(oldest === undefined ? {} : { oldest }),
      ...(newest === undefined ? {} : { newest }),
      ...(reason === undefined ? {} : { reason }),
      figures: {
        store_appended_records_total: this.#appended,
        store_existing_records_total: this.#existing,
        store_replaced_records_total: this.#replaced,
        store_bulk_requests_total: requests,
        store_retried_records_total: retried,
        store_simplified_records_total: simplified,
        store_unsearchable_records_total: unsearchable,
        store_bulk_seconds_total: waitingMs / 1000
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await this.#client.close()
  }

  async #asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw storeErrorOf(error)
    }
  }
}

/** Resolves when the cluster answers, and what hubs remember can be read where it is there already. */
async function ready({
  client,
  log,
  signal,
  patienceMs = OPEN_PATIENCE_MS
}: ElasticsearchOptions): Promise<void> {
  const endsMs = performance.now() + patienceMs
  const cancel = signal ? { signal } : {}
  for (let told = false; ; told = true) {
    try {
      await client.cluster.health(
        { index: 'driftlog.*', wait_for_status: 'yellow', timeout: '10s' },
        { maxRetries: 0, ...cancel }
      )
      return
    } catch (error) {
      signal?.throwIfAborted()
      if (!isPassing(error) || performance.now() > endsMs) throw error
      if (!told) log.warn({ reason: reasonOf(error) }, 'the cluster is not ready, waiting for it')
      await sleep(OPEN_PAUSE_MS, undefined, cancel)
    }
  }
}

function sourcesOf(batches: readonly Batch[]): string[] {
  return batches.map(({ origin, state }) => placeOfGeneration(origin, state.generation).source)
}
