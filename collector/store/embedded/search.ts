/** Pages, single records and their surroundings. */
import { type LogRecord, placeOf } from '../../record.ts'
import { readCursor } from '../cursor.ts'
import type { Context, ContextAsked, Direction, Page, PageAsked, Query } from '../store.ts'
import { Criteria } from './criteria.ts'
import { recordOf } from './record-of.ts'
import type { Scan } from './scan.ts'
import type { Segment } from './segment.ts'
import type { RankedOrigins } from './sort.ts'

/** Segments that stay decoded while a search goes on. */
const HELD_SEGMENTS = 8

/** A place in the one order, as numbers. */
interface Place {
  ms: number
  nanos: number
  rank: number
  generation: number
  offset: number
}

/** A row's place; generation and offset are read only where times and streams are equal. */
class Found implements Place {
  readonly segment: Segment
  readonly row: number
  readonly ms: number
  readonly nanos: number
  readonly rank: number
  #generation: number | undefined
  #offset: number | undefined

  constructor(segment: Segment, row: number, ms: number, rank: number) {
    this.segment = segment
    this.row = row
    this.ms = ms
    this.nanos = segment.nanos[row] as number
    this.rank = rank
  }

  get generation(): number {
    this.#generation ??= this.segment.generation[this.row] as number
    return this.#generation
  }

  get offset(): number {
    this.#offset ??= this.segment.offset[this.row] as number
    return this.#offset
  }
}

export async function search(
  scan: Scan,
  origins: RankedOrigins,
  query: Query,
  asked: PageAsked
): Promise<Page> {
  const { from, to, after } = bounded(query, asked, origins)
  const criteria = new Criteria({ where: query.where, from, to }, origins.rows)
  return searchBy(scan, origins, criteria, asked, after)
}

/** The record's surroundings; undefined where it is not stored. */
export async function context(
  scan: Scan,
  origins: RankedOrigins,
  id: string,
  asked: ContextAsked
): Promise<Context | undefined> {
  const record = await find(scan, origins, id)
  if (!record) return undefined
  const near = nearBy(record, asked.scope, origins)
  const side = async (direction: Direction, limit: number) => {
    if (limit === 0) return []
    const page: PageAsked = { direction, limit, after: `${record.time}_${record.id}` }
    const query: Query = { where: { kind: 'all' }, from: -FAR, to: FAR }
    const { from, to, after } = bounded(query, page, origins)
    const criteria = new Criteria({ ...query, from, to }, origins.rows, near)
    return (await searchBy(scan, origins, criteria, page, after)).records
  }
  const before = await side('older', asked.before)
  return { before: before.reverse(), record, after: await side('newer', asked.after) }
}

export async function find(scan: Scan, origins: RankedOrigins, id: string): Promise<LogRecord | undefined> {
  const place = placeOf(id)
  if (!place) return undefined
  const wanted = new Set<number>()
  for (const [number, origin] of origins.rows.entries()) {
    if (origin?.instance === place.instance && origin.streamNumber === place.streamNumber) wanted.add(number)
  }
  if (wanted.size === 0) return undefined
  const { generation, offset } = place
  const mayMatch = (segment: Segment) =>
    segment.origins.some(
      ([number, , firstGeneration, firstOffset, lastGeneration, lastOffset]) =>
        wanted.has(number) &&
        (firstGeneration < generation || (firstGeneration === generation && firstOffset <= offset)) &&
        (lastGeneration > generation || (lastGeneration === generation && lastOffset >= offset))
    )
  let found: LogRecord | undefined
  for (const segment of await scan.segments({ mayMatch })) {
    if (scan.turn.isOver) break
    scan.guarded(segment, () => {
      const { offset: offsets, generation: generations, origin, rows } = segment
      for (let row = 0; row < rows; row++) {
        if (offsets[row] !== offset || generations[row] !== generation || !wanted.has(origin[row] as number))
          continue
        found = recordOf(segment, row, origins.rows)
        return
      }
    })
    segment.release()
    if (found) return found
    await scan.turn.pause()
  }
  return undefined
}

/** Beyond every time that a record can have. */
const FAR = 1n << 62n

function nearBy(record: LogRecord, scope: ContextAsked['scope'], origins: RankedOrigins): Set<number> {
  const near = new Set<number>()
  const { instance, app, environment } = record.origin
  for (const [number, origin] of origins.rows.entries()) {
    if (!origin) continue
    const isNear =
      scope === 'instance'
        ? origin.instance === instance
        : origin.app === app && origin.environment === environment
    if (isNear) near.add(number)
  }
  return near
}

/** The query's range cut at the cursor, and the cursor's place. */
function bounded(query: Query, asked: PageAsked, origins: RankedOrigins) {
  let { from, to } = query
  if (asked.after === undefined) return { from, to, after: undefined }
  const cursor = readCursor(asked.after)
  const place = placeOf(cursor.id)
  if (asked.direction === 'older' && cursor.time < to) to = cursor.time + 1n
  if (asked.direction === 'newer' && cursor.time > from) from = cursor.time
  const nanos = ((cursor.time % 1_000_000n) + 1_000_000n) % 1_000_000n
  const after: Place = {
    ms: Number((cursor.time - nanos) / 1_000_000n),
    nanos: Number(nanos),
    rank: origins.rankOf(place?.instance ?? '', place?.streamNumber ?? 0),
    generation: place?.generation ?? 0,
    offset: place?.offset ?? 0
  }
  return { from, to, after }
}

async function searchBy(
  scan: Scan,
  origins: RankedOrigins,
  criteria: Criteria,
  asked: Pick<PageAsked, 'limit' | 'direction'>,
  after: Place | undefined
): Promise<Page> {
  const sign = asked.direction === 'older' ? -1 : 1
  const segments = await scan.segments(criteria)
  segments.sort((a, b) => (sign < 0 ? b.maxMs - a.maxMs : a.minMs - b.minMs))
  const best = new Best(asked.limit + 1, sign, origins.ranks, after)
  const held: Segment[] = []
  let searchedTo: bigint | undefined
  for (const segment of segments) {
    if (best.isBeyond(sign < 0 ? segment.maxMs : segment.minMs)) break
    if (scan.turn.isOver) {
      scan.coverage.complete = false
      searchedTo = sign < 0 ? BigInt(segment.maxMs + 1) * 1_000_000n : BigInt(segment.minMs) * 1_000_000n
      scan.coverage.searchedTo = searchedTo
      break
    }
    scan.coverage.scannedRecords += segment.rows
    scan.guarded(segment, () => best.offer(segment, criteria))
    // Short searches read their records from the segments they just looked at.
    held.push(segment)
    if (held.length > HELD_SEGMENTS) held.shift()?.release()
    await scan.turn.pause()
  }
  const kept = best
    .sorted()
    .filter((found) => searchedTo === undefined || isOnNearSide(found, searchedTo, sign))
  const page = kept.slice(0, asked.limit)
  const records = await materialised(scan, page, origins)
  for (const segment of held) segment.release()
  return { records, coverage: scan.coverage, more: kept.length > asked.limit || searchedTo !== undefined }
}

function isOnNearSide({ ms, nanos }: Found, searchedTo: bigint, sign: number): boolean {
  const time = BigInt(ms) * 1_000_000n + BigInt(nanos)
  return sign < 0 ? time >= searchedTo : time < searchedTo
}

/** The first `size` rows in the order asked for, of all that are offered. */
class Best {
  readonly #size: number
  readonly #sign: number
  readonly #ranks: Uint32Array
  readonly #after: Place | undefined
  #found: Found[] = []
  /** The last row that still counts, once there are enough. */
  #floor: Found | undefined

  constructor(size: number, sign: number, ranks: Uint32Array, after: Place | undefined) {
    this.#size = size
    this.#sign = sign
    this.#ranks = ranks
    this.#after = after
  }

  /** True when rows from this time on can't count any more. */
  isBeyond(ms: number): boolean {
    return this.#floor !== undefined && this.#sign * (ms - this.#floor.ms) > 0
  }

  offer(segment: Segment, criteria: Criteria): void {
    const { rows, count, holds } = criteria.candidates(segment)
    if (count === 0) return
    const { timeMs } = segment
    const sign = this.#sign
    for (let i = 0; i < count; i++) {
      const row = rows[sign < 0 ? count - 1 - i : i] as number
      const ms = timeMs[row] as number
      if (this.#floor !== undefined && sign * (ms - this.#floor.ms) > 0) continue
      const found = new Found(segment, row, ms, this.#ranks[segment.origin[row] as number] ?? 0)
      if (this.#after && sign * comparePlace(found, this.#after) <= 0) continue
      if (this.#floor && sign * comparePlace(found, this.#floor) > 0) continue
      if (!holds(row)) continue
      this.#found.push(found)
      if (this.#found.length >= this.#size * 2) this.#cut()
    }
    if (this.#found.length >= this.#size) this.#cut()
  }

  sorted(): Found[] {
    this.#cut()
    return this.#found
  }

  #cut(): void {
    this.#found.sort((a, b) => this.#sign * comparePlace(a, b))
    if (this.#found.length < this.#size) return
    this.#found.length = this.#size
    this.#floor = this.#found[this.#size - 1]
  }
}

function comparePlace(a: Place, b: Place): number {
  const near = a.ms - b.ms || a.nanos - b.nanos || a.rank - b.rank
  return near || a.generation - b.generation || a.offset - b.offset
}

/** Reads the rows' records, segment by segment; those that can't be read are left out and reported. */
async function materialised(
  scan: Scan,
  page: readonly Found[],
  origins: RankedOrigins
): Promise<LogRecord[]> {
  const bySegment = new Map<Segment, Found[]>()
  for (const found of page) {
    const known = bySegment.get(found.segment)
    if (known) known.push(found)
    else bySegment.set(found.segment, [found])
  }
  const records = new Map<Found, LogRecord>()
  for (const [segment, rows] of bySegment) {
    scan.guarded(segment, () => {
      for (const found of rows) records.set(found, recordOf(segment, found.row, origins.rows))
    })
    segment.release()
    await scan.turn.pause()
  }
  return page.flatMap((found) => records.get(found) ?? [])
}
