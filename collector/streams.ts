/** Where every generation of every stream stands, as far as agents have asked or delivered. */
import type { Position, StreamName } from '../agent/protocol.ts'
import type { GenerationState, Origin } from './record.ts'
import type { HostClock } from './set-back.ts'
import type { LogStore } from './store/store.ts'

export interface Generation extends GenerationState {
  /** Names it among all of all hosts, to the parse threads. */
  key: string
  host: string
  container: string
  stream: string
  /** Where the next chunk must begin; more than `committed` while a record is unfinished. */
  next: number
  /** Of the last delivery; needed when pieces are given out between two of them. */
  origin?: Origin
  /** What is open waits for its continuation until then. */
  openUntilMs?: number
  /** How its records were set back, where the host's clock is wrong. */
  clock?: HostClock | undefined
}

/** Generations of one stream that an answer tells at most: the newest. An older one is put right by a 409. */
const MOST_TOLD = 1000
/** Streams of one host that are kept in memory; beyond it they are read from the store again when asked for. */
const MOST_STREAMS = 50_000

export class Streams {
  readonly #store: Pick<LogStore, 'positions'>
  /** By host, then by container and stream, then by generation in its order. */
  readonly #hosts = new Map<string, Map<string, Map<string, Generation>>>()
  readonly #open = new Map<string, Generation>()

  constructor(store: Pick<LogStore, 'positions'>) {
    this.#store = store
  }

  /** Makes sure that the generations of these streams are known here. One call at a time for a host. */
  async load(host: string, names: readonly StreamName[]): Promise<void> {
    if (this.#of(host).size > MOST_STREAMS) this.forget(host)
    const streams = this.#of(host)
    const missing = new Map<string, StreamName>()
    for (const name of names) {
      const key = streamKey(name)
      if (!streams.has(key)) missing.set(key, name)
    }
    if (missing.size === 0) return
    const keys = [...missing.values()].map(({ container, stream }) => ({ host, container, stream }))
    const found = await this.#store.positions(keys)
    for (const [i, [key, name]] of [...missing].entries()) {
      const generations = new Map<string, Generation>()
      for (const state of found[i] ?? [])
        generations.set(state.generation, {
          ...state,
          ...ownKeys(host, name, state.generation),
          next: state.committed
        })
      streams.set(key, generations)
    }
  }

  /** In the order in which they were first delivered. The stream must be loaded. */
  generations(host: string, name: StreamName): Map<string, Generation> {
    return this.#of(host).get(streamKey(name)) ?? new Map<string, Generation>()
  }

  positions(host: string, names: readonly StreamName[]): Position[] {
    return names.flatMap((name) =>
      [...this.generations(host, name).values()].slice(-MOST_TOLD).map(positionOf)
    )
  }

  /** A generation that was never delivered before, the next of its stream. Kept by keep(). */
  fresh(host: string, name: StreamName, generation: string, number: number): Generation {
    return {
      ...ownKeys(host, name, generation),
      generation,
      number,
      file: '',
      committed: 0,
      stored: 0,
      next: 0,
      ended: false
    }
  }

  /** Takes over where a generation stands now that the store has it. */
  keep(generation: Generation): void {
    const generations = this.generations(generation.host, generation)
    generations.set(generation.generation, generation)
    const [oldest] = generations.values()
    // Should its bytes come again all the same, the store knows them.
    if (generations.size > 2 * MOST_TOLD && oldest?.ended) generations.delete(oldest.generation)
    if (generation.openUntilMs === undefined) this.#open.delete(generation.key)
    else this.#open.set(generation.key, generation)
  }

  /** What was carried of the generation is gone: its bytes must come again from `committed`. */
  rewind(generation: Generation): void {
    const { openUntilMs: _, ...rest } = generation
    this.keep({ ...rest, next: generation.committed })
  }

  /** What was carried of these hosts is gone. */
  rewindAll(isOf: (host: string) => boolean): void {
    for (const [host, streams] of this.#hosts) {
      if (!isOf(host)) continue
      for (const generations of streams.values())
        for (const generation of generations.values())
          if (generation.next !== generation.committed) this.rewind(generation)
    }
  }

  find(key: string): Generation | undefined {
    const [host = '', container = '', stream = '', generation = ''] = JSON.parse(key) as string[]
    return this.generations(host, { container, stream }).get(generation)
  }

  /** Generations of which something was open until then and may have waited long enough. */
  openUntil(thenMs: number): Generation[] {
    return [...this.#open.values()].filter(({ openUntilMs = thenMs }) => openUntilMs <= thenMs)
  }

  /** Forgets a host's streams, but for those of which something is carried. They are loaded again when needed. */
  forget(host: string): void {
    const streams = this.#hosts.get(host)
    if (!streams) return
    for (const [key, generations] of streams)
      if ([...generations.values()].every(({ next, committed }) => next === committed)) streams.delete(key)
    if (streams.size === 0) this.#hosts.delete(host)
  }

  /** Forgets all of a host's streams, also what is carried: another hub may have gone on with them. Returns their keys. */
  abandon(host: string): string[] {
    const streams = [...(this.#hosts.get(host)?.values() ?? [])]
    const keys = streams.flatMap((generations) => [...generations.values()].map(({ key }) => key))
    for (const key of keys) this.#open.delete(key)
    this.#hosts.delete(host)
    return keys
  }

  #of(host: string): Map<string, Map<string, Generation>> {
    const known = this.#hosts.get(host) ?? new Map<string, Map<string, Generation>>()
    this.#hosts.set(host, known)
    return known
  }
}

export function positionOf(generation: Generation): Position {
  return {
    container: generation.container,
    stream: generation.stream,
    generation: generation.generation,
    ...(generation.file !== '' && { file: generation.file }),
    committed: generation.committed,
    next: generation.next,
    ...(generation.ended && { ended: true })
  }
}

/** Names a stream among those of its host. */
export function streamKey({ container, stream }: StreamName): string {
  return `${container} ${stream}`
}

function ownKeys(host: string, { container, stream }: StreamName, generation: string) {
  return { key: JSON.stringify([host, container, stream, generation]), host, container, stream }
}
