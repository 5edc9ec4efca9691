/** The embedded engine (docs/architecture.md): a LogStore on files of its own, nothing to install. */
import { mkdir } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import type { Logger } from 'pino'
import type { Batch, GenerationState, LogRecord } from '../../record.ts'
import type {
  Arrival,
  Bounds,
  Context,
  ContextAsked,
  Facets,
  FacetsAsked,
  FollowAsked,
  Histogram,
  LogStore,
  OriginSummary,
  Page,
  PageAsked,
  Query,
  Retention,
  StoreHealth,
  StreamKey
} from '../store.ts'
import { accept } from './accept.ts'
import type { ArrivalsAsked } from './arrivals.ts'
import { Bell } from './bell.ts'
import { StoreClosedError } from './fault.ts'
import { claimFormat, type Folder, folderAt } from './folder.ts'
import { endOf, follow } from './follow.ts'
import { encodeFrame } from './frame.ts'
import { Journal, type JournalFile, type OpenFile, ROTATE_AT, type RotateAt } from './journal.ts'
import { type Lock, lockFolder } from './lock.ts'
import { Manifest } from './manifest.ts'
import { OriginLog } from './origins.ts'
import type { Positions } from './positions.ts'
import { QueryPool } from './query-pool.ts'
import { Questions } from './questions.ts'
import { type Recovered, recover } from './recovery.ts'
import { outlived } from './retention.ts'
import { Sealing } from './sealing.ts'
import { Totals, toTime } from './totals.ts'

export interface EmbeddedOptions {
  dataDir: string
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  rotateAt?: Partial<RotateAt>
  /** Default: one per core but one. */
  queryThreads?: number
  /** Matching records that wait for a follower; a slower one is told how many were skipped. */
  followKeeps?: number
  /** Records that are read to count parsed fields. */
  facetSample?: number
  /** Joins small parts in the background. */
  joins?: boolean
  /** Opens journal files; tests hand in one that fails. */
  open?: OpenFile
  /** How long a lock from another machine has to lie untouched until it is taken over. */
  foreignWaitMs?: number
}

const TICK_MS = 5000
/** Streams not heard of for this long, of which no record is left, are forgotten. */
const FORGET_MS = 90 * 86_400_000
/** What a follower's look at new records may take. */
const FOLLOW_BUDGET_MS = 10_000

export class EmbeddedLogStore implements LogStore {
  readonly #options: EmbeddedOptions
  readonly #folder: Folder
  readonly #id: string
  readonly #lock: Lock
  readonly #origins: OriginLog
  readonly #manifest: Manifest
  readonly #pool: QueryPool
  readonly #questions: Questions
  readonly #sealing: Sealing
  readonly #ticking: NodeJS.Timeout
  readonly #positions: Positions
  /** Positions with what was handed in but is not durable yet. */
  #ahead: Positions
  /** By number, of journals that are not sealed. */
  readonly #journalTotals: Map<number, Totals>
  #journal: Journal | undefined
  /** Rings when more is durable. */
  readonly #bell = new Bell()
  #refusing: string | undefined
  #isClosed = false
  readonly #counted = {
    appended: 0,
    appends: 0,
    replaced: 0,
    dropped: 0,
    torn: 0,
    damaged: 0,
    followers: 0
  }

  private constructor(options: EmbeddedOptions, folder: Folder, id: string, lock: Lock, found: Recovered) {
    this.#options = options
    this.#folder = folder
    this.#id = id
    this.#lock = lock
    this.#origins = new OriginLog(folder.origins, found.origins)
    this.#positions = found.positions
    this.#ahead = found.positions.copy()
    this.#journalTotals = found.journalTotals
    this.#counted.torn = found.tornBytes
    this.#counted.damaged = found.damage.length
    const origins = () => this.#origins.table.rows
    this.#pool = new QueryPool({
      threads: options.queryThreads ?? Math.max(1, availableParallelism() - 1),
      origins,
      onReplaced: (reason) => {
        this.#counted.replaced++
        options.log.warn({ reason }, 'a query thread was replaced')
      }
    })
    this.#manifest = new Manifest(folder.root, (paths) => this.#pool.forget(paths))
    this.#questions = new Questions({
      pool: this.#pool,
      manifest: this.#manifest,
      origins,
      facetSample: options.facetSample ?? 20_000
    })
    this.#sealing = new Sealing({
      folder,
      manifest: this.#manifest,
      log: options.log,
      origins,
      joins: options.joins !== false,
      journalTotals: found.journalTotals
    })
    for (const part of found.parts) this.#sealing.addPart(part)
    this.#manifest.unreadable.push(...found.unreadable)
    this.#manifest.unsealed = found.unsealed
    this.#manifest.sealed = found.sealed
    this.#ticking = setInterval(() => void this.#tick(), TICK_MS)
    this.#ticking.unref()
  }

  /** Opens the folder, or makes it. Rejects with FolderLockedError, NewerFormatError or CorruptError. */
  static async open(options: EmbeddedOptions): Promise<EmbeddedLogStore> {
    const folder = folderAt(options.dataDir)
    await mkdir(folder.root, { recursive: true })
    const lock = await lockFolder(folder.lock, folder.root, options.foreignWaitMs)
    try {
      const id = await claimFormat(folder)
      const found = await recover(folder)
      if (found.tornBytes > 0) {
        options.log.warn(
          { bytes: found.tornBytes },
          'an unfinished write was cut off, it was never acknowledged'
        )
      }
      for (const what of found.damage) options.log.error({ what }, 'the log store is damaged')
      const store = new EmbeddedLogStore(options, folder, id, lock, found)
      await store.#begin(found)
      return store
    } catch (error) {
      await lock[Symbol.asyncDispose]()
      throw error
    }
  }

  async append(batches: readonly Batch[]): Promise<void> {
    const journal = this.#writable()
    const { inputs, rows, totals } = accept(batches, this.#ahead, this.#origins, Date.now())
    this.#counted.appends++
    // Nothing new: yet what was handed in before may not be durable, and this answer would say so.
    if (inputs.length === 0) return journal.between(() => undefined)
    const receivedMs = Date.now()
    await journal.append(encodeFrame(inputs), rows, (file) => {
      this.#refusing = undefined
      this.#counted.appended += rows
      const known = this.#journalTotals.get(file.number)
      if (known) known.addTotals(totals)
      else this.#journalTotals.set(file.number, totals)
      for (const { origin, state } of inputs) {
        const row = this.#origins.table.rows[origin]
        if (row) this.#positions.apply(row, state, receivedMs)
      }
      this.#bell.ring()
    })
  }

  async positions(streams: readonly StreamKey[]): Promise<GenerationState[][]> {
    this.#writable()
    return streams.map((key) => this.#positions.list(key))
  }

  search(query: Query, page: PageAsked, bounds: Bounds): Promise<Page> {
    return this.#questions.search(query, page, bounds)
  }

  histogram(query: Query, step: { ns: bigint; origin: bigint }, bounds: Bounds): Promise<Histogram> {
    return this.#questions.histogram(query, step, bounds)
  }

  facets(query: Query, asked: FacetsAsked, bounds: Bounds): Promise<Facets> {
    return this.#questions.facets(query, asked, bounds)
  }

  find(id: string, bounds: Bounds): Promise<LogRecord | undefined> {
    return this.#questions.find(id, bounds)
  }

  context(id: string, asked: ContextAsked, bounds: Bounds): Promise<Context | undefined> {
    return this.#questions.context(id, asked, bounds)
  }

  async origins(): Promise<OriginSummary[]> {
    const summaries: OriginSummary[] = []
    for (const [number, [count, firstMs, firstNanos, lastMs, lastNanos]] of this.#totals().byOrigin) {
      const origin = this.#origins.table.rows[number]
      if (!origin) continue
      summaries.push({ origin, first: toTime(firstMs, firstNanos), last: toTime(lastMs, lastNanos), count })
    }
    return summaries
  }

  follow(asked: FollowAsked, signal: AbortSignal): AsyncIterable<Arrival> {
    const source = {
      id: this.#id,
      journals: () => [...this.#manifest.sealed, ...this.#manifest.unsealed],
      keeps: this.#options.followKeeps ?? 20_000,
      ask: (arrivals: ArrivalsAsked) =>
        this.#questions.arrivals(arrivals, { budgetMs: FOLLOW_BUDGET_MS, signal }),
      more: (until: AbortSignal) => this.#bell.wait(until)
    }
    const now = endOf(source)
    this.#counted.followers++
    const told = follow(source, asked, signal, now)
    const leave = () => {
      this.#counted.followers--
    }
    return (async function* () {
      try {
        yield* told
      } finally {
        leave()
      }
    })()
  }

  async retain(retention: Retention, nowMs: number): Promise<number> {
    this.#writable()
    const { parts, bytes } = this.#manifest
    const partBytes = [...parts.values()].reduce((sum, part) => sum + part.bytes, 0)
    const { rows } = this.#origins.table
    const { gone, thinned } = outlived(parts.values(), rows, bytes - partBytes, retention, nowMs)
    if (gone.length > 0) {
      const unlinked = this.#manifest.retire(gone.map((part) => part.path))
      this.#sealing.recount()
      await unlinked
    }
    if (retention.maxAgeMs > 0) await this.#forget(nowMs - Math.max(retention.maxAgeMs, FORGET_MS))
    let dropped = gone.reduce((sum, part) => sum + part.summary.rows, 0)
    for (const one of thinned) dropped += await this.#sealing.thin(one)
    this.#counted.dropped += dropped
    if (dropped > 0) {
      this.#options.log.info(
        { records: dropped, parts: gone.length, thinned: thinned.length },
        'records beyond the retention were dropped'
      )
    }
    return dropped
  }

  health(): StoreHealth {
    const totals = this.#totals()
    const [oldest, newest] = [totals.oldest(), totals.newest()]
    const reason = this.#isClosed ? 'the store is closed' : this.#refusing
    const { figures: journal = { fsyncs: 0, fsyncSeconds: 0, writeFailures: 0 } } = this.#journal ?? {}
    const counted = this.#counted
    return {
      engine: 'embedded',
      records: totals.rows,
      bytes: this.#manifest.bytes,
      ...(oldest === undefined ? {} : { oldest }),
      ...(newest === undefined ? {} : { newest }),
      writable: reason === undefined,
      ...(reason === undefined ? {} : { reason }),
      figures: {
        appended_records_total: counted.appended,
        appends_total: counted.appends,
        fsyncs_total: journal.fsyncs,
        fsync_seconds_total: journal.fsyncSeconds,
        write_failures_total: journal.writeFailures,
        seals_total: this.#sealing.figures.seals,
        seals_pending: Math.max(this.#manifest.unsealed.length - 1, 0),
        seal_failures_total: this.#sealing.sealer.failures,
        merges_total: this.#sealing.figures.merges,
        thinned_parts_total: this.#sealing.figures.thinned,
        parts: this.#manifest.parts.size,
        unreadable_parts: this.#manifest.unreadable.length,
        journal_bytes: this.#manifest.unsealed.reduce((sum, journal) => sum + journal.bytes, 0),
        torn_bytes_total: counted.torn,
        damages_total: counted.damaged + this.#sealing.figures.damaged,
        queries_total: this.#questions.figures.queries,
        queries_incomplete_total: this.#questions.figures.incomplete,
        query_threads_replaced_total: counted.replaced,
        retention_dropped_records_total: counted.dropped,
        followers: counted.followers
      }
    }
  }

  /** Ends the journal that is being written, and waits until everything so far rests in parts. */
  async seal(): Promise<void> {
    await this.#writable().rotate()
    await this.#sealing.settled()
  }

  /** Starts the query threads before they are needed. */
  warm(): void {
    this.#pool.warm()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    clearInterval(this.#ticking)
    await this.#journal?.close()
    this.#bell.break(new StoreClosedError())
    await Promise.all([this.#pool.close(), this.#sealing.close(), this.#origins.close()])
    await this.#lock[Symbol.asyncDispose]()
  }

  async #begin(found: Recovered): Promise<void> {
    const goesOn = found.canGoOn ? found.unsealed.at(-1) : undefined
    this.#journal = await Journal.open({
      folder: this.#folder,
      rotateAt: { ...ROTATE_AT, ...this.#options.rotateAt },
      number: found.nextNumber,
      ...(goesOn ? { last: goesOn } : {}),
      ...(this.#options.open ? { open: this.#options.open } : {}),
      prepare: () => this.#origins.flush(),
      room: () => this.#sealing.room(),
      onRotated: (old) => this.#rotated(old),
      onFailed: (reason) => this.#failed(reason)
    })
    const full = goesOn ? found.unsealed.slice(0, -1) : [...found.unsealed]
    if (!goesOn) this.#manifest.unsealed = [...found.unsealed, this.#journal.current]
    for (const journal of full) void this.#sealing.seal(journal)
    void this.#sealing.dropSealed(Date.now())
  }

  #writable(): Journal {
    if (this.#isClosed || !this.#journal) throw new StoreClosedError()
    return this.#journal
  }

  #failed(reason: string): void {
    this.#ahead = this.#positions.copy()
    this.#origins.takeBack()
    if (this.#refusing === undefined) {
      this.#options.log.error({ reason }, 'the log store can not write, appends are refused until it can')
    }
    this.#refusing = reason
  }

  #rotated(old: JournalFile): void {
    if (!this.#journal) return
    this.#manifest.unsealed = [...this.#manifest.unsealed, this.#journal.current]
    void this.#sealing.seal(old)
    this.#bell.ring()
  }

  async #tick(): Promise<void> {
    void this.#sealing.dropSealed(Date.now())
    try {
      await this.#journal?.tick(Date.now())
    } catch (error) {
      if (!this.#isClosed)
        this.#options.log.warn({ err: error }, 'a journal could not be ended, it will be tried again')
    }
  }

  /** Everything that there is, by origin. */
  #totals(): Totals {
    const totals = new Totals()
    totals.addTotals(this.#sealing.totals)
    for (const journal of this.#journalTotals.values()) totals.addTotals(journal)
    return totals
  }

  /** Forgets streams that nobody spoke of since, and of which no record is left. */
  async #forget(sinceMs: number): Promise<void> {
    const used = this.#totals().byOrigin
    const { rows } = this.#origins.table
    const usedStreams = new Set(
      [...used.keys()].flatMap((number) => (rows[number] ? [streamName(rows[number])] : []))
    )
    const gone = this.#ahead.forgettable(sinceMs, (key) => !usedStreams.has(streamName(key)))
    if (gone.length === 0) return
    const names = new Set(gone.map(streamName))
    this.#ahead.forget(gone)
    this.#positions.forget(gone)
    await this.#sealing.sealer.forget(gone)
    await this.#writable().between(() => {
      const unused = [...rows.entries()].flatMap(([number, row]) =>
        row && names.has(streamName(row)) && this.#ahead.list(row).length === 0 ? [number] : []
      )
      return this.#origins.forget(unused)
    })
  }
}

function streamName({ host, container, stream }: StreamKey): string {
  return `${host}\0${container}\0${stream}`
}
