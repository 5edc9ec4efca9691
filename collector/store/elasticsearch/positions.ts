/**
 * How far each stream is stored, one document a stream. Several hubs write it: a write that does not follow from what
 * stands there is refused by the cluster, read again and merged. A hub whose turn it is to serve a host claims the
 * host's streams with its term before it writes records: from then on a hub with a lower term is refused.
 */
import { createHash } from 'node:crypto'
import type { Client } from '@elastic/elasticsearch'
import type { GenerationState } from '../../record.ts'
import { mergeState } from '../generations.ts'
import { StaleTermError, StoreAwayError, type StreamKey } from '../store.ts'
import { partError } from './cluster.ts'
import { POSITIONS_INDEX } from './names.ts'

interface Kept {
  stream: StreamKey
  generations: GenerationState[]
  /** Of the hub that claimed it last. */
  term?: number
}

interface Known {
  generations: Map<string, GenerationState>
  term: number
  /** Which version of the document it is; absent where there is none yet. */
  version?: { seqNo: number; term: number }
}

export interface Told {
  stream: StreamKey
  states: readonly GenerationState[]
  /** Absent where nobody counts terms. */
  term?: number | undefined
}

/** A conflict is another hub's write: it is merged at once, so that many in a row mean something else. */
const MOST_CONFLICTS = 20

export class Positions {
  readonly #client: Client
  readonly #known = new Map<string, Known>()
  readonly #writing = new Map<string, Promise<void>>()

  constructor(client: Client) {
    this.#client = client
  }

  /** What this hub knows of a generation; read() brings it up to date. */
  get(stream: StreamKey, generation: string): GenerationState | undefined {
    return this.#known.get(idOf(stream))?.generations.get(generation)
  }

  /** All generations of a stream that this hub knows. */
  of(stream: StreamKey): Iterable<GenerationState> {
    return this.#known.get(idOf(stream))?.generations.values() ?? []
  }

  isKnown(stream: StreamKey): boolean {
    return this.#known.has(idOf(stream))
  }

  /** As the cluster has it now, in the order of generations. */
  async read(streams: readonly StreamKey[]): Promise<GenerationState[][]> {
    if (streams.length === 0) return []
    const ids = streams.map(idOf)
    const { docs } = await this.#client.mget<Kept>({ index: POSITIONS_INDEX, ids: [...new Set(ids)] })
    for (const doc of docs) {
      if ('error' in doc) throw new StoreAwayError(`positions can't be read: ${doc.error.reason}`)
      const { _id, _source, _seq_no: seqNo, _primary_term: term } = doc
      const generations = new Map(_source?.generations.map((state) => [state.generation, state]))
      const version = seqNo === undefined || term === undefined ? {} : { version: { seqNo, term } }
      this.#known.set(_id, { generations, term: _source?.term ?? 0, ...version })
    }
    return ids.map((id) => sorted(this.#known.get(id)?.generations.values() ?? []))
  }

  /**
   * Claims streams for their term, and gives each generation that is new its number, for good: records are named by it,
   * so it has to be there before them. Rejects with StaleTermError where a hub with a higher term was there, or another
   * one has written since this one read.
   */
  async announce(told: readonly Told[]): Promise<void> {
    const fresh = told.flatMap((one) => {
      const states = one.states.filter(({ generation }) => !this.get(one.stream, generation))
      const begun = states.map((state) => ({ ...state, committed: 0, stored: 0, ended: false }))
      return begun.length > 0 || this.isUnclaimed(one) ? [{ ...one, states: begun }] : []
    })
    if (fresh.length > 0) await this.write(fresh)
  }

  /** Rejects with StaleTermError where another hub has claimed one of the streams since. */
  async demand(told: readonly Told[]): Promise<void> {
    const counted = told.filter(({ term }) => term !== undefined)
    if (counted.length === 0) return
    const ids = [...new Set(counted.map(({ stream }) => idOf(stream)))]
    const { docs } = await this.#client.mget<Kept>({ index: POSITIONS_INDEX, ids, _source: ['term'] })
    const claims = new Map(docs.map((doc) => [doc._id, 'error' in doc ? undefined : doc._source?.term]))
    if (counted.some(({ stream, term }) => claims.get(idOf(stream)) !== term)) throw new StaleTermError()
  }

  /** Another term, or none, was the last that this hub has seen to claim the stream. */
  isUnclaimed({ stream, term }: Told): boolean {
    return term !== undefined && this.#known.get(idOf(stream))?.term !== term
  }

  /** Resolves when these states, merged with what is there, survive a crash. */
  async write(told: readonly Told[]): Promise<void> {
    const byStream = new Map<string, Told>()
    for (const one of told) {
      const id = idOf(one.stream)
      const before = byStream.get(id)
      byStream.set(id, before ? { ...one, states: [...before.states, ...one.states] } : one)
    }
    // One write of a stream after another.
    const others = [...byStream.keys()].map((id) => this.#writing.get(id))
    const writing = Promise.all(others.map((other) => other?.catch(() => {}))).then(() =>
      this.#write(byStream)
    )
    for (const id of byStream.keys()) this.#writing.set(id, writing)
    try {
      await writing
    } finally {
      for (const id of byStream.keys()) if (this.#writing.get(id) === writing) this.#writing.delete(id)
    }
  }

  async #write(told: ReadonlyMap<string, Told>): Promise<void> {
    let left = [...told.values()]
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === MOST_CONFLICTS)
        throw new Error('Positions could not be written: others write them all the time.')
      const unknown = left.filter(({ stream }) => !this.isKnown(stream)).map(({ stream }) => stream)
      await this.read(unknown)
      for (const { stream, term = Number.POSITIVE_INFINITY } of left)
        if ((this.#known.get(idOf(stream))?.term ?? 0) > term) throw new StaleTermError()
      const changed = left.flatMap((one) => {
        const merged = this.#merged(one)
        return merged.changed || this.isUnclaimed(one) ? [{ one, ...merged }] : []
      })
      if (changed.length === 0) return
      const { items } = await this.#client.bulk({
        operations: changed.flatMap(({ one, generations, claim }) => this.#operation(one, generations, claim))
      })
      const conflicts: Told[] = []
      for (const [i, { one, generations, claim }] of changed.entries()) {
        const {
          status = 500,
          error,
          _seq_no: seqNo = 0,
          _primary_term: term = 0
        } = items[i]?.index ?? items[i]?.create ?? {}
        const id = idOf(one.stream)
        if (status === 409) {
          // What this hub had read, and goes by, is not what stands there.
          const isBehind = this.isUnclaimed(one)
          this.#known.delete(id)
          if (isBehind) throw new StaleTermError()
          conflicts.push(one)
        } else if (error) throw partError('a position', { status, error })
        else this.#known.set(id, { generations, term: claim, version: { seqNo, term } })
      }
      left = conflicts
    }
  }

  #merged({ stream, states, term }: Told): Merged {
    const known = this.#known.get(idOf(stream))
    const generations = new Map(known?.generations)
    let changed = false
    for (const state of states) {
      const old = generations.get(state.generation)
      const merged = mergeState(
        old,
        old ? state : { ...state, number: freeNumber(generations, state.number) }
      )
      if (!old || !isSame(old, merged)) changed = true
      generations.set(state.generation, merged)
    }
    return { generations, changed, claim: term ?? known?.term ?? 0 }
  }

  #operation(
    one: Told,
    generations: ReadonlyMap<string, GenerationState>,
    term: number
  ): [Record<string, unknown>, Kept] {
    const id = idOf(one.stream)
    const { host, container, stream } = one.stream
    const version = this.#known.get(id)?.version
    const place = { _index: POSITIONS_INDEX, _id: id }
    const kept = { stream: { host, container, stream }, generations: sorted(generations.values()), term }
    if (!version) return [{ create: place }, kept]
    return [{ index: { ...place, if_seq_no: version.seqNo, if_primary_term: version.term } }, kept]
  }
}

interface Merged {
  generations: Map<string, GenerationState>
  changed: boolean
  /** Term that is written. */
  claim: number
}

function isSame(a: GenerationState, b: GenerationState): boolean {
  return (
    a.number === b.number &&
    a.file === b.file &&
    a.committed === b.committed &&
    a.stored === b.stored &&
    a.ended === b.ended
  )
}

/** Another hub may have given the number to another generation. */
function freeNumber(generations: ReadonlyMap<string, GenerationState>, wished: number): number {
  const taken = [...generations.values()].map(({ number }) => number)
  return taken.includes(wished) ? Math.max(...taken) + 1 : wished
}

function idOf({ host, container, stream }: StreamKey): string {
  return createHash('sha256')
    .update(JSON.stringify([host, container, stream]))
    .digest('hex')
    .slice(0, 32)
}

function sorted(states: Iterable<GenerationState>): GenerationState[] {
  return [...states].map((state) => ({ ...state })).sort((a, b) => a.number - b.number)
}
