/**
 * A LogStore and a StateStore that keep everything in memory: the simplest code that can be right. Tests hold
 * the real engines against it; it forgets everything when the process ends.
 */
import { once, setMaxListeners } from 'node:events'
import { matcher } from '../query/match.ts'
import {
  type Batch,
  compareRecords,
  type GenerationState,
  LEVELS,
  type LogRecord,
  type Origin,
  OUTPUTS,
  recordId
} from '../record.ts'
import { comparePlaces, readCursor } from './cursor.ts'
import { countRecord, FacetCounter, needsTexts } from './facets.ts'
import { mergeState } from './generations.ts'
import { bucketsOf, floorDivide } from './steps.ts'
import {
  type Arrival,
  ageOf,
  type Bounds,
  type Context,
  type ContextAsked,
  type Coverage,
  type Facets,
  type FacetsAsked,
  type FollowAsked,
  type Histogram,
  type LogStore,
  type OriginSummary,
  type Page,
  type PageAsked,
  type Query,
  type Retention,
  type StoreHealth,
  type StreamKey
} from './store.ts'

export interface MemoryOptions {
  /** Matching records that wait for a follower; a slower one is told how many were skipped. */
  followKeeps?: number
}

/** At most this many records in one arrival. */
const ARRIVAL_RECORDS = 500
const DAY_MS = 86_400_000

export class MemoryLogStore implements LogStore {
  /** In the order of arrival. */
  #records: LogRecord[] = []
  /** Every record ever taken has an arrival number; this is the next. */
  #arrived = 0
  readonly #arrivalOf = new Map<string, number>()
  readonly #streams = new Map<string, Map<string, GenerationState>>()
  readonly #bell = new EventTarget()
  readonly #followKeeps: number

  constructor(options: MemoryOptions = {}) {
    this.#followKeeps = options.followKeeps ?? 20_000
    setMaxListeners(0, this.#bell)
  }

  async append(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      const stream = this.#stream(batch.origin)
      const old = stream.get(batch.state.generation)
      const state = mergeState(old, batch.state)
      for (const record of recordsOf(batch, state.number, old?.stored ?? -1)) {
        this.#records.push(record)
        this.#arrivalOf.set(record.id, this.#arrived++)
      }
      stream.set(state.generation, state)
    }
    this.#bell.dispatchEvent(new Event('ring'))
  }

  async positions(streams: readonly StreamKey[]): Promise<GenerationState[][]> {
    return streams.map((key) => {
      const known = this.#streams.get(JSON.stringify([key.host, key.container, key.stream]))
      return known
        ? [...known.values()].map((state) => ({ ...state })).sort((a, b) => a.number - b.number)
        : []
    })
  }

  async search(query: Query, page: PageAsked, _bounds: Bounds): Promise<Page> {
    const sign = page.direction === 'older' ? -1 : 1
    const sorted = this.#matching(query).sort((a, b) => sign * compareRecords(a, b))
    const behind = sorted.slice(page.after === undefined ? 0 : firstBehind(sorted, page.after, sign))
    return {
      records: behind.slice(0, page.limit),
      coverage: this.#everything(),
      more: behind.length > page.limit
    }
  }

  async histogram(query: Query, step: { ns: bigint; origin: bigint }, _bounds: Bounds): Promise<Histogram> {
    const { first, count } = bucketsOf(query, step)
    const buckets = Array.from({ length: count }, (_, index) => ({
      from: first + BigInt(index) * step.ns,
      counts: LEVELS.map(() => 0)
    }))
    const matching = this.#matching(query)
    for (const record of matching) {
      const counts = buckets[Number((record.time - first) / step.ns)]?.counts
      const level = LEVELS.indexOf(record.level)
      if (counts) counts[level] = (counts[level] ?? 0) + 1
    }
    const to = first + BigInt(count) * step.ns
    return { buckets, to, total: matching.length, coverage: this.#everything() }
  }

  async facets(query: Query, asked: FacetsAsked, _bounds: Bounds): Promise<Facets> {
    const counter = new FacetCounter(asked)
    const matching = this.#matching(query)
    const withTexts = needsTexts(asked)
    for (const record of matching) {
      countRecord(counter, record)
      if (withTexts) counter.addText(record.text)
    }
    return {
      facets: counter.facets(),
      fields: counter.fields(),
      sampled: withTexts ? matching.length : 0,
      matched: matching.length,
      coverage: this.#everything()
    }
  }

  async find(id: string, _bounds: Bounds): Promise<LogRecord | undefined> {
    return this.#records.find((record) => record.id === id)
  }

  async context(id: string, asked: ContextAsked, bounds: Bounds): Promise<Context | undefined> {
    const record = await this.find(id, bounds)
    if (!record) return undefined
    const { instance, app, environment } = record.origin
    const near = this.#records
      .filter(({ origin }) =>
        asked.scope === 'instance'
          ? origin.instance === instance
          : origin.app === app && origin.environment === environment
      )
      .sort(compareRecords)
    const at = near.indexOf(record)
    return {
      before: near.slice(Math.max(0, at - asked.before), at),
      record,
      after: near.slice(at + 1, at + 1 + asked.after)
    }
  }

  async origins(): Promise<OriginSummary[]> {
    const summaries = new Map<string, OriginSummary>()
    for (const { origin, time } of this.#records) {
      const key = JSON.stringify(origin)
      const known = summaries.get(key)
      if (!known) {
        summaries.set(key, { origin, first: time, last: time, count: 1 })
        continue
      }
      known.count++
      if (time < known.first) known.first = time
      if (time > known.last) known.last = time
    }
    return [...summaries.values()]
  }

  follow(asked: FollowAsked, signal: AbortSignal): AsyncIterable<Arrival> {
    return this.#follow(asked, signal, this.#arrived)
  }

  async *#follow(asked: FollowAsked, signal: AbortSignal, now: number): AsyncGenerator<Arrival, void> {
    const matches = matcher(asked.where)
    const resumed = asked.after === undefined ? now : arrivalOf(asked.after)
    const known = resumed !== undefined && resumed <= this.#arrived
    let next = known ? resumed : now
    yield known ? { kind: 'beat', cursor: cursorAt(next) } : { kind: 'reset', cursor: cursorAt(next) }
    while (!signal.aborted) {
      if (next === this.#arrived) {
        await once(this.#bell, 'ring', { signal }).catch(() => undefined)
        continue
      }
      const end = this.#arrived
      const fresh = this.#records.filter((record) => {
        const arrival = this.#arrivalOf.get(record.id) ?? -1
        return arrival >= next && arrival < end && matches(record)
      })
      next = end
      const skipped = fresh.splice(0, Math.max(0, fresh.length - this.#followKeeps))
      if (skipped.length > 0)
        yield { kind: 'skipped', ...spanOf(skipped), cursor: this.#cursorBefore(fresh[0], end) }
      while (fresh.length > 0 && !signal.aborted) {
        const records = fresh.splice(0, ARRIVAL_RECORDS)
        yield { kind: 'records', records, cursor: this.#cursorBefore(fresh[0], end) }
      }
      if (!signal.aborted) yield { kind: 'beat', cursor: cursorAt(end) }
    }
  }

  async retain(retention: Retention, nowMs: number): Promise<number> {
    const newestOfDay = new Map<number, bigint>()
    for (const { time } of this.#records) {
      const day = dayOf(time)
      if (time > (newestOfDay.get(day) ?? time - 1n)) newestOfDay.set(day, time)
    }
    const days = [...newestOfDay.keys()].sort((a, b) => a - b)
    let bytes = this.#bytes()
    const before = this.#records.length
    for (const day of days) {
      const ageMs = nowMs - Number((newestOfDay.get(day) ?? 0n) / 1_000_000n)
      const tooMuch = retention.maxBytes > 0 && bytes > retention.maxBytes
      this.#records = this.#records.filter(({ time, origin }) => {
        return dayOf(time) !== day || !(tooMuch || ageMs > ageOf(retention, origin.instance))
      })
      bytes = this.#bytes()
    }
    return before - this.#records.length
  }

  health(): StoreHealth {
    const times = this.#records.map((record) => record.time).sort((a, b) => (a < b ? -1 : 1))
    const [oldest, newest] = [times[0], times.at(-1)]
    return {
      engine: 'memory',
      records: this.#records.length,
      bytes: this.#bytes(),
      ...(oldest === undefined ? {} : { oldest }),
      ...(newest === undefined ? {} : { newest }),
      writable: true,
      figures: { store_appended_records_total: this.#arrived }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #stream(key: StreamKey): Map<string, GenerationState> {
    const name = JSON.stringify([key.host, key.container, key.stream])
    const known = this.#streams.get(name) ?? new Map<string, GenerationState>()
    this.#streams.set(name, known)
    return known
  }

  #matching(query: Query): LogRecord[] {
    const matches = matcher(query.where)
    return this.#records.filter(
      (record) => record.time >= query.from && record.time < query.to && matches(record)
    )
  }

  #everything(): Coverage {
    return { complete: true, unreadable: [], scannedRecords: this.#records.length }
  }

  #bytes(): number {
    return this.#records.reduce((sum, record) => sum + Buffer.byteLength(record.text), 0)
  }

  #cursorBefore(record: LogRecord | undefined, end: number): string {
    return cursorAt(record ? (this.#arrivalOf.get(record.id) ?? end) : end)
  }
}

/** The batch's records that end behind `stored`. */
function recordsOf(batch: Batch, generation: number, stored: number): LogRecord[] {
  const { records, origin } = batch
  const text = Buffer.from(records.text.buffer, records.text.byteOffset, records.text.byteLength)
  const found: LogRecord[] = []
  const kept: Origin = { ...origin }
  for (let row = 0; row < records.count; row++) {
    if ((records.end[row] ?? 0) <= stored) continue
    const offset = records.offset[row] ?? 0
    found.push({
      id: recordId({ ...origin, generation, offset }),
      time: BigInt(records.timeMs[row] ?? 0) * 1_000_000n + BigInt(records.nanos[row] ?? 0),
      receivedMs: batch.receivedMs,
      level: LEVELS[records.level[row] ?? 0] ?? 'unknown',
      output: OUTPUTS[records.output[row] ?? 0] ?? '',
      flags: records.flags[row] ?? 0,
      text: text.toString('utf8', row > 0 ? records.textEnd[row - 1] : 0, records.textEnd[row]),
      origin: kept,
      generation,
      offset
    })
  }
  return found
}

function firstBehind(sorted: LogRecord[], cursor: string, sign: number): number {
  const place = readCursor(cursor)
  const index = sorted.findIndex((record) =>
    record.time === place.time
      ? sign * comparePlaces(record.id, place.id) > 0
      : record.time < place.time === sign < 0
  )
  return index < 0 ? sorted.length : index
}

function cursorAt(arrival: number): string {
  return `m-${arrival}`
}

function arrivalOf(cursor: string): number | undefined {
  const match = /^m-(\d{1,15})$/.exec(cursor)
  return match ? Number(match[1]) : undefined
}

function spanOf(records: LogRecord[]): { count: number; from: bigint; to: bigint } {
  const sorted = records.map((record) => record.time).sort((a, b) => (a < b ? -1 : 1))
  return { count: records.length, from: sorted[0] ?? 0n, to: sorted.at(-1) ?? 0n }
}

function dayOf(time: bigint): number {
  return Math.floor(Number(floorDivide(time, 1_000_000n)) / DAY_MS)
}
