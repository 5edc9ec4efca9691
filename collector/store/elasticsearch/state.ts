/** StateStore in the cluster: a document a key; a change that does not follow from what stands there is made again. */
import { createHash, randomBytes } from 'node:crypto'
import { type Client, errors } from '@elastic/elasticsearch'
import type { SharedState, StateEntry, StateStore } from '../state.ts'
import { refresh, storeErrorOf } from './cluster.ts'
import { STATE_INDEX } from './names.ts'
import { changesOf, checkpointOf, type KeptState, keptValue, type Place } from './state-changes.ts'

const PAGE = 5000
/** Others may be faster; so many times in a row means something else. */
const MOST_CONFLICTS = 100
/** By then every hub has seen that a key was deleted. */
const TOMBSTONE_MS = 86_400_000
/** What is written with a term has this many versions a term, more than anybody writes without one. */
const TERM_VERSIONS = 1_000_000

export class ElasticsearchStateStore implements StateStore {
  readonly shared: SharedState
  readonly #client: Client
  readonly #hub = randomBytes(8).toString('hex')

  private constructor(client: Client, place: Place) {
    this.#client = client
    this.shared = {
      hub: this.#hub,
      write: (entries) => this.#write(entries),
      read: async (keys) => this.#readAll(keys),
      changes: (signal) => changesOf(client, this.#hub, place, signal)
    }
  }

  /** Rejects with StoreAwayError where the cluster does not answer. */
  static async open(client: Client): Promise<ElasticsearchStateStore> {
    try {
      const state = new ElasticsearchStateStore(client, { number: await checkpointOf(client) })
      await state.#bury()
      return state
    } catch (error) {
      throw storeErrorOf(error)
    }
  }

  async get<T>(key: string): Promise<T | undefined> {
    return (await this.#read(key))?.value as T | undefined
  }

  async list<T>(prefix: string): Promise<{ key: string; value: T }[]> {
    return this.#asked(async () => {
      // Searches find what was written only once it is refreshed.
      await refresh(this.#client, STATE_INDEX)
      const found: { key: string; value: T }[] = []
      for (let after = ''; ; ) {
        const { hits } = await this.#client.search<KeptState>({
          ...{ index: STATE_INDEX, size: PAGE, track_total_hits: false, sort: 'key', search_after: [after] },
          query: { prefix: { key: prefix } }
        })
        for (const { _source } of hits.hits)
          if (_source?.value !== undefined)
            found.push({ key: _source.key, value: JSON.parse(_source.value) as T })
        const last = hits.hits.at(-1)?._source
        if (hits.hits.length < PAGE || !last) return found
        after = last.key
      }
    })
  }

  async put(key: string, value: unknown): Promise<void> {
    const document = this.#documentOf({ key, value, term: 0 })
    await this.#asked(() => this.#client.index({ index: STATE_INDEX, id: idOf(key), document }))
  }

  async delete(key: string): Promise<void> {
    await this.update(key, () => undefined)
  }

  async update<T>(key: string, change: (old: T | undefined) => T | undefined): Promise<T | undefined> {
    for (let tries = 0; tries < MOST_CONFLICTS; tries++) {
      const old = await this.#read(key)
      const next = change(old?.value as T | undefined)
      if (await this.#replace(key, next, old)) return next
    }
    throw new Error(`"${key.slice(0, 80)}" could not be changed: others change it all the time.`)
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** False where somebody else was faster. */
  async #replace(key: string, value: unknown, old: Version | undefined): Promise<boolean> {
    if (value === undefined && old?.value === undefined) return true
    const place = { index: STATE_INDEX, id: idOf(key) }
    const version = old ? { if_seq_no: old.seqNo, if_primary_term: old.term } : { op_type: 'create' as const }
    return this.#asked(async () => {
      try {
        const document = this.#documentOf({ key, value, term: 0 })
        await this.#client.index({ ...place, ...version, document })
        return true
      } catch (error) {
        if (error instanceof errors.ResponseError && error.statusCode === 409) return false
        throw error
      }
    })
  }

  async #read(key: string): Promise<Version | undefined> {
    return this.#asked(async () => {
      const read = await this.#client.get<KeptState>({ index: STATE_INDEX, id: idOf(key) }, { ignore: [404] })
      const { found, _source, _seq_no: seqNo = 0, _primary_term: term = 0 } = read
      return found ? { value: keptValue(_source), seqNo, term } : undefined
    })
  }

  async #readAll(keys: readonly string[]): Promise<unknown[]> {
    if (keys.length === 0) return []
    return this.#asked(async () => {
      const { docs } = await this.#client.mget<KeptState>({ index: STATE_INDEX, ids: keys.map(idOf) })
      return docs.map((doc) => {
        if ('error' in doc) throw new Error(`The state could not be read: ${doc.error.reason}`)
        return keptValue(doc._source)
      })
    })
  }

  /** Terms are versions of the documents: the cluster itself refuses who is behind. */
  async #write(entries: readonly StateEntry[]): Promise<string[]> {
    const { items } = await this.#asked(() =>
      this.#client.bulk({
        index: STATE_INDEX,
        operations: entries.flatMap((entry) => {
          const version = (entry.term + 1) * TERM_VERSIONS
          return [
            { index: { _id: idOf(entry.key), version, version_type: 'external_gte' as const } },
            this.#documentOf(entry)
          ]
        })
      })
    )
    const refused: string[] = []
    for (const [i, { index }] of items.entries()) {
      if (index?.status === 409) refused.push(entries[i]?.key ?? '')
      else if (index?.error)
        throw new Error(`The state was refused: ${index.error.type} ${index.error.reason}`)
    }
    return refused
  }

  #documentOf({ key, value, term }: StateEntry): KeptState {
    const by = { by: this.#hub, term }
    return value === undefined
      ? { key, ...by, deleted: Date.now() }
      : { key, ...by, value: JSON.stringify(value) }
  }

  /** Takes away what is left of keys that were deleted long ago. */
  async #bury(): Promise<void> {
    const { hits } = await this.#client.search<KeptState>({
      ...{ index: STATE_INDEX, size: PAGE, track_total_hits: false, seq_no_primary_term: true },
      query: { range: { deleted: { lt: Date.now() - TOMBSTONE_MS } } }
    })
    const operations = hits.hits.map(({ _id = '', _seq_no: if_seq_no, _primary_term: if_primary_term }) => ({
      delete: { _id, if_seq_no, if_primary_term }
    }))
    if (operations.length > 0) await this.#client.bulk({ index: STATE_INDEX, operations } as never)
  }

  async #asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (error) {
      throw storeErrorOf(error)
    }
  }
}

interface Version {
  value: unknown
  seqNo: number
  term: number
}

/** An id has at most 512 bytes, a key may have more. */
function idOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 40)
}
