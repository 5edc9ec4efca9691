/** Hosts, instances and moves as they are known now, and whoever wants to hear of their changes. */
import type { Totals } from '../ledger/ledger.ts'
import { Changes } from './changes.ts'
import type { Instance } from './instances.ts'
import { byHubClock, type Move, movesOf } from './moves.ts'
import {
  type Behind,
  behindMs,
  type FleetAsked,
  type FleetChange,
  type FleetHost,
  type FleetInstance,
  type FleetMove,
  hostView,
  instanceView,
  type LiveHost
} from './view.ts'

/** Hosts have this many colours; see HostJson.slot. */
const SLOTS = 24

const ALWAYS = { fromMs: Number.NEGATIVE_INFINITY, toMs: Number.POSITIVE_INFINITY }

export class Roster {
  /** By id. */
  readonly known = new Map<string, LiveHost>()
  readonly #lost: (host: string) => Totals
  readonly #nowMs: () => number
  readonly #changes = new Changes<FleetChange>()
  /** By host, then by container. */
  readonly #instances = new Map<string, Map<string, Instance>>()
  /** By app and environment. */
  readonly #members = new Map<string, Set<Instance>>()
  readonly #moves = new Map<string, Move[]>()

  /** `lost` says what is missing of a host's logs. */
  constructor(lost: (host: string) => Totals, nowMs: () => number) {
    this.#lost = lost
    this.#nowMs = nowMs
  }

  find(host: string, container: string): Instance | undefined {
    return this.#instances.get(host)?.get(container)
  }

  of(host: string): Iterable<Instance> {
    return this.#instances.get(host)?.values() ?? []
  }

  /** Moves of what was placed so far belong to the past: nobody is told. */
  settle(): void {
    for (const app of this.#members.keys()) this.#moves.set(app, this.#movesNow(app))
  }

  hosts(): FleetHost[] {
    return [...this.known.values()].map((host) => this.view(host)).sort((a, b) => compare(a.name, b.name))
  }

  host(id: string): FleetHost | undefined {
    const host = this.known.get(id)
    return host && this.view(host)
  }

  /** Newest first. */
  instances(asked: FleetAsked = {}): FleetInstance[] {
    const { app, environment, host, fromMs, toMs } = { ...ALWAYS, ...asked }
    const found: FleetInstance[] = []
    for (const instances of host === undefined ? this.#instances.values() : [this.#instances.get(host)]) {
      for (const instance of instances?.values() ?? []) {
        if (app !== undefined && instance.facts.app !== app) continue
        if (environment !== undefined && instance.facts.environment !== environment) continue
        const view = this.viewInstance(instance)
        const over = view.removedMs ?? view.finishedMs ?? Number.POSITIVE_INFINITY
        if (over >= fromMs && (view.startedMs ?? view.firstSeenMs) < toMs) found.push(view)
      }
    }
    const beginOf = (instance: FleetInstance) => instance.startedMs ?? instance.firstSeenMs
    return found.sort((a, b) => beginOf(b) - beginOf(a) || compare(a.instance, b.instance))
  }

  instance(host: string, container: string): FleetInstance | undefined {
    const instance = this.#instances.get(host)?.get(container)
    return instance && this.viewInstance(instance)
  }

  /** Newest first. `host` is where it came from or where it went. */
  moves(asked: FleetAsked = {}): FleetMove[] {
    const { app, environment, host, fromMs, toMs } = { ...ALWAYS, ...asked }
    const found: FleetMove[] = []
    for (const moves of this.#moves.values()) {
      for (const move of moves) {
        if (app !== undefined && move.app !== app) continue
        if (environment !== undefined && move.environment !== environment) continue
        if (host !== undefined && move.fromHost !== host && move.toHost !== host) continue
        if (move.atMs >= fromMs && move.atMs < toMs) found.push(this.#viewMove(move))
      }
    }
    return found.sort((a, b) => b.atMs - a.atMs || compare(a.toInstance, b.toInstance))
  }

  /** Instances and moves as they change, from now until `signal` aborts. */
  changes(signal: AbortSignal): AsyncIterable<FleetChange> {
    return this.#changes.follow(signal)
  }

  /** Hosts that have not delivered everything yet. */
  behind(nowMs: number): Behind[] {
    return [...this.known.values()]
      .filter((host) => host.seenMs !== undefined)
      .map((host) => ({ host: host.host, hostName: host.facts.name, behindMs: behindMs(host, nowMs) }))
      .filter((behind) => behind.behindMs > 0)
  }

  replace(old: Instance | undefined, next: Instance, apps: Set<string>): void {
    this.place(old, next)
    this.#tellInstance(next)
    if (old) apps.add(memberKey(old))
    apps.add(memberKey(next))
  }

  place(old: Instance | undefined, next: Instance): void {
    const ofHost = this.#instances.get(next.host) ?? new Map<string, Instance>()
    this.#instances.set(next.host, ofHost.set(next.facts.container, next))
    if (old) this.#members.get(memberKey(old))?.delete(old)
    const members = this.#members.get(memberKey(next)) ?? new Set<Instance>()
    this.#members.set(memberKey(next), members.add(next))
  }

  /** Finds the apps' moves again and tells those that are new. */
  recompute(apps: Iterable<string>): void {
    for (const app of apps) this.#recompute(app)
  }

  #recompute(app: string): void {
    const known = new Set((this.#moves.get(app) ?? []).map(moveKey))
    const moves = this.#movesNow(app)
    this.#moves.set(app, moves)
    for (const move of moves)
      if (!known.has(moveKey(move)))
        this.#changes.tell(`move ${moveKey(move)}`, { kind: 'move', move: this.#viewMove(move) })
  }

  #movesNow(app: string): Move[] {
    const movers = [...(this.#members.get(app) ?? [])].map(({ id, host, facts, runs }) => ({
      ...facts,
      host,
      runs: runs.map(byHubClock),
      instance: id
    }))
    return movesOf(movers, (id) => {
      const host = this.known.get(id)
      return host?.silent ? host.seenMs : undefined
    })
  }

  /** Everything on the host looks different now: its name changed, or it fell silent or came back. */
  tellAll(host: string): void {
    const apps = new Set<string>()
    for (const instance of this.#instances.get(host)?.values() ?? []) {
      if (instance.removedMs !== undefined) continue
      this.#tellInstance(instance)
      apps.add(memberKey(instance))
    }
    this.recompute(apps)
  }

  #tellInstance(instance: Instance): void {
    const view = this.viewInstance(instance)
    this.#changes.tell(`instance ${view.instance}`, { kind: 'instance', instance: view })
  }

  tellGap(host: string, container: string): void {
    const instance = this.instance(host, container)
    if (instance) this.#changes.tell(`gap ${instance.instance}`, { kind: 'gap', instance })
  }

  /** The least used colour, the first of equals. */
  freeSlot(): number {
    const uses = new Array<number>(SLOTS).fill(0)
    for (const { slot } of this.known.values()) uses[slot] = (uses[slot] ?? 0) + 1
    return uses.indexOf(Math.min(...uses))
  }

  view(host: LiveHost): FleetHost {
    return hostView(host, this.#lost(host.host), this.#nowMs())
  }

  viewInstance(instance: Instance): FleetInstance {
    return instanceView(instance, this.known.get(instance.host))
  }

  #viewMove(move: Move): FleetMove {
    const nameOf = (host: string) => this.known.get(host)?.facts.name ?? host
    return { ...move, fromHostName: nameOf(move.fromHost), toHostName: nameOf(move.toHost) }
  }
}

function memberKey({ facts }: Instance): string {
  return JSON.stringify([facts.app, facts.environment])
}

function moveKey(move: Move): string {
  return `${move.fromInstance} ${move.toInstance} ${move.atMs}`
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
