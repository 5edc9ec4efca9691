/** A query made ready to be held against segments: what prunes them, what finds rows, what decides. */
import { matcher, planOf } from '../../query/match.ts'
import { FLAG, type LogRecord } from '../../record.ts'
import { floorDivide } from '../steps.ts'
import type { Query } from '../store.ts'
import { hashWord } from './bloom.ts'
import { Finder } from './finder.ts'
import type { OriginRows } from './origins.ts'
import { originAt, RowView } from './record-of.ts'
import type { Segment } from './segment.ts'

const NOT_ASCII = /[^\0-\x7f]/
/** How a row stands after the cheap tests. */
const NO = 0
const MAYBE = 1
const SURE = 2
const FOUND = 4

/** Rows of a segment that match, or may. Valid until the next call. */
export interface Candidates {
  rows: Uint32Array
  count: number
  /** Decides a row that is not sure yet; cheap for those that are. */
  holds(row: number): boolean
}

const NOTHING: Candidates = { rows: new Uint32Array(0), count: 0, holds: () => false }

export class Criteria {
  readonly fromMs: number
  readonly toMs: number
  readonly #fromNanos: number
  readonly #toNanos: number
  readonly #origins: OriginRows
  readonly #near: ReadonlySet<number> | undefined
  readonly #matches: (record: LogRecord) => boolean
  readonly #plan: ReturnType<typeof planOf>
  readonly #hashes: number[][]
  /** One clause that is searched for; the others are left to matcher(). */
  readonly #finders: Finder[] | undefined
  /** True where a certain find of a finder decides. */
  readonly #findsDecide: boolean
  /** 0 not asked yet, 1 passes, 2 does not. */
  #passes = new Uint8Array(1024)
  #rows = new Uint32Array(8192)
  #marks = new Uint8Array(8192)

  /** `near`: only these origins. */
  constructor(query: Query, origins: OriginRows, near?: ReadonlySet<number>) {
    this.#near = near
    this.#origins = origins
    this.#matches = matcher(query.where)
    this.#plan = planOf(query.where)
    const { words, literals, exact } = this.#plan
    this.#hashes = words.flatMap((clause) =>
      clause.some(({ prefix }) => prefix) ? [] : [clause.map(({ word }) => hashWord(word))]
    )
    this.#finders = findersOf(this.#plan)
    this.#findsDecide = exact && words.length + literals.length === 1 && this.#finders !== undefined
    ;[this.fromMs, this.#fromNanos] = split(query.from)
    ;[this.toMs, this.#toNanos] = split(query.to)
  }

  /** True when origins, levels, outputs and times decide, so that no text need be read. */
  get needsNoText(): boolean {
    return this.#plan.exact && this.#plan.words.length === 0 && this.#plan.literals.length === 0
  }

  get levels(): number {
    return this.#plan.levels
  }

  originPasses(number: number): boolean {
    if (number >= this.#passes.length) {
      const wide = new Uint8Array(number * 2)
      wide.set(this.#passes)
      this.#passes = wide
    }
    if (this.#passes[number] === 0) {
      const passes = this.#near?.has(number) ?? true
      this.#passes[number] = passes && this.#plan.origin(originAt(this.#origins, number)) ? 1 : 2
    }
    return this.#passes[number] === 1
  }

  /** False where no row of the segment can match, told without reading its rows. */
  mayMatch(segment: Segment): boolean {
    if (segment.rows === 0 || segment.maxMs < this.fromMs || segment.minMs > this.toMs) return false
    if (segment.minMs === this.toMs && this.#toNanos === 0) return false
    if ((segment.outputs & this.#plan.outputs) === 0) return false
    if (!segment.levels.some((rows, level) => rows > 0 && ((this.#plan.levels >> level) & 1) === 1))
      return false
    return segment.origins.some(([number]) => this.originPasses(number))
  }

  /** True where every row of the segment passes all but the level. */
  takesAll(segment: Segment): boolean {
    return (
      this.needsNoText &&
      this.#isInside(segment) &&
      (segment.outputs & ~this.#plan.outputs) === 0 &&
      segment.origins.every(([number]) => this.originPasses(number))
    )
  }

  candidates(segment: Segment): Candidates {
    if (this.#hashes.length > 0 && !segment.mayHoldWords(this.#hashes)) return NOTHING
    if (segment.rows > this.#rows.length) {
      this.#rows = new Uint32Array(segment.rows * 2)
      this.#marks = new Uint8Array(segment.rows * 2)
    }
    const marks = this.#marks
    marks.fill(this.needsNoText ? SURE : MAYBE, 0, segment.rows)
    this.#dropOthers(segment)
    if (this.#finders) {
      if (marks.indexOf(MAYBE) < 0 || marks.indexOf(MAYBE) >= segment.rows) return NOTHING
      this.#findTexts(segment, this.#finders)
    }
    const rows = this.#rows
    let count = 0
    for (let row = 0; row < segment.rows; row++) if (marks[row] !== NO) rows[count++] = row
    let view: RowView | undefined
    const holds = (row: number) => {
      if (marks[row] === SURE) return true
      view ??= new RowView(segment, this.#origins, count > segment.rows / 8)
      view.row = row
      return this.#matches(view)
    }
    return { rows, count, holds }
  }

  /** Leaves only rows in which a finder finds its text, or that can't be judged by their bytes. */
  #findTexts(segment: Segment, finders: readonly Finder[]): void {
    const { text, textEnd, rows } = segment
    const marks = this.#marks
    // While the search goes on, rows that are found carry FOUND beside what they were.
    for (const finder of finders) {
      let row = 0
      for (let at = finder.next(text, 0, text.length); at >= 0; ) {
        row = rowAt(textEnd, rows, at, row)
        const from = row > 0 ? (textEnd[row - 1] as number) : 0
        const to = textEnd[row] as number
        const mark = marks[row] as number
        // A find may reach into the next row; then it is none.
        const verdict = mark !== NO && finder.fits(at, to) ? finder.judge(text, at, from, to) : 0
        if (verdict > 0) marks[row] = FOUND | (verdict === 1 && this.#findsDecide ? SURE : mark & ~FOUND)
        at = finder.next(text, verdict === 1 || mark === NO ? to : at + 1, text.length)
      }
    }
    const flags = segment.ansi ? segment.flags : undefined
    for (let row = 0; row < rows; row++) {
      const mark = marks[row] as number
      if ((mark & FOUND) !== 0) marks[row] = mark & ~FOUND
      else if (!flags || ((flags[row] as number) & FLAG.ansi) === 0) marks[row] = NO
    }
    if (!flags) return
    for (let row = 0; row < rows; row++) {
      if (((flags[row] as number) & FLAG.ansi) !== 0 && marks[row] === SURE) marks[row] = MAYBE
    }
  }

  #dropOthers(segment: Segment): void {
    const { rows } = segment
    const marks = this.#marks
    // All are asked, so that the loop over rows finds every answer.
    const passing = segment.origins.filter(([number]) => this.originPasses(number))
    if (passing.length < segment.origins.length) {
      const { origin } = segment
      const passes = this.#passes
      for (let row = 0; row < rows; row++) if (passes[origin[row] as number] !== 1) marks[row] = NO
    }
    const { levels, outputs } = this.#plan
    if (segment.levels.some((count, level) => count > 0 && ((levels >> level) & 1) === 0)) {
      const { level } = segment
      for (let row = 0; row < rows; row++) if (((levels >> (level[row] as number)) & 1) === 0) marks[row] = NO
    }
    if ((segment.outputs & ~outputs) !== 0) {
      const { output } = segment
      for (let row = 0; row < rows; row++)
        if (((outputs >> (output[row] as number)) & 1) === 0) marks[row] = NO
    }
    if (!this.#isInside(segment)) this.#dropOutside(segment)
  }

  #isInside(segment: Segment): boolean {
    return segment.minMs > this.fromMs - (this.#fromNanos === 0 ? 1 : 0) && segment.maxMs < this.toMs
  }

  #dropOutside(segment: Segment): void {
    const { timeMs, rows } = segment
    const marks = this.#marks
    const { fromMs, toMs } = this
    for (let row = 0; row < rows; row++) {
      const time = timeMs[row] as number
      if (time > fromMs && time < toMs) continue
      if (time === fromMs || time === toMs) {
        const nanos = segment.nanos[row] as number
        const isIn = (time > fromMs || nanos >= this.#fromNanos) && (time < toMs || nanos < this.#toNanos)
        if (isIn) continue
      }
      marks[row] = NO
    }
  }
}

/** The clause that prunes best, of those that can be searched in bytes; undefined where there is none. */
function findersOf(plan: ReturnType<typeof planOf>): Finder[] | undefined {
  const clauses = [
    ...plan.words.map((clause) =>
      clause.map(({ word, prefix }) => ({ text: word, as: prefix ? 'prefix' : 'word' }) as const)
    ),
    ...plan.literals.map((clause) => clause.map((text) => ({ text, as: 'anything' }) as const))
  ].filter((clause) => clause.length > 0 && clause.every(({ text }) => text !== '' && !NOT_ASCII.test(text)))
  const worth = (clause: (typeof clauses)[number]) =>
    Math.min(...clause.map(({ text }) => text.length)) - clause.length
  const best = clauses.sort((a, b) => worth(b) - worth(a))[0]
  return best?.map(({ text, as }) => new Finder(text, as))
}

/** The row that holds byte `at`; `low` is a row at or before it. */
function rowAt(textEnd: Uint32Array, rows: number, at: number, low: number): number {
  let from = low
  let step = 1
  while (from + step < rows && (textEnd[from + step - 1] as number) <= at) {
    from += step
    step *= 2
  }
  let to = Math.min(rows - 1, from + step)
  while (from < to) {
    const middle = (from + to) >> 1
    if ((textEnd[middle] as number) <= at) from = middle + 1
    else to = middle
  }
  return from
}

/** Whole milliseconds and the nanoseconds behind them. */
function split(time: bigint): [number, number] {
  const ms = floorDivide(time, 1_000_000n)
  return [Number(ms), Number(time - ms * 1_000_000n)]
}
