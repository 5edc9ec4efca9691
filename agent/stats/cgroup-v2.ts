/**
 * A container's control group, version 2: all controllers in one folder
 * (https://docs.kernel.org/admin-guide/cgroup-v2.html). Formulas as those of `docker stats` for v2.
 */
import { join } from 'node:path'
import type { StatsCounters } from '../protocol.ts'
import { found, limitOf, type Maybe, type Reading, withoutCache } from './reading.ts'
import { numberIn, readSmallFile, wholeNumber } from './small-file.ts'

/** `hostMemoryBytes` is the limit of a container that has none. Undefined where the folder is gone. */
export function readCgroupV2(folder: string, hostMemoryBytes: number | undefined): Reading | undefined {
  const text = (name: string) => readSmallFile(join(folder, name))
  const cpu = text('cpu.stat')
  const current = wholeNumber(text('memory.current'))
  if (cpu === undefined && current === undefined) return undefined
  const memory = text('memory.stat')
  const [quota, period] = (text('cpu.max') ?? '').trim().split(' ')
  return {
    counters: found({
      cpuUs: numberIn(cpu, 'usage_usec'),
      cpuUserUs: numberIn(cpu, 'user_usec'),
      cpuSystemUs: numberIn(cpu, 'system_usec'),
      cpuPeriods: numberIn(cpu, 'nr_periods'),
      throttledPeriods: numberIn(cpu, 'nr_throttled'),
      throttledUs: numberIn(cpu, 'throttled_usec'),
      ...blockCounters(text('io.stat'))
    }),
    gauges: found({
      cpus: ratio(wholeNumber(quota), wholeNumber(period)),
      memoryBytes: withoutCache(current, numberIn(memory, 'inactive_file')),
      memoryLimitBytes: limitOf(wholeNumber(text('memory.max')), hostMemoryBytes),
      memoryCacheBytes: numberIn(memory, 'file'),
      memoryRssBytes: numberIn(memory, 'anon'),
      swapBytes: wholeNumber(text('memory.swap.current')),
      pids: wholeNumber(text('pids.current')),
      pidsLimit: wholeNumber(text('pids.max')),
      oomKills: numberIn(text('memory.events'), 'oom_kill')
    })
  }
}

/** Lines such as `8:0 rbytes=90112 wbytes=0 rios=4 wios=0 dbytes=0 dios=0`, one a device. */
function blockCounters(text: string | undefined): Maybe<StatsCounters> {
  if (text === undefined) return {}
  const sum = (key: string) => {
    let total = 0
    for (const [, digits] of text.matchAll(new RegExp(`\\b${key}=(\\d+)`, 'g'))) total += Number(digits)
    return total
  }
  return {
    readBytes: sum('rbytes'),
    writeBytes: sum('wbytes'),
    readOps: sum('rios'),
    writeOps: sum('wios')
  }
}

function ratio(quotaUs: number | undefined, periodUs: number | undefined): number | undefined {
  return quotaUs === undefined || !periodUs ? undefined : quotaUs / periodUs
}
