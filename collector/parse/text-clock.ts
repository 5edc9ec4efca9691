/**
 * The time of a line of text. Where the line says none, it is that of the line before, so that the lines of a file
 * stay in their order; where that is not known or long ago, the next one that is known, or that of arrival.
 */
import { TextTime } from './text-time.ts'

/** A time that lies further ahead of arrival is not believed: a wrong clock, a local time, a date that is told of. */
const FURTHEST_AHEAD_MS = 5 * 60_000
/** What says that it was written before is no log line's own time, or a clock that was never set. */
const EARLIEST_MS = Date.UTC(2000, 0, 1)
/** Several threads that write to one file are out of order by so much; the order of the file counts for more. */
const JITTER_MS = 1000
/** Behind a pause of this length a line without a time was written when it came … */
const PAUSE_MS = 10_000
/** … if the file was read as it was written before, and is not being caught up with. */
const LIVE_MS = 60_000
/** Lines that are looked through for a first time. */
const MOST_LOOKED_THROUGH = 64

export class TextClock {
  /** Of the line that was read last. */
  timeMs = Number.NaN
  nanos = 0
  /** The last time that a line said itself, and when it came. */
  #ownMs = Number.NaN
  #ownAtMs = Number.NaN
  readonly #time = new TextTime()

  /** To be called with each chunk's bytes, from the first line on, before its lines are read. */
  begin(b: Uint8Array, view: DataView, from: number, nowMs: number): void {
    const paused = nowMs - this.#ownAtMs >= PAUSE_MS && this.#ownAtMs - this.#ownMs < LIVE_MS
    if (!paused && !Number.isNaN(this.#ownMs)) return
    const beforeMs = Number.isNaN(this.timeMs) ? Number.NEGATIVE_INFINITY : this.timeMs
    const first = this.#firstTimeMs(b, view, from, nowMs)
    this.timeMs = Math.max(beforeMs, Math.min(first ?? nowMs, nowMs))
    if (this.timeMs !== beforeMs) this.nanos = 0
  }

  /** Reads the time of the line b[from, to); false where it says none and has that of the line before. */
  read(b: Uint8Array, view: DataView, from: number, to: number, nowMs: number): boolean {
    const time = this.#time
    if (!time.read(b, view, from, to, nowMs) || !isBelievable(time.timeMs, nowMs)) return false
    this.#ownMs = time.timeMs
    this.#ownAtMs = nowMs
    const back = this.timeMs - time.timeMs
    if (back >= 0 && back <= JITTER_MS && (back > 0 || time.nanos < this.nanos)) return true
    this.timeMs = time.timeMs
    this.nanos = time.nanos
    return true
  }

  #firstTimeMs(b: Uint8Array, view: DataView, from: number, nowMs: number): number | undefined {
    let p = from
    for (let line = 0; line < MOST_LOOKED_THROUGH && p < b.length; line++) {
      const newline = b.indexOf(10, p)
      const to = newline < 0 ? b.length : newline
      if (this.#time.read(b, view, p, to, nowMs) && isBelievable(this.#time.timeMs, nowMs))
        return this.#time.timeMs
      p = to + 1
    }
    return undefined
  }
}

function isBelievable(timeMs: number, nowMs: number): boolean {
  return timeMs >= EARLIEST_MS && timeMs <= nowMs + FURTHEST_AHEAD_MS
}
