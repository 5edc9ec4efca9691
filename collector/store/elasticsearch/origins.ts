/** The origins of all records, each a document: the cluster's records name them by id. */
import { createHash } from 'node:crypto'
import type { Client } from '@elastic/elasticsearch'
import type { Logger } from 'pino'
import type { Origin } from '../../record.ts'
import { partError } from './cluster.ts'
import { FACTS, type Facts, originIn } from './document.ts'
import { ALL_RECORDS, ORIGINS_INDEX } from './names.ts'

const PAGE = 5000
/** Origins that are looked for among the records at once. */
const SOUGHT = 1000
const ID_DIGITS = 20

export class Origins {
  readonly #client: Client
  readonly #log: Pick<Logger, 'warn'>
  #byId = new Map<string, Origin>()
  readonly #ids = new Map<string, string>()

  constructor(client: Client, log: Pick<Logger, 'warn'>) {
    this.#client = client
    this.#log = log
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
    await this.#write(fresh)
    for (const [id, origin] of fresh) this.#byId.set(id, origin)
    return ids
  }

  /** Makes these known. One whose document is gone is made again out of its records, which hold the same facts. */
  async know(ids: Iterable<string>, signal?: AbortSignal): Promise<void> {
    const asked = [...new Set(ids)]
    const unknown = () => asked.filter((id) => !this.#byId.has(id))
    if (unknown().length === 0) return
    await this.all(signal)
    const gone = unknown()
    for (let at = 0; at < gone.length; at += SOUGHT) await this.#restore(gone.slice(at, at + SOUGHT), signal)
  }

  async #restore(ids: readonly string[], signal: AbortSignal | undefined): Promise<void> {
    const { hits } = await this.#client.search<Facts>(
      {
        ...{ index: ALL_RECORDS, size: ids.length, track_total_hits: false, ignore_unavailable: true },
        query: { terms: { 'driftlog.origin': [...ids] } },
        ...{ collapse: { field: 'driftlog.origin' }, _source: FACTS }
      },
      signal ? { signal } : {}
    )
    const found = new Map<string, Origin>()
    for (const { _source } of hits.hits) if (_source) found.set(_source.driftlog.origin, originIn(_source))
    for (const [id, origin] of found) this.#byId.set(id, origin)
    this.#log.warn({ origins: found.size }, 'origins were gone from the cluster, made again out of records')
    await this.#write(found).catch((err: unknown) =>
      this.#log.warn({ err }, 'origins could not be written again')
    )
  }

  async #write(origins: ReadonlyMap<string, Origin>): Promise<void> {
    if (origins.size === 0) return
    const operations = [...origins].flatMap(([id, origin]) => [{ create: { _id: id } }, { id, origin }])
    const { items } = await this.#client.bulk({ index: ORIGINS_INDEX, operations, refresh: true })
    const failed = items.find(({ create }) => create?.error && create.status !== 409)
    if (failed) throw partError('an origin', failed.create ?? {})
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
