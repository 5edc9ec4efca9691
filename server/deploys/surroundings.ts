/** The fleet as deploys see it: hosts that take orders, and whether instances run. */
import type { Fleet, FleetHost } from '../../collector/fleet/fleet.ts'
import type { Instance } from './kept.ts'
import type { Candidate } from './place.ts'

/** A host that was heard so long ago is still counted on: agents and hubs may be started anew meanwhile. */
const COUNTED_ON_MS = 60_000
const OVER = new Set(['created', 'exited', 'dead', 'removed', 'removing'])

export type DeployFleet = Pick<Fleet, 'hosts' | 'host' | 'instances' | 'instance'>

export class Surroundings {
  readonly #fleet: DeployFleet
  readonly #nowMs: () => number
  readonly #isPlayed: boolean

  /** `isPlayed`: the whole fleet is. Elsewhere a played host gets nothing to run that is meant to run. */
  constructor(fleet: DeployFleet, nowMs: () => number, isPlayed = false) {
    this.#fleet = fleet
    this.#nowMs = nowMs
    this.#isPlayed = isPlayed
  }

  hosts = (): Candidate[] => {
    const load = new Map<string, number>()
    for (const { host, state } of this.#fleet.instances())
      if (state === 'running') load.set(host, (load.get(host) ?? 0) + 1)
    return this.#fleet
      .hosts()
      .filter((host) => this.#takesOrders(host))
      .map((host) => ({
        ...{ host: host.host, name: host.name, labels: host.facts.labels ?? {} },
        ...{ isThere: this.#isThere(host), load: load.get(host.host) ?? 0 }
      }))
  }

  isThere = (id: string): boolean => {
    const host = this.#fleet.host(id)
    return host !== undefined && this.#takesOrders(host) && this.#isThere(host)
  }

  nameOf = (id: string): string => this.#fleet.host(id)?.name ?? id

  /** False where its container is known to have ended. */
  isUp = ({ host, container }: Instance): boolean => {
    const instance = container === undefined ? undefined : this.#fleet.instance(host, container)
    return !instance || !OVER.has(instance.state)
  }

  #isThere({ live, seenMs = 0 }: FleetHost): boolean {
    return live || this.#nowMs() - seenMs < COUNTED_ON_MS
  }

  #takesOrders({ facts, pretended }: FleetHost): boolean {
    return facts.takesOrders === true && (this.#isPlayed || !pretended)
  }
}
