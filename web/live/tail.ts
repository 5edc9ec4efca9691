/**
 * The live tail: `off → connecting → following ⇄ paused(why) → reconnecting → following`, `ended`. Following is a
 * state that the reader owns: the list proposes (scrolled up, reached the end), nothing is derived from geometry.
 */
import type { RecordJson } from '../../server/api/logs.ts'
import type { TailEvent } from '../api/tail.ts'
import { isError, type Move, type Rows } from '../list/rows.ts'
import { Store } from '../state/store.ts'
import { Backlog } from './backlog.ts'
import { type Connect, Connector } from './connection.ts'
import { partLate, tellLate } from './late.ts'
import { RATE_SPAN_MS, Rate } from './rate.ts'
import type { PauseReason, TailStatus } from './status.ts'

interface Wiring {
  connect: Connect
  rows: Rows
  /** Called when rows were dropped at the oldest end. */
  trimmed: () => void
}

const MOST_ROWS = 20_000
const MOST_BYTES = 32 * 1024 * 1024
/** The page changes at most this often. */
const GATHER_MS = 100
const NOBODY = { host: '', hostName: '' }

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
  readonly #connector: Connector
  readonly #backlog = new Backlog()
  readonly #rate = new Rate()
  #queue: TailEvent[] = []
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(wiring: Wiring) {
    this.#wiring = wiring
    this.#connector = new Connector({
      connect: wiring.connect,
      onEvent: (event) => {
        this.#queue.push(event)
        this.#timer ??= setTimeout(() => this.flush(), GATHER_MS)
      },
      onChange: (connection) => this.#set({ connection })
    })
  }

  /** Resolves when the hub follows for the first time, or when it will not; goes on in the background. */
  start(signal: AbortSignal): Promise<void> {
    // Where nothing comes any more the rate falls all the same.
    const idle = setInterval(() => {
      if (this.status.get().perSecond > 0 && this.#queue.length === 0) this.#measureRate()
    }, RATE_SPAN_MS)
    signal.addEventListener('abort', () => {
      clearInterval(idle)
      clearTimeout(this.#timer)
    })
    return this.#connector.start(signal)
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
    const { waiting, left } = this.#backlog.takeAll()
    if (left) this.#wiring.rows.insertRange({ cause: 'paused', time: left.to, ...left, ...NOBODY })
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
    this.#connector.retry()
  }

  #take(records: RecordJson[]): void {
    if (records.length === 0) return
    this.#rate.count(records.length)
    this.arrivals.set(records)
    const { reading } = this.status.get()
    if (reading.kind === 'following') {
      this.#show(records)
      return
    }
    const fresh = this.#fresh(records)
    this.#backlog.add(fresh)
    this.#set({
      reading: {
        ...reading,
        waiting: reading.waiting + fresh.length,
        errors: reading.errors + fresh.filter(isError).length
      }
    })
  }

  #show(records: RecordJson[]): void {
    const { rows, trimmed } = this.#wiring
    const { now, late } = partLate(this.#fresh(records), rows.last()?.time)
    rows.merge(now)
    for (const [host, list] of late) tellLate(rows, host, list)
    if (rows.trim('oldest', MOST_ROWS, MOST_BYTES) > 0) trimmed()
  }

  /** Those that do not stand in the list. */
  #fresh(records: RecordJson[]): RecordJson[] {
    return records.filter((record) => !this.#wiring.rows.has(record.id))
  }

  #takeOther(event: Exclude<TailEvent, { kind: 'records' }>): void {
    const { rows } = this.#wiring
    switch (event.kind) {
      case 'move':
        this.#takeMove(event.move)
        break
      case 'deploy':
        rows.addDeploy(event.deploy)
        break
      case 'skipped': {
        const { count, from, to } = event
        rows.insertRange({ cause: 'skipped', time: to, count, from, to, ...NOBODY })
        break
      }
      case 'reset': {
        const now = `${new Date().toISOString().slice(0, 23)}000000Z`
        const from = rows.last()?.time ?? now
        const to = now > from ? now : from
        rows.insertRange({ cause: 'reset', time: from, count: undefined, from, to, ...NOBODY })
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

  #measureRate(): void {
    this.#set({ perSecond: this.#rate.perSecond() })
  }

  #set(change: Partial<TailStatus>): void {
    const old = this.status.get()
    const same = (Object.keys(change) as (keyof TailStatus)[]).every((name) =>
      Object.is(old[name], change[name])
    )
    if (!same) this.status.set({ ...old, ...change })
  }
}
