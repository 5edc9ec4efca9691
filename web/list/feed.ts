/** One question put to the hub and the rows that answer it, loaded as the reader gets near their ends. */
import type { CompletenessAnswer } from '../../server/api/completeness.ts'
import type { RecordJson } from '../../server/api/logs.ts'
import { asError } from '../api/as-error.ts'
import { type Client, HubError, wasAborted } from '../api/client.ts'
import { LiveTail } from '../live/tail.ts'
import type { Anchor } from '../state/history.ts'
import { Store } from '../state/store.ts'
import type { View } from '../state/view.ts'
import { loadContext, widenContext } from './around.ts'
import { bridge, fillRange } from './fill.ts'
import { loadDeploys, loadMoves } from './happened.ts'
import { cursorOf, shifted } from './order.ts'
import { type RangeRow, Rows } from './rows.ts'
import type { Source } from './source.ts'
import { ASKING, type End, type FeedStatus } from './status.ts'

const FIRST_PAGE = 200
const NEXT_PAGE = 500
/** Around a record: so many to each side. */
const AROUND = 100
/** A live list that began at an older record asks for at most so many pages up to now. */
const MOST_CAUGHT_UP = 20
const CATCH_UP_PAGE = 1000
/** More rows than these are dropped at the far end, and loaded again when the reader goes there. */
const MOST_ROWS = 100_000

export interface Place extends Partial<Anchor> {
  id: string
}

export class Feed implements Disposable {
  readonly rows = new Rows()
  readonly status = new Store(ASKING)
  /** Whether the rows are everything, once the hub has said it. */
  readonly missing = new Store<CompletenessAnswer | undefined>(undefined)
  readonly tail: LiveTail | undefined
  /** Where the list begins: this record (in the middle unless an offset says where), else the newest end. */
  readonly place: Place | undefined
  readonly view: View
  readonly source: Source
  readonly #abort = new AbortController()
  #asking: AbortController | undefined

  constructor(client: Client, view: View, place: Place | undefined) {
    this.view = view
    this.place = place
    const { app, environment, from, to, ctx } = view
    const asked = { q: ctx === '' ? view.q : '', app, environment, from, to }
    this.source = { client, asked, rows: this.rows, signal: this.#abort.signal }
    if (view.live && view.ctx === '') {
      const { q } = asked
      this.tail = new LiveTail({
        connect: (after, signal) => client.tail({ q, app, environment }, after, signal),
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
      if (this.view.ctx !== '') await this.#loadContext()
      else if (this.place) await this.#loadAround(this.place.id)
      else await this.#loadPage('older', FIRST_PAGE)
      this.#set({ phase: 'shown' })
      await Promise.all([this.#loadMoves(), this.#loadDeploys()])
    } catch (error) {
      if (!wasAborted(error)) this.#set({ phase: 'failed', error: asError(error), older: { kind: 'end' } })
    }
  }

  /** More at one end, if there is more and nobody asks already. */
  async load(end: 'older' | 'newer'): Promise<void> {
    const state = this.status.get()[end].kind
    if (state === 'asking' || state === 'end' || this.status.get().phase !== 'shown') return
    try {
      if (this.view.ctx !== '') await this.#widenContext(end)
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
        ...this.source.asked,
        ...(from && to ? { from, to } : {}),
        direction: 'newer' as const,
        limit: NEXT_PAGE
      }
      const page = await this.source.client.search(
        asked,
        (records) => found.push(...records),
        this.#abort.signal
      )
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

  /** Loads what a range row stands for. */
  async fill(row: RangeRow): Promise<void> {
    if (row.loading) return
    row.loading = true
    this.rows.changed()
    const first = this.rows.first()
    try {
      const isWhole = await fillRange(this.source, row)
      if (isWhole && this.status.get().older.kind !== 'end') bridge(this.rows, row, first)
    } catch (error) {
      if (!wasAborted(error)) this.#set({ error: asError(error) })
    } finally {
      row.loading = false
      this.rows.changed()
    }
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
      ...this.source.asked,
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
    const page = await this.source.client.search(
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
    const record = await this.source.client.record(id, this.#abort.signal).catch((error: unknown) => {
      if (error instanceof HubError && error.status === 404) return undefined
      throw error
    })
    if (!record) {
      this.#set({ missing: true })
      return this.#loadPage('older', FIRST_PAGE)
    }
    const found: RecordJson[] = [record]
    const ask = (direction: 'older' | 'newer') =>
      this.source.client.search(
        { ...this.source.asked, direction, after: cursorOf(record), limit: AROUND },
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
    for (let pages = 0; pages < MOST_CAUGHT_UP; pages++) {
      await this.#loadPage('newer', CATCH_UP_PAGE)
      if (this.status.get().newer.kind !== 'more') break
    }
    this.#set({ newer: { kind: 'end' } })
  }

  async #loadContext(): Promise<void> {
    const ends = await loadContext(this.source, this.view, this.view.n)
    this.#set({ ...ends, ...this.#range() })
  }

  async #widenContext(end: 'older' | 'newer'): Promise<void> {
    this.#setEnd(end, { kind: 'asking' })
    this.#setEnd(end, await widenContext(this.source, this.view, end))
    this.#set(this.#range())
  }

  #range(): Pick<FeedStatus, 'from' | 'to'> {
    return { from: this.rows.first()?.time, to: this.rows.last()?.time }
  }

  async #loadMoves(): Promise<void> {
    try {
      await loadMoves(this.source, this.view.ctx)
      this.#set({ movesFailed: false })
    } catch (error) {
      if (!wasAborted(error)) this.#set({ movesFailed: true })
    }
  }

  #loadDeploys(): Promise<void> {
    return loadDeploys(this.source, this.view.ctx, this.tail !== undefined)
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
