/**
 * Writing: documents go out in bulks, two at most under way, each document in the lane in which others
 * of its instance are, so that lines of one instance arrive in their order. Every document has an outcome of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, errors } from '@elastic/elasticsearch'
import type { Logger } from 'pino'
import { StoreAwayError } from '../store.ts'
import { isPassing, isPassingStatus, partError, reasonOf, type Told } from './cluster.ts'
import { keptOf } from './refused.ts'
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
  log: Pick<Logger, 'warn' | 'error'>
}

/** What one call has brought. */
export interface Outcome {
  created: number
  /** Their ids were there before. */
  existing: { documents: Documents; at: number }[]
}

export class BulkWriter {
  readonly #lanes: Lane[]
  /** By instance, while something of it is on its way. */
  readonly #held = new Map<string, { lane: Lane; writes: number }>()
  /** For /metrics. */
  readonly figures = { requests: 0, retried: 0, simplified: 0, unsearchable: 0, waitingMs: 0 }

  constructor(client: Client, options: BulkOptions) {
    this.#lanes = Array.from({ length: LANES }, () => new Lane(client, options, this.figures))
  }

  /** Resolves when all of them are indexed, durably. Rejects with the store's errors, or the cluster's. */
  async write(written: readonly Documents[]): Promise<Outcome> {
    const outcome: Outcome = { created: 0, existing: [] }
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
  /** Of what is on its way. */
  bytes = 0
  readonly #client: Client
  readonly #options: BulkOptions
  readonly #figures: BulkWriter['figures']
  #queue: Stretch[] = []
  #running = false
  /** Of the requests, one after the other. */
  #body = Buffer.allocUnsafeSlow(MOST_BYTES)
  /** Less where the cluster, or a proxy before it, does not take so much. */
  #mostBytes = MOST_BYTES

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
        this.#queue.push({ documents, from: 0, to: documents.ends.length, job, form: 'full' })
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
    let room = this.#mostBytes
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
      const { items = [] } = await this.#client.transport.request<{ items?: { create?: Told }[] }>(
        {
          ...{ method: 'POST', path: '/_bulk', bulkBody: this.#bodyOf(stretches) },
          querystring: {
            filter_path: 'items.*.status,items.*.error.type,items.*.error.reason',
            ...(this.#options.refresh ? { refresh: true } : {})
          }
        },
        { maxRetries: 0 }
      )
      return this.#settle(
        stretches,
        items.map((item) => item.create ?? {})
      )
    } catch (error) {
      // Nobody knows what still reads it.
      this.#body = Buffer.allocUnsafeSlow(MOST_BYTES)
      if (isPassing(error)) return { again: [...stretches], reason: reasonOf(error) }
      if (error instanceof errors.ResponseError && error.statusCode === 413) return this.#tooMuch(stretches)
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

  /** Smaller bulks from now on; one document that is too large by itself, with less in it. */
  #tooMuch(stretches: readonly Stretch[]): Answer {
    const bytes = stretches.reduce((sum, stretch) => sum + bytesOf(stretch).length, 0)
    const [first] = stretches
    if (first && stretches.length === 1 && first.to - first.from === 1)
      return this.#settle(stretches, [{ status: 413 }])
    this.#mostBytes = Math.ceil(bytes / 2)
    this.#options.log.warn({ bytes }, 'the cluster does not take bulks of this size, smaller ones are sent')
    return { again: [...stretches], reason: 'it does not take so much at once' }
  }

  #settle(stretches: readonly Stretch[], told: readonly Told[]): Answer {
    const answer: Answer = { again: [], reason: '' }
    const reduced: Stretch[] = []
    let i = 0
    for (const stretch of stretches) {
      const { documents, from, to, job } = stretch
      for (let at = from; at < to; at++) {
        const one = told[i++] ?? {}
        const { status = 500 } = one
        if (status === 409) job.outcome.existing.push({ documents, at })
        else if (status < 300) {
          job.outcome.created++
          if (stretch.form !== 'full') reduced.push(stretch)
        } else {
          this.#refused({ ...stretch, from: at, to: at + 1 }, one, answer)
          continue
        }
        if (--job.left === 0) job.done()
      }
    }
    this.#tell(reduced)
    return answer
  }

  #refused(one: Stretch, told: Told, answer: Answer): void {
    const { documents, from, job, form } = one
    const { status = 500, error } = told
    if (isPassingStatus(status)) {
      answer.reason = `it refuses documents for now (${status} ${error?.type ?? ''})`
      answer.again.push(one)
    } else if (form !== 'kept' && isAboutDocument(status, error?.type)) {
      answer.reason = error?.reason ?? `${status}`
      answer.again.push(lesser(one, answer.reason))
    } else if (!job.failed) job.fail(partError(documents.idOf(from), told))
  }

  #tell(reduced: readonly Stretch[]): void {
    const { log } = this.#options
    const plain = reduced.filter(({ form }) => form === 'plain')
    const kept = reduced.filter(({ form }) => form === 'kept')
    this.#figures.simplified += plain.length
    this.#figures.unsearchable += kept.length
    const told = ([first, ...others]: readonly Stretch[]) => ({
      ...{ documents: others.length + 1, id: first?.documents.idOf(first.from) },
      reason: first?.refusedFor?.slice(0, 300)
    })
    if (plain.length > 0)
      log.warn(told(plain), 'the cluster refuses what was parsed out of lines, lines are whole')
    if (kept.length > 0)
      log.error(told(kept), 'the cluster refuses lines, they are kept and not found by their words')
  }
}

interface Answer {
  again: Stretch[]
  reason: string
}

/** The same document with less in it. */
function lesser({ documents, from, job, form }: Stretch, refusedFor: string): Stretch {
  const next = form === 'full' ? documents.plain(from) : keptOf(documents, refusedFor)
  return { documents: next, from: 0, to: 1, job, form: form === 'full' ? 'plain' : 'kept', refusedFor }
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
