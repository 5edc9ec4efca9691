/** What a search reads: a block of a part, or a frame of a journal, with the same columns. */
import { FLAG, LEVELS } from '../../record.ts'
import type { BlockReader } from './block.ts'
import type { Frame } from './frame.ts'
import type { BlockInfo, PartReader } from './part.ts'
import type { Shelf } from './shelf.ts'

export interface Segment {
  /** Names it in reports. */
  readonly place: string
  readonly rows: number
  readonly minMs: number
  readonly maxMs: number
  /** Rows by level, indexed as LEVELS. */
  readonly levels: readonly number[]
  /** Bit i: OUTPUTS[i] occurs. */
  readonly outputs: number
  /** True when a row carries FLAG.ansi. */
  readonly ansi: boolean
  /** Per origin: number, rows, first place (generation, offset), last place; absent where that is not known. */
  readonly origins: readonly (readonly [number, number, number, number, number, number])[]
  readonly timeMs: Float64Array
  readonly nanos: Uint32Array
  readonly origin: Uint32Array
  readonly level: Uint8Array
  readonly output: Uint8Array
  readonly flags: Uint8Array
  readonly generation: Uint32Array
  readonly offset: Float64Array
  readonly receivedMs: Float64Array
  readonly textEnd: Uint32Array
  readonly text: Buffer
  /** False when it certainly holds none of some clause's words, told by their hashes. */
  mayHoldWords(clauses: readonly (readonly number[])[]): boolean
  /** Its columns are not needed any more for now. */
  release(): void
}

export class BlockSegment implements Segment {
  readonly #part: PartReader
  readonly #info: BlockInfo
  readonly #shelf: Shelf | undefined
  #reader: BlockReader | undefined

  /** `shelf` keeps the decoded block for others after release(). */
  constructor(part: PartReader, info: BlockInfo, shelf?: Shelf) {
    this.#part = part
    this.#info = info
    this.#shelf = shelf
  }

  get place() {
    return this.#part.path
  }
  get rows() {
    return this.#info.rows
  }
  get minMs() {
    return this.#info.minMs
  }
  get maxMs() {
    return this.#info.maxMs
  }
  get levels() {
    return this.#info.levels
  }
  get outputs() {
    return this.#info.outputs
  }
  get ansi() {
    return this.#info.ansi
  }
  get origins() {
    return this.#info.origins
  }
  get timeMs() {
    return this.#block.timeMs
  }
  get nanos() {
    return this.#block.nanos
  }
  get origin() {
    return this.#block.origin
  }
  get level() {
    return this.#block.kinds.level
  }
  get output() {
    return this.#block.kinds.output
  }
  get flags() {
    return this.#block.kinds.flags
  }
  get generation() {
    return this.#block.places.generation
  }
  get offset() {
    return this.#block.places.offset
  }
  get receivedMs() {
    return this.#block.places.receivedMs
  }
  get textEnd() {
    return this.#block.textEnd
  }
  get text() {
    return this.#block.text
  }

  mayHoldWords(clauses: readonly (readonly number[])[]): boolean {
    return this.#part.mayHoldWords(this.#info, clauses)
  }

  release(): void {
    if (this.#reader) this.#shelf?.put(this.#info, this.#reader)
    this.#reader = undefined
  }

  get #block(): BlockReader {
    if (!this.#reader) {
      const reader = this.#shelf?.get(this.#info) ?? this.#part.block(this.#info)
      if (reader.count !== this.#info.rows)
        throw new Error(`${this.place}: the block list and a block disagree`)
      this.#reader = reader
    }
    return this.#reader
  }
}

/** Made once per frame and kept while its journal is. */
export class FrameSegment implements Segment {
  readonly place: string
  readonly frame: Frame
  /** Where the frame begins in its journal, and where the next does. */
  readonly at: number
  readonly next: number
  readonly minMs: number
  readonly maxMs: number
  readonly levels: readonly number[]
  readonly outputs: number
  readonly ansi: boolean
  readonly origins: Segment['origins']
  readonly origin: Uint32Array
  readonly generation: Uint32Array
  readonly receivedMs: Float64Array

  constructor(place: string, frame: Frame, base: number) {
    this.place = place
    this.frame = frame
    this.at = base + frame.at
    this.next = base + frame.next
    this.origin = new Uint32Array(frame.count)
    this.generation = new Uint32Array(frame.count)
    this.receivedMs = new Float64Array(frame.count)
    let from = 0
    const origins = new Map<number, [number, number, number, number, number, number]>()
    for (const { origin, state, receivedMs, count } of frame.batches) {
      this.origin.fill(origin, from, from + count)
      this.generation.fill(state.number, from, from + count)
      this.receivedMs.fill(receivedMs, from, from + count)
      from += count
      if (count > 0) origins.set(origin, [origin, (origins.get(origin)?.[1] ?? 0) + count, 0, 0, MOST, MOST])
    }
    this.origins = [...origins.values()]
    const levels = LEVELS.map(() => 0)
    let [minMs, maxMs, outputs, flags] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
    for (let row = 0; row < frame.count; row++) {
      const time = frame.timeMs[row] as number
      if (time < minMs) minMs = time
      if (time > maxMs) maxMs = time
      const level = frame.level[row] as number
      levels[level] = (levels[level] ?? 0) + 1
      outputs |= 1 << (frame.output[row] as number)
      flags |= frame.flags[row] as number
    }
    this.minMs = minMs
    this.maxMs = maxMs
    this.levels = levels
    this.outputs = outputs
    this.ansi = (flags & FLAG.ansi) !== 0
  }

  get rows() {
    return this.frame.count
  }
  get timeMs() {
    return this.frame.timeMs
  }
  get nanos() {
    return this.frame.nanos
  }
  get level() {
    return this.frame.level
  }
  get output() {
    return this.frame.output
  }
  get flags() {
    return this.frame.flags
  }
  get offset() {
    return this.frame.offset
  }
  get textEnd() {
    return this.frame.textEnd
  }
  get text() {
    return this.frame.text
  }

  mayHoldWords(): boolean {
    return true
  }

  release(): void {}
}

const MOST = Number.MAX_SAFE_INTEGER
