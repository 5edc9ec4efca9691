/**
 * Documents behind the stored positions of a file: a hub wrote them and died before it wrote the position. What is read
 * again mostly gives the same documents, which are there already; an event that was cut by time may come out otherwise, and
 * then those that lie where a new one lies are deleted, so that no line is there twice.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import { StoreAwayError } from '../store.ts'
import { partError, refresh } from './cluster.ts'
import { ALL_RECORDS } from './names.ts'

interface Leftover {
  index: string
  id: string
  at: number
  until: number
}

/** A stretch of a file, from its first byte to behind its last. */
export interface Stretch {
  at: number
  until: number
}

const PAGE = 5000
/** Files that are looked at in one request. */
const FILES = 200
const ORDER = ['driftlog.at', 'driftlog.instance', 'driftlog.stream_number', 'driftlog.generation']

export class Leftovers {
  readonly #client: Client
  /** By file; one that was looked at and has none is empty. */
  readonly #found = new Map<string, Leftover[]>()

  constructor(client: Client) {
    this.#client = client
  }

  /** Looks what lies beside the stored stretches of files that this hub has not written to before. */
  async look(files: ReadonlyMap<string, readonly Stretch[]>): Promise<void> {
    const fresh = [...files].filter(([source]) => !this.#found.has(source))
    if (fresh.length === 0) return
    await refresh(this.#client, ALL_RECORDS)
    for (let at = 0; at < fresh.length; at += FILES) {
      const some = fresh.slice(at, at + FILES)
      const found = await this.#beside(some)
      for (const [source] of some) this.#found.set(source, [])
      for (const one of found) this.#found.get(sourceOf(one.id))?.push(one)
    }
  }

  /** Whether something lies beside what is stored of the file. */
  has(source: string): boolean {
    return (this.#found.get(source)?.length ?? 0) > 0
  }

  /** Deletes what lies where these rows lie and is not the same as one of them. */
  async clear(source: string, rows: readonly Stretch[]): Promise<void> {
    const some = this.#found.get(source) ?? []
    if (some.length === 0 || rows.length === 0) return
    const ends = new Map(rows.map(({ at, until }) => [at, until]))
    const [first, last] = [rows[0]?.at ?? 0, rows.at(-1)?.until ?? 0]
    const within = some.filter(({ at, until }) => at < last && until > first)
    const wrong = within.filter(({ at, until }) => ends.get(at) !== until)
    if (wrong.length > 0) {
      const { items } = await this.#client.bulk({
        operations: wrong.map(({ index, id }) => ({ delete: { _index: index, _id: id } })),
        refresh: true
      })
      // What stays would be there twice.
      const failed = items.find(({ delete: told }) => told?.status !== 200 && told?.status !== 404)
      if (failed) throw partError('a document that lies where a new one lies', failed.delete ?? {})
    }
    this.#found.set(
      source,
      some.filter((one) => !within.includes(one))
    )
  }

  /** Nobody knows what of them was written: they are looked at again. */
  forget(sources: Iterable<string>): void {
    for (const source of sources) this.#found.delete(source)
  }

  /** In the order of their places. */
  async #beside(files: readonly (readonly [string, readonly Stretch[]])[]): Promise<Leftover[]> {
    const found: Leftover[] = []
    const should = files.map(([source, stored]) => {
      const isStored = stored.map(({ at, until }) => ({ range: { 'driftlog.at': { gte: at, lt: until } } }))
      return { bool: { filter: [{ term: { 'driftlog.source': source } }], must_not: isStored } }
    })
    for (let after: estypes.SortResults | undefined; ; ) {
      const { hits, _shards } = await this.#client.search<{ driftlog: Stretch }>({
        ...{ index: ALL_RECORDS, ignore_unavailable: true, size: PAGE, track_total_hits: false },
        ...{ query: { bool: { should, minimum_should_match: 1 } }, sort: ORDER },
        _source: ['driftlog.at', 'driftlog.until'],
        ...(after ? { search_after: after } : {})
      })
      // A shard that had no time may hold one. Those of which no copy is there are not listed: nothing is written there.
      const failure = _shards?.failures?.[0]
      if (failure) throw new StoreAwayError(failure.reason?.reason ?? 'a shard could not be searched')
      for (const { _index, _id = '', _source } of hits.hits)
        if (_source) found.push({ index: _index, id: _id, ..._source.driftlog })
      after = hits.hits.at(-1)?.sort
      if (hits.hits.length < PAGE || !after) return found
    }
  }
}

/** Ids are made of the file and the place in it. */
function sourceOf(id: string): string {
  return id.slice(0, id.lastIndexOf('.'))
}
