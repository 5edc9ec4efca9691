/** One question put to the hub and the rows that answer it, loaded as the reader gets near their ends. */
import type { CompletenessAnswer, CoverageJson, RecordJson } from '../../server/api.ts'
import { type Asked, type Client, HubError, wasAborted } from '../api/client.ts'
import { deploysBetween } from '../deploys/ask-many.ts'
import { beganMs } from '../deploys/began.ts'
import { LiveTail } from '../live/tail.ts'
import type { Anchor } from '../state/history.ts'
import { Store } from '../state/store.ts'
import type { View } from '../state/view.ts'
import { cursorOf, nanosOf, shifted, timeOf } from './order.ts'
import { type RangeRow, Rows } from './rows.ts'

const FIRST_PAGE = 200
const NEXT_PAGE = 500
/** Around a record: so many to each side. */
const AROUND = 100
/** More rows than these are dropped at the far end, and loaded again when the reader goes there. */
const MOST_ROWS = 100_000
/** One press on a range row loads at most so many records. */
const FILL = 20_000
const CONTEXT_STEP = 50
const MOST_CONTEXT = 500

/** How one end of the list stands. */
export type End =
  | { kind: 'more' }
  | { kind: 'asking' }
  | { kind: 'end' }
  /** The hub's time limit: everything up to `at` was searched. */
  | { kind: 'stopped'; at: string }
  | { kind: 'failed'; error: Error }

export interface FeedStatus {
  phase: 'asking' | 'shown' | 'failed'
  error: Error | undefined
  older: End
  newer: End
  /** Absolute, once the hub has answered. */
  from: string | undefined
  to: string | undefined
  tookMs: number
  hubTime: string | undefined
  unreadable: CoverageJson['unreadable']
  behind: CoverageJson['behind']
  /** Where nothing was found: the nearest older match, null when there is none. */
  nearest: string | null | undefined
  movesFailed: boolean
  /** The record that the link named is not stored. */
  missing: boolean
}

export interface Place extends Partial<Anchor> {
  id: string
}

export class Feed implements Disposable {
  readonly rows = new Rows()
  readonly status: Store<FeedStatus>
  /** Whether the rows are everything, once the hub has said it. */
  readonly missing = new Store<CompletenessAnswer | undefined>(undefined)
  readonly tail: LiveTail | undefined
  /** Where the list begins: this record (in the middle unless an offset says where), else the newest end. */
  readonly place: Place | undefined
  readonly view: View
  readonly #client: Client
  readonly #abort = new AbortController()
  readonly #asked: Asked
  #asking: AbortController | undefined

  constructor(client: Client, view: View, place: Place | undefined) {
    this.#client = client
    this.view = view
    this.place = place
    this.#asked = {
      q: view.ctx === '' ? view.q : '',
      app: view.app,
      environment: view.environment,
      from: view.from,
      to: view.to
    }
    this.status = new Store<FeedStatus>({
      phase: 'asking',
      error: undefined,
      older: { kind: 'asking' },
      newer: { kind: 'end' },
      from: undefined,
      to: undefined,
      tookMs: 0,
      hubTime: undefined,
      unreadable: [],
      behind: [],
      nearest: undefined,
      movesFailed: false,
      missing: false
    })
    if (view.live && view.ctx === '') {
      const { q, app, environment } = this.#asked
      this.tail = new LiveTail({
        connect: (after, signal) =>
          client.tail({ q: q ?? '', app: app ?? '', environment: environment ?? '' }, after, signal),
        rows: this.rows,
        trimmed: () => this.#set({ older: { kind: 'more' } })
      })
    }
  }

  /** Never rejects: what went wrong stands in the status. */
  async start(): Promise<void> {
    try {
      // What is written from the moment the tail stands on comes by it, everything before by the search.
      if (this.tail) {
        this.#whenBack(this.tail)
        await this.tail.start(this.#abort.signal)
      }
      if (this.view.ctx !== '') await this.#loadContext(this.view.n)
      else if (this.place) await this.#loadAround(this.place.id)
      else await this.#loadPage('older', FIRST_PAGE)
      this.#set({ phase: 'shown' })
      await Promise.all([this.#loadMoves(), this.#loadDeploys(), this.#findNearest()])
    } catch (error) {
      if (!wasAborted(error)) this.#set({ phase: 'failed', error: asError(error), older: { kind: 'end' } })
    }
  }

  /** More at one end, if there is more and nobody asks already. */
  async load(end: 'older' | 'newer'): Promise<void> {
    const state = this.status.get()[end].kind
    if (state === 'asking' || state === 'end' || this.status.get().phase !== 'shown') return
    try {
      if (this.view.ctx !== '') await this.#moreContext(end)
      else await this.#loadPage(end, NEXT_PAGE)
      await Promise.all([this.#loadMoves(), this.#loadDeploys()])
    } catch (error) {
      if (!wasAborted(error)) this.#setEnd(end, { kind: 'failed', error: asError(error) })
    }
  }

  /** Takes up what had failed: an end of the list, the tail. */
  goOn(): void {
    for (const end of ['older', 'newer'] as const)
      if (this.status.get()[end].kind === 'failed') void this.load(end)
    this.tail?.retry()
  }

  /** From the very first record of the range on, in ascending order. */
  async loadOldest(): Promise<void> {
    if (this.status.get().older.kind === 'end') return
    const { from, to } = this.status.get()
    const found: RecordJson[] = []
    try {
      const asked = {
        ...this.#asked,
        ...(from && to ? { from, to } : {}),
        direction: 'newer' as const,
        limit: NEXT_PAGE
      }
      const page = await this.#client.search(asked, (records) => found.push(...records), this.#abort.signal)
      const reaches = found.some((record) => this.rows.has(record.id))
      if (!reaches && page.cursor !== undefined) {
        this.rows.trim('newest', 0)
        this.#set({ newer: { kind: 'more' } })
      }
      this.rows.merge(found)
      this.#set({ older: { kind: 'end' } })
    } catch (error) {
      if (!wasAborted(error)) this.#setEnd('older', { kind: 'failed', error: asError(error) })
    }
  }

  /** Loads what a range row stands for, and takes the row away once all of it is there. */
  async fill(row: RangeRow): Promise<void> {
    if (row.loading) return
    row.loading = true
    this.rows.changed()
    const first = this.rows.first()
    try {
      let after: string | undefined
      for (let loaded = 0; loaded < FILL; ) {
        const found: RecordJson[] = []
        const page = await this.#client.search(
          {
            ...this.#asked,
            from: row.from,
            to: shifted(row.to, 1n),
            direction: 'newer',
            limit: 1000,
            ...(after ? { after } : {})
          },
          (records) => found.push(...records),
          this.#abort.signal
        )
        this.rows.merge(found)
        loaded += found.length
        const last = found[found.length - 1]
        if (page.cursor === undefined || !last) {
          if (!page.coverage.complete && page.coverage.searchedTo) {
            row.from = page.coverage.searchedTo
            break
          }
          this.rows.remove(row)
          this.#bridge(row, first)
          return
        }
        after = cursorOf(last)
        row.from = last.time
        row.count = row.count === undefined ? undefined : Math.max(0, row.count - found.length)
      }
    } catch (error) {
      if (!wasAborted(error)) this.#set({ error: asError(error) })
    }
    row.loading = false
    this.rows.changed()
  }

  /** Gives up the question that runs; what came so far stays. */
  cancel(): void {
    this.#asking?.abort()
    if (this.status.get().phase === 'asking') this.#set({ phase: 'shown' })
    const { older, newer } = this.status.get()
    if (older.kind === 'asking') this.#set({ older: { kind: 'more' } })
    if (newer.kind === 'asking') this.#set({ newer: { kind: 'more' } })
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }

  async #loadPage(end: 'older' | 'newer', limit: number): Promise<void> {
    const status = this.status.get()
    const edge = end === 'older' ? this.rows.first() : this.rows.last()
    const before = status[end]
    this.#setEnd(end, { kind: 'asking' })
    const asked = {
      ...this.#asked,
      ...(status.from && status.to ? { from: status.from, to: status.to } : {})
    }
    const bound =
      before.kind === 'stopped'
        ? end === 'older'
          ? { to: shifted(before.at, 1n) }
          : { from: before.at }
        : edge
          ? { after: cursorOf(edge) }
          : {}
    this.#asking = new AbortController()
    const signal = AbortSignal.any([this.#abort.signal, this.#asking.signal])
    let found = 0
    const page = await this.#client.search(
      { ...asked, ...bound, limit, direction: end },
      (records) => {
        found += records.length
        this.rows.merge(records)
        // rows are there to be read, whatever else is still to come
        if (this.status.get().phase === 'asking') this.#set({ from: status.from })
      },
      signal
    )
    this.#told(page, status.from === undefined)
    this.#setEnd(end, endOf(page, found >= limit))
    if (this.rows.items.length > MOST_ROWS && !this.tail) {
      const far = end === 'older' ? 'newest' : 'oldest'
      this.rows.trim(far, MOST_ROWS)
      this.#setEnd(far === 'newest' ? 'newer' : 'older', { kind: 'more' })
    }
  }

  async #loadAround(id: string): Promise<void> {
    const record = await this.#client.record(id, this.#abort.signal).catch((error: unknown) => {
      if (error instanceof HubError && error.status === 404) return undefined
      throw error
    })
    if (!record) {
      this.#set({ missing: true })
      return this.#loadPage('older', FIRST_PAGE)
    }
    const found: RecordJson[] = [record]
    const ask = (direction: 'older' | 'newer') =>
      this.#client.search(
        { ...this.#asked, direction, after: cursorOf(record), limit: AROUND },
        (records) => found.push(...records),
        this.#abort.signal
      )
    const [older, newer] = await Promise.all([ask('older'), ask('newer')])
    this.rows.merge(found)
    this.#told(newer, true)
    this.#told(older, false)
    this.#set({ older: endOf(older, false), newer: this.tail ? { kind: 'end' } : endOf(newer, false) })
    if (this.tail && newer.cursor !== undefined) await this.#catchUp()
  }

  /** A live list that began at an older record: the rest up to now. */
  async #catchUp(): Promise<void> {
    for (let pages = 0; pages < 20; pages++) {
      await this.#loadPage('newer', 1000)
      if (this.status.get().newer.kind !== 'more') break
    }
    this.#set({ newer: { kind: 'end' } })
  }

  async #loadContext(n: number): Promise<void> {
    const { at, ctx } = this.view
    const scope = ctx === 'app' ? 'app' : 'instance'
    const answer = await this.#client.context(at, { before: n, after: n, scope }, this.#abort.signal)
    this.rows.merge([...answer.before, answer.record, ...answer.after])
    const end = (got: number): End => (got < n || n >= MOST_CONTEXT ? { kind: 'end' } : { kind: 'more' })
    this.#set({
      older: end(answer.before.length),
      newer: end(answer.after.length),
      from: this.rows.first()?.time,
      to: this.rows.last()?.time
    })
  }

  async #moreContext(end: 'older' | 'newer'): Promise<void> {
    this.#setEnd(end, { kind: 'asking' })
    const at = this.view.at
    const side = this.rows.items.filter((row) => row.kind === 'record').findIndex((row) => row.key === at)
    const have = end === 'older' ? side : this.rows.count - side - 1
    const n = Math.min(MOST_CONTEXT, have + CONTEXT_STEP)
    const scope = this.view.ctx === 'app' ? 'app' : 'instance'
    const answer = await this.#client.context(
      at,
      { before: end === 'older' ? n : 0, after: end === 'newer' ? n : 0, scope },
      this.#abort.signal
    )
    const side2 = end === 'older' ? answer.before : answer.after
    this.rows.merge(side2)
    this.#setEnd(end, side2.length < n || n >= MOST_CONTEXT ? { kind: 'end' } : { kind: 'more' })
    this.#set({ from: this.rows.first()?.time, to: this.rows.last()?.time })
  }

  async #loadMoves(): Promise<void> {
    const first = this.rows.first()
    const last = this.rows.last()
    if (!first || !last) return
    const { app, environment } = this.#asked
    const scope =
      this.view.ctx === '' ? { app, environment } : { app: first.app, environment: first.environment }
    try {
      const { moves } = await this.#client.moves(
        {
          app: scope.app ?? '',
          environment: scope.environment ?? '',
          from: first.time,
          to: shifted(last.time, 1n),
          limit: 1000
        },
        this.#abort.signal
      )
      const instances = this.view.ctx === 'instance' ? new Set([first.instance]) : undefined
      this.rows.setMoves(
        instances ? moves.filter((m) => instances.has(m.fromInstance) || instances.has(m.toInstance)) : moves
      )
      this.#set({ movesFailed: false })
    } catch (error) {
      if (!wasAborted(error)) this.#set({ movesFailed: true })
    }
  }

  /** Deploys that were told while the tail was away are not told again. */
  #whenBack(tail: LiveTail): void {
    let wasOpen = true
    const leave = tail.status.subscribe(() => {
      const isOpen = tail.status.get().connection.kind === 'open'
      if (isOpen && !wasOpen) void this.#loadDeploys()
      wasOpen = isOpen
    })
    this.#abort.signal.addEventListener('abort', leave)
  }

  /** Where they can not be read the histogram says no more either; lines and moves stand. */
  async #loadDeploys(): Promise<void> {
    const first = this.rows.first()
    const last = this.rows.last()
    if (!first || !last) return
    const { app = '', environment = '' } = this.view.ctx === '' ? this.#asked : first
    const fromMs = Date.parse(first.time)
    const lastMs = Date.parse(last.time) + 1
    const toMs = this.tail ? Number.POSITIVE_INFINITY : lastMs
    try {
      const asked = { app, environment }
      const deploys = await deploysBetween(this.#client, asked, fromMs, toMs, this.#abort.signal)
      this.rows.setDeploys(deploys)
      // A list that follows has no newest line that they would have to wait for.
      for (const deploy of deploys) if (beganMs(deploy) >= lastMs) this.rows.addDeploy(deploy)
    } catch (error) {
      if (!wasAborted(error) && !(error instanceof HubError)) throw error
    }
  }

  /** Nothing found in a range that was searched whole: where would something be? */
  async #findNearest(): Promise<void> {
    const { from, older } = this.status.get()
    if (this.rows.count > 0 || this.view.ctx !== '' || older.kind !== 'end' || !from) return
    try {
      const found: RecordJson[] = []
      const asked = { ...this.#asked, from: timeOf(0n), to: from, limit: 1, direction: 'older' as const }
      const page = await this.#client.search(asked, (records) => found.push(...records), this.#abort.signal)
      if (found[0] || page.coverage.complete) this.#set({ nearest: found[0]?.time ?? null })
    } catch {
      // the list says already that nothing was found; a nearest match is a kindness
    }
  }

  /** Records that were filled in before the list's first one leave a hole between: that is a range again. */
  #bridge(row: RangeRow, first: RecordJson | undefined): void {
    if (!first || row.to >= first.time || this.status.get().older.kind === 'end') return
    const last = this.rows.items.findLast((item) => item.kind === 'record' && item.time < first.time)
    if (!last) return
    this.rows.insert({
      kind: 'range',
      key: `range ${last.time} ${first.time}`,
      time: last.time,
      cause: 'reset',
      count: undefined,
      from: last.time,
      to: first.time,
      host: '',
      hostName: '',
      loading: false
    })
  }

  #told(page: Awaited<ReturnType<Client['search']>>, isFirst: boolean): void {
    const { unreadable } = this.status.get()
    const known = new Set(unreadable.map((part) => part.part))
    this.#set({
      ...(isFirst ? { from: page.from, to: page.to, tookMs: page.tookMs } : {}),
      hubTime: page.hubTime,
      behind: page.coverage.behind,
      unreadable: [...unreadable, ...page.coverage.unreadable.filter((part) => !known.has(part.part))]
    })
  }

  #setEnd(end: 'older' | 'newer', state: End): void {
    this.#set(end === 'older' ? { older: state } : { newer: state })
  }

  #set(change: Partial<FeedStatus>): void {
    this.status.update((old) => ({ ...old, ...change }))
  }
}

function endOf(page: Awaited<ReturnType<Client['search']>>, full: boolean): End {
  const { complete, searchedTo } = page.coverage
  if (!complete && searchedTo !== undefined && !full) return { kind: 'stopped', at: searchedTo }
  return page.cursor === undefined ? { kind: 'end' } : { kind: 'more' }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Milliseconds between two times. */
export function msBetween(from: string, to: string): number {
  return Number((nanosOf(to) - nanosOf(from)) / 1_000_000n)
}
