/** The origins of all records, each a document: the cluster's records name them by id. */
import { createHash } from 'node:crypto'
import type { Client } from '@elastic/elasticsearch'
import type { Origin } from '../../record.ts'
import { ORIGINS_INDEX } from './names.ts'

const PAGE = 5000
const ID_DIGITS = 20

export class Origins {
  readonly #client: Client
  #byId = new Map<string, Origin>()
  readonly #ids = new Map<string, string>()

  constructor(client: Client) {
    this.#client = client
  }

  get(id: string): Origin | undefined {
    return this.#byId.get(id)
  }

  /** Ids of these origins, which are in the cluster once this resolves. */
  async ensure(origins: readonly Origin[]): Promise<string[]> {
    const ids = origins.map((origin) => this.#idOf(origin))
    const fresh = new Map<string, Origin>()
    for (const [i, id] of ids.entries()) {
      const origin = origins[i]
      if (origin && !this.#byId.has(id)) fresh.set(id, { ...origin })
    }
    if (fresh.size === 0) return ids
    const operations = [...fresh].flatMap(([id, origin]) => [{ create: { _id: id } }, { id, origin }])
    const { items } = await this.#client.bulk({ index: ORIGINS_INDEX, operations, refresh: true })
    const failed = items.find(({ create }) => create?.error && create.status !== 409)
    if (failed) throw new Error(`An origin was refused: ${failed.create?.error?.reason}`)
    for (const [id, origin] of fresh) this.#byId.set(id, origin)
    return ids
  }

  /** All of them, by id; those that other hubs have added included. */
  async all(signal?: AbortSignal): Promise<ReadonlyMap<string, Origin>> {
    const options = signal ? { signal } : {}
    const { count } = await this.#client.count({ index: ORIGINS_INDEX }, options)
    if (count === this.#byId.size) return this.#byId
    const loaded = new Map<string, Origin>()
    for (let after = ''; ; ) {
      const { hits } = await this.#client.search<{ id: string; origin: Origin }>(
        { index: ORIGINS_INDEX, size: PAGE, sort: 'id', search_after: [after], track_total_hits: false },
        options
      )
      for (const { _source } of hits.hits) if (_source) loaded.set(_source.id, _source.origin)
      const last = hits.hits.at(-1)?._source
      if (hits.hits.length < PAGE || !last) break
      after = last.id
    }
    // What this hub added meanwhile may not be in the pages yet.
    if (loaded.size >= count) this.#byId = loaded
    else for (const [id, origin] of loaded) this.#byId.set(id, origin)
    return this.#byId
  }

  #idOf(origin: Origin): string {
    const key = JSON.stringify([
      origin.instance,
      origin.app,
      origin.environment,
      origin.host,
      origin.hostName,
      origin.container,
      origin.containerName,
      origin.image,
      origin.stream,
      origin.streamNumber
    ])
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = createHash('sha256').update(key).digest('hex').slice(0, ID_DIGITS)
    this.#ids.set(key, id)
    return id
  }
}
