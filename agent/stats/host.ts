/** The machine itself, from /proc (https://man7.org/linux/man-pages/man5/proc.5.html) and its file systems. */
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { StatsCounters } from '../protocol.ts'
import { isOutward, readNetwork } from './network.ts'
import { difference, found, type Reading } from './reading.ts'
import { numberIn, readSmallFile } from './small-file.ts'

/** Ticks of /proc/stat: USER_HZ, 100 a second on every platform that Docker runs on. */
const TICK_US = 10_000
const SECTOR_BYTES = 512
/** Parts of a disk, and devices that lie on others, would be counted twice. */
const NO_DISK = /^(loop|ram|zram|dm-|md|sr|fd|nbd)|^(sd|hd|vd|xvd)[a-z]+\d+$|^(nvme\d+n\d+|mmcblk\d+)p\d+$/

export interface HostReading extends Reading {
  /** When the machine started, ms since 1970. */
  bootMs: number | undefined
}

export function readHost(procDir: string): HostReading {
  const text = (name: string) => readSmallFile(join(procDir, name))
  const stat = text('stat')
  const memory = text('meminfo')
  const [load1, load5, load15] = (text('loadavg') ?? '').split(' ').map(Number.parseFloat)
  const bootSeconds = numberIn(stat, 'btime')
  return {
    bootMs: bootSeconds === undefined ? undefined : bootSeconds * 1000,
    counters: found({
      ...cpuCounters(stat),
      ...(readNetwork(join(procDir, '1', 'net', 'dev'), isOutward) ??
        readNetwork(join(procDir, 'net', 'dev'), isOutward)),
      ...diskCounters(text('diskstats'))
    }),
    gauges: found({
      cpus: stat?.match(/^cpu\d+ /gm)?.length,
      ...{ load1, load5, load15 },
      memoryBytes: difference(kilobytes(memory, 'MemTotal'), kilobytes(memory, 'MemAvailable')),
      memoryLimitBytes: kilobytes(memory, 'MemTotal'),
      memoryCacheBytes: kilobytes(memory, 'Cached'),
      memoryRssBytes: kilobytes(memory, 'AnonPages'),
      swapBytes: difference(kilobytes(memory, 'SwapTotal'), kilobytes(memory, 'SwapFree')),
      swapTotalBytes: kilobytes(memory, 'SwapTotal'),
      uptimeSeconds: Number.parseFloat(text('uptime') ?? '')
    })
  }
}

/** Of the file system on which `path` lies; nothing where it is not to be seen. */
export async function readFileSystem(path: string): Promise<{ used: number; total: number } | undefined> {
  try {
    const { bsize, blocks, bfree } = await statfs(path)
    return { used: (blocks - bfree) * bsize, total: blocks * bsize }
  } catch {
    return undefined
  }
}

/** `cpu  user nice system idle iowait irq softirq steal …`; guests are in user and nice already. */
function cpuCounters(stat: string | undefined): StatsCounters {
  const line = /^cpu +(.*)$/m.exec(stat ?? '')?.[1]
  if (line === undefined) return {}
  const [user = 0, nice = 0, system = 0, , iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(' ')
    .map((ticks) => Number(ticks) * TICK_US)
  return {
    cpuUs: user + nice + system + irq + softirq + steal,
    cpuUserUs: user + nice,
    cpuSystemUs: system + irq + softirq,
    cpuIowaitUs: iowait,
    cpuStealUs: steal
  }
}

/** `major minor name reads merged sectors ms writes merged sectors …` */
function diskCounters(text: string | undefined): StatsCounters {
  if (text === undefined) return {}
  const sums = { readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 }
  for (const line of text.split('\n')) {
    const [, , name, reads, , readSectors, , writes, , writeSectors] = line.trim().split(/\s+/)
    if (name === undefined || NO_DISK.test(name)) continue
    sums.readOps += Number(reads)
    sums.readBytes += Number(readSectors) * SECTOR_BYTES
    sums.writeOps += Number(writes)
    sums.writeBytes += Number(writeSectors) * SECTOR_BYTES
  }
  return sums
}

function kilobytes(text: string | undefined, key: string): number | undefined {
  const value = numberIn(text, `${key}:`)
  return value === undefined ? undefined : value * 1024
}
