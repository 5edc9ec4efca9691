/**
 * The live tail: `off → connecting → following ⇄ paused(why) → reconnecting → following`, `ended`. Following is a
 * state that the reader owns: the list proposes (scrolled up, reached the end), nothing is derived from geometry.
 */
import type { RecordJson } from '../../server/api.ts'
import { HubError, wasAborted } from '../api/client.ts'
import type { HostDelay, TailEvent } from '../api/tail.ts'
import { nanosOf } from '../list/order.ts'
import { isError, type Move, type RangeRow, type Rows } from '../list/rows.ts'
import { Store } from '../state/store.ts'
import { delays } from './backoff.ts'

export type PauseReason = 'scrolled' | 'marked' | 'opened' | 'focused' | 'asked'

export type Connection =
  | { kind: 'connecting' }
  | { kind: 'open' }
  | { kind: 'broken'; retryAtMs: number }
  /** The tab is hidden; closed on purpose, goes on where it was. */
  | { kind: 'hidden' }
  /** Trying again would change nothing. */
  | { kind: 'ended'; error: Error }

export type Reading =
  | { kind: 'following' }
  | { kind: 'paused'; why: PauseReason; atMs: number; waiting: number; errors: number; moves: number }

export interface TailStatus {
  connection: Connection
  reading: Reading
  /** Lines of the last seconds, per second. */
  perSecond: number
  /** As told by the last beat. */
  hosts: readonly HostDelay[]
  hubTime: string | undefined
}

interface Wiring {
  connect: (after: string | undefined, signal: AbortSignal) => Promise<AsyncIterable<TailEvent>>
  rows: Rows
  /** Called when rows were dropped at the oldest end. */
  trimmed: () => void
}

const MOST_ROWS = 20_000
const MOST_BYTES = 32 * 1024 * 1024
/** While paused so many records wait; of more only their number and their range are kept. */
const MOST_WAITING = 2000
/** The page changes at most this often. */
const GATHER_MS = 100
/** The hub says something every 10 s; two missed beats mean that the connection is dead. */
const SILENCE_MS = 25_000
/** The hub tells its place as soon as it follows. */
const FIRST_EVENT_MS = 1500
/** A tab that stays hidden longer gives its connection back. */
const HIDDEN_MS = 60_000
/** An older record does not sort into what is being read. */
const LATE_MS = 2000
const RATE_SPAN_MS = 3000

export class LiveTail {
  readonly status = new Store<TailStatus>({
    connection: { kind: 'connecting' },
    reading: { kind: 'following' },
    perSecond: 0,
    hosts: [],
    hubTime: undefined
  })
  /** Records as they come, for whoever counts them. */
  readonly arrivals = new Store<readonly RecordJson[]>([])
  /** Counts up whenever the hub tells that something is missing. */
  readonly gaps = new Store(0)
  readonly #wiring: Wiring
  #cursor: string | undefined
  #queue: TailEvent[] = []
  #timer: ReturnType<typeof setTimeout> | undefined
  #waiting: RecordJson[] = []
  #left: { count: number; from: string; to: string } | undefined
  #made = 0
  #rate: { atMs: number; count: number }[] = []
  #wake = new AbortController()

  constructor(wiring: Wiring) {
    this.#wiring = wiring
  }

  /** Resolves when the hub follows for the first time, or when it will not; goes on in the background. */
  start(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#watchVisibility(signal)
      void this.#run(signal, resolve)
      signal.addEventListener('abort', () => {
        clearTimeout(this.#timer)
        resolve()
      })
    })
  }

  pause(why: PauseReason): void {
    const { reading } = this.status.get()
    if (reading.kind === 'paused') {
      // a press on a line is the beginning of what the reader is up to
      if (reading.why === 'focused') this.#set({ reading: { ...reading, why } })
      return
    }
    this.flush()
    this.#set({
      reading: { kind: 'paused', why, atMs: Date.now(), waiting: 0, errors: 0, moves: 0 }
    })
  }

  /** Shows the newest of what waited, and a range row for what was more than could wait. */
  follow(): void {
    if (this.status.get().reading.kind !== 'paused') return
    this.flush()
    this.#set({ reading: { kind: 'following' } })
    const left = this.#left
    this.#left = undefined
    if (left) this.#insertRange({ cause: 'paused', time: left.to, ...left, host: '', hostName: '' })
    const waiting = this.#waiting
    this.#waiting = []
    this.#show(waiting)
  }

  /** Takes the queue in at once instead of at the next tenth of a second. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const queue = this.#queue
    this.#queue = []
    let records: RecordJson[] = []
    for (const event of queue) {
      if (event.kind === 'records') {
        records = records.length === 0 ? event.records : records.concat(event.records)
        continue
      }
      this.#take(records)
      records = []
      this.#takeOther(event)
    }
    this.#take(records)
    this.#measureRate()
  }

  /** Tries at once instead of when the wait is over. */
  retry(): void {
    this.#wake.abort()
  }

  async #run(signal: AbortSignal, started: () => void): Promise<void> {
    let waits = delays()
    while (!signal.aborted) {
      if (document.hidden && this.status.get().connection.kind === 'hidden') await becomesVisible(signal)
      const attempt = new AbortController()
      const either = AbortSignal.any([signal, attempt.signal])
      this.#wake = attempt
      try {
        const events = await this.#wiring.connect(this.#cursor, either)
        this.#set({ connection: { kind: 'open' } })
        waits = delays()
        await this.#read(events, attempt, started)
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof HubError && !mayPass(error)) {
          this.#set({ connection: { kind: 'ended', error } })
          started()
          if (error.status !== 401) return
          // The reader logs in, and the tail goes on where it was.
          this.#wake = new AbortController()
          await aborted(AbortSignal.any([signal, this.#wake.signal]))
          continue
        }
        if (!wasAborted(error) && !(error instanceof Error)) throw error
      }
      if (signal.aborted) return
      started()
      if (this.status.get().connection.kind === 'hidden') continue
      const waitMs = waits.next().value
      this.#set({ connection: { kind: 'broken', retryAtMs: Date.now() + waitMs } })
      this.#wake = new AbortController()
      await pause(waitMs, AbortSignal.any([signal, this.#wake.signal]))
    }
  }

  /** The hub's first event says that it follows; one that keeps silent is not waited for. */
  async #read(
    events: AsyncIterable<TailEvent>,
    attempt: AbortController,
    started: () => void
  ): Promise<void> {
    let silence = setTimeout(() => attempt.abort(), SILENCE_MS)
    const grace = setTimeout(started, FIRST_EVENT_MS)
    try {
      for await (const event of events) {
        started()
        clearTimeout(silence)
        silence = setTimeout(() => attempt.abort(), SILENCE_MS)
        if (event.cursor !== undefined) this.#cursor = event.cursor
        this.#queue.push(event)
        this.#timer ??= setTimeout(() => this.flush(), GATHER_MS)
      }
    } finally {
      clearTimeout(grace)
      clearTimeout(silence)
    }
  }

  #take(records: RecordJson[]): void {
    if (records.length === 0) return
    this.#rate.push({ atMs: Date.now(), count: records.length })
    this.arrivals.set(records)
    const { reading } = this.status.get()
    if (reading.kind === 'following') {
      this.#show(records)
      return
    }
    const fresh = records.filter((record) => !this.#wiring.rows.has(record.id))
    this.#waiting = this.#waiting.concat(fresh)
    if (this.#waiting.length > MOST_WAITING)
      this.#leave(this.#waiting.splice(0, this.#waiting.length - MOST_WAITING))
    this.#set({
      reading: {
        ...reading,
        waiting: reading.waiting + fresh.length,
        errors: reading.errors + fresh.filter(isError).length
      }
    })
  }

  #leave(records: RecordJson[]): void {
    for (const { time } of records) {
      this.#left ??= { count: 0, from: time, to: time }
      this.#left.count++
      if (time < this.#left.from) this.#left.from = time
      if (time > this.#left.to) this.#left.to = time
    }
  }

  #show(records: RecordJson[]): void {
    const { rows } = this.#wiring
    const newest = rows.last()?.time
    const late = new Map<string, RecordJson[]>()
    const now: RecordJson[] = []
    for (const record of records) {
      if (rows.has(record.id)) continue
      if (newest !== undefined && this.#isLate(record, newest)) {
        const list = late.get(record.host)
        if (list) list.push(record)
        else late.set(record.host, [record])
      } else now.push(record)
    }
    rows.merge(now)
    for (const [host, list] of late) this.#tellLate(host, list)
    if (rows.trim('oldest', MOST_ROWS, MOST_BYTES) > 0) this.#wiring.trimmed()
  }

  /** Old when it reached the hub, and older than what stands in the list: a backlog, not a slow second. */
  #isLate(record: RecordJson, newest: string): boolean {
    if (record.time >= newest) return false
    const behindMs = Number((nanosOf(newest) - nanosOf(record.time)) / 1_000_000n)
    const ageMs = Date.parse(record.received) - Date.parse(record.time)
    return behindMs > LATE_MS && ageMs > LATE_MS
  }

  #tellLate(host: string, records: RecordJson[]): void {
    const { rows } = this.#wiring
    const times = records.map((record) => record.time).sort()
    const from = times[0] ?? ''
    const to = times[times.length - 1] ?? ''
    const known = rows.items.findLast(
      (row): row is RangeRow =>
        row.kind === 'range' && row.cause === 'late' && row.host === host && !row.loading
    )
    if (known) {
      known.count = (known.count ?? 0) + records.length
      if (from < known.from) known.from = from
      if (to > known.to) known.to = to
      rows.changed()
      return
    }
    const time = rows.last()?.time ?? to
    const hostName = records[0]?.hostName ?? host
    this.#insertRange({ cause: 'late', time, count: records.length, from, to, host, hostName })
  }

  #takeOther(event: Exclude<TailEvent, { kind: 'records' }>): void {
    const nobody = { host: '', hostName: '' }
    switch (event.kind) {
      case 'move':
        this.#takeMove(event.move)
        break
      case 'deploy':
        this.#wiring.rows.addDeploy(event.deploy)
        break
      case 'skipped': {
        const { count, from, to } = event
        this.#insertRange({ cause: 'skipped', time: to, count, from, to, ...nobody })
        break
      }
      case 'reset': {
        const now = `${new Date().toISOString().slice(0, 23)}000000Z`
        const from = this.#wiring.rows.last()?.time ?? now
        this.#insertRange({
          cause: 'reset',
          time: from,
          count: undefined,
          from,
          to: now > from ? now : from,
          ...nobody
        })
        break
      }
      case 'beat':
        this.#set({ hosts: event.hosts, hubTime: event.hubTime })
        break
      case 'gap':
        this.gaps.update((count) => count + 1)
        break
      case 'instance':
        break
      default:
        event satisfies never
    }
  }

  #takeMove(move: Move): void {
    this.#wiring.rows.addMove(move)
    const { reading } = this.status.get()
    if (reading.kind === 'paused') this.#set({ reading: { ...reading, moves: reading.moves + 1 } })
  }

  #insertRange(row: Omit<RangeRow, 'kind' | 'key' | 'loading'>): void {
    this.#wiring.rows.insert({ kind: 'range', key: `range ${this.#made++}`, loading: false, ...row })
  }

  #measureRate(): void {
    const nowMs = Date.now()
    this.#rate = this.#rate.filter((batch) => batch.atMs > nowMs - RATE_SPAN_MS)
    const count = this.#rate.reduce((sum, batch) => sum + batch.count, 0)
    this.#set({ perSecond: Math.round((count * 1000) / RATE_SPAN_MS) })
  }

  #watchVisibility(signal: AbortSignal): void {
    let closing: ReturnType<typeof setTimeout> | undefined
    const changed = () => {
      clearTimeout(closing)
      if (!document.hidden) return
      closing = setTimeout(() => {
        this.#set({ connection: { kind: 'hidden' } })
        this.#wake.abort()
      }, HIDDEN_MS)
    }
    document.addEventListener('visibilitychange', changed, { signal })
    signal.addEventListener('abort', () => clearTimeout(closing))
    const idle = setInterval(() => {
      if (this.status.get().perSecond > 0 && this.#queue.length === 0) this.#measureRate()
    }, RATE_SPAN_MS)
    signal.addEventListener('abort', () => clearInterval(idle))
  }

  #set(change: Partial<TailStatus>): void {
    const old = this.status.get()
    const same = (Object.keys(change) as (keyof TailStatus)[]).every((name) =>
      Object.is(old[name], change[name])
    )
    if (!same) this.status.set({ ...old, ...change })
  }
}

/** No answer, an overloaded hub, one that starts again: worth trying. A refused token or query is not. */
function mayPass(error: HubError): boolean {
  return error.status === 0 || error.status === 429 || error.status >= 500
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}

function becomesVisible(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const changed = () => {
      if (!document.hidden) resolve()
    }
    document.addEventListener('visibilitychange', changed, { signal })
    signal.addEventListener('abort', () => resolve())
    changed()
  })
}
