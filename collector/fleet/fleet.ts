/**
 * Hosts, instances and moves: kept in memory, written through to the state store. Where several hubs share that, each
 * host is written by the hub whose turn it is, under the turn's fencing term; the others take over what it wrote.
 */
import { randomBytes } from 'node:crypto'
import type { HostFacts, InstanceEvent } from '../../agent/protocol.ts'
import type { KeptAccount } from '../ledger/account.ts'
import { Ledger } from '../ledger/ledger.ts'
import type { StateEntry, StateStore } from '../store/state.ts'
import { WriteThrough } from '../store/write-through.ts'
import { addStream, type Instance, mayHaveWritten, streamNumber, tellInstance, vanish } from './instances.ts'
import { sorted } from './remembered.ts'
import { Roster } from './roster.ts'
import { Terms } from './terms.ts'
import {
  aheadMs,
  type Behind,
  type FleetAsked,
  type FleetChange,
  type FleetHost,
  type FleetInstance,
  type FleetMove,
  type Heard,
  type KeptHost,
  LIVE_MS,
  type LiveHost
} from './view.ts'

export { instanceId } from './instances.ts'
export type { Behind, FleetAsked, FleetChange, FleetHost, FleetInstance, FleetMove, Heard } from './view.ts'

/** Silent hosts are looked for this often. */
const SWEEP_MS = 5000
/** `seenMs` is written down this often while nothing else changes. */
const SEEN_SAVED_MS = 60_000
/** After its own start the hub waits this long for agents before it calls a host silent. */
const START_GRACE_MS = 60_000
/** An instance just told is not taken for gone because an older listing lacks it. */
const JUST_TOLD_MS = 5000
/** A host that enrolled and never said hello was an agent that died at once, or a mistake. */
const GREETED_WITHIN_MS = 86_400_000
/** A host's clock counts as unchanged while it is this close to what was measured before. */
const CLOCK_TOLERANCE_MS = 5

/** Reads everything into memory; moves of the past are not told again. */
export async function openFleet(state: StateStore, nowMs: () => number = Date.now): Promise<Fleet> {
  const fleet = new Fleet(state, nowMs)
  await fleet.load()
  return fleet
}

export class Fleet implements AsyncDisposable {
  readonly #state: StateStore
  readonly #nowMs: () => number
  /** What is missing of the instances' logs. */
  readonly ledger: Ledger
  readonly #writes: WriteThrough
  readonly #roster: Roster
  /** Instances told a moment ago, by the hub's clock. */
  readonly #toldMs = new WeakMap<Instance, number>()
  readonly #terms = new Terms()
  readonly #openedMs: number
  readonly #sweeper: NodeJS.Timeout

  constructor(state: StateStore, nowMs: () => number) {
    this.#state = state
    this.#nowMs = nowMs
    this.#openedMs = nowMs()
    this.#writes = new WriteThrough(state, (entries) => this.#refused(entries))
    this.ledger = new Ledger(
      (host, key, value) => this.#keep(host, key, value),
      nowMs,
      (host, container) => this.#roster.tellGap(host, container)
    )
    this.#roster = new Roster((host) => this.ledger.totals(host), nowMs)
    this.#sweeper = setInterval(() => this.sweep(), SWEEP_MS)
    this.#sweeper.unref()
  }

  /** Called once by openFleet(). */
  async load(): Promise<void> {
    for (const { key, value } of await this.#state.list<KeptHost>('host/')) {
      if (value.seenMs === undefined && this.#openedMs - value.enrolledMs > GREETED_WITHIN_MS) {
        this.#writes.set(key, undefined)
        continue
      }
      this.#placeHost(value)
    }
    const { remembered, forgotten } = sorted(await this.#state.list<Instance>('instance/'), this.#openedMs)
    for (const key of forgotten) this.#writes.set(key, undefined)
    for (const instance of remembered) this.#roster.place(undefined, instance)
    await this.ledger.load(this.#state, (host, container) => this.#roster.find(host, container) !== undefined)
    await this.#writes.saved()
    this.#roster.settle()
  }

  /** A new host with an id and a colour of its own. Durable when it resolves. */
  async enrol(facts: HostFacts, agentVersion: string): Promise<FleetHost> {
    const nowMs = this.#nowMs()
    const host: LiveHost = {
      host: randomBytes(8).toString('hex'),
      slot: this.#roster.freeSlot(),
      facts,
      agentVersion,
      enrolledMs: nowMs,
      clockOffsetMs: 0,
      savedMs: nowMs,
      behindBytes: 0,
      completeMs: nowMs,
      silent: false
    }
    this.#roster.known.set(host.host, host)
    this.#saveHost(host)
    await this.#writes.saved()
    return this.#roster.view(host)
  }

  /** A session begins. A host whose key is valid but which the state has lost is taken in again. */
  hello(id: string, told: { facts: HostFacts; agentVersion: string; clockOffsetMs: number }): FleetHost {
    const nowMs = this.#nowMs()
    const fresh = {
      host: id,
      slot: this.#roster.freeSlot(),
      enrolledMs: nowMs,
      behindBytes: 0,
      completeMs: nowMs
    }
    const known = this.#roster.known.get(id)
    // Records of one host keep their order as long as its clock counts as unchanged.
    const unchanged = known && Math.abs(told.clockOffsetMs - known.clockOffsetMs) < CLOCK_TOLERANCE_MS
    const host: LiveHost = {
      ...(known ?? { ...fresh, savedMs: nowMs, silent: false }),
      ...told,
      greeted: { atMs: nowMs, completeMs: known?.completeMs ?? nowMs },
      ...(unchanged && { clockOffsetMs: known.clockOffsetMs })
    }
    this.#roster.known.set(id, host)
    this.heard(id)
    this.#saveHost(host)
    if (known?.facts.name !== host.facts.name) this.#roster.tellAll(id)
    return this.#roster.view(host)
  }

  /** A sign of life, with what the agent has not delivered yet. */
  heard(id: string, behindBytes?: number): void {
    const host = this.#roster.known.get(id)
    if (!host) return
    const nowMs = this.#nowMs()
    host.heardMs = nowMs
    host.ownMs = nowMs
    host.seenMs = nowMs
    if (behindBytes !== undefined) {
      host.behindBytes = behindBytes
      if (behindBytes === 0) host.completeMs = nowMs
    }
    if (nowMs - host.savedMs >= SEEN_SAVED_MS) this.#saveHost(host)
    if (host.silent) this.sweep()
  }

  /** Takes over what the agent told of its instances. */
  tell(host: string, events: readonly InstanceEvent[]): void {
    const nowMs = this.#nowMs()
    const ahead = this.aheadMs(host)
    const apps = new Set<string>()
    for (const event of events) {
      const old = this.#roster.find(host, event.instance.container)
      this.#change(old, tellInstance(old, host, event, nowMs, ahead), apps)
    }
    this.#roster.recompute(apps)
  }

  /**
   * Everything that exists on the host now: other instances are gone. Returns those that the agent never saw since it
   * said hello although they may have written since it saw them last: nobody will read that.
   */
  present(host: string, containers: readonly string[]): FleetInstance[] {
    const nowMs = this.#nowMs()
    const present = new Set(containers)
    const apps = new Set<string>()
    const unread: FleetInstance[] = []
    const greeted = this.#roster.known.get(host)?.greeted
    for (const old of this.#roster.of(host)) {
      if (present.has(old.facts.container) || old.removedMs !== undefined) continue
      const toldMs = this.#toldMs.get(old) ?? 0
      if (nowMs - toldMs < JUST_TOLD_MS) continue
      if (greeted && toldMs < greeted.atMs && mayHaveWritten(old, greeted.completeMs))
        unread.push(this.#roster.viewInstance(old))
      this.#change(old, vanish(old, nowMs), apps)
    }
    this.#roster.recompute(apps)
    return unread
  }

  /** Resolves when everything told so far survives a crash, or belongs to a turn that is over. */
  saved(): Promise<void> {
    return this.#writes.saved()
  }

  /** This hub serves the host from now on, under this term: what others wrote of it meanwhile is read. */
  async takeTurn(host: string, term: number): Promise<void> {
    this.#terms.take(host, term)
    const kept = await this.#state.get<KeptHost>(`host/${host}`)
    const instances = await this.#state.list<Instance>(`instance/${host}/`)
    const accounts = await this.#state.list<KeptAccount>(`ledger/${host}/`)
    const entries = [...(kept ? [{ key: `host/${host}`, value: kept }] : []), ...instances, ...accounts]
    this.apply(entries.map((entry) => ({ ...entry, term })))
  }

  /** Throws StaleTermError where another hub was seen to have taken the host over. */
  demandTurn(host: string): void {
    this.#terms.demand(host)
  }

  /** Takes over what another hub wrote. */
  apply(entries: readonly StateEntry[]): void {
    const apps = new Set<string>()
    for (const { key, value, term } of entries) {
      const [kind, host = '', ...rest] = key.split('/')
      if (kind !== 'host' && kind !== 'instance' && kind !== 'ledger') continue
      if (value === undefined || !this.#terms.see(host, term)) continue
      const container = rest.join('/')
      if (kind === 'host') this.#placeHost(value as KeptHost)
      else if (kind === 'ledger') this.ledger.apply(host, container, value as KeptAccount)
      else this.#roster.replace(this.#roster.find(host, container), value as Instance, apps)
    }
    this.#roster.recompute(apps)
  }

  /** Another hub has heard the host, by that hub's clock. */
  heardElsewhere(id: string, { heardMs, behindBytes, completeMs }: Heard): void {
    const host = this.#roster.known.get(id)
    if (!host || heardMs <= (host.heardMs ?? 0)) return
    Object.assign(host, { heardMs, seenMs: heardMs, behindBytes, completeMs })
    if (host.silent) this.sweep()
  }

  /** Hosts that this hub itself has heard since `thenMs`. */
  heardHere(thenMs: number): Map<string, Heard> {
    const found = new Map<string, Heard>()
    for (const { host, ownMs, behindBytes, completeMs } of this.#roster.known.values())
      if (ownMs !== undefined && ownMs >= thenMs) found.set(host, { heardMs: ownMs, behindBytes, completeMs })
    return found
  }

  hosts(): FleetHost[] {
    return this.#roster.hosts()
  }

  host(id: string): FleetHost | undefined {
    return this.#roster.host(id)
  }

  /** Newest first. */
  instances(asked: FleetAsked = {}): FleetInstance[] {
    return this.#roster.instances(asked)
  }

  instance(host: string, container: string): FleetInstance | undefined {
    return this.#roster.instance(host, container)
  }

  /** Newest first. `host` is where it came from or where it went. */
  moves(asked: FleetAsked = {}): FleetMove[] {
    return this.#roster.moves(asked)
  }

  /** Instances and moves as they change, from now until `signal` aborts. */
  changes(signal: AbortSignal): AsyncIterable<FleetChange> {
    return this.#roster.changes(signal)
  }

  /** Hosts that have not delivered everything yet. */
  behind(nowMs: number): Behind[] {
    return this.#roster.behind(nowMs)
  }

  /**
   * The ordinal of a stream within its instance, given when it is first asked for: the same for ever once saved()
   * has resolved. Undefined where the instance is not known or has as many streams as it may.
   */
  streamNumber(host: string, container: string, stream: string): number | undefined {
    const instance = this.#roster.find(host, container)
    if (!instance) return undefined
    const known = streamNumber(instance, stream)
    if (known !== undefined) return known
    const next = addStream(instance, stream)
    if (!next) return undefined
    this.#change(instance, next, new Set())
    return streamNumber(next, stream)
  }

  /** How far what the host stamps is ahead of the hub's clock, in ms; 0 where its clock is kept in time. */
  aheadMs(id: string): number {
    const host = this.#roster.known.get(id)
    return host ? aheadMs(host) : 0
  }

  /** How far the host's clock is ahead of the hub's by what its agent measured, in ms. */
  clock(id: string, offsetMs: number): void {
    const host = this.#roster.known.get(id)
    if (!host || Math.abs(offsetMs - host.clockOffsetMs) < CLOCK_TOLERANCE_MS) return
    host.clockOffsetMs = offsetMs
    this.#saveHost(host)
  }

  /** Notices hosts that fell silent or came back. Runs by itself; also called when a host is heard again. */
  sweep(): void {
    const nowMs = this.#nowMs()
    for (const host of this.#roster.known.values()) {
      const silent = nowMs - (host.heardMs ?? this.#openedMs + START_GRACE_MS) > LIVE_MS
      if (silent === host.silent) continue
      host.silent = silent
      this.#roster.tellAll(host.host)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeper)
    for (const host of this.#roster.known.values())
      if (host.seenMs !== undefined && host.seenMs > host.savedMs) this.#saveHost(host)
    this.ledger.flush()
    await this.#writes.saved()
  }

  /** Adds to `apps` those whose moves must be found again. */
  #change(old: Instance | undefined, next: Instance, apps: Set<string>): void {
    if (old && JSON.stringify(old) === JSON.stringify(next)) {
      this.#toldMs.set(old, this.#nowMs())
      return
    }
    this.#roster.replace(old, next, apps)
    this.#toldMs.set(next, this.#nowMs())
    this.#keep(next.host, `instance/${next.host}/${next.facts.container}`, next)
  }

  /** A host as it is kept; what is known beside of one that was known stays. */
  #placeHost(kept: KeptHost): void {
    const known = this.#roster.known.get(kept.host)
    const seenMs = Math.max(kept.seenMs ?? 0, known?.seenMs ?? 0)
    this.#roster.known.set(kept.host, {
      ...(known ?? {
        ...{ behindBytes: 0, silent: false },
        ...{ savedMs: kept.seenMs ?? 0, completeMs: kept.seenMs ?? kept.enrolledMs }
      }),
      ...kept,
      ...(seenMs > 0 && { seenMs })
    })
    if (known && known.facts.name !== kept.facts.name) this.#roster.tellAll(kept.host)
  }

  /** With the next write, under the term of the host's turn. */
  #keep(host: string, key: string, value: unknown): void {
    this.#writes.set(key, value, this.#terms.of(host))
  }

  #refused(entries: readonly StateEntry[]): void {
    for (const { key, term } of entries) {
      const [, host = ''] = key.split('/')
      this.#terms.refused(host, term)
    }
  }

  #saveHost(live: LiveHost): void {
    const { host, slot, facts, agentVersion, enrolledMs, seenMs, clockOffsetMs } = live
    const kept: KeptHost = { host, slot, facts, agentVersion, enrolledMs, clockOffsetMs }
    if (seenMs !== undefined) kept.seenMs = seenMs
    live.savedMs = this.#nowMs()
    this.#keep(host, `host/${host}`, kept)
  }
}
