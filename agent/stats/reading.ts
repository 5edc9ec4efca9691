/** What one look at a container or a host found; what could not be read is absent. */
import type { StatsCounters, StatsGauges } from '../protocol.ts'

export interface Reading {
  counters: StatsCounters
  gauges: StatsGauges
}

/** The same without what is undefined, and without numbers that are none. */
export function found<T extends StatsCounters | StatsGauges>(values: Maybe<T>): T {
  for (const key in values) if (!(Number(values[key]) >= 0)) delete values[key]
  return values as T
}

export type Maybe<T> = { [K in keyof T]?: T[K] | undefined }

/** `undefined` as soon as one of them is. */
export function difference(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : Math.max(0, a - b)
}

/**
 * Memory in use as `docker stats` shows it: without cache that could be given up at once. (docker/cli,
 * cli/command/container/stats_helpers.go, calculateMemUsageUnixNoCache.)
 */
export function withoutCache(usage: number | undefined, inactive: number | undefined): number | undefined {
  return usage !== undefined && inactive !== undefined && inactive < usage ? usage - inactive : usage
}

/** A limit that nobody set is told as a huge number by v1, and as the whole memory by nobody. */
const NO_LIMIT = 2 ** 60

export function limitOf(limit: number | undefined, whole: number | undefined): number | undefined {
  if (limit === undefined || limit >= NO_LIMIT || limit === 0) return whole
  return whole === undefined ? limit : Math.min(limit, whole)
}
