/** What the hub tells Prometheus: requests, questions, tails, the store's own figures, and the process. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { FastifyInstance } from 'fastify'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { FailurePlace } from '../collector/failures.ts'
import type { StoreHealth } from '../collector/store/store.ts'
import type { Gate } from './gate.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The answer lasts as long as the client wants; its time says nothing. */
    streams?: boolean
  }
}

const PREFIX = 'driftlog_'
const LAG_RESOLUTION_MS = 20

interface Sources {
  version: string
  gate: Gate
  /** When the certificate that is served ends; absent where none is. */
  certificateExpiresMs?: () => number
  /** Wrong secrets so far, by where they were shown. */
  failures: Record<FailurePlace, { wrong: number; limited: number }>
  /** Live tails that are open now. */
  tails: () => number
  health: () => StoreHealth
  /** Of parts that are there only where they are configured. */
  figures?: () => Record<string, number>
}

export interface Metrics {
  /** Text in Prometheus' format. */
  read(): Promise<string>
  contentType: string
  /** For parts that keep metrics of their own. */
  registry: Registry
}

export function createMetrics(app: FastifyInstance, sources: Sources): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Histogram({
    name: `${PREFIX}http_request_seconds`,
    help: 'Time from a request to the end of its answer, without live tails and exports',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers
  })
  app.addHook('onResponse', async (request, reply) => {
    if (request.routeOptions.config.streams) return
    const route = request.routeOptions.url ?? 'none'
    requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
  })

  const lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS })
  lag.enable()
  app.addHook('onClose', async () => lag.disable())

  new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1',
    labelNames: ['version'],
    registers
  }).set({ version: sources.version }, 1)
  const gauges: [name: string, help: string, value: () => number][] = [
    ['queries_running', 'Questions that are searched for now', () => sources.gate.running],
    ['queries_waiting', 'Questions that wait for their turn', () => sources.gate.waiting],
    ['tails', 'Live tails that are open now', sources.tails],
    ['store_records', 'Records in the store', () => sources.health().records],
    ['store_bytes', 'Bytes of the store', () => sources.health().bytes],
    ['store_writable', '1 while the store takes records', () => Number(sources.health().writable)],
    [
      'process_resident_bytes',
      'Memory of the process, worker threads included',
      () => process.memoryUsage.rss()
    ],
    ['event_loop_lag_p99_seconds', '99th percentile of the lag since the last read', () => lagOf(lag)]
  ]
  for (const [name, help, value] of gauges) addGauge(registry, name, help, value)
  addCounter(
    registry,
    'queries_refused_total',
    'Questions refused because too many waited',
    () => sources.gate.refused
  )
  addCounter(registry, 'process_cpu_seconds_total', 'User and system time of all threads', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })

  const { certificateExpiresMs } = sources
  if (certificateExpiresMs) {
    addGauge(
      registry,
      'certificate_expires_timestamp_seconds',
      'When the certificate that is served ends, in seconds since 1970',
      () => certificateExpiresMs() / 1000
    )
  }
  for (const [kind, help] of [
    ['wrong', 'Wrong tokens, by where they were shown'],
    ['limited', 'Wrong tokens answered with 429, by where they were shown']
  ] as const) {
    new Counter({
      name: `${PREFIX}token_failures_${kind}_total`,
      help,
      labelNames: ['place'],
      registers,
      collect() {
        this.reset()
        for (const [place, counts] of Object.entries(sources.failures)) this.inc({ place }, counts[kind])
      }
    })
  }

  return {
    contentType: registry.contentType,
    registry,
    async read() {
      addFigures(registry, { ...sources.health().figures, ...sources.figures?.() })
      return registry.metrics()
    }
  }
}

/** Figures by their Prometheus name without prefix; those that end in _total are counters. */
function addFigures(registry: Registry, figures: Record<string, number>): void {
  for (const [name, value] of Object.entries(figures)) {
    const known = registry.getSingleMetric(PREFIX + name)
    if (known instanceof Gauge) known.set(value)
    else if (known instanceof Counter) {
      known.reset()
      known.inc(value)
    } else if (name.endsWith('_total')) addCounter(registry, name, name.replaceAll('_', ' ')).inc(value)
    else addGauge(registry, name, name.replaceAll('_', ' ')).set(value)
  }
}

function addGauge(registry: Registry, name: string, help: string, value?: () => number): Gauge {
  return new Gauge({
    name: PREFIX + name,
    help,
    registers: [registry],
    ...(value
      ? {
          collect() {
            this.set(value())
          }
        }
      : {})
  })
}

function addCounter(registry: Registry, name: string, help: string, value?: () => number): Counter {
  return new Counter({
    name: PREFIX + name,
    help,
    registers: [registry],
    ...(value
      ? {
          collect() {
            this.reset()
            this.inc(value())
          }
        }
      : {})
  })
}

function lagOf(lag: ReturnType<typeof monitorEventLoopDelay>): number {
  const seconds = Math.max(0, lag.percentile(99) / 1e9 - LAG_RESOLUTION_MS / 1000)
  lag.reset()
  return Number.isFinite(seconds) ? seconds : 0
}
