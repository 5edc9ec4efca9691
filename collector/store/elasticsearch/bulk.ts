/**
 * Writing: documents go out in bulks, two at most under way, each document in the lane of its instance, so that lines
 * of one instance arrive in their order. Every document has an outcome of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { StoreAwayError } from '../store.ts'
import { isPassing, isPassingStatus, reasonOf } from './cluster.ts'
import type { Document } from './document.ts'

const LANES = 2
const MOST_BYTES = 5 << 20
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

export interface BulkOptions {
  /** How long a document is tried again before whoever brought it is told that the cluster is away. */
  patienceMs: number
  /** Searches see what was written at once; costs the cluster much. */
  refresh: boolean
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
  readonly figures = { requests: 0, retried: 0, refused: 0, waitingMs: 0 }

  constructor(client: Client, options: BulkOptions) {
    this.#lanes = Array.from({ length: LANES }, () => new Lane(client, options, this.figures))
  }

  /** Resolves when all of them are indexed, durably. Rejects with StoreAwayError, or with the cluster's refusal. */
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
  isPlain: boolean
}

class Lane {
  readonly #client: Client
  readonly #options: BulkOptions
  readonly #figures: BulkWriter['figures']
  #queue: Item[] = []
  #running = false

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
      if (items.length > 0 && bytes + item.bytes > MOST_BYTES) break
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
      const { items: told } = await this.#client.bulk(
        {
          operations: items.flatMap(({ document, source }) => [actionOf(document), source]),
          filter_path: 'items.*.status,items.*.error.type,items.*.error.reason',
          ...this.#refresh
        },
        { maxRetries: 0 }
      )
      return this.#settle(items, told as unknown as Told[])
    } catch (error) {
      if (isPassing(error)) return { again: items, reason: reasonOf(error) }
      for (const { job } of items) if (!job.failed) job.fail(error)
      return { again: [], reason: '' }
    } finally {
      this.#figures.waitingMs += performance.now() - begunMs
    }
  }

  get #refresh() {
    return this.#options.refresh ? { refresh: true as const } : {}
  }

  #settle(items: readonly Item[], told: readonly Told[]): { again: Item[]; reason: string } {
    const again: Item[] = []
    let reason = ''
    for (const [i, item] of items.entries()) {
      const { status = 500, error } = told[i]?.create ?? {}
      const { job, document } = item
      if (status === 409) job.outcome.existing++
      else if (status < 300) job.outcome.created++
      else if (isPassingStatus(status)) {
        reason = `it refuses documents for now (${status} ${error?.type ?? ''})`
        again.push(item)
        continue
      } else if (!item.isPlain) {
        this.#figures.refused++
        again.push(plainOf(item))
        reason = error?.reason ?? ''
        continue
      } else {
        if (!job.failed) job.fail(new Error(`${document.id} was refused: ${error?.type} ${error?.reason}`))
        continue
      }
      if (--job.left === 0) job.done()
    }
    return { again, reason }
  }
}

interface Told {
  create?: { status: number; error?: { type: string; reason: string } }
}

function itemOf(document: Document, job: Job): Item {
  const { source } = document
  return { document, job, source, bytes: source.length + 100, isPlain: false }
}

/** The same line, without what was parsed out of it. */
function plainOf({ document, job }: Item): Item {
  return { ...itemOf(document, job), source: document.plain(), isPlain: true }
}

function actionOf({ index, id }: Document): string {
  return `{"create":{"_index":"${index}","_id":"${id}"}}`
}
