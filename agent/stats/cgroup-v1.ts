/**
 * A container's control groups, version 1: one folder per controller
 * (https://docs.kernel.org/admin-guide/cgroup-v1/). Formulas as those of `docker stats` for v1.
 */
import { join } from 'node:path'
import type { StatsCounters } from '../protocol.ts'
import { found, limitOf, type Maybe, type Reading, withoutCache } from './reading.ts'
import { numberIn, readSmallFile, wholeNumber } from './small-file.ts'

/** Folders by controller; one that is not mounted is absent. */
export interface CgroupFolders {
  cpu?: string
  cpuacct?: string
  memory?: string
  pids?: string
  blkio?: string
}

/** Ticks of cpuacct.stat: USER_HZ, 100 a second on every platform that Docker runs on. */
const TICK_US = 10_000
/** The kernel's schedulers count in files of their own; the first that has numbers counts, as in containerd. */
const BLOCK_FILES = ['', 'bfq.', 'throttle.']

/** `hostMemoryBytes` is the limit of a container that has none. Undefined where the folders are gone. */
export function readCgroupV1(
  folders: CgroupFolders,
  hostMemoryBytes: number | undefined
): Reading | undefined {
  const text = (controller: keyof CgroupFolders, name: string) => {
    const folder = folders[controller]
    return folder === undefined ? undefined : readSmallFile(join(folder, name))
  }
  const cpuNs = wholeNumber(text('cpuacct', 'cpuacct.usage'))
  const usage = wholeNumber(text('memory', 'memory.usage_in_bytes'))
  if (cpuNs === undefined && usage === undefined) return undefined
  const ticks = text('cpuacct', 'cpuacct.stat')
  const quota = text('cpu', 'cpu.stat')
  const memory = text('memory', 'memory.stat')
  return {
    counters: found({
      cpuUs: divided(cpuNs, 1000),
      cpuUserUs: divided(numberIn(ticks, 'user'), 1 / TICK_US),
      cpuSystemUs: divided(numberIn(ticks, 'system'), 1 / TICK_US),
      cpuPeriods: numberIn(quota, 'nr_periods'),
      throttledPeriods: numberIn(quota, 'nr_throttled'),
      throttledUs: divided(numberIn(quota, 'throttled_time'), 1000),
      ...blockCounters((name) => text('blkio', name))
    }),
    gauges: found({
      cpus: cpusAllowed(text('cpu', 'cpu.cfs_quota_us'), text('cpu', 'cpu.cfs_period_us')),
      memoryBytes: withoutCache(usage, numberIn(memory, 'total_inactive_file')),
      memoryLimitBytes: limitOf(wholeNumber(text('memory', 'memory.limit_in_bytes')), hostMemoryBytes),
      memoryCacheBytes: numberIn(memory, 'total_cache'),
      memoryRssBytes: numberIn(memory, 'total_rss'),
      swapBytes: numberIn(memory, 'total_swap'),
      pids: wholeNumber(text('pids', 'pids.current')),
      pidsLimit: wholeNumber(text('pids', 'pids.max')),
      oomKills: numberIn(text('memory', 'memory.oom_control'), 'oom_kill')
    })
  }
}

/** Lines such as `8:0 Read 4096`, one a device and kind, and a last `Total`. */
function blockCounters(text: (name: string) => string | undefined): Maybe<StatsCounters> {
  for (const kind of BLOCK_FILES) {
    const bytes = text(`blkio.${kind}io_service_bytes_recursive`)
    if (bytes === undefined || !/^\d+:\d+ /m.test(bytes)) continue
    const ops = text(`blkio.${kind}io_serviced_recursive`)
    return {
      readBytes: sumOf(bytes, 'Read'),
      writeBytes: sumOf(bytes, 'Write'),
      readOps: sumOf(ops, 'Read'),
      writeOps: sumOf(ops, 'Write')
    }
  }
  // Files without a line: the container has not touched a disk yet.
  return text('blkio.throttle.io_service_bytes') === undefined
    ? {}
    : { readBytes: 0, writeBytes: 0, readOps: 0, writeOps: 0 }
}

function sumOf(text: string | undefined, kind: string): number | undefined {
  if (text === undefined) return undefined
  let sum = 0
  for (const [, digits] of text.matchAll(new RegExp(`^\\d+:\\d+ ${kind} (\\d+)`, 'gm'))) sum += Number(digits)
  return sum
}

/** A quota of -1 is none. */
function cpusAllowed(quota: string | undefined, period: string | undefined): number | undefined {
  const quotaUs = wholeNumber(quota)
  const periodUs = wholeNumber(period)
  return quotaUs === undefined || !periodUs ? undefined : quotaUs / periodUs
}

function divided(value: number | undefined, by: number): number | undefined {
  return value === undefined ? undefined : Math.floor(value / by)
}
