/** Stats as agents deliver them, on their way into the store: by the hub's clock, of instances that it knows. */
import type { Logger } from 'pino'
import { Counter, type Registry } from 'prom-client'
import type { Delivery, StatsSample } from '../../agent/protocol.ts'
import type { Fleet } from '../fleet/fleet.ts'
import { instanceId } from '../fleet/instances.ts'
import type { Sample } from './rows.ts'
import type { StatsStore } from './store.ts'

/** Where the numbers of a host or of an instance are kept. */
export function hostSubject(host: string): string {
  return `h${host}`
}

export function instanceSubject(instance: string): string {
  return `i${instance}`
}

export class StatsArrivals {
  readonly #store: StatsStore
  readonly #fleet: Pick<Fleet, 'instance' | 'aheadMs'>
  readonly #log: Pick<Logger, 'warn'>
  /** Samples that are in no store: of unknown containers, given up by agents, or not written. */
  readonly counts = { unknown: 0, agent: 0, failed: 0 }

  constructor(
    store: StatsStore,
    fleet: Pick<Fleet, 'instance' | 'aheadMs'>,
    log: Pick<Logger, 'warn'>,
    registry: Registry
  ) {
    this.#store = store
    this.#fleet = fleet
    this.#log = log
    this.#meter(registry)
  }

  /** Never rejects: numbers are worth less than the logs they come with. They are durable once it resolves. */
  async take(host: string, { stats = [], statsDropped = 0 }: Delivery): Promise<void> {
    this.counts.agent += statsDropped
    const aheadMs = this.#fleet.aheadMs(host)
    const samples = stats.flatMap((sample) => this.#sampleOf(host, sample, aheadMs) ?? [])
    if (samples.length === 0) return
    try {
      await this.#store.take(host, samples)
    } catch (err) {
      this.counts.failed += samples.length
      this.#log.warn({ err, host, samples: samples.length }, 'stats could not be written down')
    }
  }

  #sampleOf(host: string, told: StatsSample, aheadMs: number): Sample | undefined {
    const { container, atMs, sinceMs, counters, gauges } = told
    if (container !== undefined && !this.#fleet.instance(host, container)) {
      this.counts.unknown++
      return undefined
    }
    return {
      subject: container === undefined ? hostSubject(host) : instanceSubject(instanceId(host, container)),
      atMs: Math.round(atMs - aheadMs),
      ...(aheadMs !== 0 && { toldMs: atMs }),
      ...(sinceMs !== undefined && { sinceMs: Math.round(sinceMs - aheadMs) }),
      counters,
      gauges
    }
  }

  #meter(registry: Registry): void {
    const store = this.#store.counts
    const own = this.counts
    const registers = [registry]
    new Counter({
      name: 'driftlog_collector_stats_samples_total',
      help: 'Samples of hosts and containers taken',
      registers,
      collect() {
        this.reset()
        this.inc(store.taken)
      }
    })
    new Counter({
      name: 'driftlog_collector_stats_dropped_total',
      help: 'Samples not taken: known already, too late or early, of an unknown container, given up by an agent or here',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset()
        const { known, late, lost } = store
        for (const [reason, count] of Object.entries({ known, late, lost, ...own }))
          this.inc({ reason }, count)
      }
    })
  }
}
