/** What the collector tells Prometheus of its work. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Loss } from '../agent/protocol.ts'
import type { Counts } from './parse/reading.ts'
import type { Batch } from './record.ts'

const PREFIX = 'driftlog_collector_'

export class Meters {
  readonly #count: (name: string, value: number) => void
  readonly #refused: Counter
  readonly #redacted: Counter
  readonly #held: Gauge
  readonly #seconds: Histogram

  /** `gauges` are read when Prometheus asks. */
  constructor(registry: Registry, gauges: Record<string, { help: string; value: () => number }>) {
    const registers = [registry]
    const counters = new Map(
      Object.entries(COUNTERS).map(([name, help]) => [
        name,
        new Counter({ name: `${PREFIX}${name}_total`, help, registers })
      ])
    )
    this.#count = (name, value) => counters.get(name)?.inc(value)
    this.#refused = new Counter({
      name: `${PREFIX}refused_total`,
      help: 'Requests of agents that were refused, by code',
      labelNames: ['code'],
      registers
    })
    this.#redacted = new Counter({
      name: `${PREFIX}redacted_total`,
      help: 'Secrets taken out of lines before they were stored, by kind',
      labelNames: ['kind'],
      registers
    })
    this.#held = new Gauge({
      name: `${PREFIX}held_bytes`,
      help: 'Bytes of unfinished records in the parse thread that answered last',
      registers
    })
    this.#seconds = new Histogram({
      name: `${PREFIX}delivery_seconds`,
      help: 'Time from the end of a delivery until all of it was durable',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers
    })
    for (const [name, { help, value }] of Object.entries(gauges))
      new Gauge({
        name: PREFIX + name,
        help,
        registers,
        collect() {
          this.set(value())
        }
      })
  }

  /** A delivery of `bytes` before compression is durable. */
  delivered(bytes: number, wireBytes: number, seconds: number): void {
    this.#count('deliveries', 1)
    this.#count('bytes', bytes)
    this.#count('wire_bytes', wireBytes)
    this.#seconds.observe(seconds)
  }

  parsed(counts: Counts, batches: readonly Batch[]): void {
    let records = 0
    for (const batch of batches) records += batch.records.count
    this.#count('records', records)
    this.#count('broken_lines', counts.broken)
    this.#count('timeless_records', counts.timeless)
    this.#count('nul_bytes', counts.nulBytes)
    this.#count('cut_records', counts.cut)
    this.#count('exact_lines', counts.exact)
    for (const [kind, count] of Object.entries(counts.redacted)) this.#redacted.inc({ kind }, count)
  }

  lost(losses: readonly Loss[]): void {
    if (losses.length > 0) this.#count('told_losses', losses.length)
  }

  refused(code: string): void {
    this.#refused.inc({ code })
  }

  threadLost(): void {
    this.#count('threads_lost', 1)
  }

  held(bytes: number): void {
    this.#held.set(bytes)
  }
}

const COUNTERS = {
  deliveries: 'Deliveries that are durable',
  records: 'Records given to the store; those that it had already are left out there',
  bytes: 'Bytes of deliveries before compression',
  wire_bytes: 'Bytes of deliveries as they came',
  broken_lines: 'Lines that were not what their source promises; kept as raw text',
  timeless_records: 'Records without a time of their own',
  nul_bytes: 'NUL bytes skipped in log files',
  cut_records: 'Records cut short: too long, or too much was unfinished',
  exact_lines: 'Lines that only the exact parser could read',
  told_losses: 'Losses that agents told, told again included',
  threads_lost: 'Parse threads that ended by themselves'
}
