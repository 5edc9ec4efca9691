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
  /** Born when it was compressed. */
  packed?: boolean
}

/** When the first and the last record of a file were stamped. */
export interface Span {
  firstMs: number
  lastMs: number
}

/** The kernel stamps files by a clock that moves in steps of up to 10 ms. */
const CLOCK_STEP_MS = 10

/** A file that was filled in less time may be full again before the one before it is compressed. */
const RUSH_MS = 250

/**
 * How many files at least were never seen between one that we held and those that lie in the folder.
 *
 * A plain file is deleted by the very rotation that brings the folder to its full number, so each file of a
 * later rotation that lies there has pushed out another one. A packed one is deleted before the next rotation:
 * only its successor is older than that. Unless files fill faster than they are packed: then a later one, whose
 * rotation has to wait, begins with a record that is as old. It is as far from ours as a file takes, and its plain file
 * is born after ours was deleted.
 */
export function missedFiles(found: {
  /** When our file was deleted. */
  deletedMs: number
  /** All that lie in the folder, oldest first. */
  folder: readonly Born[]
  /** Born after ours, held, and deleted since. */
  between: readonly Born[]
  packs: boolean
  /** Of our file. */
  span?: Span | undefined
  /** Of the next one in `between` that was the newest when it was deleted: what was missed behind it is not told here. */
  next?: Span | undefined
}): number {
  const { deletedMs, folder, between, packs, span } = found
  const isLater = ({ birthMs, recordMs }: Born) =>
    Math.min(birthMs, recordMs ?? birthMs) > deletedMs + CLOCK_STEP_MS
  if (!packs) {
    // It was full when ours was deleted: what came between them lay beside it, and was seen.
    if (found.next && found.next.lastMs <= deletedMs + CLOCK_STEP_MS) return 0
    return Math.max(0, folder.filter(isLater).length - between.filter((file) => !isLater(file)).length)
  }
  const next = between[0] ?? folder[0]
  if (!next) return 0
  if (isLater(next)) return 1
  const fillMs = span ? span.lastMs - span.firstMs : RUSH_MS
  const isDirect = !next.packed && next.birthMs + CLOCK_STEP_MS < deletedMs
  if (!span || isDirect || fillMs >= RUSH_MS || next.recordMs === undefined) return 0
  return next.recordMs - span.lastMs > fillMs / 2 ? 1 : 0
}

/** Whether another file came before this one, of a container's own log. */
export function hasPredecessor({ birthMs, recordMs }: Born): boolean {
  return recordMs !== undefined && recordMs < birthMs + CLOCK_STEP_MS
}
