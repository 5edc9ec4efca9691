/** The rows of the list, oldest first: records, and what stands between them. */
import type { RecordJson } from '../../server/api/logs.ts'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { beganMs } from '../deploys/began.ts'
import { Store } from '../state/store.ts'
import { compareRecords, timeOf } from './order.ts'
import type { DeployRow, GapRow, Move, MoveRow, RangeRow, RecordRow, Row } from './row-kinds.ts'

export type { DeployRow, Drawn, GapRow, Move, MoveRow, RangeRow, RecordRow, Row } from './row-kinds.ts'

/** Rough memory of a record beside its text, in bytes. */
const RECORD_BYTES = 700

export class Rows {
  readonly #items: Row[] = []
  readonly #records = new Map<string, RecordRow>()
  /** What stands between the records, once those around it are loaded. */
  #moves: readonly MoveRow[] = []
  #gaps: readonly GapRow[] = []
  #deploys: readonly DeployRow[] = []
  /** Nothing lies behind the loaded records at this end. */
  #whole = { older: false, newer: false }
  #bytes = 0
  #ranges = 0
  #errors = 0
  /** Changes when rows came, went or changed. */
  readonly version = new Store(0)

  get items(): readonly Row[] {
    return this.#items
  }

  get count(): number {
    return this.#records.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Records of level error and fatal. */
  get errors(): number {
    return this.#errors
  }

  has(id: string): boolean {
    return this.#records.has(id)
  }

  record(id: string): RecordJson | undefined {
    return this.#records.get(id)?.record
  }

  /** Place of the row with this key, -1 where there is none. */
  indexOf(key: string): number {
    const row = this.#records.get(key)
    if (!row) return this.#items.findIndex((item) => item.key === key)
    let at = this.#placeFor(row)
    while (at < this.#items.length && this.#items[at] !== row) at++
    return at < this.#items.length ? at : -1
  }

  first(): RecordJson | undefined {
    for (const row of this.#items) if (row.kind === 'record') return row.record
    return undefined
  }

  last(): RecordJson | undefined {
    for (let i = this.#items.length - 1; i >= 0; i--) {
      const row = this.#items[i]
      if (row?.kind === 'record') return row.record
    }
    return undefined
  }

  /** Sorts records in; those that are there already are left out. Returns how many were new. */
  merge(records: readonly RecordJson[]): number {
    const fresh: RecordRow[] = []
    for (const record of records) {
      if (this.#records.has(record.id)) continue
      const row: RecordRow = { kind: 'record', key: record.id, time: record.time, record, drawn: undefined }
      this.#records.set(record.id, row)
      this.#bytes += RECORD_BYTES + record.text.length
      if (isError(record)) this.#errors++
      fresh.push(row)
    }
    if (fresh.length === 0) return 0
    fresh.sort(compareRows)
    this.#weave(fresh)
    this.#placeAll()
    this.changed()
    return fresh.length
  }

  /** Every move of the question; each stands in the list once the records around it are loaded. */
  setMoves(moves: readonly Move[]): void {
    this.#moves = moves.map(moveRow)
    if (this.#placeAll()) this.changed()
  }

  /** A move that was just told: it stands at once, before its instance has written a line. */
  addMove(move: Move): void {
    const row = moveRow(move)
    this.#moves = [...this.#moves, row]
    if (this.#place(row)) this.changed()
  }

  /** Deploys of the question; one that stands already says how it is now, and those that are told stay. */
  setDeploys(deploys: readonly Deploy[]): void {
    if (deploys.length === 0) return
    const told = new Map(deploys.map(deployRow).map((row) => [row.key, row]))
    const isTold = ({ key }: Row) => told.has(key)
    const stood = new Set(this.#items.filter(isTold).map(({ key }) => key))
    this.#drop(isTold)
    this.#deploys = [...this.#deploys.filter((row) => !isTold(row)), ...told.values()]
    for (const row of told.values()) if (stood.has(row.key)) this.#place(row)
    this.#placeAll()
    this.changed()
  }

  /** A deploy that was just told, or is told anew. */
  addDeploy(deploy: Deploy): void {
    const row = deployRow(deploy)
    const others = this.#deploys.filter(({ key }) => key !== row.key)
    const at = this.#items.findIndex(({ key }) => key === row.key)
    if (at >= 0) this.#items.splice(at, 1)
    this.#deploys = [...others, row]
    this.#place(row)
    this.changed()
  }

  /** Every gap of the question; those at an end stand there where no record can lie behind them. */
  setGaps(gaps: readonly GapRow[], older: boolean, newer: boolean): void {
    if (gaps.length === 0 && this.#gaps.length === 0) return
    this.#drop(({ kind }) => kind === 'gap')
    this.#gaps = gaps
    this.#whole = { older, newer }
    this.#placeAll()
    this.changed()
  }

  /** A row for records that are not in the list. */
  insertRange(range: Omit<RangeRow, 'kind' | 'key' | 'loading'>): void {
    this.#weave([{ kind: 'range', key: `range ${this.#ranges++}`, loading: false, ...range }])
    this.changed()
  }

  remove(row: Row): void {
    const at = this.#items.indexOf(row)
    if (at < 0) return
    this.#items.splice(at, 1)
    this.changed()
  }

  /** Drops rows at one end until at most `count` rows and `bytes` bytes are left. Returns how many records went. */
  trim(end: 'oldest' | 'newest', count: number, bytes = Number.POSITIVE_INFINITY): number {
    let drop = 0
    let kept = this.#items.length
    let left = this.#bytes
    let records = 0
    while (kept > count || (left > bytes && kept > 1)) {
      const row = this.#items[end === 'oldest' ? drop : this.#items.length - 1 - drop]
      if (row?.kind === 'record') {
        left -= RECORD_BYTES + row.record.text.length
        if (isError(row.record)) this.#errors--
        this.#records.delete(row.key)
        records++
      }
      drop++
      kept--
    }
    if (drop === 0) return 0
    this.#items.splice(end === 'oldest' ? 0 : this.#items.length - drop, drop)
    this.#bytes = left
    this.changed()
    return records
  }

  changed(): void {
    this.version.update((n) => n + 1)
  }

  /** Sorted rows into the sorted list; appending and prepending cost no more than what comes. */
  #weave(fresh: Row[]): void {
    const items = this.#items
    const [first] = fresh
    const last = fresh[fresh.length - 1]
    const end = items[items.length - 1]
    const start = items[0]
    if (!first || !last) return
    if (!end || !start || compareRows(end, first) <= 0) {
      for (const row of fresh) items.push(row)
    } else if (compareRows(last, start) <= 0) {
      items.unshift(...fresh)
    } else {
      const from = this.#placeFor(first)
      const tail = items.splice(from)
      let i = 0
      let j = 0
      while (i < tail.length || j < fresh.length) {
        const old = tail[i]
        const next = fresh[j]
        if (next && (!old || compareRows(next, old) < 0)) {
          items.push(next)
          j++
        } else if (old) {
          items.push(old)
          i++
        }
      }
    }
  }

  /** The first index whose row does not stand before `row`. */
  #placeFor(row: Row): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >> 1
      const item = this.#items[middle]
      if (item && compareRows(item, row) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #placeAll(): boolean {
    const oldest = this.first()
    const newest = this.last()
    if (!oldest || !newest) return false
    let placed = false
    const isAround = ({ time }: Row) => time >= oldest.time && time <= newest.time
    const { older, newer } = this.#whole
    const isOpen = ({ time }: Row) => (older || time >= oldest.time) && (newer || time <= newest.time)
    for (const row of [...this.#moves, ...this.#deploys]) if (isAround(row) && this.#place(row)) placed = true
    for (const row of this.#gaps) if (isOpen(row) && this.#place(row)) placed = true
    return placed
  }

  #drop(isGone: (row: Row) => boolean): void {
    let kept = 0
    for (const row of this.#items) if (!isGone(row)) this.#items[kept++] = row
    this.#items.length = kept
  }

  /** False where it stands already. */
  #place(row: MoveRow | GapRow | DeployRow): boolean {
    const at = this.#placeFor(row)
    for (let i = at; this.#items[i]?.time === row.time; i++) if (this.#items[i]?.key === row.key) return false
    this.#items.splice(at, 0, row)
    return true
  }
}

function moveRow(move: Move): MoveRow {
  return { kind: 'move', key: moveKey(move), time: move.at, move }
}

function deployRow(deploy: Deploy): DeployRow {
  const time = timeOf(BigInt(Math.trunc(beganMs(deploy))) * 1_000_000n)
  return { kind: 'deploy', key: `deploy ${deploy.id}`, time, deploy }
}

export function moveKey(move: Move): string {
  return `move ${move.fromInstance} ${move.toInstance} ${move.at}`
}

export function isError(record: RecordJson): boolean {
  return record.level === 'error' || record.level === 'fatal'
}

/** At the same time a move, a gap or a deploy stands before the lines, a range after them. */
function compareRows(a: Row, b: Row): number {
  if (a.kind === 'record' && b.kind === 'record') return compareRecords(a.record, b.record)
  if (a.time !== b.time) return a.time < b.time ? -1 : 1
  return RANK[a.kind] - RANK[b.kind]
}

const RANK = { gap: 0, move: 0, deploy: 0, record: 1, range: 2 } as const
