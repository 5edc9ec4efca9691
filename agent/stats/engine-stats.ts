/** The engine's own answer as a reading: where control groups cannot be read, and for engines on other machines. */
import type { EngineBlockStat, EngineStats } from '../docker/engine.ts'
import type { StatsCounters } from '../protocol.ts'
import { found, limitOf, type Maybe, type Reading, withoutCache } from './reading.ts'

/** As docker/cli reads it in cli/command/container/stats_helpers.go, both versions of control groups. */
export function readingOf(stats: EngineStats): Reading {
  const { cpu_stats: cpu, memory_stats: memory, pids_stats: pids, blkio_stats: block } = stats
  const pages = memory?.stats ?? {}
  const { cpu_usage: usage, throttling_data: quota } = cpu ?? {}
  return {
    counters: found({
      cpuUs: micros(usage?.total_usage),
      cpuUserUs: micros(usage?.usage_in_usermode),
      cpuSystemUs: micros(usage?.usage_in_kernelmode),
      cpuPeriods: quota?.periods,
      throttledPeriods: quota?.throttled_periods,
      throttledUs: micros(quota?.throttled_time),
      ...networkOf(stats.networks),
      readBytes: sumOf(block?.io_service_bytes_recursive, 'r'),
      writeBytes: sumOf(block?.io_service_bytes_recursive, 'w'),
      readOps: sumOf(block?.io_serviced_recursive, 'r'),
      writeOps: sumOf(block?.io_serviced_recursive, 'w')
    }),
    gauges: found({
      memoryBytes: withoutCache(memory?.usage, pages['total_inactive_file'] ?? pages['inactive_file']),
      memoryLimitBytes: limitOf(memory?.limit, undefined),
      memoryCacheBytes: pages['total_cache'] ?? pages['file'],
      memoryRssBytes: pages['total_rss'] ?? pages['anon'],
      pids: pids?.current,
      pidsLimit: limitOf(pids?.limit, undefined)
    })
  }
}

/** `op` is "read" or "Read"; a container that has touched no disk has none. */
function sumOf(entries: EngineBlockStat[] | null | undefined, first: 'r' | 'w'): number {
  let sum = 0
  for (const { op, value } of entries ?? []) if (op.charAt(0).toLowerCase() === first) sum += value
  return sum
}

function networkOf(networks: EngineStats['networks']): Maybe<StatsCounters> {
  if (!networks) return {}
  const sum = (key: string) =>
    Object.values(networks).reduce((total, one) => total + Number(one[key] ?? 0), 0)
  return {
    rxBytes: sum('rx_bytes'),
    txBytes: sum('tx_bytes'),
    rxPackets: sum('rx_packets'),
    txPackets: sum('tx_packets'),
    rxErrors: sum('rx_errors'),
    txErrors: sum('tx_errors'),
    rxDropped: sum('rx_dropped'),
    txDropped: sum('tx_dropped')
  }
}

function micros(ns: number | undefined): number | undefined {
  return ns === undefined ? undefined : Math.floor(ns / 1000)
}
