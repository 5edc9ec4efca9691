import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { readingOf } from '../../../agent/stats/engine-stats.ts'
import { readHost } from '../../../agent/stats/host.ts'
import { networkCounters } from '../../../agent/stats/network.ts'

const NET = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 9000 90 0 0 0 0 0 0 9000 90 0 0 0 0 0 0
  eth0:1000000    1000    1    2    0     0          0         0   500000     700    3    4    0     0       0          0
vethabc: 77 7 0 0 0 0 0 0 77 7 0 0 0 0 0 0
  eth1: 24 1 0 0 0 0 0 0 48 2 0 0 0 0 0 0
`

test('network: all interfaces but loopback, numbers that touch the colon included', () => {
  expect(networkCounters(NET, (name) => name.startsWith('eth'))).toEqual({
    ...{ rxBytes: 1_000_024, rxPackets: 1001, rxErrors: 1, rxDropped: 2 },
    ...{ txBytes: 500_048, txPackets: 702, txErrors: 3, txDropped: 4 }
  })
})

test('a host: CPU by mode, memory, load, disks and network from /proc', () => {
  const procDir = mkdtempSync(join(tmpdir(), 'driftlog-proc-'))
  const files: Record<string, string> = {
    stat: 'cpu  1000 10 500 9000 40 5 15 30 0 0\ncpu0 500 5 250 4500 20 2 8 15 0 0\ncpu1 500 5 250 4500 20 3 7 15 0 0\nintr 1\nbtime 1795420000\n',
    meminfo:
      'MemTotal:        8000000 kB\nMemFree:          500000 kB\nMemAvailable:    5000000 kB\nCached:          3000000 kB\nSwapTotal:       1000000 kB\nSwapFree:         900000 kB\nAnonPages:       2000000 kB\n',
    loadavg: '0.52 0.58 0.59 1/467 12345\n',
    uptime: '12345.67 24000.00\n',
    diskstats:
      '   8       0 sda 100 1 2000 3 50 1 1000 4 0 5 6\n   8       1 sda1 90 1 1900 3 40 1 900 4 0 5 6\n 253       0 dm-0 7 0 7 0 7 0 7 0 0 0 0\n 259       0 nvme0n1 1 0 8 0 1 0 16 0 0 0 0\n 259 1 nvme0n1p1 1 0 8 0 1 0 16 0 0 0 0\n',
    '1/net/dev': NET
  }
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(procDir, path)), { recursive: true })
      writeFileSync(join(procDir, path), text)
    }
    expect(readHost(procDir)).toEqual({
      bootMs: 1_795_420_000_000,
      counters: {
        // (1000 + 10 + 500 + 5 + 15 + 30) ticks of 10 ms
        cpuUs: 15_600_000,
        cpuUserUs: 10_100_000,
        cpuSystemUs: 5_200_000,
        cpuIowaitUs: 400_000,
        cpuStealUs: 300_000,
        ...{ rxBytes: 1_000_024, rxPackets: 1001, rxErrors: 1, rxDropped: 2 },
        ...{ txBytes: 500_048, txPackets: 702, txErrors: 3, txDropped: 4 },
        readBytes: 2008 * 512,
        writeBytes: 1016 * 512,
        readOps: 101,
        writeOps: 51
      },
      gauges: {
        cpus: 2,
        ...{ load1: 0.52, load5: 0.58, load15: 0.59 },
        memoryBytes: 3_000_000 * 1024,
        memoryLimitBytes: 8_000_000 * 1024,
        memoryCacheBytes: 3_000_000 * 1024,
        memoryRssBytes: 2_000_000 * 1024,
        swapBytes: 100_000 * 1024,
        swapTotalBytes: 1_000_000 * 1024,
        uptimeSeconds: 12_345.67
      }
    })
  } finally {
    rmSync(procDir, { recursive: true })
  }
})

test('a /proc without anything in it reads as nothing', () => {
  expect(readHost('/nowhere')).toEqual({ bootMs: undefined, counters: {}, gauges: {} })
})

test('the engine’s answer is the same reading, for both versions of control groups', () => {
  const common = {
    cpu_stats: {
      cpu_usage: { total_usage: 2_500_999, usage_in_usermode: 2_000_000, usage_in_kernelmode: 500_000 },
      online_cpus: 4,
      throttling_data: { periods: 9, throttled_periods: 3, throttled_time: 5_000_000 }
    },
    pids_stats: { current: 3, limit: 2 ** 64 },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'Read', value: 100 },
        { op: 'write', value: 50 },
        { op: 'Total', value: 150 }
      ],
      io_serviced_recursive: null
    },
    networks: {
      eth0: { rx_bytes: 5, tx_bytes: 6, rx_packets: 1, tx_packets: 1, endpoint_id: 'x' },
      eth1: { rx_bytes: 10, tx_bytes: 20, rx_errors: 2 }
    }
  }
  const v1 = {
    usage: 1000,
    limit: 5000,
    stats: { total_inactive_file: 300, total_cache: 400, total_rss: 500 }
  }
  const v2 = { usage: 1000, limit: 5000, stats: { inactive_file: 300, file: 400, anon: 500 } }
  for (const memory_stats of [v1, v2]) {
    expect(readingOf({ ...common, memory_stats })).toEqual({
      counters: {
        ...{ cpuUs: 2500, cpuUserUs: 2000, cpuSystemUs: 500 },
        ...{ cpuPeriods: 9, throttledPeriods: 3, throttledUs: 5000 },
        ...{ rxBytes: 15, txBytes: 26, rxPackets: 1, txPackets: 1 },
        ...{ rxErrors: 2, txErrors: 0, rxDropped: 0, txDropped: 0 },
        ...{ readBytes: 100, writeBytes: 50, readOps: 0, writeOps: 0 }
      },
      gauges: {
        memoryBytes: 700,
        memoryLimitBytes: 5000,
        memoryCacheBytes: 400,
        memoryRssBytes: 500,
        pids: 3
      }
    })
  }
  // A container that has just ended.
  expect(readingOf({}).gauges).toEqual({})
})
