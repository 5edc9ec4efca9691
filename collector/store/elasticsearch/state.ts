/** StateStore in the cluster: a document a key; a change that does not follow from what stands there is made again. */
import { createHash } from 'node:crypto'
import { type Client, errors } from '@elastic/elasticsearch'
import type { StateStore } from '../state.ts'
import { refresh, storeErrorOf } from './cluster.ts'
import { STATE_INDEX } from './names.ts'

interface Kept {
  key: string
  /** JSON. */
  value: string
}

const PAGE = 5000
/** Others may be faster; so many times in a row means something else. */
const MOST_CONFLICTS = 100

export class ElasticsearchStateStore implements StateStore {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
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
        const { hits } = await this.#client.search<Kept>({
          ...{ index: STATE_INDEX, size: PAGE, track_total_hits: false, sort: 'key', search_after: [after] },
          query: { prefix: { key: prefix } }
        })
        for (const { _source } of hits.hits)
          if (_source) found.push({ key: _source.key, value: JSON.parse(_source.value) as T })
        const last = hits.hits.at(-1)?._source
        if (hits.hits.length < PAGE || !last) return found
        after = last.key
      }
    })
  }

  async put(key: string, value: unknown): Promise<void> {
    const document = { key, value: JSON.stringify(value) }
    await this.#asked(() => this.#client.index({ index: STATE_INDEX, id: idOf(key), document }))
  }

  async delete(key: string): Promise<void> {
    await this.#asked(() => this.#client.delete({ index: STATE_INDEX, id: idOf(key) }, { ignore: [404] }))
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
    const place = { index: STATE_INDEX, id: idOf(key) }
    const version = old && { if_seq_no: old.seqNo, if_primary_term: old.term }
    return this.#asked(async () => {
      try {
        if (value !== undefined) {
          const document = { key, value: JSON.stringify(value) }
          await this.#client.index({ ...place, ...(version ?? { op_type: 'create' as const }), document })
        } else if (version) await this.#client.delete({ ...place, ...version })
        return true
      } catch (error) {
        const status = error instanceof errors.ResponseError ? error.statusCode : undefined
        if (status === 409 || (status === 404 && value === undefined)) return false
        throw error
      }
    })
  }

  async #read(key: string): Promise<Version | undefined> {
    return this.#asked(async () => {
      const read = await this.#client.get<Kept>({ index: STATE_INDEX, id: idOf(key) }, { ignore: [404] })
      const { found, _source, _seq_no: seqNo = 0, _primary_term: term = 0 } = read
      return found && _source ? { value: JSON.parse(_source.value), seqNo, term } : undefined
    })
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
