/**
 * Orders of the hub: asked for by a request that waits there, carried out several at a time but one after the other in
 * each slot, and told by requests of their own. While the hub is away what is in hand goes on, and is told later.
 */
import type { Logger } from 'pino'
import type { Order, OrderEnd, OrdersAsked, OrdersGiven, Report } from '../protocol-orders.ts'
import { type Backoff, delays, pause } from '../ship/backoff.ts'
import type { Hub } from '../ship/hub.ts'
import type { Outcome } from '../ship/outcome.ts'
import { carryOut } from './carry-out.ts'
import type { OrderHost } from './host.ts'
import { type Entry, isOrderId, type Journal } from './journal.ts'
import { Work } from './work.ts'

export interface OrdersOptions {
  hub: Pick<Hub, 'orders'>
  journal: Journal
  host: Omit<OrderHost, 'hasPort'>
  log: Logger
  /** Called once for each order that ends. */
  ended: (kind: OrderEnd['kind']) => void
  backoff?: Backoff
}

/** So long the hub may hold an answer back: shorter than what proxies wait. */
const WAIT_MS = 25_000
/** An answer that came sooner without anything new is not asked for again at once. */
const SOONEST_MS = 500
const BACKOFF: Backoff = { minMs: 200, maxMs: 3000 }
/** A refusal needs a person. */
const REFUSED_MS = 10_000
/** Of the protocol. */
const MOST = 1000
/** Of one request, in UTF-16 units. */
const REPORTS_LENGTH = 256 * 1024

export class Orders {
  readonly #options: OrdersOptions
  readonly #host: OrderHost
  /** In the order of their coming. */
  readonly #works = new Map<string, Work>()
  /** The last order of each slot. */
  readonly #slots = new Map<string, Promise<void>>()
  /** Ended and forgotten; an answer that was under way meanwhile may still name them. */
  readonly #past: string[] = []
  #lastMs = 0
  #untold = false
  #wake: (() => void) | undefined
  #problem: string | undefined = 'not asked yet'

  constructor(options: OrdersOptions) {
    this.#options = options
    this.#host = { ...options.host, hasPort: (order, port) => this.#hasPort(order, port) }
  }

  /** The hub has answered when it was asked last. */
  get isHeard(): boolean {
    return this.#problem === undefined
  }

  /** Until the signal is aborted; what is in hand then is gone on with by the next one. */
  async run(signal: AbortSignal): Promise<void> {
    const { journal, log } = this.#options
    for (const path of journal.damaged)
      log.error({ path }, 'the journal of an order is damaged: look at its containers, and remove the file')
    for (const entry of journal.entries) this.#take(entry, true, signal)
    await Promise.all([this.#listen(signal), this.#tell(signal)])
    await Promise.allSettled(this.#slots.values())
  }

  async #listen(signal: AbortSignal): Promise<void> {
    let waits = delays(this.#options.backoff ?? BACKOFF)
    while (!signal.aborted) {
      const askedMs = Date.now()
      const before = this.#works.size
      const outcome = await this.#ask(WAIT_MS, signal)
      if (signal.aborted) return
      if (outcome.kind === 'accepted') {
        waits = delays(this.#options.backoff ?? BACKOFF)
        if (this.#works.size === before) await pause(SOONEST_MS - (Date.now() - askedMs), signal)
      } else await this.#later(outcome, waits, signal)
    }
  }

  async #tell(signal: AbortSignal): Promise<void> {
    let waits = delays(this.#options.backoff ?? BACKOFF)
    while (!signal.aborted) {
      await this.#told(signal)
      if (signal.aborted) return
      this.#untold = false
      const outcome = await this.#ask(0, signal)
      if (signal.aborted) return
      if (outcome.kind === 'accepted') waits = delays(this.#options.backoff ?? BACKOFF)
      else {
        this.#untold = true
        await this.#later(outcome, waits, signal)
      }
    }
  }

  async #ask(waitMs: number, signal: AbortSignal): Promise<Outcome<OrdersGiven>> {
    const held = [...this.#works.keys()].slice(-MOST)
    const asked: OrdersAsked = { held, reports: this.#reports(), waitMs }
    const outcome = await this.#options.hub.orders(asked, signal)
    if (outcome.kind === 'accepted' && !signal.aborted) {
      if (this.#problem !== undefined) this.#options.log.info('the hub gives orders')
      this.#problem = undefined
      this.#given(outcome.value, signal)
    }
    return outcome
  }

  async #later(
    outcome: Outcome<OrdersGiven>,
    waits: Iterator<number, never>,
    signal: AbortSignal
  ): Promise<void> {
    const isRefused = outcome.kind === 'refused'
    const reason = isRefused
      ? `${outcome.code}: ${outcome.message}`
      : outcome.kind === 'retry'
        ? outcome.reason
        : outcome.kind
    if (this.#problem !== reason) {
      this.#problem = reason
      if (isRefused) this.#options.log.error({ reason }, 'the hub gives this host no orders')
      else this.#options.log.warn({ reason }, 'the hub gives no orders, will ask again')
    }
    const afterMs = outcome.kind === 'retry' ? (outcome.afterMs ?? 0) : isRefused ? REFUSED_MS : 0
    await pause(Math.max(waits.next().value, afterMs), signal)
  }

  /** Anything may stand there: what is not an order is refused as one. */
  #given({ orders, withdrawn, ended, reported }: Partial<OrdersGiven>, signal: AbortSignal): void {
    for (const [id, seq] of Object.entries(reported ?? {})) this.#works.get(id)?.reported(seq)
    for (const id of ended ?? []) this.#forget(id)
    for (const order of orders ?? []) {
      const { id } = (order ?? {}) as Partial<Order>
      if (typeof id !== 'string' || this.#works.has(id) || this.#past.includes(id)) continue
      this.#lastMs = Math.max(Date.now(), this.#lastMs + 1)
      const entry: Entry = {
        order,
        takenMs: this.#lastMs,
        at: 'taken',
        withdrawn: false,
        reports: [],
        seq: 0
      }
      if (this.#isWritten(entry)) this.#take(entry, false, signal)
    }
    for (const id of withdrawn ?? []) this.#works.get(id)?.withdraw()
  }

  /** Only what is on disk is told as held. */
  #isWritten(entry: Entry): boolean {
    const { journal, log } = this.#options
    const { id: order, kind, deploy } = entry.order
    try {
      if (isOrderId(order)) journal.write(entry)
      log.info({ order, kind, deploy }, 'an order has come')
      return true
    } catch (err) {
      log.error({ err, order }, 'an order is not taken: its journal cannot be written')
      return false
    }
  }

  #take(entry: Entry, resumed: boolean, signal: AbortSignal): void {
    const { journal, log, ended } = this.#options
    const work = new Work(entry, resumed, { journal, log, ended, signal, told: () => this.#news() })
    this.#works.set(entry.order.id, work)
    this.#lastMs = Math.max(this.#lastMs, entry.takenMs)
    if (work.reports.length > 0) this.#news()
    if (work.hasEnded) return
    const slot = slotOf(entry.order)
    const before = this.#slots.get(slot) ?? Promise.resolve()
    const done = before.then(() => this.#carryOut(work, signal))
    this.#slots.set(slot, done)
    void done.then(() => {
      if (this.#slots.get(slot) === done) this.#slots.delete(slot)
    })
  }

  async #carryOut(work: Work, signal: AbortSignal): Promise<void> {
    const waits = delays(BACKOFF)
    while (!signal.aborted) {
      try {
        return await carryOut(work, this.#host)
      } catch (err) {
        if (signal.aborted) return
        const { id: order } = work.order
        this.#options.log.error({ err, order }, 'an order could not be gone on with, will try again')
        await pause(waits.next().value, signal)
      }
    }
  }

  #forget(id: string): void {
    const work = this.#works.get(id)
    if (!work?.hasEnded) return
    if (isOrderId(id)) this.#options.journal.forget(id)
    this.#works.delete(id)
    this.#past.push(id)
    if (this.#past.length > MOST) this.#past.shift()
  }

  /** Oldest first, as many as go into one request. */
  #reports(): Report[] {
    const all: Report[] = []
    let length = 0
    for (const { reports } of this.#works.values()) {
      for (const report of reports) {
        length += JSON.stringify(report).length
        if (all.length > 0 && (length > REPORTS_LENGTH || all.length >= MOST)) return all
        all.push(report)
      }
    }
    return all
  }

  #hasPort(order: string, port: number): boolean {
    return [...this.#works.values()].some((work) => {
      const { order: other } = work
      return other.kind === 'replace' && other.id !== order && !work.hasEnded && other.spec?.port === port
    })
  }

  #news(): void {
    this.#untold = true
    this.#wake?.()
  }

  /** Resolves when there is something to tell. */
  async #told(signal: AbortSignal): Promise<void> {
    if (this.#untold) return
    const woken = new AbortController()
    this.#wake = () => woken.abort()
    const end = () => woken.abort()
    signal.addEventListener('abort', end, { once: true })
    if (!signal.aborted) await new Promise((resolve) => woken.signal.addEventListener('abort', resolve))
    signal.removeEventListener('abort', end)
    this.#wake = undefined
  }
}

/** What is carried out one after the other. A pull disturbs nobody. */
function slotOf(order: Order): string {
  if (order.kind === 'pull') return `pull ${order.id}`
  const { app, environment, slot } = order.kind === 'replace' ? (order.spec ?? {}) : order
  return `${app} ${environment} ${slot}`
}
