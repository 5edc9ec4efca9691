/** One question to the cluster: its bounds, how far it came, and what could not be read. */
import type { Client } from '@elastic/elasticsearch'
import type { Expression } from '../../query/grammar.ts'
import type { Bounds, Coverage, Query } from '../store.ts'
import type { Catalog, DayIndex } from './catalog.ts'
import { isPassing, reasonOf } from './cluster.ts'
import type { Stored } from './document.ts'
import { startOfDay } from './names.ts'
import { type Clause, type Narrowed, narrow } from './narrow.ts'
import type { Origins } from './origins.ts'

export interface Reader {
  client: Client
  catalog: Catalog
  origins: Origins
}

export interface Hit {
  _source: Stored
}

export interface Answer {
  hits: { hits: Hit[] }
  aggregations?: Record<string, unknown>
  timed_out: boolean
  pit_id?: string
  _shards: {
    total: number
    failed: number
    failures?: { index?: string; shard?: number; reason?: { reason?: string } }[]
  }
}

/** Days that are searched in one request: few at first, since the newest mostly have the answer, then more. */
const FIRST_DAYS = 1
const MOST_DAYS = 32

export class Question {
  readonly narrowed: Narrowed
  readonly coverage: Coverage = { complete: true, unreadable: [], scannedRecords: 0 }
  readonly #reader: Reader
  readonly #query: Query
  readonly #bounds: Bounds
  readonly #endsMs: number

  private constructor(reader: Reader, query: Query, bounds: Bounds, narrowed: Narrowed) {
    this.#reader = reader
    this.#query = query
    this.#bounds = bounds
    this.#endsMs = performance.now() + bounds.budgetMs
    this.narrowed = narrowed
  }

  static async ask(reader: Reader, query: Query, bounds: Bounds): Promise<Question> {
    const origins = needsOrigins(query.where) ? await reader.origins.all(bounds.signal) : new Map()
    return new Question(reader, query, bounds, narrow(query.where, origins))
  }

  get leftMs(): number {
    return Math.max(0, this.#endsMs - performance.now())
  }

  /** What is asked for, within the range. */
  get clause(): Clause {
    const { from, to } = this.#query
    return {
      bool: {
        filter: [this.narrowed.query, { range: { 'driftlog.time': { gte: bounded(from), lt: bounded(to) } } }]
      }
    }
  }

  /**
   * Groups of indices, days that follow each other, in the direction of reading. Goes on until all are read, `visit`
   * says that it is enough, or time is over, before a group or by the word of `visit` in the midst of one: then the
   * coverage says how far everything was searched.
   */
  async byDays(
    sign: 1 | -1,
    visit: (indices: string[]) => Promise<'more' | 'enough' | 'over'>
  ): Promise<void> {
    const newestFirst = await this.#reader.catalog.within(this.#query, this.#bounds.signal)
    const left = sign < 0 ? newestFirst : newestFirst.toReversed()
    for (let days = FIRST_DAYS; left.length > 0; days = Math.min(MOST_DAYS, days * 4)) {
      const group = takeDays(left, days)
      const indices = this.#open(group)
      if (indices.length === 0) continue
      const told = this.leftMs > 0 ? await visit(indices) : 'over'
      if (told === 'more') continue
      const day = group[0]?.day ?? 0
      if (told === 'over') this.runsOut(startOfDay(sign < 0 ? day + 1 : day))
      return
    }
  }

  #open(group: readonly DayIndex[]): string[] {
    for (const { index } of group.filter(({ isClosed }) => isClosed)) {
      this.coverage.complete = false
      this.coverage.unreadable.push({ part: index, reason: 'the index is closed' })
    }
    return group.filter(({ isClosed }) => !isClosed).map(({ index }) => index)
  }

  /** Everything on the near side of this instant was searched; for the rest there was no time. */
  runsOut(at: bigint): void {
    if (!this.coverage.complete && this.coverage.searchedTo !== undefined) return
    const { from, to } = this.#query
    this.coverage.complete = false
    this.coverage.searchedTo = at < from ? from : at > to ? to : at
  }

  /** Asks the cluster. What it could not read is told in the coverage. */
  async search(indices: readonly string[] | undefined, body: Record<string, unknown>): Promise<Answer> {
    const { signal } = this.#bounds
    const timeoutMs = Math.max(1, Math.ceil(this.leftMs))
    try {
      const answer = (await this.#reader.client.search(
        {
          ...(indices === undefined ? {} : { index: [...indices], ignore_unavailable: true }),
          ...{ allow_partial_search_results: true, track_total_hits: false },
          ...{ timeout: `${timeoutMs}ms`, ...body }
        } as never,
        // The cluster looks at its clock now and then only.
        { requestTimeout: timeoutMs + 2000, maxRetries: 1, ...(signal ? { signal } : {}) }
      )) as unknown as Answer
      this.#note(answer)
      return answer
    } catch (error) {
      signal?.throwIfAborted()
      if (!isPassing(error)) throw error
      this.coverage.complete = false
      this.coverage.unreadable.push({ part: indices?.join(', ') ?? 'cluster', reason: reasonOf(error) })
      return { hits: { hits: [] }, timed_out: true, _shards: { total: 0, failed: 0 } }
    }
  }

  #note({ _shards: { failed, failures = [] } }: Answer): void {
    if (failed === 0) return
    this.coverage.complete = false
    const told = failures.map(({ index = 'cluster', shard, reason }) => ({
      part: shard === undefined ? index : `${index} shard ${shard}`,
      reason: reason?.reason ?? 'it could not be searched'
    }))
    this.coverage.unreadable.push(
      ...(told.length > 0 ? told : [{ part: 'cluster', reason: `${failed} shards failed` }])
    )
  }
}

/** As the cluster's type holds it: 64 bits. */
function bounded(time: bigint): string {
  return String(BigInt.asIntN(64, time) === time ? time : time < 0n ? -(1n << 63n) : (1n << 63n) - 1n)
}

function needsOrigins(where: Expression): boolean {
  switch (where.kind) {
    case 'and':
    case 'or':
      return where.items.some(needsOrigins)
    case 'not':
      return needsOrigins(where.item)
    case 'field':
      return true
    default:
      return false
  }
}

/** Takes the indices of the first days out of the list. */
function takeDays(left: DayIndex[], days: number): DayIndex[] {
  const seen = new Set<number>()
  let end = 0
  for (; end < left.length; end++) {
    const { day } = left[end] as DayIndex
    if (!seen.has(day) && seen.size === days) break
    seen.add(day)
  }
  return left.splice(0, end)
}
