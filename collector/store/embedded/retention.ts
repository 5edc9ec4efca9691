/** Which parts go, which lose some of their rows, and which small ones are worth joining. Pure. */
import { ageOf, type Retention } from '../store.ts'
import type { Part } from './manifest.ts'
import type { OriginRows } from './origins.ts'

/** A part of which some origins are too old, and others are not. */
export interface Thinned {
  part: Part
  /** Numbers of the origins whose rows go. */
  origins: number[]
}

/**
 * Parts that are too old or too much, oldest first, and parts to be thinned. `otherBytes`: what the store holds
 * beside parts. A part's age is that of its newest row, so that a part is not written again for each instance.
 */
export function outlived(
  parts: Iterable<Part>,
  rows: OriginRows,
  otherBytes: number,
  retention: Retention,
  nowMs: number
): { gone: Part[]; thinned: Thinned[] } {
  const oldestFirst = [...parts].sort(
    (a, b) => a.summary.day - b.summary.day || a.summary.first - b.summary.first
  )
  let bytes = otherBytes + oldestFirst.reduce((sum, part) => sum + part.bytes, 0)
  const gone: Part[] = []
  const thinned: Thinned[] = []
  for (const part of oldestFirst) {
    const { origins, maxMs } = part.summary
    const old = origins.filter(([origin]) => maxMs < nowMs - ageOf(retention, rows[origin]?.instance ?? ''))
    const tooMuch = retention.maxBytes > 0 && bytes > retention.maxBytes
    if (old.length === origins.length || tooMuch) {
      gone.push(part)
      bytes -= part.bytes
    } else if (old.length > 0) thinned.push({ part, origins: old.map(([origin]) => origin) })
  }
  return { gone, thinned }
}

/** Smaller parts than this are joined. */
const SMALL_ROWS = 65_536
const SMALL_BYTES = 16 << 20
/** A joined part holds at most this many rows. */
const JOINED_ROWS = 262_144
/** So many follow each other before it is worth the work. */
const ENOUGH = 8

/** Small parts of one day that follow each other in number; undefined where nothing is to be done. */
export function worthJoining(parts: Iterable<Part>): Part[] | undefined {
  const byDay = new Map<number, Part[]>()
  for (const part of parts) byDay.set(part.summary.day, [...(byDay.get(part.summary.day) ?? []), part])
  for (const ofDay of byDay.values()) {
    if (ofDay.length < ENOUGH) continue
    let run: Part[] = []
    let rows = 0
    for (const part of ofDay.sort((a, b) => a.summary.first - b.summary.first)) {
      const isSmall = part.summary.rows < SMALL_ROWS && part.bytes < SMALL_BYTES
      if (!isSmall || rows + part.summary.rows > JOINED_ROWS) {
        if (run.length >= ENOUGH) return run
        run = []
        rows = 0
      }
      if (!isSmall) continue
      run.push(part)
      rows += part.summary.rows
    }
    if (run.length >= ENOUGH) return run
  }
  return undefined
}
