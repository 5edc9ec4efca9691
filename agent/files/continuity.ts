/**
 * Were there files that Docker deleted before we saw them? Pure.
 *
 * Docker rotates because a record wants to be written that it has already stamped: it deletes the oldest file,
 * renames the others upwards, creates the next one, and writes the record there. So a file born in a rotation
 * begins with a record stamped before its birth, and a container's first file, which is created before the
 * container is started, with one stamped after it. With `compress` each rotated file is packed at once, before
 * the next rotation, and the plain one deleted.
 */
export interface Born {
  birthMs: number
  /** Time stamp of the first record, where it has one. */
  recordMs: number | undefined
}

/** The kernel stamps files by a clock that moves in steps of up to 10 ms. */
const CLOCK_STEP_MS = 10

/**
 * How many files at least were never seen between one that we held and those that lie in the folder.
 *
 * A plain file is deleted by the very rotation that brings the folder to its full number, so each file of a
 * later rotation that lies there has pushed out another one. A packed one is deleted before the next rotation:
 * only its successor is older than that.
 */
export function missedFiles(found: {
  /** When our file was deleted. */
  deletedMs: number
  /** All that lie in the folder, oldest first. */
  folder: readonly Born[]
  /** Born after ours, held, and deleted since. */
  between: readonly Born[]
  packs: boolean
}): number {
  const { deletedMs, folder, between, packs } = found
  const isLater = ({ birthMs, recordMs }: Born) =>
    Math.min(birthMs, recordMs ?? birthMs) > deletedMs + CLOCK_STEP_MS
  if (!packs) return Math.max(0, folder.filter(isLater).length - between.length)
  const next = between[0] ?? folder[0]
  return next && isLater(next) ? 1 : 0
}

/** Whether another file came before this one, of a container's own log. */
export function hasPredecessor({ birthMs, recordMs }: Born): boolean {
  return recordMs !== undefined && recordMs < birthMs + CLOCK_STEP_MS
}
