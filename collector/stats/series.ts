/** Rows as lines of a chart: equal steps of time, each with the smallest, the mean and the largest value. */
import { inUnit, METRIC_NAMES, METRICS, type MetricName, meanOf } from './metrics.ts'
import { type Cell, type Row, rolledUp } from './rows.ts'

/** One number per step; null where nothing is known. */
export interface Series {
  metric: MetricName
  min: (number | null)[]
  avg: (number | null)[]
  max: (number | null)[]
}

/** Steps begin at multiples of `stepMs`; `edges` are their beginnings. */
export function edgesOf(fromMs: number, toMs: number, stepMs: number): number[] {
  const edges: number[] = []
  for (let atMs = Math.floor(fromMs / stepMs) * stepMs; atMs < toMs; atMs += stepMs) edges.push(atMs)
  return edges
}

/** Of one subject. */
export function seriesOf(
  rows: readonly Row[],
  edges: readonly number[],
  stepMs: number,
  metrics: readonly MetricName[]
): Series[] {
  const steps = new Map(rolledUp(rows, stepMs).map((row) => [row.atMs, row]))
  return metrics.map((metric) => {
    const cells = edges.map((atMs) => steps.get(atMs)?.cells[numberOf(metric)])
    return {
      metric,
      min: cells.map((cell) => (cell ? inUnit(METRICS[metric], cell.min) : null)),
      avg: cells.map((cell) => (cell ? meanOf(METRICS[metric], cell.sum, cell.weight) : null)),
      max: cells.map((cell) => (cell ? inUnit(METRICS[metric], cell.max) : null))
    }
  })
}

/**
 * Of several subjects together, as if they were one: an app over its instances. They are added slot by slot (`slotMs`,
 * what a row covers), each for the part of the slot that it was there, so that a move counts once; min and max are
 * those of the slots' totals.
 */
export function totalOf(
  subjects: readonly (readonly Row[])[],
  edges: readonly number[],
  times: { stepMs: number; slotMs: number; nowMs: number },
  metrics: readonly MetricName[]
): Series[] {
  const { stepMs, slotMs, nowMs } = times
  const slots = new Map<number, (Cell | undefined)[][]>()
  for (const rows of subjects) {
    for (const { atMs, cells } of rolledUp(rows, slotMs)) {
      const slot = slots.get(atMs)
      if (slot) slot.push(cells)
      else slots.set(atMs, [cells])
    }
  }
  return metrics.map((metric) => {
    const steps = new Map<number, { min: number; max: number; sum: number; weight: number }>()
    for (const [atMs, subjectCells] of slots) {
      const cells = subjectCells.flatMap((all) => all[numberOf(metric)] ?? [])
      if (cells.length === 0) continue
      const total = slotTotal(metric, cells, atMs + slotMs <= nowMs ? slotMs : undefined)
      const stepAtMs = Math.floor(atMs / stepMs) * stepMs
      const step = steps.get(stepAtMs)
      if (step) {
        step.min = Math.min(step.min, total)
        step.max = Math.max(step.max, total)
        step.sum += total
        step.weight++
      } else steps.set(stepAtMs, { min: total, max: total, sum: total, weight: 1 })
    }
    const own = edges.map((atMs) => steps.get(atMs))
    return {
      metric,
      min: own.map((step) => step?.min ?? null),
      avg: own.map((step) => (step ? step.sum / step.weight : null)),
      max: own.map((step) => step?.max ?? null)
    }
  })
}

/** `slotMs` is undefined while the slot is not over: it is then as long as the longest part of it. */
function slotTotal(metric: MetricName, cells: readonly Cell[], slotMs: number | undefined): number {
  const msOf = ({ weight }: Cell) => (METRICS[metric].kind === 'counter' ? weight : weight * 1000)
  const wholeMs = slotMs ?? Math.max(...cells.map(msOf))
  let total = 0
  for (const cell of cells) {
    // A counter's growth over the whole slot; samples that reach in from the slot before make that up there.
    const share =
      METRICS[metric].kind === 'counter' ? msOf(cell) / wholeMs : Math.min(1, msOf(cell) / wholeMs)
    total += meanOf(METRICS[metric], cell.sum, cell.weight) * share
  }
  return total
}

function numberOf(metric: MetricName): number {
  return METRIC_NAMES.indexOf(metric)
}
