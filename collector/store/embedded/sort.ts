/** The order of rows in parts: by day, then by app, then as compareRecords() has it. */
import type { Origin } from '../../record.ts'
import { dayOf } from './folder.ts'
import type { Gathered } from './gathered.ts'
import type { OriginRows } from './origins.ts'

export interface DayRows {
  day: number
  /** Sorted row numbers, one list per app. */
  apps: Uint32Array[]
}

/** Without the rows of the origins numbered in `dropped`. */
export function grouped(
  rows: Gathered,
  origins: readonly (Origin | undefined)[],
  dropped: ReadonlySet<number> = new Set()
): DayRows[] {
  const appOf = appNumbers(origins)
  const groups = new Map<number, Map<number, number[]>>()
  for (let row = 0; row < rows.count; row++) {
    if (dropped.has(rows.origin[row] as number)) continue
    const day = dayOf(rows.timeMs[row] as number)
    const app = appOf[rows.origin[row] as number] ?? 0
    let apps = groups.get(day)
    if (!apps) {
      apps = new Map()
      groups.set(day, apps)
    }
    const list = apps.get(app)
    if (list) list.push(row)
    else apps.set(app, [row])
  }
  const rank = ranksOf(origins)
  return [...groups]
    .sort(([a], [b]) => a - b)
    .map(([day, apps]) => ({
      day,
      apps: [...apps].sort(([a], [b]) => a - b).map(([, list]) => sorted(Uint32Array.from(list), rows, rank))
    }))
}

/**
 * Numbers that stand in the order of (instance, stream number): origins of the same stream share one. Rows of
 * unknown origins come first.
 */
export function ranksOf(origins: readonly (Origin | undefined)[]): Uint32Array<ArrayBuffer> {
  const keys = origins.map((origin) =>
    origin ? `${origin.instance}.${String(origin.streamNumber).padStart(9, '0')}` : ''
  )
  const order = new Map([...new Set(keys)].sort().map((key, index) => [key, index]))
  return Uint32Array.from(keys, (key) => order.get(key) ?? 0)
}

/** The dictionary with the order of its streams, which is worked out only when it has grown. */
export class RankedOrigins {
  readonly rows: OriginRows = []
  #ranks = new Uint32Array(0)
  #ranked = 0

  set(number: number, row: Origin | undefined): void {
    this.rows[number] = row
    this.#ranked = 0
  }

  get ranks(): Uint32Array {
    if (this.#ranked === 0) {
      this.#ranks = ranksOf(this.rows)
      this.#ranked = this.rows.length
    }
    return this.#ranks
  }

  /** Where a stream stands among the known ones; between two of them when it is not known any more. */
  rankOf(instance: string, streamNumber: number): number {
    const { ranks } = this
    let below = -1
    for (const [number, origin] of this.rows.entries()) {
      if (!origin) continue
      const rank = ranks[number] as number
      if (origin.instance === instance && origin.streamNumber === streamNumber) return rank
      const isBelow =
        origin.instance < instance || (origin.instance === instance && origin.streamNumber < streamNumber)
      if (isBelow) below = Math.max(below, rank)
    }
    return below + 0.5
  }
}

function appNumbers(origins: readonly (Origin | undefined)[]): Uint32Array {
  const keys = origins.map((origin) => (origin ? `${origin.app}\0${origin.environment}` : ''))
  const order = new Map([...new Set(keys)].sort().map((key, index) => [key, index]))
  return Uint32Array.from(keys, (key) => order.get(key) ?? 0)
}

/** Natural merge sort: journals are made of long runs that are in order already. */
function sorted(list: Uint32Array<ArrayBuffer>, rows: Gathered, rank: Uint32Array): Uint32Array<ArrayBuffer> {
  const behind = (a: number, b: number): boolean => {
    const time = (rows.timeMs[a] as number) - (rows.timeMs[b] as number)
    if (time !== 0) return time > 0
    const nanos = (rows.nanos[a] as number) - (rows.nanos[b] as number)
    if (nanos !== 0) return nanos > 0
    const instance = (rank[rows.origin[a] as number] as number) - (rank[rows.origin[b] as number] as number)
    if (instance !== 0) return instance > 0
    const generation = (rows.generation[a] as number) - (rows.generation[b] as number)
    return generation !== 0 ? generation > 0 : (rows.offset[a] as number) > (rows.offset[b] as number)
  }
  let runs = [0]
  for (let i = 1; i < list.length; i++) {
    if (behind(list[i - 1] as number, list[i] as number)) runs.push(i)
  }
  let from = list
  let to = new Uint32Array(list.length)
  while (runs.length > 1) {
    const next: number[] = []
    for (let run = 0; run < runs.length; run += 2) {
      const start = runs[run] as number
      const middle = runs[run + 1] ?? list.length
      const end = runs[run + 2] ?? list.length
      next.push(start)
      let [left, right] = [start, middle]
      for (let at = start; at < end; at++) {
        const takeRight =
          left >= middle || (right < end && behind(from[left] as number, from[right] as number))
        to[at] = from[takeRight ? right++ : left++] as number
      }
    }
    runs = next
    ;[from, to] = [to, from]
  }
  return from
}
