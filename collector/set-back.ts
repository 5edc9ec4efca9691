/** Times of a host whose clock is ahead, as the hub's clock had it: records of all hosts stand in their true order. */
import type { Columns } from './record.ts'

/** How the records of a generation were set back last. */
export interface HostClock {
  aheadMs: number
  /** The highest time that was given. */
  latestMs: number
}

/**
 * Sets the records back by `aheadMs`. Where that is more than before, the first of them do not go behind what was
 * given already: what is measured anew of a clock never changes the order of a file. Returns how it was done.
 */
export function setBack(
  { count, timeMs }: Columns,
  before: HostClock | undefined,
  aheadMs: number
): HostClock | undefined {
  if (count === 0) return before
  const { aheadMs: oldMs, latestMs: floorMs } = before ?? { aheadMs, latestMs: Number.NEGATIVE_INFINITY }
  let latestMs = floorMs
  let lastMs = 0
  for (let i = 0; i < count; i++) {
    const hostMs = timeMs[i] as number
    lastMs = hostMs - aheadMs
    const ms = oldMs === aheadMs ? lastMs : Math.max(lastMs, Math.min(floorMs, hostMs - oldMs))
    timeMs[i] = ms
    if (ms > latestMs) latestMs = ms
  }
  // The old measure counts until the new one has caught up with it.
  return { aheadMs: lastMs >= floorMs ? aheadMs : oldMs, latestMs }
}
