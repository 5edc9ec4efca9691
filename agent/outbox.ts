/** What is to be told beside log bytes: instances, losses, what is present, stats. Waits here until the hub has it. */
import type { InstanceEvent, Loss, StatsSample } from './protocol.ts'

export interface Telling {
  events: InstanceEvent[]
  losses: Loss[]
  present: string[] | undefined
  stats: StatsSample[]
  /** Samples that had to be forgotten since the hub was last told. */
  statsDropped: number
}

/** While the hub is away no more than this many of each are kept; the oldest go, and are counted. */
const MAX_WAITING = 5000
/** What the protocol allows in one delivery. */
const MAX_EVENTS = 2000
const MAX_LOSSES = 1000
const MAX_STATS = 500
/** Samples that wait for a hub that is away: of the last ten minutes, and never more than so many. */
const STATS_HELD_MS = 10 * 60_000
const MOST_STATS = 20_000

export class Outbox {
  readonly #wake: () => void
  #events: InstanceEvent[] = []
  #losses: Loss[] = []
  #present: string[] | undefined
  #stats: StatsSample[] = []
  #statsUntold = 0
  /** Samples that had to be forgotten. */
  statsDropped = 0
  /** Containers whose instance is in this session's deliveries. */
  readonly #told = new Set<string>()
  /** Events and losses that had to be forgotten. */
  dropped = 0

  constructor(wake: () => void) {
    this.#wake = wake
  }

  tell(event: InstanceEvent): void {
    this.#events.push(event)
    if (this.#events.length > MAX_WAITING) this.#shorten()
    this.#wake()
  }

  lost(loss: Loss): void {
    this.#losses.push(loss)
    if (this.#losses.length > MAX_WAITING) {
      this.#losses.shift()
      this.dropped++
    }
    this.#wake()
  }

  present(containers: string[]): void {
    this.#present = containers
    this.#wake()
  }

  /** They go with the next delivery, the heartbeat at the latest: nothing is sent for their sake alone. */
  measured(samples: readonly StatsSample[]): void {
    this.#stats.push(...samples)
    const newestMs = samples.at(-1)?.atMs ?? 0
    let old = Math.max(0, this.#stats.length - MOST_STATS)
    while ((this.#stats[old]?.atMs ?? newestMs) < newestMs - STATS_HELD_MS) old++
    if (old === 0) return
    this.#stats.splice(0, old)
    this.statsDropped += old
    this.#statsUntold += old
  }

  get empty(): boolean {
    return this.#events.length === 0 && this.#losses.length === 0 && this.#present === undefined
  }

  /** An instance must have been told before the first chunk of its log. */
  told(container: string): boolean {
    return this.#told.has(container)
  }

  /** A new session: every instance has to be told again, by whoever knows them. */
  forget(): void {
    this.#told.clear()
  }

  /** The next events in their order, as many as fit into `maxBytes` of JSON (one at least), and the losses. */
  take(maxBytes: number): Telling {
    let bytes = 0
    let count = 0
    while (count < this.#events.length && count < MAX_EVENTS) {
      bytes += JSON.stringify(this.#events[count]).length * 2
      if (count > 0 && bytes > maxBytes) break
      count++
    }
    const events = this.#events.splice(0, count)
    for (const { instance } of events) this.#told.add(instance.container)
    const present = this.#events.length === 0 ? this.#present : undefined
    if (present) this.#present = undefined
    const stats = this.#stats.splice(0, MAX_STATS)
    const statsDropped = this.#statsUntold
    this.#statsUntold = 0
    if (this.#stats.length > 0) this.#wake()
    return { events, losses: this.takeLosses(), present, stats, statsDropped }
  }

  /** As many more as go into one delivery that has so many already. */
  takeLosses(already = 0): Loss[] {
    return this.#losses.splice(0, Math.max(0, MAX_LOSSES - already))
  }

  /** A delivery did not arrive: its telling stands first in the next one. */
  giveBack({ events, losses, present, stats, statsDropped }: Telling): void {
    for (const { instance } of events) this.#told.delete(instance.container)
    this.#events.unshift(...events)
    this.#losses.unshift(...losses)
    this.#stats.unshift(...stats)
    this.#statsUntold += statsDropped
    this.#present ??= present
  }

  /** Each event holds all facts, so of each container the last one is enough; then the oldest go. */
  #shorten(): void {
    const latest = new Map<string, InstanceEvent>()
    for (const event of this.#events) {
      const key = `${event.instance.container} ${event.kind}`
      latest.delete(key)
      latest.set(key, event)
    }
    const kept = [...latest.values()].slice(-MAX_WAITING / 2)
    this.dropped += latest.size - kept.length
    this.#events = kept
  }
}
