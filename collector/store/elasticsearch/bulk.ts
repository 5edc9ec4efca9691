/**
 * Writing: documents go out in bulks, two at most under way, each document in the lane in which others
 * of its instance are, so that lines of one instance arrive in their order. Every document has an outcome of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { StoreAwayError } from '../store.ts'
import { isPassing, isPassingStatus, reasonOf } from './cluster.ts'
import type { Documents } from './writer.ts'

const LANES = 2
/** Of one bulk. What waits behind it is sent as soon as it is answered, while others make their next documents. */
const MOST_BYTES = 1 << 20
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
  /** By instance, while something of it is on its way. */
  readonly #held = new Map<string, { lane: Lane; writes: number }>()
  /** For /metrics. */
  readonly figures = { requests: 0, retried: 0, refused: 0, waitingMs: 0 }

  constructor(client: Client, options: BulkOptions) {
    this.#lanes = Array.from({ length: LANES }, () => new Lane(client, options, this.figures))
  }

  /** Resolves when all of them are indexed, durably. Rejects with StoreAwayError, or with the cluster's refusal. */
  async write(written: readonly Documents[]): Promise<Outcome> {
    const outcome: Outcome = { created: 0, existing: 0 }
    const shares = new Map<Lane, Documents[]>()
    for (const documents of written) {
      const lane = this.#hold(documents)
      const share = shares.get(lane)
      if (share) share.push(documents)
      else shares.set(lane, [documents])
    }
    try {
      await Promise.all([...shares].map(([lane, share]) => lane.write(share, outcome)))
    } finally {
      for (const documents of written) this.#release(documents)
    }
    return outcome
  }

  /** The instance's lane; the one with the least to do where nothing of the instance is on its way. */
  #hold({ instance, body }: Documents): Lane {
    const lane = this.#held.get(instance)?.lane ?? this.#freest()
    this.#held.set(instance, { lane, writes: (this.#held.get(instance)?.writes ?? 0) + 1 })
    lane.bytes += body.length
    return lane
  }

  #release({ instance, body }: Documents): void {
    const held = this.#held.get(instance)
    if (!held) return
    held.lane.bytes -= body.length
    if (--held.writes === 0) this.#held.delete(instance)
  }

  #freest(): Lane {
    return this.#lanes.reduce((best, lane) => (lane.bytes < best.bytes ? lane : best))
  }
}

interface Job {
  left: number
  outcome: Outcome
  givenUpMs: number
  done: () => void
  fail: (error: unknown) => void
  failed: boolean
}

/** Documents that follow each other: from `from` up to before `to`. */
interface Stretch {
  documents: Documents
  from: number
  to: number
  job: Job
  isPlain: boolean
}

class Lane {
  /** Of what is on its way. */
  bytes = 0
  readonly #client: Client
  readonly #options: BulkOptions
  readonly #figures: BulkWriter['figures']
  #queue: Stretch[] = []
  #running = false
  /** Of the requests, one after the other. */
  #body = Buffer.allocUnsafeSlow(MOST_BYTES)

  constructor(client: Client, options: BulkOptions, figures: BulkWriter['figures']) {
    this.#client = client
    this.#options = options
    this.#figures = figures
  }

  write(written: readonly Documents[], outcome: Outcome): Promise<void> {
    return new Promise((resolve, reject) => {
      const givenUpMs = performance.now() + this.#options.patienceMs
      const left = written.reduce((sum, { ends }) => sum + ends.length, 0)
      const job: Job = {
        ...{ left, outcome, givenUpMs, failed: false },
        done: resolve,
        fail: (error) => {
          job.failed = true
          reject(error)
        }
      }
      for (const documents of written)
        this.#queue.push({ documents, from: 0, to: documents.ends.length, job, isPlain: false })
      if (!this.#running) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#running = true
    let pauseMs = FIRST_PAUSE_MS
    while (this.#queue.length > 0) {
      const stretches = this.#take()
      if (stretches.length === 0) continue
      const { again, reason } = await this.#send(stretches)
      if (again.length === 0) {
        pauseMs = FIRST_PAUSE_MS
        continue
      }
      for (const { from, to } of again) this.#figures.retried += to - from
      this.#queue = [...again, ...this.#queue]
      this.#giveUp(reason)
      await sleep(pauseMs * (0.5 + Math.random()))
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    }
    this.#running = false
  }

  #take(): Stretch[] {
    const taken: Stretch[] = []
    let room = MOST_BYTES
    let at = 0
    for (; at < this.#queue.length && room > 0; at++) {
      const next = this.#queue[at]
      if (!next || next.job.failed) continue
      const to = endWithin(next, room, taken.length === 0)
      if (to > next.from) taken.push({ ...next, to })
      room -= bytesOf({ ...next, to }).length
      if (to === next.to) continue
      this.#queue[at] = { ...next, from: to }
      break
    }
    this.#queue = this.#queue.slice(at)
    return taken
  }

  /** Jobs that have waited too long are told so, and their documents leave the queue. */
  #giveUp(reason: string): void {
    const nowMs = performance.now()
    for (const { job } of this.#queue)
      if (!job.failed && nowMs > job.givenUpMs) job.fail(new StoreAwayError(reason))
    this.#queue = this.#queue.filter(({ job }) => !job.failed)
  }

  /** What is to be sent again, and why. */
  async #send(stretches: readonly Stretch[]): Promise<Answer> {
    this.#figures.requests++
    const begunMs = performance.now()
    try {
      const { items = [] } = await this.#client.transport.request<{ items?: Told[] }>(
        {
          ...{ method: 'POST', path: '/_bulk', bulkBody: this.#bodyOf(stretches) },
          querystring: {
            filter_path: 'items.*.status,items.*.error.type,items.*.error.reason',
            ...(this.#options.refresh ? { refresh: true } : {})
          }
        },
        { maxRetries: 0 }
      )
      return this.#settle(stretches, items)
    } catch (error) {
      // Nobody knows what still reads it.
      this.#body = Buffer.allocUnsafeSlow(MOST_BYTES)
      if (isPassing(error)) return { again: [...stretches], reason: reasonOf(error) }
      for (const { job } of stretches) if (!job.failed) job.fail(error)
      return { again: [], reason: '' }
    } finally {
      this.#figures.waitingMs += performance.now() - begunMs
    }
  }

  #bodyOf(stretches: readonly Stretch[]): Buffer {
    const parts = stretches.map(bytesOf)
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    if (length > this.#body.length) this.#body = Buffer.allocUnsafeSlow(length)
    let at = 0
    for (const part of parts) at += part.copy(this.#body, at)
    return this.#body.subarray(0, length)
  }

  #settle(stretches: readonly Stretch[], answers: readonly Told[]): Answer {
    const answer: Answer = { again: [], reason: '' }
    let i = 0
    for (const stretch of stretches) {
      const { from, to, job } = stretch
      for (let at = from; at < to; at++) {
        const told = answers[i++]?.create ?? { status: 500 }
        if (told.status === 409) job.outcome.existing++
        else if (told.status < 300) job.outcome.created++
        else {
          this.#refused({ ...stretch, from: at, to: at + 1 }, told, answer)
          continue
        }
        if (--job.left === 0) job.done()
      }
    }
    return answer
  }

  #refused(one: Stretch, { status, error }: Refusal, answer: Answer): void {
    const { documents, from, job, isPlain } = one
    if (isPassingStatus(status)) {
      answer.reason = `it refuses documents for now (${status} ${error?.type ?? ''})`
      answer.again.push(one)
    } else if (!isPlain) {
      this.#figures.refused++
      answer.reason = error?.reason ?? ''
      answer.again.push({ documents: documents.plain(from), from: 0, to: 1, job, isPlain: true })
    } else if (!job.failed)
      job.fail(new Error(`${documents.idOf(from)} was refused: ${error?.type} ${error?.reason}`))
  }
}

interface Answer {
  again: Stretch[]
  reason: string
}

interface Refusal {
  status: number
  error?: { type: string; reason: string }
}

interface Told {
  create?: Refusal
}

/** How far the stretch goes within so many bytes; at least one document, where nothing else is sent. */
function endWithin({ documents: { ends }, from, to }: Stretch, room: number, isFirst: boolean): number {
  const limit = startOf(ends, from) + room
  if ((ends[to - 1] ?? 0) <= limit) return to
  let end = isFirst ? from + 1 : from
  while (end < to && (ends[end] ?? 0) <= limit) end++
  return end
}

function startOf(ends: Uint32Array, document: number): number {
  return document > 0 ? (ends[document - 1] ?? 0) : 0
}

function bytesOf({ documents: { body, ends }, from, to }: Stretch): Buffer {
  return body.subarray(startOf(ends, from), startOf(ends, to))
}
