/** Zeros in a log: bytes of which the file says that they are there, and that were never written. */
export interface NulRun {
  /** Place of the first in the generation. */
  offset: number
  bytes: number
  /** Index of the record before which they stand, among those given out together. */
  row: number
}

/** A chunk that is riddled with zeros tells its first runs one by one, and the rest as one. */
const MOST_RUNS = 1000

export function noteNuls(runs: NulRun[], offset: number, bytes: number, row: number): void {
  const last = runs.at(-1)
  if (last && (runs.length >= MOST_RUNS || last.offset + last.bytes === offset)) last.bytes += bytes
  else runs.push({ offset, bytes, row })
}
