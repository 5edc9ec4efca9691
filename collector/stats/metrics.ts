/** What is kept of stats, by the names that the API uses. docs/stats.md tells them in prose. */
import type { StatsCounters, StatsGauges } from '../../agent/protocol.ts'

export type Unit = 'cores' | 'B' | 'B/s' | '1/s' | 's' | '1'

interface Kind {
  unit: Unit
  /** Multiplied by this, smallest and largest values are kept as whole numbers. */
  scale: number
}

export type Metric = Kind &
  (
    | { kind: 'counter'; from: keyof StatsCounters; factor: number }
    | { kind: 'gauge'; from: keyof StatsGauges }
  )

const cores = (from: keyof StatsCounters) =>
  ({ kind: 'counter', from, unit: 'cores', factor: 1e-6, scale: 1 }) as const
const bytes = (from: keyof StatsCounters) =>
  ({ kind: 'counter', from, unit: 'B/s', factor: 1, scale: 1 }) as const
/** Few a minute, so thousandths count. */
const events = (from: keyof StatsCounters) =>
  ({ kind: 'counter', from, unit: '1/s', factor: 1, scale: 1000 }) as const
const gauge = (from: keyof StatsGauges, unit: Unit = '1', scale = 1) =>
  ({ kind: 'gauge', from, unit, scale }) as const

/** The place in this list is the number under which a metric is stored: new ones are added at the end. */
export const METRICS = {
  cpu: cores('cpuUs'),
  cpuUser: cores('cpuUserUs'),
  cpuSystem: cores('cpuSystemUs'),
  cpuIowait: cores('cpuIowaitUs'),
  cpuSteal: cores('cpuStealUs'),
  cpuThrottled: cores('throttledUs'),
  cpuPeriods: events('cpuPeriods'),
  cpuThrottledPeriods: events('throttledPeriods'),
  netRx: bytes('rxBytes'),
  netTx: bytes('txBytes'),
  netRxPackets: events('rxPackets'),
  netTxPackets: events('txPackets'),
  netRxErrors: events('rxErrors'),
  netTxErrors: events('txErrors'),
  netRxDropped: events('rxDropped'),
  netTxDropped: events('txDropped'),
  diskRead: bytes('readBytes'),
  diskWrite: bytes('writeBytes'),
  diskReadOps: events('readOps'),
  diskWriteOps: events('writeOps'),
  cpuLimit: gauge('cpus', 'cores', 1000),
  memory: gauge('memoryBytes', 'B'),
  memoryLimit: gauge('memoryLimitBytes', 'B'),
  memoryCache: gauge('memoryCacheBytes', 'B'),
  memoryRss: gauge('memoryRssBytes', 'B'),
  swap: gauge('swapBytes', 'B'),
  swapTotal: gauge('swapTotalBytes', 'B'),
  pids: gauge('pids'),
  pidsLimit: gauge('pidsLimit'),
  restarts: gauge('restarts'),
  oomKills: gauge('oomKills'),
  health: gauge('health'),
  load1: gauge('load1', '1', 100),
  load5: gauge('load5', '1', 100),
  load15: gauge('load15', '1', 100),
  rootUsed: gauge('rootUsedBytes', 'B'),
  rootTotal: gauge('rootTotalBytes', 'B'),
  dockerUsed: gauge('dockerUsedBytes', 'B'),
  dockerTotal: gauge('dockerTotalBytes', 'B'),
  uptime: gauge('uptimeSeconds', 's')
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof METRICS
export const METRIC_NAMES = Object.keys(METRICS) as MetricName[]
export const METRIC_LIST: readonly Metric[] = Object.values(METRICS)

/** `min` or `max` of a column in the metric's own unit. */
export function inUnit(metric: Metric, scaled: number): number {
  return metric.kind === 'counter' ? (scaled / metric.scale) * metric.factor : scaled / metric.scale
}

/** The mean in the metric's own unit. */
export function meanOf(metric: Metric, sum: number, weight: number): number {
  return metric.kind === 'counter' ? (sum * 1000 * metric.factor) / weight : sum / weight / metric.scale
}
