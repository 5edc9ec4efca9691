/** What every kind of question shares: the segments of a snapshot, time slices, and what could not be read. */
import type { Coverage } from '../store.ts'
import type { Criteria } from './criteria.ts'
import { messageOf } from './fault.ts'
import type { Library } from './library.ts'
import type { Segment } from './segment.ts'
import type { Snapshot } from './snapshot.ts'

/** Thrown inside a scan that nobody waits for any more. */
export class Cancelled extends Error {}

/** How long a scan may hold its thread before others get their turn. */
const SLICE_MS = 10

/** The clock of one question. */
export class Turn {
  readonly #deadline: number
  readonly #resume: () => void
  #sliceEnd: number
  cancelled = false

  /** `deadline` in milliseconds since 1970; `resume` is called whenever this question has the thread again. */
  constructor(deadline: number, resume: () => void) {
    this.#deadline = deadline
    this.#resume = resume
    this.#sliceEnd = performance.now() + SLICE_MS
    resume()
  }

  get isOver(): boolean {
    return Date.now() >= this.#deadline
  }

  /** Lets other questions have the thread when this one had it long enough. Throws Cancelled. */
  async pause(): Promise<void> {
    if (performance.now() < this.#sliceEnd) return
    await new Promise(setImmediate)
    if (this.cancelled) throw new Cancelled()
    this.#sliceEnd = performance.now() + SLICE_MS
    this.#resume()
  }
}

export class Scan {
  readonly turn: Turn
  readonly coverage: Coverage = { complete: true, unreadable: [], scannedRecords: 0 }
  readonly #library: Library
  readonly #snapshot: Snapshot

  constructor(library: Library, snapshot: Snapshot, turn: Turn) {
    this.#library = library
    this.#snapshot = snapshot
    this.turn = turn
  }

  /** Every segment that may hold what the criteria ask. */
  async segments(criteria: Pick<Criteria, 'mayMatch'>): Promise<Segment[]> {
    const found: Segment[] = []
    for (const { path, reason } of this.#snapshot.unreadable) this.unreadable(path, reason)
    for (const journal of this.#snapshot.journals) {
      this.#guarded(journal.path, () => {
        const { frames, damage } = this.#library.journal(journal)
        for (const reason of damage) this.unreadable(journal.path, reason)
        for (const frame of frames) if (criteria.mayMatch(frame)) found.push(frame)
      })
      await this.turn.pause()
    }
    for (const path of this.#snapshot.parts) {
      this.#guarded(path, () => {
        for (const segment of this.#library.part(path)) if (criteria.mayMatch(segment)) found.push(segment)
      })
      await this.turn.pause()
    }
    return found
  }

  /** Does something with a segment; when it can't be read, its part is reported and the scan goes on. */
  guarded(segment: Segment, work: () => void): void {
    this.#guarded(segment.place, work)
  }

  unreadable(part: string, reason: string): void {
    const name = this.#snapshot.nameOf(part)
    this.coverage.complete = false
    if (this.coverage.unreadable.some((known) => known.part === name && known.reason === reason)) return
    this.coverage.unreadable.push({ part: name, reason })
  }

  #guarded(place: string, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (error instanceof Cancelled) throw error
      this.unreadable(place, messageOf(error))
    }
  }
}
