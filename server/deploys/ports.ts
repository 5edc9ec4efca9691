/**
 * Ports of instances, leased by host: one document a host, changed as one step, so that however many hubs there are, no
 * port of a host is given twice.
 */
import type { StateStore } from '../../collector/store/state.ts'
import { NoPortError } from './errors.ts'

export interface PortRange {
  from: number
  to: number
}

export interface PortLease {
  port: number
  /** To whom: the order that brings the instance. */
  order: string
  app: string
  environment: string
  sinceMs: number
}

/** `port/<host>` */
interface Kept {
  leases: PortLease[]
  /** Strangers have them, until when they are left alone. */
  strangers: { port: number; untilMs: number }[]
  /** The one leased last: those behind it come next, so that a port rests as long as can be before somebody else has it. */
  last?: number
}

const PORTS = 'port/'
const NOTHING: Kept = { leases: [], strangers: [] }
/** A port that a stranger had is not tried again for so long. */
const STRANGER_MS = 10 * 60_000

export interface LeaseAsked {
  order: string
  app: string
  environment: string
  /** The port of this order's lease is to be taken over, where it still is its own or free. */
  heir?: { of: string; port: number }
}

export class Ports {
  readonly #state: StateStore
  readonly #range: PortRange
  readonly #nowMs: () => number

  constructor(state: StateStore, range: PortRange, nowMs: () => number) {
    this.#state = state
    this.#range = range
    this.#nowMs = nowMs
  }

  /** The same port for the same order, however often it is asked. Throws NoPortError. */
  async lease(host: string, asked: LeaseAsked): Promise<number> {
    const kept = await this.#change(host, (old) => this.#withLease(old, asked))
    const lease = kept.leases.find(({ order }) => order === asked.order)
    if (lease) return lease.port
    const { from, to } = this.#range
    throw new NoPortError(`${from}-${to}`, host)
  }

  /** A stranger has the port of this order: nobody gets it for a while. Again is the same. */
  async strange(host: string, order: string): Promise<void> {
    const untilMs = this.#nowMs() + STRANGER_MS
    await this.#change(host, (old) => {
      const lease = old.leases.find((one) => one.order === order)
      if (!lease) return old
      const strangers = [
        ...old.strangers.filter(({ port }) => port !== lease.port),
        { port: lease.port, untilMs }
      ]
      return { ...old, leases: old.leases.filter((one) => one !== lease), strangers }
    })
  }

  /** Ends the leases that `isNeeded` does not need. */
  async release(host: string, isNeeded: (lease: PortLease) => boolean): Promise<void> {
    await this.#change(host, (old) =>
      old.leases.every(isNeeded) ? old : { ...old, leases: old.leases.filter(isNeeded) }
    )
  }

  /** The host is gone for good, and whatever ran there with it. */
  async forget(host: string): Promise<void> {
    await this.#state.delete(PORTS + host)
  }

  /** By host. */
  async list(): Promise<Map<string, { leases: PortLease[]; strangers: number[] }>> {
    const entries = await this.#state.list<Kept>(PORTS)
    const nowMs = this.#nowMs()
    return new Map(
      entries.map(({ key, value: { leases, strangers } }) => {
        const avoided = strangers.flatMap(({ port, untilMs }) => (untilMs > nowMs ? [port] : []))
        return [key.slice(PORTS.length), { leases, strangers: avoided }]
      })
    )
  }

  /** Writes nothing where `change` gives back what it got: most of what is asked was done before. */
  async #change(host: string, change: (old: Kept) => Kept): Promise<Kept> {
    const before = (await this.#state.get<Kept>(PORTS + host)) ?? NOTHING
    if (change(before) === before) return before
    return (await this.#state.update<Kept>(PORTS + host, (old) => change(old ?? NOTHING))) ?? NOTHING
  }

  /** The same where no port is free. */
  #withLease(old: Kept, { order, app, environment, heir }: LeaseAsked): Kept {
    if (old.leases.some((lease) => lease.order === order)) return old
    const strangers = old.strangers.filter(({ untilMs }) => untilMs > this.#nowMs())
    const others = old.leases.filter((lease) => lease.order !== heir?.of)
    const taken = new Set([...others, ...strangers].map(({ port }) => port))
    const isHeir = heir !== undefined && !taken.has(heir.port)
    const leases = isHeir ? others : old.leases
    for (const lease of leases) taken.add(lease.port)
    const port = isHeir ? heir.port : this.#next(old.last, taken)
    if (port === undefined) return { ...old, strangers }
    const lease = { port, order, app, environment, sinceMs: this.#nowMs() }
    return { leases: [...leases, lease], strangers, last: isHeir ? (old.last ?? port) : port }
  }

  #next(last: number | undefined, taken: ReadonlySet<number>): number | undefined {
    const { from, to } = this.#range
    const count = to - from + 1
    const begin = last === undefined || last < from || last >= to ? 0 : last + 1 - from
    for (let i = 0; i < count; i++) {
      const port = from + ((begin + i) % count)
      if (!taken.has(port)) return port
    }
    return undefined
  }
}
