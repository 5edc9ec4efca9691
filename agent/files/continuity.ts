/**
 * Were there files between one that we held and those found after it, which were deleted before we saw them?
 *
 * Docker renames the files of a stream upwards at each rotation and deletes the oldest, in the moment before it
 * creates the next one, and it does so because a record wants to be written that it has already stamped. So
 * when our file was deleted at moment `c`, the file born in that very rotation begins with a record stamped
 * before `c`, and every file of a later rotation with one stamped after `c`. Files of later rotations that are
 * there mean that as many older ones were deleted after ours, and those we have not seen. Pure.
 */
export interface Successor {
  birthMs: number
  /** Time stamp of the first record, where it has one. */
  recordMs: number | undefined
}

/** The kernel stamps files by a clock that moves in steps of up to 10 ms. */
const CLOCK_STEP_MS = 10

/** How many files at least were never seen. `after`: all files held that were born after the deleted one. */
export function missedFiles(deletedMs: number, after: readonly Successor[]): number {
  return after.filter(({ birthMs, recordMs }) => bornAfter(Math.min(birthMs, recordMs ?? birthMs), deletedMs))
    .length
}

/** Whether a file was certainly created after a moment, both in milliseconds since 1970. */
export function bornAfter(birthMs: number, momentMs: number): boolean {
  return birthMs > momentMs + CLOCK_STEP_MS
}
