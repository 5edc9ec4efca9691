/** Questions on their way to the query threads: which files they must see, and what is said when time runs out. */
import { type LogRecord, placeOf } from '../../record.ts'
import { bucketsOf, floorDivide, type Step } from '../steps.ts'
import type {
  Bounds,
  Context,
  ContextAsked,
  Coverage,
  Facets,
  FacetsAsked,
  Histogram,
  Page,
  PageAsked,
  Query
} from '../store.ts'
import type { Arrivals, ArrivalsAsked } from './arrivals.ts'
import type { Manifest } from './manifest.ts'
import type { OriginRows } from './origins.ts'
import { type QueryPool, TimeOverError } from './query-pool.ts'
import type { Question } from './query-protocol.ts'
import type { SnapshotData } from './snapshot.ts'

export interface QuestionsOptions {
  pool: QueryPool
  manifest: Manifest
  origins: () => OriginRows
  /** Records that are read to count parsed fields. */
  facetSample: number
}

export class Questions {
  readonly #options: QuestionsOptions
  readonly figures = { queries: 0, incomplete: 0 }

  constructor(options: QuestionsOptions) {
    this.#options = options
  }

  search(query: Query, page: PageAsked, bounds: Bounds): Promise<Page> {
    const near = page.direction === 'older' ? query.to : query.from
    return this.#covered({ kind: 'search', query, page }, query, bounds, (coverage) => ({
      records: [],
      coverage: { ...coverage, searchedTo: near },
      more: true
    }))
  }

  async histogram(query: Query, step: Step, bounds: Bounds): Promise<Histogram> {
    const { first, count } = bucketsOf(query, step)
    return this.#covered({ kind: 'histogram', query, step }, query, bounds, (coverage) => ({
      buckets: Array.from({ length: count }, (_, index) => ({
        from: first + BigInt(index) * step.ns,
        counts: [0, 0, 0, 0, 0, 0, 0]
      })),
      to: first + BigInt(count) * step.ns,
      total: 0,
      coverage: { ...coverage, searchedTo: query.to }
    }))
  }

  facets(query: Query, asked: FacetsAsked, bounds: Bounds): Promise<Facets> {
    const sampleLimit = this.#options.facetSample
    return this.#covered({ kind: 'facets', query, asked, sampleLimit }, query, bounds, (coverage) => ({
      facets: asked.fields.map((field) => ({ field, values: [], others: 0 })),
      fields: [],
      sampled: 0,
      matched: 0,
      coverage: { ...coverage, searchedTo: query.to }
    }))
  }

  async find(id: string, bounds: Bounds): Promise<LogRecord | undefined> {
    return this.#counted({ kind: 'find', id }, this.#filesNear(id, 'instance'), bounds)
  }

  async context(id: string, asked: ContextAsked, bounds: Bounds): Promise<Context | undefined> {
    return this.#counted({ kind: 'context', id, asked }, this.#filesNear(id, asked.scope), bounds)
  }

  /** Reads the one journal that is asked for, and no part. */
  arrivals(asked: ArrivalsAsked, bounds: Bounds): Promise<Arrivals> {
    const files = this.#options.manifest.snapshot(() => false)
    return this.#ask({ kind: 'arrivals', asked }, files, bounds)
  }

  /** A question whose time ran out without any answer is answered by `nothing`. */
  async #covered<T extends { coverage: Coverage }>(
    question: Question,
    range: { from: bigint; to: bigint },
    bounds: Bounds,
    nothing: (coverage: Coverage) => T
  ): Promise<T> {
    const [fromMs, toMs] = [msOf(range.from), msOf(range.to)]
    const files = this.#options.manifest.snapshot(({ minMs, maxMs }) => maxMs >= fromMs && minMs <= toMs)
    let answer: T
    try {
      answer = await this.#counted<T>(question, files, bounds)
    } catch (error) {
      if (!(error instanceof TimeOverError)) throw error
      answer = nothing({ complete: false, unreadable: [], scannedRecords: 0 })
    }
    if (!answer.coverage.complete) this.figures.incomplete++
    return answer
  }

  /** Files that may hold records of the instance named by a record's id, or of its app. */
  #filesNear(id: string, scope: ContextAsked['scope']): SnapshotData {
    const rows = [...this.#options.origins().entries()]
    const instance = placeOf(id)?.instance
    const own = rows.filter(([, origin]) => origin?.instance === instance)
    const apps = new Set(own.map(([, origin]) => `${origin?.app}\0${origin?.environment}`))
    const near =
      scope === 'instance'
        ? own
        : rows.filter(([, origin]) => origin && apps.has(`${origin.app}\0${origin.environment}`))
    const numbers = new Set(near.map(([number]) => number))
    return this.#options.manifest.snapshot(
      ({ origins }) => origins === undefined || origins.some(([number]) => numbers.has(number))
    )
  }

  #counted<T>(question: Question, files: SnapshotData, bounds: Bounds): Promise<T> {
    this.figures.queries++
    return this.#ask(question, files, bounds)
  }

  #ask<T>(question: Question, files: SnapshotData, bounds: Bounds): Promise<T> {
    return this.#options.manifest.holding(this.#options.pool.ask<T>(question, files, bounds))
  }
}

function msOf(time: bigint): number {
  return Number(floorDivide(time, 1_000_000n))
}
