/**
 * Rows: what is known of one subject (an instance or a host) in a stretch of time. A row of one sample and a row of a
 * whole hour are alike, so that coarser rows are made by adding finer ones, and give exactly what the samples give.
 */
import type { StatsCounters, StatsGauges } from '../../agent/protocol.ts'
import { METRIC_LIST, type Metric } from './metrics.ts'

/** What a metric was: whole numbers, see metrics.ts for their units. */
export interface Cell {
  /** Of the samples' values; of a counter, of the rates between samples. */
  min: number
  max: number
  /** Of a counter what it grew by; of a gauge values × their seconds. */
  sum: number
  /** Milliseconds of a counter, seconds of a gauge that `sum` is made of. */
  weight: number
}

export interface Row {
  /** Time of the sample, or where the minute or hour begins. */
  atMs: number
  /** By the number of their metric; empty where nothing was told. */
  cells: (Cell | undefined)[]
}

/** A sample in the hub's time, with the subject that it is of. */
export interface Sample {
  subject: string
  atMs: number
  /** The same by the host's own clock, where that is off: hubs may differ by how much. */
  toldMs?: number
  sinceMs?: number
  counters: StatsCounters
  gauges: StatsGauges
}

export type Previous = Pick<Sample, 'atMs' | 'toldMs' | 'sinceMs' | 'counters'>

/** Places of time and the two weights in a packed row. */
const SUMS_AT = 3
/** How long a first sample counts for, and the most that a gauge counts for behind a pause. */
const NOMINAL_S = 10
const LONGEST_S = 60
/** A subject that began this shortly before its first sample is known from its beginning. */
const YOUNG_MS = 60_000
/** A sample that comes later than this after the one before begins anew. */
const LONGEST_PAUSE_MS = 3_600_000
/** Beginnings that differ by less are the same one, told with another clock. */
const SAME_BEGIN_MS = 1000
/** Whole numbers are kept below this: larger ones would lose digits. */
const LARGEST = 2 ** 52

/** Whether a sample was told before, where `before` is the last one that is known of its subject. */
export function isKnown({ atMs, toldMs }: Sample, before: Previous | undefined): boolean {
  if (!before) return false
  return atMs <= before.atMs || (toldMs !== undefined && toldMs === before.toldMs)
}

/** What the next sample of the subject is compared with. */
export function endOf({ atMs, toldMs, sinceMs, counters }: Sample): Previous {
  return {
    ...{ atMs, counters },
    ...(toldMs !== undefined && { toldMs }),
    ...(sinceMs !== undefined && { sinceMs })
  }
}

/** Samples of one subject, told in any order and some of them more than once: each once, in the order of their time. */
export function inOrder(samples: readonly Sample[]): Sample[] {
  const told = new Set<number>()
  let lastMs = Number.NEGATIVE_INFINITY
  const once: Sample[] = []
  for (const sample of samples.toSorted((a, b) => a.atMs - b.atMs)) {
    const { atMs, toldMs } = sample
    if (atMs === lastMs || (toldMs !== undefined && told.has(toldMs))) continue
    if (toldMs !== undefined) told.add(toldMs)
    lastMs = atMs
    once.push(sample)
  }
  return once
}

/** Counters become what they grew by since the sample before; what began anew is counted from 0. */
export function rowOf(sample: Sample, last: Previous | undefined): Row {
  const { atMs, sinceMs, counters, gauges } = sample
  const before = last && atMs - last.atMs <= LONGEST_PAUSE_MS ? last : undefined
  const begun = beginning(sample, before)
  const fromMs = before?.atMs ?? (begun ? sinceMs : undefined)
  const coveredMs = fromMs === undefined ? 0 : Math.max(1, Math.round(atMs - fromMs))
  const gaugeS = coveredMs === 0 ? NOMINAL_S : Math.min(LONGEST_S, Math.max(1, Math.round(coveredMs / 1000)))
  const cells = METRIC_LIST.map((metric) => {
    if (metric.kind === 'gauge') {
      const whole = Math.min(LARGEST, Math.round((gauges[metric.from] ?? Number.NaN) * metric.scale))
      return Number.isNaN(whole) ? undefined : sampleCell(metric, whole * gaugeS, gaugeS)
    }
    const value = counters[metric.from]
    if (value === undefined || coveredMs === 0) return undefined
    const old = begun ? 0 : before?.counters[metric.from]
    if (old === undefined) return undefined
    return sampleCell(metric, Math.min(LARGEST, Math.round(value >= old ? value - old : value)), coveredMs)
  })
  return { atMs, cells }
}

/** A sample's row in a third of the memory: its time, weights, and one sum per metric. */
export function packed({ atMs, cells }: Row): Float64Array {
  const numbers = new Float64Array(SUMS_AT + METRIC_LIST.length).fill(Number.NaN)
  numbers[0] = atMs
  for (const [i, cell] of cells.entries()) {
    if (!cell) continue
    numbers[METRIC_LIST[i]?.kind === 'counter' ? 1 : 2] = cell.weight
    numbers[SUMS_AT + i] = cell.sum
  }
  return numbers
}

export function unpacked(numbers: Float64Array): Row {
  const [atMs = 0, coveredMs = 1, gaugeS = 1] = numbers
  const cells = METRIC_LIST.map((metric, i) => {
    const sum = numbers[SUMS_AT + i] ?? Number.NaN
    if (Number.isNaN(sum)) return undefined
    return sampleCell(metric, sum, metric.kind === 'counter' ? coveredMs : gaugeS)
  })
  return { atMs, cells }
}

/** The cell of one sample: all of it follows from what was counted, and for how long. */
export function sampleCell({ kind, scale }: Metric, sum: number, weight: number): Cell {
  const value = kind === 'counter' ? Math.round((sum * 1000 * scale) / weight) : Math.round(sum / weight)
  return { min: value, max: value, sum, weight }
}

/** Rows of the same subject in steps that begin at multiples of `stepMs`; a row belongs where its time lies. */
export function rolledUp(rows: Iterable<Row>, stepMs: number): Row[] {
  const steps = new Map<number, Row>()
  for (const row of rows) {
    const atMs = Math.floor(row.atMs / stepMs) * stepMs
    const step = steps.get(atMs)
    if (step) addRow(step, row)
    else steps.set(atMs, { atMs, cells: row.cells.map((cell) => cell && { ...cell }) })
  }
  return [...steps.values()].sort((a, b) => a.atMs - b.atMs)
}

function addRow(into: Row, row: Row): void {
  for (const [i, cell] of row.cells.entries()) {
    const old = into.cells[i]
    if (old && cell) {
      old.min = Math.min(old.min, cell.min)
      old.max = Math.max(old.max, cell.max)
      old.sum += cell.sum
      old.weight += cell.weight
    } else if (cell) into.cells[i] = { ...cell }
  }
}

/** Whether the counters count from 0 since the sample before, or, without one, since a moment ago. */
function beginning({ atMs, sinceMs }: Sample, before: Previous | undefined): boolean {
  if (sinceMs === undefined) return false
  if (!before) return sinceMs < atMs && atMs - sinceMs < YOUNG_MS
  return before.sinceMs !== undefined && sinceMs > before.sinceMs + SAME_BEGIN_MS
}
