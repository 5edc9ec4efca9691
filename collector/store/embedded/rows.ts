/** Rows as columns: what blocks are made of, and what searches read. */

/** Row i's text is text[textEnd[i-1] … textEnd[i]]. Arrays may be longer than `count`. */
export interface Rows {
  count: number
  timeMs: Float64Array
  nanos: Uint32Array
  /** Number in the origins dictionary. */
  origin: Uint32Array
  /** Ordinal of the generation within the stream. */
  generation: Uint32Array
  offset: Float64Array
  receivedMs: Float64Array
  level: Uint8Array
  output: Uint8Array
  flags: Uint8Array
  textEnd: Uint32Array
  text: Buffer
}

/** Room for rows that are gathered one after another. */
export function emptyRows(rows: number, textBytes: number): Rows {
  return {
    count: 0,
    timeMs: new Float64Array(rows),
    nanos: new Uint32Array(rows),
    origin: new Uint32Array(rows),
    generation: new Uint32Array(rows),
    offset: new Float64Array(rows),
    receivedMs: new Float64Array(rows),
    level: new Uint8Array(rows),
    output: new Uint8Array(rows),
    flags: new Uint8Array(rows),
    textEnd: new Uint32Array(rows),
    text: Buffer.allocUnsafeSlow(textBytes)
  }
}
