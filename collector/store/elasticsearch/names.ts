/** Names of the indices in the cluster, and the days that they hold. */
import { floorDivide } from '../steps.ts'

/** Everything that a hub remembers beside records. None of these names meets `driftlog-*`. */
export const STATE_INDEX = 'driftlog.state'
export const POSITIONS_INDEX = 'driftlog.positions'
export const ORIGINS_INDEX = 'driftlog.origins'
export const STATS_INDEX = 'driftlog.stats'
/** All indices of records. */
export const ALL_RECORDS = 'driftlog-*'

const DAY_NS = 86_400_000_000_000n
const DAY_MS = 86_400_000
/** An index's name has at most 255 bytes. */
const LONGEST_ENVIRONMENT = 100

/** Index of a record: decided by its environment and its own time alone, so that a resend meets the same one. */
export function indexOf(environment: string, timeMs: number): string {
  return `driftlog-${slugOf(environment)}-${dayName(Math.floor(timeMs / DAY_MS))}`
}

/** The day that an index holds, in days since 1970; undefined where the name is none of ours. */
export function dayOfIndex(index: string): number | undefined {
  const [, year = '', month, day] = /^driftlog-.+-(\d{4})\.(\d{2})\.(\d{2})$/.exec(index) ?? []
  const ms = Date.parse(`${year}-${month}-${day}T00:00:00Z`)
  return Number.isNaN(ms) ? undefined : ms / DAY_MS
}

/** First nanosecond of a day. */
export function startOfDay(day: number): bigint {
  return BigInt(day) * DAY_NS
}

/** Day of an instant, in days since 1970. */
export function dayOf(time: bigint): number {
  return Number(floorDivide(time, DAY_NS))
}

function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10).replaceAll('-', '.')
}

/** Environments are named by people; indices take lower-case letters, digits, `-` and `_`. Two may share one. */
function slugOf(environment: string): string {
  const slug = environment
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .slice(0, LONGEST_ENVIRONMENT)
  return slug === '' ? 'none' : slug
}
