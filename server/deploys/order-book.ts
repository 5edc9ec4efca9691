/**
 * What is asked of hosts, and what they say became of it. Every hub has the open orders of all hosts in memory, fed by what
 * it writes itself and by what others tell (SharedState.changes): agents that wait cost nothing while nothing happens. What
 * is given and taken is decided in the state, so that an old memory can only be late, never wrong.
 */
import type { Order, OrderEnd, OrdersAsked, OrdersGiven, Report } from '../../agent/protocol-orders.ts'
import type { StateEntry, StateStore } from '../../collector/store/state.ts'

/** `order/<host>/<id>` */
export interface KeptOrder {
  order: Order
  host: string
  createdMs: number
  /** A host may have it since then. */
  offeredMs?: number
  withdrawnMs?: number
  /** The last report that was taken. */
  reported: number
  /** The newest of each step and state: what goes on replaces what went on before. */
  reports: Report[]
  /** When its host told of it last, by the hub's clock. */
  toldMs?: number
  end?: OrderEnd
  endedMs?: number
}

export interface OrderBookOptions {
  state: StateStore
  nowMs: () => number
  /** A deploy stands behind the order: one that is in the book by mistake is not given. */
  isMeant: (order: Order) => Promise<boolean>
}

const ORDERS = 'order/'
const WITHDRAWN: OrderEnd = { kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' }
/** As an answer may hold. */
const MOST_GIVEN = 100

export class OrderBook {
  readonly #options: OrderBookOptions
  /** By host: those that have not ended, by id. */
  readonly #open = new Map<string, Map<string, KeptOrder>>()
  /** By host: who waits for something to do. */
  readonly #waiting = new Map<string, Set<() => void>>()
  readonly #listeners = new Set<(deploy: string) => void>()
  /** Since the start. */
  readonly counts = { given: 0, reports: 0, unknown: 0 }

  private constructor(options: OrderBookOptions) {
    this.#options = options
  }

  static async open(options: OrderBookOptions): Promise<OrderBook> {
    const book = new OrderBook(options)
    for (const { value } of await options.state.list<KeptOrder>(ORDERS)) book.#note(value)
    return book
  }

  /** Agents that wait now. */
  get waiting(): number {
    let count = 0
    for (const waiting of this.#waiting.values()) count += waiting.size
    return count
  }

  /** Orders that have not ended. */
  get size(): number {
    let count = 0
    for (const open of this.#open.values()) count += open.size
    return count
  }

  /** Those with open orders. */
  hosts(): string[] {
    return [...this.#open.keys()]
  }

  openOf(host: string): KeptOrder[] {
    return [...(this.#open.get(host)?.values() ?? [])]
  }

  /** Durable when it resolves; again is the same. One that is withdrawn is never given to anybody. */
  async add(host: string, order: Order, isWithdrawn = false): Promise<void> {
    const nowMs = this.#options.nowMs()
    const fresh: KeptOrder = { order, host, createdMs: nowMs, reported: 0, reports: [] }
    const next = isWithdrawn ? withdrawn(fresh, nowMs) : fresh
    await this.#change(host, order.id, (old) => old ?? next)
  }

  /** An order that no host can have yet ends at once; of others their agents say what became of them. */
  async withdraw(host: string, id: string): Promise<void> {
    await this.#change(host, id, (old) => old && withdrawn(old, this.#options.nowMs()))
  }

  async read(host: string, id: string): Promise<KeptOrder | undefined> {
    return this.#options.state.get<KeptOrder>(keyOf(host, id))
  }

  async forget(host: string, id: string): Promise<void> {
    await this.#change(host, id, () => undefined)
  }

  /** The host will never tell: all of its orders end. */
  async close(host: string): Promise<void> {
    for (const { key } of await this.#options.state.list<KeptOrder>(`${ORDERS}${host}/`))
      await this.#change(host, key.slice(ORDERS.length + host.length + 1), (old) =>
        old && !old.end
          ? ended(old, { kind: 'undone', code: 'DRIFTLOG_HOST_GONE' }, this.#options.nowMs())
          : old
      )
  }

  /** Calls `listener` with the deploy of each order that changes, until the returned function is called. */
  onChange(listener: (deploy: string) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes over what another hub wrote. */
  apply(entries: readonly StateEntry[]): void {
    for (const { key, value } of entries) {
      if (!key.startsWith(ORDERS)) continue
      const [host = '', id = ''] = key.slice(ORDERS.length).split('/')
      if (value) this.#note(value as KeptOrder)
      else this.#drop(host, id)
    }
  }

  /** Takes the agent's reports, and says of what it holds whether that is still wanted. */
  async tell(host: string, asked: Pick<OrdersAsked, 'held' | 'reports'>): Promise<OrdersGiven> {
    const reported = await this.#take(host, asked.reports)
    const given: OrdersGiven = { orders: [], withdrawn: [], ended: [], reported }
    for (const id of asked.held) await this.#answerHeld(host, id, asked.reports, given)
    return given
  }

  /**
   * What the host is to do beside what it holds. An agent asks for orders one request after the other: what it did not hold
   * when it asked at `askedMs`, although it was offered before, has never reached it, and is over if it was withdrawn.
   */
  async give(host: string, held: readonly string[], askedMs: number): Promise<Order[]> {
    const orders: Order[] = []
    for (const kept of this.openOf(host)) {
      if (held.includes(kept.order.id) || orders.length >= MOST_GIVEN) continue
      const order = await this.#offer(kept, askedMs)
      if (order) orders.push(order)
    }
    this.counts.given += orders.length
    return orders
  }

  /** Resolves when something of the host's orders changes, or the signal aborts. */
  async change(host: string, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const waiting = this.#waiting.get(host) ?? new Set()
    this.#waiting.set(host, waiting)
    await new Promise<void>((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done)
        waiting.delete(done)
        if (waiting.size === 0 && this.#waiting.get(host) === waiting) this.#waiting.delete(host)
        resolve()
      }
      waiting.add(done)
      signal.addEventListener('abort', done, { once: true })
    })
  }

  /** By order: the last report that is here for good. Those that do not follow on it come again. */
  async #take(host: string, reports: readonly Report[]): Promise<Record<string, number>> {
    const byOrder = new Map<string, Report[]>()
    for (const report of reports) byOrder.set(report.order, [...(byOrder.get(report.order) ?? []), report])
    const reported: Record<string, number> = {}
    for (const [id, ofOrder] of byOrder) {
      ofOrder.sort((a, b) => a.seq - b.seq)
      const kept = await this.#change(
        host,
        id,
        (old) => old && withReports(old, ofOrder, this.#options.nowMs())
      )
      this.counts.reports += ofOrder.length
      if (!kept) this.counts.unknown += ofOrder.length
      // Of an order that nobody knows any more there is nothing to keep.
      reported[id] = kept?.reported ?? ofOrder.at(-1)?.seq ?? 0
    }
    return reported
  }

  async #answerHeld(host: string, id: string, reports: readonly Report[], given: OrdersGiven): Promise<void> {
    const kept = this.#open.get(host)?.get(id) ?? (await this.read(host, id))
    if (kept) {
      // What this hub has ended by itself is over for it, but not for an agent that has it all the same.
      if (kept.reports.some(({ end }) => end !== undefined)) given.ended.push(id)
      else if (kept.end || kept.withdrawnMs !== undefined) given.withdrawn.push(id)
      given.reported[id] ??= kept.reported
      return
    }
    const hasEnded = reports.some((report) => report.order === id && report.end !== undefined)
    if (hasEnded) given.ended.push(id)
    else given.withdrawn.push(id)
  }

  /** Undefined where it is not to be carried out any more. */
  async #offer(seen: KeptOrder, askedMs: number): Promise<Order | undefined> {
    const { order, host } = seen
    const isMeant = seen.offeredMs !== undefined || (await this.#options.isMeant(order))
    const nowMs = this.#options.nowMs()
    const kept = await this.#change(host, order.id, (old) => {
      if (!old || old.end) return old
      if (!isMeant) return ended(old, WITHDRAWN, nowMs)
      if (old.withdrawnMs !== undefined)
        return (old.offeredMs ?? 0) < askedMs ? ended(old, WITHDRAWN, nowMs) : old
      return old.offeredMs === undefined ? { ...old, offeredMs: nowMs } : old
    })
    return kept && !kept.end && kept.withdrawnMs === undefined ? kept.order : undefined
  }

  /** Writes only what differs. */
  async #change(
    host: string,
    id: string,
    change: (old: KeptOrder | undefined) => KeptOrder | undefined
  ): Promise<KeptOrder | undefined> {
    const key = keyOf(host, id)
    const before = await this.#options.state.get<KeptOrder>(key)
    const wanted = change(before)
    const kept =
      JSON.stringify(wanted) === JSON.stringify(before)
        ? before
        : await this.#options.state.update<KeptOrder>(key, change)
    if (kept && kept !== before) this.#note(kept)
    else if (!kept || kept.end) this.#drop(host, id)
    return kept
  }

  #note(kept: KeptOrder): void {
    const { host, order } = kept
    const open = this.#open.get(host) ?? new Map<string, KeptOrder>()
    if (kept.end) open.delete(order.id)
    else open.set(order.id, kept)
    if (open.size === 0) this.#open.delete(host)
    else this.#open.set(host, open)
    this.#wake(host)
    for (const listener of this.#listeners) listener(order.deploy)
  }

  #drop(host: string, id: string): void {
    const open = this.#open.get(host)
    if (open?.delete(id) && open.size === 0) this.#open.delete(host)
  }

  #wake(host: string): void {
    for (const wake of [...(this.#waiting.get(host) ?? [])]) wake()
  }
}

function keyOf(host: string, id: string): string {
  return `${ORDERS}${host}/${id}`
}

function withdrawn(old: KeptOrder, nowMs: number): KeptOrder {
  if (old.end || old.withdrawnMs !== undefined) return old
  const next = { ...old, withdrawnMs: nowMs }
  return old.offeredMs === undefined ? ended(next, WITHDRAWN, nowMs) : next
}

function ended(old: KeptOrder, end: OrderEnd, nowMs: number): KeptOrder {
  return { ...old, end, endedMs: nowMs }
}

/** Those that follow on the last one that was taken, in their order. */
function withReports(old: KeptOrder, reports: readonly Report[], nowMs: number): KeptOrder {
  let next = old
  for (const report of reports) {
    if (report.seq !== next.reported + 1) continue
    const isSame = (one: Report) => one.step === report.step && one.state === report.state
    const kept = report.state === 'going' ? next.reports.filter((one) => !isSame(one)) : next.reports
    next = { ...next, reported: report.seq, reports: [...kept, report], toldMs: nowMs }
    if (report.end && !next.end) next = ended(next, report.end, nowMs)
  }
  return next
}
