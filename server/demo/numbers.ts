/** Numbers of pretended containers and hosts: believable, and the same for the same moment. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Container } from './container.ts'

const MIB = 1024 ** 2
const CPUS = 4
const HOST_MEMORY_BYTES = 8 * 1024 * MIB
/** How busy, and how large, an app is; by the last word of its image's name. */
const APPS: Record<string, { cores: number; memoryMib: number; bytesPerSecond: number }> = {
  web: { cores: 0.35, memoryMib: 90, bytesPerSecond: 900_000 },
  orders: { cores: 0.55, memoryMib: 340, bytesPerSecond: 400_000 },
  payments: { cores: 0.25, memoryMib: 260, bytesPerSecond: 120_000 },
  login: { cores: 0.18, memoryMib: 180, bytesPerSecond: 90_000 },
  stock: { cores: 0.3, memoryMib: 420, bytesPerSecond: 60_000 },
  mailer: { cores: 0.06, memoryMib: 110, bytesPerSecond: 20_000 }
}
const ANY = { cores: 0.1, memoryMib: 100, bytesPerSecond: 10_000 }

/** GET /containers/:id/stats at `nowMs`. Counters are areas under smooth curves: they only grow. */
export function statsOf(container: Container, nowMs: number) {
  const name = /([^/:]+)(?::[^/]*)?$/.exec(container.image)?.[1] ?? ''
  const { cores, memoryMib, bytesPerSecond } = APPS[name] ?? ANY
  const phase = Number.parseInt(container.id.slice(0, 6), 16) / 1e4
  const startMs = Number((container.started ?? 0n) / 1_000_000n)
  const seconds = Math.max(0, (nowMs - startMs) / 1000)
  const area = busyArea(nowMs / 1000, phase) - busyArea(startMs / 1000, phase)
  const cpuNs = Math.floor(cores * area * 1e9)
  // It grows for half an hour, and breathes.
  const grown = 1 - Math.exp(-seconds / 600)
  const rss = Math.floor(memoryMib * MIB * (0.55 + 0.45 * grown + 0.03 * Math.sin(nowMs / 41_000 + phase)))
  const cache = 30 * MIB
  return {
    cpu_stats: {
      cpu_usage: {
        total_usage: cpuNs,
        usage_in_usermode: Math.floor(cpuNs * 0.8),
        usage_in_kernelmode: Math.floor(cpuNs * 0.2)
      },
      online_cpus: CPUS,
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 }
    },
    memory_stats: {
      usage: rss + cache,
      limit: 512 * MIB,
      stats: { inactive_file: cache, file: cache, anon: rss }
    },
    pids_stats: { current: 12 + (container.id.charCodeAt(0) % 9), limit: 4096 },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: 'read', value: 4096 * Math.floor(seconds / 20) },
        { op: 'write', value: 4096 * Math.floor(area * 6) }
      ],
      io_serviced_recursive: []
    },
    networks: {
      eth0: {
        rx_bytes: Math.floor(area * bytesPerSecond),
        tx_bytes: Math.floor(area * bytesPerSecond * 2.2),
        rx_packets: Math.floor((area * bytesPerSecond) / 700),
        tx_packets: Math.floor((area * bytesPerSecond) / 600),
        ...{ rx_errors: 0, tx_errors: 0, rx_dropped: 0, tx_dropped: 0 }
      }
    }
  }
}

/** A folder such as /proc for the agent of a pretended host: what its containers use, and a little more. */
export function writeProc(folder: string, containers: Iterable<Container>, nowMs: number): void {
  const running = [...containers].filter(({ state }) => state === 'running')
  const stats = running.map((container) => statsOf(container, nowMs))
  const seconds = nowMs / 1000 - BOOT_S
  const ticks = Math.floor(seconds * 8 + busyArea(nowMs / 1000, 1) * 30)
  const idle = Math.floor(seconds * 100 * CPUS) - ticks
  const used = stats.reduce((sum, { memory_stats: memory }) => sum + memory.usage, 900 * MIB)
  const received = Math.floor(busyArea(nowMs / 1000, 2) * 700_000)
  const kib = (bytes: number) => Math.floor(bytes / 1024)
  const load = (0.4 + running.length * 0.22 + 0.1 * Math.sin(nowMs / 60_000)).toFixed(2)
  const cpu = `${Math.floor(ticks * 0.7)} 0 ${Math.floor(ticks * 0.3)} ${idle} ${Math.floor(ticks * 0.02)} 0 0 0 0 0`
  const files = {
    stat: `cpu  ${cpu}\n${Array.from({ length: CPUS }, (_, i) => `cpu${i} 0 0 0 0\n`).join('')}btime ${BOOT_S}\n`,
    meminfo: `MemTotal: ${kib(HOST_MEMORY_BYTES)} kB\nMemAvailable: ${kib(HOST_MEMORY_BYTES - used)} kB\nCached: ${kib(used / 3)} kB\nSwapTotal: 1048576 kB\nSwapFree: 1048576 kB\nAnonPages: ${kib(used * 0.6)} kB\n`,
    loadavg: `${load} ${load} ${load} 1/300 4242\n`,
    uptime: `${seconds.toFixed(2)} 0.00\n`,
    diskstats: `8 0 sda ${Math.floor(seconds)} 0 ${Math.floor(seconds * 40)} 0 ${Math.floor(seconds * 3)} 0 ${Math.floor(seconds * 160)} 0 0 0 0\n`,
    '1/net/dev': `eth0: ${received} ${Math.floor(received / 700)} 0 0 0 0 0 0 ${received * 2} ${Math.floor(received / 600)} 0 0 0 0 0 0\n`
  }
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
}

/** The machines of the story started then, in seconds since 1970. */
const BOOT_S = 1_795_000_000

/** The area under 1 + 0.5 sin + 0.25 sin: never falling. */
function busyArea(seconds: number, phase: number): number {
  return seconds - 0.5 * 95 * Math.cos(seconds / 95 + phase) - 0.25 * 17 * Math.cos(seconds / 17 + 2 * phase)
}
