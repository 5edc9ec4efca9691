/** One line of the table that `npm run bench` prints and keeps in docs/benchmarks.md. */
export interface Row {
  /** What was measured, e.g. "catch-up, 1 file, zstd". */
  what: string
  value: number
  unit: string
  /** The same thing measured in the same run on something else, and how many times better ours is. */
  beside?: { name: string; value: number; times: number }
  /** The bar of the design, and whether this run met it. */
  bar?: { text: string; met: boolean }
  /** Why the bar is missed where it is; told under the table then. */
  cause?: string
}

/** A bench file exports `rows`: it prints nothing, asserts nothing, and cleans up after itself. */
export type Bench = (progress: (text: string) => void) => Promise<Row[]>

/** `lower` says that smaller is better; the bar is met when the value is on the good side of `limit`. */
export function bar(
  value: number,
  limit: number,
  unit: string,
  lower = true
): { text: string; met: boolean } {
  return { text: `${lower ? '≤' : '≥'} ${limit} ${unit}`, met: lower ? value <= limit : value >= limit }
}

/** How many times better `ours` is than `theirs`. */
export function beside(name: string, ours: number, theirs: number, lower = true): NonNullable<Row['beside']> {
  return { name, value: theirs, times: lower ? theirs / ours : ours / theirs }
}
