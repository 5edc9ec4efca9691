/**
 * Where to go on asking an engine for a log of which a spool holds the beginning.
 *
 * An engine can be asked for what was written since a moment, that moment included, and answers in the order of
 * writing. Times do not rise steadily: pieces of a long line carry the time of its first one, and many records have
 * the same. So it is asked from a little earlier on than the newest time, and what comes again is compared, record by
 * record, with the end of the spool.
 *
 * Asked for everything since a moment later than all records before a place, an engine can't answer with any of
 * those: what it sends again all stands behind that place. Such places are kept here as marks.
 */
import type { Spool } from './spool.ts'

interface Mark {
  /** Place in the spool. */
  at: number
  /** The newest time of all records before it; '' where there are none. */
  newest: string
}

/** Old engines leave out what is older than asked for, also where it was written later: pieces of a slow long line. */
const OVERLAP_MS = 3000
/** No more than this is compared, however much was written within the overlap. */
const OVERLAP_BYTES = 4 * 1024 * 1024
const MARK_BYTES = 64 * 1024
const MARK_MS = 250
/** A clock that was set back by more than this begins anew: what comes twice then is not recognised. */
const CLOCK_BACK_MS = 60_000

export class Resume {
  readonly #spool: Spool
  #marks: Mark[] = []
  #newest = ''
  #markedMs = 0

  /** Reads what the spool holds to find out where it stands. */
  constructor(spool: Spool) {
    this.#spool = spool
    const [first] = spool.lines(0)
    // Where nothing tells what was before the first record, none of its own time counts as there.
    this.#newest = spool.beginning ?? (first ? before(timeIn(first.line)) : '')
    this.#marks = [{ at: 0, newest: this.#newest }]
    for (const { at, line } of spool.lines(0)) {
      if (at - (this.#marks.at(-1)?.at ?? 0) >= MARK_BYTES) this.#mark(at)
      this.note(timeIn(line))
    }
    this.#forget()
  }

  /** The newest time of all records so far. */
  get newest(): string {
    return this.#newest
  }

  /** A record of this time goes to the end of the spool. */
  note(time: string): void {
    if (time > this.#newest) this.#newest = time
  }

  /** To be called before records are appended. */
  advance(nowMs: number): void {
    const { end } = this.#spool
    const { at } = this.#marks.at(-1) ?? { at: 0 }
    if (end === at || (end - at < MARK_BYTES && nowMs - this.#markedMs < MARK_MS)) return
    this.#markedMs = nowMs
    this.#mark(end)
    this.#forget()
  }

  /** The clock of whoever writes was set back so far that later records would count as old. */
  restartAt(time: string): boolean {
    if (Date.parse(time) >= Date.parse(this.#newest) - CLOCK_BACK_MS) return false
    this.#newest = before(time)
    this.#marks = [{ at: this.#spool.end, newest: this.#newest }]
    return true
  }

  /** From when on to ask, `seconds.nanoseconds`; undefined: from the beginning. */
  get since(): string | undefined {
    const [mark] = this.#marks
    return mark && mark.newest !== '' ? secondsAfter(mark.newest) : undefined
  }

  /** What an engine that is asked for that sends again. */
  overlap(): Overlap {
    const [mark] = this.#marks
    const lines: string[] = []
    const from = mark?.newest ?? ''
    for (const { line } of this.#spool.lines(mark?.at ?? 0)) {
      if (lines.length > 0 || timeIn(line) > from) lines.push(line.toString('latin1'))
    }
    return new Overlap(lines, this.#newest)
  }

  #mark(at: number): void {
    this.#marks.push({ at, newest: this.#newest })
  }

  /** The first mark is the one to go on from; those before it are not needed any more. */
  #forget(): void {
    const { end } = this.#spool
    const enoughMs = Date.parse(this.#newest) - OVERLAP_MS
    while (this.#marks.length > 1) {
      const next = this.#marks[1] as Mark
      const tooFar = end - (this.#marks[0] as Mark).at > OVERLAP_BYTES
      if (!tooFar && !(Date.parse(next.newest) <= enoughMs)) break
      this.#marks.shift()
    }
    this.#spool.needed = this.#marks[0]?.at ?? 0
  }
}

/** Records that are in the spool and may be sent again. */
export class Overlap {
  readonly #left = new Map<string, number>()
  readonly #newest: string
  #known = 0
  #verdict: 'open' | 'joined' | 'torn' = 'open'

  constructor(lines: readonly string[], newest: string) {
    for (const line of lines) this.#left.set(line, (this.#left.get(line) ?? 0) + 1)
    this.#newest = newest
    if (lines.length === 0) this.#verdict = 'joined'
  }

  /** True where the spool has this record: it came again. */
  has(line: string): boolean {
    const count = this.#left.get(line) ?? 0
    if (count === 0) return false
    if (count === 1) this.#left.delete(line)
    else this.#left.set(line, count - 1)
    this.#known++
    return true
  }

  /** A record of this time came that the spool does not have. */
  passed(time: string): void {
    if (this.#verdict === 'open') this.#verdict = this.#known > 0 ? 'joined' : 'torn'
    if (time > this.#newest) this.#left.clear()
  }

  /** Nothing more can come again. */
  get over(): boolean {
    return this.#left.size === 0
  }

  /** True once where the engine has forgotten what the spool ends with: there may have been more between. */
  takeTorn(): boolean {
    if (this.#verdict !== 'torn') return false
    this.#verdict = 'joined'
    return true
  }
}

/** The time at the end of a record. Fractions are cut there; with all digits they compare as texts. */
function timeIn(line: Buffer): string {
  const tail = line.toString('latin1', Math.max(0, line.length - 64))
  return fullTime(/"time":"([^"]+)"\}\s*$/.exec(tail)?.[1] ?? '')
}

/** With nine digits of a second. */
export function fullTime(time: string): string {
  if (time.length === 30 || time.length < 20) return time
  return `${time.slice(0, 19)}.${time.slice(20, -1).padEnd(9, '0')}Z`
}

function secondsAfter(time: string): string {
  return secondsOf(nanosOf(time) + 1n)
}

function secondsOf(nanos: bigint): string {
  return `${nanos / 1_000_000_000n}.${String(nanos % 1_000_000_000n).padStart(9, '0')}`
}

function before(time: string): string {
  if (time === '') return ''
  const nanos = nanosOf(time) - 1n
  const seconds = new Date(Number(nanos / 1_000_000n)).toISOString().slice(0, 19)
  return `${seconds}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`
}

function nanosOf(time: string): bigint {
  const seconds = Date.parse(`${time.slice(0, 19)}Z`) / 1000
  return BigInt(seconds) * 1_000_000_000n + BigInt(time.slice(20, 29))
}
