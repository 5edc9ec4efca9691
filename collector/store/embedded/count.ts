/** Histograms and facets. */
import { LEVELS, OUTPUTS } from '../../record.ts'
import { FacetCounter, needsTexts } from '../facets.ts'
import { bucketsOf, floorDivide, type Step } from '../steps.ts'
import type { Facets, FacetsAsked, Histogram, Query } from '../store.ts'
import { Criteria } from './criteria.ts'
import type { OriginRows } from './origins.ts'
import { originAt, textOf } from './record-of.ts'
import type { Scan } from './scan.ts'
import type { Segment } from './segment.ts'
import { toTime } from './totals.ts'

const LEVEL_COUNT = LEVELS.length

export async function histogram(
  scan: Scan,
  origins: OriginRows,
  query: Query,
  step: Step
): Promise<Histogram> {
  const { first, count } = bucketsOf(query, step)
  const criteria = new Criteria(query, origins)
  const buckets = bucketsFrom(first, step.ns)
  const counts = new Float64Array(count * LEVEL_COUNT)
  const segments = count === 0 ? [] : await scan.segments(criteria)
  segments.sort((a, b) => b.maxMs - a.maxMs)
  for (const segment of segments) {
    if (scan.turn.isOver) {
      scan.coverage.complete = false
      scan.coverage.searchedTo = BigInt(segment.maxMs + 1) * 1_000_000n
      break
    }
    scan.coverage.scannedRecords += segment.rows
    scan.guarded(segment, () => countSegment(segment, criteria, buckets, counts))
    segment.release()
    await scan.turn.pause()
  }
  const told = Array.from({ length: count }, (_, index) => ({
    from: first + BigInt(index) * step.ns,
    counts: [...counts.subarray(index * LEVEL_COUNT, (index + 1) * LEVEL_COUNT)]
  }))
  const total = counts.reduce((sum, rows) => sum + rows, 0)
  return { buckets: told, to: first + BigInt(count) * step.ns, total, coverage: scan.coverage }
}

/** The bucket of a row, told by its time. */
interface Buckets {
  /** Set where all edges lie on milliseconds: then those are enough. */
  ms?: { first: number; step: number }
  of(ms: number, nanos: number): number
}

function bucketsFrom(first: bigint, stepNs: bigint): Buckets {
  if (first % 1_000_000n === 0n && stepNs % 1_000_000n === 0n) {
    const ms = { first: Number(first / 1_000_000n), step: Number(stepNs / 1_000_000n) }
    return { ms, of: (timeMs) => Math.floor((timeMs - ms.first) / ms.step) }
  }
  return { of: (timeMs, nanos) => Number(floorDivide(toTime(timeMs, nanos) - first, stepNs)) }
}

function countSegment(segment: Segment, criteria: Criteria, buckets: Buckets, counts: Float64Array): void {
  if (criteria.takesAll(segment)) {
    const bucket = buckets.of(segment.minMs, 0)
    if (bucket === buckets.of(segment.maxMs, 999_999)) {
      for (const [level, rows] of segment.levels.entries()) {
        if (((criteria.levels >> level) & 1) === 1) add(counts, bucket * LEVEL_COUNT + level, rows)
      }
      return
    }
  }
  const { rows, count, holds } = criteria.candidates(segment)
  if (count === 0) return
  const { level, timeMs } = segment
  const nanos = buckets.ms ? undefined : segment.nanos
  const { first, step } = buckets.ms ?? { first: 0, step: 1 }
  for (let i = 0; i < count; i++) {
    const row = rows[i] as number
    if (!holds(row)) continue
    const ms = timeMs[row] as number
    const bucket = nanos ? buckets.of(ms, nanos[row] as number) : Math.floor((ms - first) / step)
    add(counts, bucket * LEVEL_COUNT + (level[row] as number), 1)
  }
}

function add(counts: Float64Array, at: number, rows: number): void {
  counts[at] = (counts[at] as number) + rows
}

export async function facets(
  scan: Scan,
  origins: OriginRows,
  query: Query,
  asked: FacetsAsked,
  sampleLimit: number
): Promise<Facets> {
  const counter = new FacetCounter(asked)
  const criteria = new Criteria(query, origins)
  const segments = await scan.segments(criteria)
  segments.sort((a, b) => b.maxMs - a.maxMs)
  const tally = new Tally(origins.length)
  const wantsTexts = needsTexts(asked)
  const rowsInAll = segments.reduce((sum, segment) => sum + segment.rows, 0)
  // A sample that is spread over the segments, which are sorted by app: the newest alone would show few of them.
  const perSegment =
    rowsInAll <= sampleLimit
      ? Number.POSITIVE_INFINITY
      : Math.max(16, Math.ceil(sampleLimit / segments.length))
  let sampled = 0
  for (const segment of segments) {
    if (scan.turn.isOver) {
      scan.coverage.complete = false
      scan.coverage.searchedTo = BigInt(segment.maxMs + 1) * 1_000_000n
      break
    }
    scan.coverage.scannedRecords += segment.rows
    scan.guarded(segment, () => {
      const matching = tally.count(segment, criteria)
      if (!wantsTexts || sampled >= sampleLimit) return
      const step = Math.max(1, matching.length / Math.min(perSegment, sampleLimit - sampled))
      for (let at = 0; at < matching.length; at += step) {
        counter.addText(textOf(segment, matching[Math.floor(at)] as number))
        sampled++
      }
    })
    segment.release()
    await scan.turn.pause()
  }
  tally.give(counter, origins)
  const { matched } = tally
  return { facets: counter.facets(), fields: counter.fields(), sampled, matched, coverage: scan.coverage }
}

/** Matching rows by origin, level and output. */
class Tally {
  readonly #byOrigin: Float64Array
  readonly #byLevel = new Float64Array(LEVELS.length)
  readonly #byOutput = new Float64Array(OUTPUTS.length)
  matched = 0

  constructor(origins: number) {
    this.#byOrigin = new Float64Array(origins)
  }

  /** The segment's matching rows. */
  count(segment: Segment, criteria: Criteria): Uint32Array {
    const { rows, count, holds } = criteria.candidates(segment)
    if (count === 0) return rows.subarray(0, 0)
    const { origin, level, output } = segment
    let kept = 0
    for (let i = 0; i < count; i++) {
      const row = rows[i] as number
      if (!holds(row)) continue
      rows[kept++] = row
      bump(this.#byOrigin, origin[row] as number)
      bump(this.#byLevel, level[row] as number)
      bump(this.#byOutput, output[row] as number)
    }
    this.matched += kept
    return rows.subarray(0, kept)
  }

  give(counter: FacetCounter, origins: OriginRows): void {
    for (const [number, rows] of this.#byOrigin.entries()) {
      if (rows > 0) counter.addOrigin(originAt(origins, number), rows)
    }
    for (const [level, rows] of this.#byLevel.entries())
      counter.add('level', LEVELS[level] ?? 'unknown', rows)
    for (const [output, rows] of this.#byOutput.entries()) counter.add('output', OUTPUTS[output] ?? '', rows)
  }
}

function bump(counts: Float64Array, at: number): void {
  counts[at] = (counts[at] ?? 0) + 1
}
