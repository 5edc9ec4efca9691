/** Which parts go, and which small ones are worth joining. Pure. */
import type { Retention } from '../store.ts'
import type { Part } from './manifest.ts'

/** Parts that are too old or too much, oldest first. `otherBytes`: what the store holds beside parts. */
export function outlived(
  parts: Iterable<Part>,
  otherBytes: number,
  retention: Retention,
  nowMs: number
): Part[] {
  const oldestFirst = [...parts].sort(
    (a, b) => a.summary.day - b.summary.day || a.summary.first - b.summary.first
  )
  let bytes = otherBytes + oldestFirst.reduce((sum, part) => sum + part.bytes, 0)
  const gone: Part[] = []
  for (const part of oldestFirst) {
    const tooOld = retention.maxAgeMs > 0 && part.summary.maxMs < nowMs - retention.maxAgeMs
    const tooMuch = retention.maxBytes > 0 && bytes > retention.maxBytes
    if (!tooOld && !tooMuch) continue
    gone.push(part)
    bytes -= part.bytes
  }
  return gone
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
