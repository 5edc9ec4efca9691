/**
 * Writing: documents go out in bulks, two at most under way, each document in the lane of its instance, so that lines
 * of one instance arrive in their order. Every document has an outcome of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, errors } from '@elastic/elasticsearch'
import type { Logger } from 'pino'
import { StoreAwayError } from '../store.ts'
import { isPassing, isPassingStatus, partError, reasonOf, type Told } from './cluster.ts'
import type { Document } from './document.ts'
import { keptOf } from './refused.ts'

const LANES = 2
const MOST_BYTES = 5 << 20
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

export interface BulkOptions {
  /** How long a document is tried again before whoever brought it is told that the cluster is away. */
  patienceMs: number
  /** Searches see what was written at once; costs the cluster much. */
  refresh: boolean
  log: Pick<Logger, 'warn' | 'error'>
}

/** What one call has brought. */
export interface Outcome {
  created: number
  /** They were there before. */
  existing: number
}

export class BulkWriter {
  readonly #lanes: Lane[]
  /** For /metrics. */
  readonly figures = { requests: 0, retried: 0, simplified: 0, unsearchable: 0, waitingMs: 0 }

  constructor(client: Client, options: BulkOptions) {
    this.#lanes = Array.from({ length: LANES }, () => new Lane(client, options, this.figures))
  }

  /** Resolves when all of them are indexed, durably. Rejects with the store's errors, or the cluster's. */
  async write(documents: readonly Document[]): Promise<Outcome> {
    const outcome: Outcome = { created: 0, existing: 0 }
    const shares = this.#lanes.map(() => [] as Document[])
    for (const document of documents) shares[laneOf(document)]?.push(document)
    await Promise.all(
      this.#lanes.map(async (lane, i) => {
        const share = shares[i] ?? []
        if (share.length > 0) await lane.write(share, outcome)
      })
    )
    return outcome
  }
}

/** By the instance, which the id begins with. */
function laneOf({ id }: Document): number {
  return Number.parseInt(id.slice(0, 4), 16) % LANES || 0
}

interface Job {
  left: number
  outcome: Outcome
  givenUpMs: number
  done: () => void
  fail: (error: unknown) => void
  failed: boolean
}

interface Item {
  document: Document
  job: Job
  source: string
  bytes: number
  form: Form
  /** Why it is not sent in full. */
  refusedFor?: string
}

/** What is sent, and what instead where it is refused. Nothing of the line is missing in any of them. */
type Form =
  | 'full'
  /** Without what was parsed out of the line. */
  | 'plain'
  /** Not to be found by its words, either. */
  | 'kept'

class Lane {
  readonly #client: Client
  readonly #options: BulkOptions
  readonly #figures: BulkWriter['figures']
  #queue: Item[] = []
  #running = false
  /** Less where the cluster, or a proxy before it, does not take so much. */
  #mostBytes = MOST_BYTES

  constructor(client: Client, options: BulkOptions, figures: BulkWriter['figures']) {
    this.#client = client
    this.#options = options
    this.#figures = figures
  }

  write(documents: readonly Document[], outcome: Outcome): Promise<void> {
    return new Promise((resolve, reject) => {
      const givenUpMs = performance.now() + this.#options.patienceMs
      const job: Job = {
        ...{ left: documents.length, outcome, givenUpMs, failed: false },
        done: resolve,
        fail: (error) => {
          job.failed = true
          reject(error)
        }
      }
      for (const document of documents) this.#queue.push(itemOf(document, job))
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    let pauseMs = FIRST_PAUSE_MS
    while (this.#queue.length > 0) {
      const items = this.#take()
      if (items.length === 0) continue
      const { again, reason } = await this.#send(items)
      if (again.length === 0) {
        pauseMs = FIRST_PAUSE_MS
        continue
      }
      this.#figures.retried += again.length
      this.#queue = [...again, ...this.#queue]
      this.#giveUp(reason)
      await sleep(pauseMs * (0.5 + Math.random()))
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    }
    this.#running = false
  }

  #take(): Item[] {
    const items: Item[] = []
    let bytes = 0
    let at = 0
    for (; at < this.#queue.length; at++) {
      const item = this.#queue[at]
      if (!item || item.job.failed) continue
      if (items.length > 0 && bytes + item.bytes > this.#mostBytes) break
      items.push(item)
      bytes += item.bytes
    }
    this.#queue = this.#queue.slice(at)
    return items
  }

  /** Jobs that have waited too long are told so, and their documents leave the queue. */
  #giveUp(reason: string): void {
    const nowMs = performance.now()
    for (const { job } of this.#queue)
      if (!job.failed && nowMs > job.givenUpMs) job.fail(new StoreAwayError(reason))
    this.#queue = this.#queue.filter(({ job }) => !job.failed)
  }

  /** What is to be sent again, and why. */
  async #send(items: Item[]): Promise<{ again: Item[]; reason: string }> {
    this.#figures.requests++
    const begunMs = performance.now()
    try {
      const { items: told = [] } = await this.#client.bulk(
        {
          operations: items.flatMap(({ document, source }) => [actionOf(document), source]),
          filter_path: 'items.*.status,items.*.error.type,items.*.error.reason',
          ...this.#refresh
        },
        { maxRetries: 0 }
      )
      return this.#settle(
        items,
        told.map((item) => item.create ?? {})
      )
    } catch (error) {
      if (isPassing(error)) return { again: items, reason: reasonOf(error) }
      if (error instanceof errors.ResponseError && error.statusCode === 413) return this.#tooMuch(items)
      for (const { job } of items) if (!job.failed) job.fail(error)
      return { again: [], reason: '' }
    } finally {
      this.#figures.waitingMs += performance.now() - begunMs
    }
  }

  get #refresh() {
    return this.#options.refresh ? { refresh: true as const } : {}
  }

  /** Smaller bulks from now on; one document that is too large by itself, with less in it. */
  #tooMuch(items: readonly Item[]): { again: Item[]; reason: string } {
    const bytes = items.reduce((sum, item) => sum + item.bytes, 0)
    if (items.length === 1) return this.#settle(items, [{ status: 413 }])
    this.#mostBytes = Math.ceil(bytes / 2)
    this.#options.log.warn({ bytes }, 'the cluster does not take bulks of this size, smaller ones are sent')
    return { again: [...items], reason: 'it does not take so much at once' }
  }

  #settle(items: readonly Item[], told: readonly Told[]): { again: Item[]; reason: string } {
    const again: Item[] = []
    const reduced: Item[] = []
    let reason = ''
    for (const [i, item] of items.entries()) {
      const { status = 500, error } = told[i] ?? {}
      const { job, document } = item
      if (status === 409) job.outcome.existing++
      else if (status < 300) {
        job.outcome.created++
        if (item.form !== 'full') reduced.push(item)
      } else if (isPassingStatus(status)) {
        reason = `it refuses documents for now (${status} ${error?.type ?? ''})`
        again.push(item)
        continue
      } else if (item.form !== 'kept' && isAboutDocument(status, error?.type)) {
        reason = error?.reason ?? `${status}`
        again.push(item.form === 'full' ? plainOf(item, reason) : unsearchable(item, reason))
        continue
      } else {
        if (!job.failed) job.fail(partError(document.id, told[i] ?? {}))
        continue
      }
      if (--job.left === 0) job.done()
    }
    this.#tell(reduced)
    return { again, reason }
  }

  #tell(reduced: readonly Item[]): void {
    const { log } = this.#options
    const plain = reduced.filter(({ form }) => form === 'plain')
    const kept = reduced.filter(({ form }) => form === 'kept')
    this.#figures.simplified += plain.length
    this.#figures.unsearchable += kept.length
    const told = ([first, ...others]: readonly Item[]) => ({
      ...{ documents: others.length + 1, id: first?.document.id },
      reason: first?.refusedFor?.slice(0, 300)
    })
    if (plain.length > 0)
      log.warn(told(plain), 'the cluster refuses what was parsed out of lines, lines are whole')
    if (kept.length > 0)
      log.error(told(kept), 'the cluster refuses lines, they are kept and not found by their words')
  }
}

/** Whether another form of it may be taken. What an index refuses as such, it refuses in any form. */
function isAboutDocument(status: number, type = ''): boolean {
  return status === 413 || (status === 400 && !ABOUT_INDEX.has(type))
}

/** The cluster has as many shards as it may have; somebody has closed the index. */
const ABOUT_INDEX: ReadonlySet<string> = new Set([
  'validation_exception',
  'index_closed_exception',
  'invalid_index_name_exception'
])

function itemOf(document: Document, job: Job): Item {
  const { source } = document
  return { document, job, source, bytes: source.length + 100, form: 'full' }
}

function plainOf({ document, job }: Item, refusedFor: string): Item {
  return { ...itemOf(document, job), source: document.plain(), form: 'plain', refusedFor }
}

function unsearchable({ document, job, source }: Item, refusedFor: string): Item {
  return { ...itemOf(document, job), source: keptOf(source, refusedFor), form: 'kept', refusedFor }
}

function actionOf({ index, id }: Document): string {
  return `{"create":{"_index":"${index}","_id":"${id}"}}`
}
