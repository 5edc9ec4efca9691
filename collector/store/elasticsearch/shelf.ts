/**
 * The shelf of stats in the cluster: a document a key, in one index of one shard. Keys are read as they are now; lists
 * and changes by searches, after a refresh, up to the shard's own checkpoint. Blocks have their seal's number as the
 * document's version, so that the cluster itself refuses older ones.
 */
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { deflateRaw, inflateRaw } from 'node:zlib'
import { type Client, errors } from '@elastic/elasticsearch'
import { sealOf } from '../../stats/block.ts'
import type { Kept, Put, Shelf } from '../../stats/shelf.ts'
import { StoreAwayError } from '../store.ts'
import { isPassing, isPassingStatus, reasonOf, storeErrorOf } from './cluster.ts'
import { checkpointsOf } from './follow.ts'
import { STATS_INDEX } from './names.ts'

interface Stored {
  key: string
  /** Base64. */
  value: string
  /** The value is deflated; blocks are small already. */
  deflated?: true
}

interface Operation {
  /** The lines of a bulk request. */
  lines: readonly object[]
  bytes: number
  job: Job
}

interface Job {
  left: number
  givenUpMs: number
  done: () => void
  fail: (error: unknown) => void
}

export interface ShelfOptions {
  /** Milliseconds for which a write is tried again. */
  patienceMs?: number
}

const PATIENCE_MS = 20_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000
const MOST_BYTES = 5 << 20
const PAGE = 5000
const ACTION_BYTES = 100
/** Values below this gain nothing. */
const DEFLATED_BYTES = 200
const LEVEL = { level: 3 }
/** A value says how much it is; more is damage. */
const INFLATED = { maxOutputLength: 256 * 1024 * 1024 }
const SHARD = `${STATS_INDEX}#0`
const inflate = promisify(inflateRaw) as (bytes: Uint8Array, options: object) => Promise<Buffer>
const deflate = promisify(deflateRaw) as (bytes: Uint8Array, options: object) => Promise<Buffer>

/** What is written while a bulk is under way waits and goes with the next one. */
export class ElasticsearchShelf implements Shelf {
  readonly isShared = true
  readonly #client: Client
  readonly #patienceMs: number
  #queue: Operation[] = []
  #isSending = false

  constructor(client: Client, { patienceMs = PATIENCE_MS }: ShelfOptions = {}) {
    this.#client = client
    this.#patienceMs = patienceMs
  }

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (keys.length === 0) return []
    return this.#asked(async () => {
      const { docs } = await this.#client.mget<Stored>({ index: STATS_INDEX, ids: keys.map(idOf) })
      return Promise.all(
        docs.map(async (doc) => {
          if ('error' in doc) throw new Error(`Stats could not be read: ${doc.error.reason}`)
          return doc._source && bytesOf(doc._source)
        })
      )
    })
  }

  async keys(from: string, to: string, limit: number): Promise<string[]> {
    return this.#asked(async () => {
      await this.#client.indices.refresh({ index: STATS_INDEX })
      const keys: string[] = []
      while (keys.length < limit) {
        const size = Math.min(PAGE, limit - keys.length)
        const last = keys.at(-1)
        const { hits } = await this.#client.search({
          ...{ index: STATS_INDEX, size, track_total_hits: false, sort: 'key', _source: false },
          query: { range: { key: { gte: from, lt: to } } },
          ...(last === undefined ? {} : { search_after: [last] })
        })
        for (const { sort } of hits.hits) keys.push(String(sort?.[0]))
        if (hits.hits.length < size) break
      }
      return keys
    })
  }

  async write(puts: readonly Put[], deletes: readonly string[]): Promise<void> {
    const documents = await Promise.all(puts.map(([key, value]) => storedOf(key, value)))
    await this.#send([
      ...documents.map((document) => [{ index: placeOf(document.key) }, document]),
      ...deletes.map((key) => [{ delete: placeOf(key) }])
    ])
  }

  async writeBlocks(puts: readonly Put[]): Promise<void> {
    await this.#send(
      puts.map(([key, value]) => [
        { index: { ...placeOf(key), version: sealOf(value), version_type: 'external' } },
        { key, value: value.toString('base64') } satisfies Stored
      ])
    )
  }

  async record(key: string): Promise<Kept | undefined> {
    return this.#asked(async () => {
      const read = await this.#client.get<Stored>({ index: STATS_INDEX, id: idOf(key) }, { ignore: [404] })
      const { found, _source, _seq_no: seqNo = 0, _primary_term: term = 0 } = read
      if (!found || !_source) return undefined
      return { value: await bytesOf(_source), version: `${seqNo}:${term}` }
    })
  }

  async replace(key: string, value: Buffer, version: string | undefined): Promise<string | undefined> {
    const document = await storedOf(key, value)
    const [seqNo, term] = version?.split(':').map(Number) ?? []
    const condition =
      seqNo === undefined || term === undefined
        ? { op_type: 'create' as const }
        : { if_seq_no: seqNo, if_primary_term: term }
    return this.#asked(async () => {
      try {
        const place = { index: STATS_INDEX, id: idOf(key) }
        const { _seq_no, _primary_term } = await this.#client.index({ ...place, ...condition, document })
        return `${_seq_no}:${_primary_term}`
      } catch (error) {
        if (error instanceof errors.ResponseError && error.statusCode === 409) return undefined
        throw error
      }
    })
  }

  /** A place is a number of the shard. */
  async changes(since: string | undefined): Promise<{ keys: string[]; place: string }> {
    return this.#asked(async () => {
      const to = (await checkpointsOf(this.#client, STATS_INDEX)).get(SHARD) ?? -1
      // An index that was deleted and made anew counts from the beginning.
      let from = since === undefined || Number(since) > to ? -1 : Number(since)
      if (from === to) return { keys: [], place: String(to) }
      await this.#client.indices.refresh({ index: STATS_INDEX })
      const keys: string[] = []
      for (;;) {
        const { hits } = await this.#client.search({
          ...{ index: STATS_INDEX, size: PAGE, track_total_hits: false, _source: false },
          ...{ sort: [{ _seq_no: 'asc' }], docvalue_fields: ['key'] },
          query: {
            bool: {
              filter: [
                { range: { _seq_no: { gt: from, lte: to } } },
                { bool: { should: [{ prefix: { key: 'p/' } }, { prefix: { key: 'j/' } }] } }
              ]
            }
          }
        } as never)
        for (const { fields } of hits.hits) keys.push(String(fields?.['key']?.[0]))
        from = Number(hits.hits.at(-1)?.sort?.[0] ?? to)
        if (hits.hits.length < PAGE) return { keys, place: String(to) }
      }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** Resolves when all of them are done, durably. Rejects with StoreAwayError, or with the cluster's refusal. */
  #send(operations: readonly (readonly object[])[]): Promise<void> {
    if (operations.length === 0) return Promise.resolve()
    return new Promise((done, fail) => {
      const givenUpMs = performance.now() + this.#patienceMs
      const job: Job = { left: operations.length, givenUpMs, done, fail }
      for (const lines of operations) {
        const { value = '' } = (lines[1] ?? {}) as Partial<Stored>
        this.#queue.push({ lines, bytes: value.length + ACTION_BYTES, job })
      }
      if (!this.#isSending) void this.#run()
    })
  }

  async #run(): Promise<void> {
    this.#isSending = true
    let pauseMs = FIRST_PAUSE_MS
    while (this.#queue.length > 0) {
      const sent = this.#take()
      const { again, reason } = await this.#bulk(sent)
      this.#queue.unshift(...again)
      if (again.length === 0) {
        pauseMs = FIRST_PAUSE_MS
        continue
      }
      const nowMs = performance.now()
      const late = new Set(this.#queue.map(({ job }) => job).filter(({ givenUpMs }) => nowMs > givenUpMs))
      this.#queue = this.#queue.filter(({ job }) => !late.has(job))
      for (const job of late) job.fail(new StoreAwayError(reason))
      await sleep(pauseMs * (0.5 + Math.random()))
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
    }
    this.#isSending = false
  }

  #take(): Operation[] {
    let bytes = 0
    let count = 0
    for (const operation of this.#queue) {
      bytes += operation.bytes
      if (count > 0 && bytes > MOST_BYTES) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  /** What is to be sent again, and why. */
  async #bulk(sent: readonly Operation[]): Promise<{ again: readonly Operation[]; reason: string }> {
    try {
      const { items } = await this.#client.bulk(
        {
          operations: sent.flatMap(({ lines }) => lines),
          filter_path: 'items.*.status,items.*.error.type,items.*.error.reason'
        },
        { maxRetries: 0 }
      )
      const again: Operation[] = []
      let reason = ''
      for (const [i, operation] of sent.entries()) {
        const { job } = operation
        const { status = 500, error } = items[i]?.index ?? items[i]?.delete ?? {}
        // 409: a block of this seal or a later one is there; 404: what is to go is gone.
        const isDone = status < 300 || status === 409 || (status === 404 && !operation.lines[1])
        if (isDone) {
          if (--job.left === 0) job.done()
        } else if (isPassingStatus(status)) {
          reason = `it refuses documents for now (${status} ${error?.type ?? ''})`
          again.push(operation)
        } else job.fail(new Error(`Stats were refused: ${error?.type} ${error?.reason}`))
      }
      return { again, reason }
    } catch (error) {
      if (isPassing(error)) return { again: sent, reason: reasonOf(error) }
      for (const { job } of sent) job.fail(error)
      return { again: [], reason: '' }
    }
  }

  async #asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw storeErrorOf(error)
    }
  }
}

function placeOf(key: string): { _index: string; _id: string } {
  return { _index: STATS_INDEX, _id: idOf(key) }
}

/** An id has at most 512 bytes, a key may have more. */
function idOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 40)
}

async function storedOf(key: string, value: Buffer): Promise<Stored> {
  if (value.length < DEFLATED_BYTES) return { key, value: value.toString('base64') }
  return { key, value: (await deflate(value, LEVEL)).toString('base64'), deflated: true }
}

async function bytesOf({ value, deflated }: Stored): Promise<Uint8Array> {
  const bytes = Buffer.from(value, 'base64')
  return deflated ? inflate(bytes, INFLATED) : bytes
}
