/** What a process used, read from /proc (Linux). */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))

/** User and system time of the process and its threads so far, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** From now on: percent of the time for which the process's main thread was ready to run but had no core. */
export function waiting(pid: number): () => number {
  const waitedMs = () => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6
  const [before, startedMs] = [waitedMs(), performance.now()]
  return () => ((waitedMs() - before) / (performance.now() - startedMs)) * 100
}

/** The cause of a figure by the clock that missed its bar: a busy machine where it was one, else `own`. */
export function causeOf(waitedPercent: number, own?: string): string | undefined {
  if (waitedPercent < 10) return own
  const share = `its main thread was ready to run but had no core for ${Math.round(waitedPercent)} % of the time`
  return `the machine was busy with the program's own threads and others: ${share}${own ? `; besides, ${own}` : '.'}`
}

/** Resident memory now and at its highest, in MB. */
export function memoryMb(pid: number): { now: number; peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0)
  return { now: kb('VmRSS') / 1000, peak: kb('VmHWM') / 1000 }
}

/** The value below which `share` of the sorted values lie. */
export function quantile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN
}
