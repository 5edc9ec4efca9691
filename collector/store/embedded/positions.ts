/** Where every generation stands: in memory on the main thread, in `positions.json` up to the last sealed journal. */
import {
  closeSync,
  existsSync,
  fdatasyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync
} from 'node:fs'
import { crc32 } from 'node:zlib'
import type { GenerationState } from '../../record.ts'
import { mergeState } from '../generations.ts'
import type { StreamKey } from '../store.ts'
import { CorruptError, NewerFormatError, systemCode } from './fault.ts'

/**
 * Ended generations that are kept per stream. A container that rotates every second makes 86,400 a day, and
 * no engine keeps this many rotated files that an agent could offer again.
 */
const KEPT_GENERATIONS = 1000
const VERSION = 1

interface StreamPositions {
  key: StreamKey
  /** By the agent's id of the generation, in the order in which they were first told. */
  generations: Map<string, GenerationState>
  /** When the hub last heard of the stream. */
  heardMs: number
}

export class Positions {
  readonly #streams = new Map<string, StreamPositions>()

  get(key: StreamKey, generation: string): GenerationState | undefined {
    return this.#streams.get(nameOf(key))?.generations.get(generation)
  }

  /** In the order of generations. */
  list(key: StreamKey): GenerationState[] {
    const stream = this.#streams.get(nameOf(key))
    return stream ? [...stream.generations.values()].sort((a, b) => a.number - b.number) : []
  }

  apply(key: StreamKey, told: GenerationState, heardMs: number): void {
    const name = nameOf(key)
    let stream = this.#streams.get(name)
    if (!stream) {
      const { host, container, stream: file } = key
      stream = { key: { host, container, stream: file }, generations: new Map(), heardMs }
      this.#streams.set(name, stream)
    }
    stream.heardMs = Math.max(stream.heardMs, heardMs)
    const { generations } = stream
    generations.set(told.generation, mergeState(generations.get(told.generation), told))
    if (generations.size <= KEPT_GENERATIONS * 1.1) return
    for (const [id, state] of generations) {
      if (generations.size <= KEPT_GENERATIONS) break
      if (state.ended) generations.delete(id)
    }
  }

  /** Streams not heard of since, of which `gone` says that nothing else speaks of them. */
  forgettable(sinceMs: number, gone: (key: StreamKey) => boolean): StreamKey[] {
    return [...this.#streams.values()]
      .filter((stream) => stream.heardMs < sinceMs && gone(stream.key))
      .map((stream) => stream.key)
  }

  forget(keys: readonly StreamKey[]): void {
    for (const key of keys) this.#streams.delete(nameOf(key))
  }

  /** A copy that moves on its own. */
  copy(): Positions {
    const copy = new Positions()
    for (const [name, { key, generations, heardMs }] of this.#streams) {
      copy.#streams.set(name, { key, generations: new Map(generations), heardMs })
    }
    return copy
  }

  /** Everything as JSON, for addJson(). */
  toJson(): string {
    const streams = [...this.#streams.values()].map(({ key, generations, heardMs }) => [
      key.host,
      key.container,
      key.stream,
      heardMs,
      [...generations.values()].map((state) => [
        state.generation,
        state.number,
        state.file,
        state.committed,
        state.stored,
        state.ended ? 1 : 0
      ])
    ])
    return JSON.stringify(streams)
  }

  addJson(json: string): void {
    type Row = [string, string, string, number, [string, number, string, number, number, number][]]
    for (const [host, container, stream, heardMs, states] of JSON.parse(json) as Row[]) {
      for (const [generation, number, file, committed, stored, ended] of states) {
        const state = { generation, number, file, committed, stored, ended: ended === 1 }
        this.apply({ host, container, stream }, state, heardMs)
      }
    }
  }
}

/** Positions as a file holds them: everything up to and including journal `through`. */
export interface PositionsRead {
  positions: Positions
  /** −1: no journal. */
  through: number
}

/** Reads a positions file; undefined where there is none. Throws CorruptError. Sync: for worker threads and the start. */
export function readPositions(path: string): PositionsRead | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
  const end = text.indexOf('\n')
  const head = /^driftlog positions (\d+) (\d+) ([0-9a-f]{8})$/.exec(text.slice(0, Math.max(0, end)))
  if (!head) throw new CorruptError(path, 'the first line is not that of a positions file')
  if (Number(head[1]) > VERSION) throw new NewerFormatError(path, Number(head[1]), VERSION)
  const json = text.slice(end + 1)
  if (Number.parseInt(head[3] ?? '', 16) !== crc32(json))
    throw new CorruptError(path, 'the checksum does not fit')
  const positions = new Positions()
  positions.addJson(json)
  return { positions, through: Number(head[2]) }
}

/** Replaces the file in one step; the one before stays as `.old`, to go on from should the new one be damaged. */
export function writePositions(path: string, { positions, through }: PositionsRead): void {
  const json = positions.toJson()
  const file = openSync(`${path}.tmp`, 'w')
  try {
    const checksum = crc32(json).toString(16).padStart(8, '0')
    const bytes = Buffer.from(`driftlog positions ${VERSION} ${through} ${checksum}\n${json}`)
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
  if (existsSync(path)) {
    rmSync(`${path}.old`, { force: true })
    linkSync(path, `${path}.old`)
  }
  renameSync(`${path}.tmp`, path)
}

function nameOf(key: StreamKey): string {
  return `${key.host}\0${key.container}\0${key.stream}`
}
