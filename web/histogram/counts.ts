import type { HistogramAnswer, LevelName } from '../../server/api/logs.ts'

/** From the foot of a bar to its top: what matters most stands where the eye compares best. */
export const STACKS = ['error', 'warn', 'info', 'debug'] as const
export type Stack = (typeof STACKS)[number]

/** Which stack a level belongs to, in the order of the hub's counts. */
const STACK_OF: Record<LevelName, Stack> = {
  unknown: 'debug',
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error'
}
const LEVELS = Object.keys(STACK_OF) as LevelName[]

/** Never more bars than this, also while live lines make new ones. */
export const BAR_LIMIT = 240

/** Lines per bar. `edges` has one more entry than each stack; bar i reaches from edge i to edge i + 1, in ms. */
export interface Counts {
  edges: readonly number[]
  stepMs: number
  stacks: Readonly<Record<Stack, readonly number[]>>
}

export function countsOf(answer: HistogramAnswer): Counts {
  const stacks: Record<Stack, number[]> = { error: [], warn: [], info: [], debug: [] }
  for (const { counts } of answer.buckets) {
    for (const stack of STACKS) stacks[stack].push(0)
    counts.forEach((count, index) => {
      const level = LEVELS[index]
      if (level) bump(stacks[STACK_OF[level]], count)
    })
  }
  const edges = [...answer.buckets.map((bucket) => Date.parse(bucket.from)), Date.parse(answer.to)]
  return { edges, stepMs: answer.stepMs, stacks }
}

/** Adds lines of the live tail. Lines behind the last edge open new bars of the same width; the oldest fall off. */
export function withArrivals(
  counts: Counts,
  arrivals: readonly { time: string; level: LevelName }[]
): Counts {
  const edges = [...counts.edges]
  const stacks = mapStacks((stack) => [...counts.stacks[stack]])
  for (const { time, level } of arrivals) {
    const ms = Date.parse(time)
    if (Number.isNaN(ms) || ms < (edges[0] ?? Number.POSITIVE_INFINITY)) continue
    while (ms >= (edges.at(-1) ?? ms + 1)) grow(edges, stacks, counts.stepMs, ms)
    const bar = barAt({ edges }, ms)
    const stack = stacks[STACK_OF[level]]
    stack[bar] = (stack[bar] ?? 0) + 1
  }
  return { edges, stacks, stepMs: counts.stepMs }
}

/** The bar in which a moment lies; the nearest one where it lies outside. */
export function barAt({ edges }: Pick<Counts, 'edges'>, ms: number): number {
  let low = 0
  let high = edges.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((edges[middle] ?? 0) <= ms) low = middle
    else high = middle - 1
  }
  return Math.max(0, low)
}

/** The range of the bars between two, whichever comes first. */
export function rangeOfBars(counts: Counts, a: number, b: number): { fromMs: number; toMs: number } {
  const last = counts.edges.length - 2
  const from = Math.max(0, Math.min(a, b))
  const to = Math.min(last, Math.max(a, b))
  return { fromMs: counts.edges[from] ?? 0, toMs: counts.edges[to + 1] ?? 0 }
}

/** Lines in the bars between two, both included. */
export function sumOfBars(counts: Counts, a: number, b: number): Record<Stack, number> & { lines: number } {
  const sums = { error: 0, warn: 0, info: 0, debug: 0, lines: 0 }
  for (let bar = Math.max(0, Math.min(a, b)); bar <= Math.max(a, b); bar++) {
    for (const stack of STACKS) {
      const count = counts.stacks[stack][bar] ?? 0
      sums[stack] += count
      sums.lines += count
    }
  }
  return sums
}

export function highestBar(counts: Counts): number {
  let highest = 0
  for (let bar = 0; bar < counts.edges.length - 1; bar++) {
    highest = Math.max(highest, sumOfBars(counts, bar, bar).lines)
  }
  return highest
}

function grow(edges: number[], stacks: Record<Stack, number[]>, stepMs: number, ms: number): void {
  const end = edges.at(-1) ?? 0
  const start = edges.at(-2) ?? end
  // The last bar of a range that ends now is cut short; it gets its full width before another begins.
  if (end - start < stepMs) {
    edges[edges.length - 1] = start + stepMs
    return
  }
  // After a long silence only as many bars are opened as can be shown.
  const missing = Math.floor((ms - end) / stepMs)
  edges.push(missing > BAR_LIMIT ? end + (missing - BAR_LIMIT) * stepMs : end + stepMs)
  for (const stack of STACKS) stacks[stack].push(0)
  if (edges.length - 1 <= BAR_LIMIT) return
  edges.shift()
  for (const stack of STACKS) stacks[stack].shift()
}

function bump(stack: number[], count: number): void {
  stack[stack.length - 1] = (stack.at(-1) ?? 0) + count
}

function mapStacks(make: (stack: Stack) => number[]): Record<Stack, number[]> {
  return { error: make('error'), warn: make('warn'), info: make('info'), debug: make('debug') }
}
