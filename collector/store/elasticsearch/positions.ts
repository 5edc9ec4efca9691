/**
 * How far each stream is stored, one document a stream. Several hubs write it: a write that does not follow from what
 * stands there is refused by the cluster, read again and merged.
 */
import { createHash } from 'node:crypto'
import type { Client } from '@elastic/elasticsearch'
import type { GenerationState } from '../../record.ts'
import { mergeState } from '../generations.ts'
import { StoreAwayError, type StreamKey } from '../store.ts'
import { partError } from './cluster.ts'
import { POSITIONS_INDEX } from './names.ts'

interface Kept {
  stream: StreamKey
  generations: GenerationState[]
}

interface Known {
  generations: Map<string, GenerationState>
  /** Which version of the document it is; absent where there is none yet. */
  version?: { seqNo: number; term: number }
}

export interface Told {
  stream: StreamKey
  states: readonly GenerationState[]
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
      this.#known.set(_id, { generations, ...version })
    }
    return ids.map((id) => sorted(this.#known.get(id)?.generations.values() ?? []))
  }

  /**
   * Gives each generation that is new its number, for good: records are named by it, so it has to be there before them.
   */
  async announce(told: readonly Told[]): Promise<void> {
    const fresh = told.flatMap((one) => {
      const states = one.states.filter(({ generation }) => !this.get(one.stream, generation))
      const begun = states.map((state) => ({ ...state, committed: 0, stored: 0, ended: false }))
      return begun.length > 0 ? [{ ...one, states: begun }] : []
    })
    if (fresh.length > 0) await this.write(fresh)
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
      const changed = left.filter((one) => this.#merged(one).changed)
      if (changed.length === 0) return
      const { items } = await this.#client.bulk({
        operations: changed.flatMap((one) => this.#operation(one))
      })
      const conflicts: Told[] = []
      for (const [i, item] of items.entries()) {
        const one = changed[i]
        const {
          status = 500,
          error,
          _seq_no: seqNo = 0,
          _primary_term: term = 0
        } = item.index ?? item.create ?? {}
        if (!one) continue
        const id = idOf(one.stream)
        if (status === 409) {
          this.#known.delete(id)
          conflicts.push(one)
        } else if (error) throw partError('a position', { status, error })
        else this.#known.set(id, { generations: this.#merged(one).generations, version: { seqNo, term } })
      }
      left = conflicts
    }
  }

  #merged({ stream, states }: Told): { generations: Map<string, GenerationState>; changed: boolean } {
    const generations = new Map(this.#known.get(idOf(stream))?.generations)
    let changed = false
    for (const state of states) {
      const old = generations.get(state.generation)
      const merged = mergeState(
        old,
        old ? state : { ...state, number: freeNumber(generations, state.number) }
      )
      if (!old || JSON.stringify(old) !== JSON.stringify(merged)) changed = true
      generations.set(state.generation, merged)
    }
    return { generations, changed }
  }

  #operation(one: Told): [Record<string, unknown>, Kept] {
    const id = idOf(one.stream)
    const { host, container, stream } = one.stream
    const version = this.#known.get(id)?.version
    const place = { _index: POSITIONS_INDEX, _id: id }
    const kept = {
      stream: { host, container, stream },
      generations: sorted(this.#merged(one).generations.values())
    }
    if (!version) return [{ create: place }, kept]
    return [{ index: { ...place, if_seq_no: version.seqNo, if_primary_term: version.term } }, kept]
  }
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
