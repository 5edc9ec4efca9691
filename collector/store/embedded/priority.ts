/** Which threads go first where cores are scarce. */
import { getPriority, setPriority } from 'node:os'

/** Under full load a thread behind gets about a third of what one in front gets. */
const BEHIND = 5
const LOWEST = 19

/**
 * Puts the calling worker thread behind the others: appends and answers of the main thread need little time each, but
 * at once, while sealing and scans take every core they can get. Only Linux gives each thread a priority of its own.
 * In four pairs of runs on a busy machine of two cores appends were quicker at p99 in all, the loop's lag in three.
 */
export function goBehind(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(0, Math.min(LOWEST, getPriority(0) + BEHIND))
  } catch {
    // A sandbox may forbid it; then all threads are equal.
  }
}
