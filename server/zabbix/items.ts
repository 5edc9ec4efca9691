/**
 * What Zabbix is told of a host and of each of its containers. The template (template.json) has an item for each of these,
 * under the same key and name; dashboards find them by name. Names and keys never change: history hangs on them.
 */
import type { MetricName } from '../../collector/stats/metrics.ts'

export interface Item {
  key: string
  /** Of a container's item, behind `Container {#NAME}: `. */
  name: string
  /** A whole number, any number, or a short text. */
  type: 'whole' | 'number' | 'text'
  units?: string
  component: string
  /** The metric of the stats that it shows; absent where something else knows it. */
  metric?: MetricName
  /** Changes seldom: the server keeps it when it has changed, and once in this time. */
  seldom?: '10m' | '1d'
  /** Names of values. */
  words?: ValueMap
  /** Hourly means make no sense. */
  trends?: false
}

export interface ValueMap {
  name: string
  values: Readonly<Record<string, string>>
}

/** As docker says it; 3 where there is no health check. */
export const HEALTH: ValueMap = {
  name: 'Driftlog health',
  values: { 0: 'unhealthy', 1: 'starting', 2: 'healthy', 3: 'not checked' }
}
export const STATE: ValueMap = {
  name: 'Driftlog container state',
  values: { 0: 'gone', 1: 'created', 2: 'running', 3: 'paused', 4: 'restarting', 5: 'exited', 6: 'dead' }
}

export const HEARTBEAT = 'driftlog.agent.heartbeat'
export const DISCOVERY = 'driftlog.containers'

const host = (key: string, name: string, more: Omit<Item, 'key' | 'name'>): Item => ({
  ...more,
  key: `driftlog.host.${key}`,
  name: `Host: ${name}`
})
const bytes = { type: 'whole', units: 'B' } as const
const flow = { type: 'number', units: 'Bps' } as const

export const HOST_ITEMS: readonly Item[] = [
  {
    key: HEARTBEAT,
    name: 'Agent: last heard',
    ...{ type: 'whole', units: 'unixtime', component: 'agent', trends: false }
  },
  {
    key: 'driftlog.agent.version',
    name: 'Agent: version',
    ...{ type: 'text', component: 'agent', seldom: '1d', trends: false }
  },
  {
    key: 'driftlog.agent.behind',
    name: 'Agent: log bytes not delivered yet',
    ...{ ...bytes, component: 'agent' }
  },
  {
    key: 'driftlog.logs.gaps',
    name: 'Logs: gaps since the beginning',
    ...{ type: 'whole', component: 'logs' }
  },
  { key: 'driftlog.logs.lines', name: 'Logs: lines a minute', ...{ type: 'number', component: 'logs' } },
  { key: 'driftlog.logs.errors', name: 'Logs: errors a minute', ...{ type: 'number', component: 'logs' } },
  host('cpu', 'CPU used', { type: 'number', units: 'cores', component: 'cpu', metric: 'cpu' }),
  host('cpu.count', 'CPUs', {
    ...{ type: 'number', units: 'cores', component: 'cpu', metric: 'cpuLimit', seldom: '1d' }
  }),
  host('cpu.steal', 'CPU stolen', { type: 'number', units: 'cores', component: 'cpu', metric: 'cpuSteal' }),
  host('cpu.iowait', 'CPU waiting for disks', {
    ...{ type: 'number', units: 'cores', component: 'cpu', metric: 'cpuIowait' }
  }),
  host('load1', 'load of 1 minute', { type: 'number', component: 'cpu', metric: 'load1' }),
  host('memory', 'memory used', { ...bytes, component: 'memory', metric: 'memory' }),
  host('memory.total', 'memory', { ...bytes, component: 'memory', metric: 'memoryLimit', seldom: '1d' }),
  host('swap', 'swap used', { ...bytes, component: 'memory', metric: 'swap' }),
  host('net.received', 'network received', { ...flow, component: 'network', metric: 'netRx' }),
  host('net.sent', 'network sent', { ...flow, component: 'network', metric: 'netTx' }),
  host('disk.read', 'disks read', { ...flow, component: 'disk', metric: 'diskRead' }),
  host('disk.written', 'disks written', { ...flow, component: 'disk', metric: 'diskWrite' }),
  host('disk.root', 'root disk used', { ...bytes, component: 'disk', metric: 'rootUsed' }),
  host('disk.root.total', 'root disk', { ...bytes, component: 'disk', metric: 'rootTotal', seldom: '1d' }),
  host('disk.docker', 'Docker’s disk used', { ...bytes, component: 'disk', metric: 'dockerUsed' }),
  host('disk.docker.total', 'Docker’s disk', {
    ...{ ...bytes, component: 'disk', metric: 'dockerTotal', seldom: '1d' }
  }),
  host('uptime', 'uptime', { type: 'whole', units: 'uptime', component: 'host', metric: 'uptime' }),
  {
    key: 'driftlog.containers.running',
    name: 'Containers: running',
    ...{ type: 'whole', component: 'containers' }
  },
  {
    key: 'driftlog.containers.unhealthy',
    name: 'Containers: unhealthy',
    ...{ type: 'whole', component: 'containers' }
  }
]

const container = (key: string, name: string, more: Omit<Item, 'key' | 'name'>): Item => ({
  ...more,
  key: `driftlog.container.${key}`,
  name
})

export const CONTAINER_ITEMS: readonly Item[] = [
  // Not in per cent: more than one core is more than 100, which Grafana cuts off.
  container('cpu', 'CPU', { type: 'number', units: 'cores', component: 'cpu', metric: 'cpu' }),
  container('cpu.throttled', 'CPU throttled', {
    ...{ type: 'number', units: 'cores', component: 'cpu', metric: 'cpuThrottled' }
  }),
  container('memory', 'memory', { ...bytes, component: 'memory', metric: 'memory' }),
  container('memory.limit', 'memory limit', {
    ...{ ...bytes, component: 'memory', metric: 'memoryLimit', seldom: '10m' }
  }),
  container('net.received', 'network received', { ...flow, component: 'network', metric: 'netRx' }),
  container('net.sent', 'network sent', { ...flow, component: 'network', metric: 'netTx' }),
  container('disk.read', 'disks read', { ...flow, component: 'disk', metric: 'diskRead' }),
  container('disk.written', 'disks written', { ...flow, component: 'disk', metric: 'diskWrite' }),
  container('pids', 'processes', { type: 'whole', component: 'processes', metric: 'pids' }),
  container('restarts', 'restarts', { type: 'whole', component: 'state', metric: 'restarts' }),
  container('oom', 'out of memory kills', { type: 'whole', component: 'state', metric: 'oomKills' }),
  container('health', 'health', {
    ...{ type: 'whole', component: 'state', metric: 'health', seldom: '10m', words: HEALTH, trends: false }
  }),
  container('state', 'state', {
    ...{ type: 'whole', component: 'state', seldom: '10m', words: STATE, trends: false }
  }),
  container('logs.lines', 'log lines a minute', { type: 'number', component: 'logs' }),
  container('logs.errors', 'errors in logs a minute', { type: 'number', component: 'logs' }),
  container('logs.gaps', 'gaps in logs since the beginning', { type: 'whole', component: 'logs' })
]

/** The key of a container's item, as Zabbix makes it of a prototype's. */
export function containerKey(key: string, app: string, name: string): string {
  return `${key}[${quoted(app)},${quoted(name)}]`
}

/** Zabbix escapes `"` alone in a quoted parameter. */
function quoted(parameter: string): string {
  return `"${parameter.replaceAll('"', '\\"')}"`
}
