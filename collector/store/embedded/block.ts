/**
 * The seam between the engine and the form in which rows lie on disk: rows → bytes, bytes → columns that are
 * decoded when they are asked for. Whatever a later form does, it does behind these two functions.
 *
 * A block: u32 rows, u32 number of streams, then per stream 16 bytes (codec, length before compression, length,
 * crc32 of what lies on disk), then the streams. Each is compressed on its own, so that a search reads only what it needs.
 */
import { crc32 } from 'node:zlib'
import type { Codec } from './codec.ts'
import { CodecMissingError, CorruptError, messageOf } from './fault.ts'
import type { Rows } from './rows.ts'
import { NumberReader, NumberWriter, readSums } from './varint.ts'

const STREAMS = ['time', 'origin', 'kind', 'nanos', 'place', 'length', 'text'] as const
type Stream = (typeof STREAMS)[number]

const BLOCK_HEAD = 8 + STREAMS.length * 16
/** Nobody writes more into one stream; a longer length is damage. */
const STREAM_LIMIT = 1 << 30

/** No block holds more rows. */
const ROW_LIMIT = 1 << 20

const numbers = () => new NumberWriter()

/** Bytes of a block that holds all of `rows`. */
export function encodeBlock(rows: Rows, codec: Codec): Buffer[] {
  const streams: Record<Stream, Uint8Array> = {
    time: timesOf(rows),
    origin: originsOf(rows),
    kind: kindsOf(rows),
    nanos: nanosOf(rows),
    place: placesOf(rows),
    length: lengthsOf(rows),
    text: rows.text.subarray(0, rows.count > 0 ? (rows.textEnd[rows.count - 1] as number) : 0)
  }
  const head = Buffer.alloc(BLOCK_HEAD)
  head.writeUInt32LE(rows.count, 0)
  head.writeUInt32LE(STREAMS.length, 4)
  const packed = STREAMS.map((name, index) => {
    const { codec: number, bytes } = codec.pack(streams[name])
    const at = 8 + index * 16
    head.writeUInt32LE(number, at)
    head.writeUInt32LE(streams[name].length, at + 4)
    head.writeUInt32LE(bytes.length, at + 8)
    head.writeUInt32LE(crc32(bytes), at + 12)
    return bytes
  })
  return [head, ...packed]
}

/** Reads `length` bytes from `offset` of the block. */
export type ReadBytes = (offset: number, length: number) => Buffer

/** A block's columns; each is read and decoded when it is first asked for. Getters throw CorruptError. */
export class BlockReader {
  readonly count: number
  readonly #read: ReadBytes
  readonly #codec: Codec
  readonly #place: string
  readonly #head: Buffer
  #timeMs: Float64Array | undefined
  #nanos: Uint32Array | undefined
  #origin: Uint32Array | undefined
  #kinds: { level: Uint8Array; output: Uint8Array; flags: Buffer } | undefined
  #places: { generation: Uint32Array; offset: Float64Array; receivedMs: Float64Array } | undefined
  #textEnd: Uint32Array | undefined
  #text: Buffer | undefined

  constructor(read: ReadBytes, codec: Codec, place: string) {
    this.#read = read
    this.#codec = codec
    this.#place = place
    this.#head = read(0, BLOCK_HEAD)
    if (this.#head.length < BLOCK_HEAD) throw new CorruptError(place, 'the block ends in its head')
    this.count = this.#head.readUInt32LE(0)
    if (this.#head.readUInt32LE(4) !== STREAMS.length || this.count > ROW_LIMIT) {
      throw new CorruptError(place, 'this is no block')
    }
  }

  get timeMs(): Float64Array {
    this.#timeMs ??= this.#decoded('time', (bytes) => readSums(bytes, this.count))
    return this.#timeMs
  }

  get nanos(): Uint32Array {
    this.#nanos ??= this.#decoded('nanos', (bytes) => {
      const nanos = new Uint32Array(this.count)
      if (bytes.length === 0) return nanos
      if (bytes.length !== this.count * 3) throw new RangeError('nanoseconds do not fit')
      for (let row = 0, at = 0; row < this.count; row++, at += 3) {
        nanos[row] =
          (bytes[at] as number) | ((bytes[at + 1] as number) << 8) | ((bytes[at + 2] as number) << 16)
      }
      return nanos
    })
    return this.#nanos
  }

  get origin(): Uint32Array {
    this.#origin ??= this.#decoded('origin', (bytes) => {
      const origins = new Uint32Array(this.count)
      if (this.count === 0) return origins
      const known = bytes.readUInt32LE(0)
      const wide = known > 256 ? 2 : 1
      const rows = 4 + known * 4
      if (bytes.length !== rows + this.count * wide) throw new RangeError('origins do not fit')
      const dictionary = Array.from({ length: known }, (_, index) => bytes.readUInt32LE(4 + index * 4))
      for (let row = 0; row < this.count; row++) {
        const at = rows + row * wide
        const index =
          wide === 1 ? (bytes[at] as number) : (bytes[at] as number) | ((bytes[at + 1] as number) << 8)
        origins[row] = dictionary[index] ?? 0
      }
      return origins
    })
    return this.#origin
  }

  /** Level, output and flags. */
  get kinds(): { level: Uint8Array; output: Uint8Array; flags: Buffer } {
    this.#kinds ??= this.#decoded('kind', (bytes) => {
      const { count } = this
      if (bytes.length !== count * 2) throw new RangeError('levels do not fit')
      const level = new Uint8Array(count)
      const output = new Uint8Array(count)
      for (let row = 0; row < count; row++) {
        const kind = bytes[row] as number
        level[row] = kind & 15
        output[row] = kind >> 4
      }
      return { level, output, flags: bytes.subarray(count) }
    })
    return this.#kinds
  }

  get places(): { generation: Uint32Array; offset: Float64Array; receivedMs: Float64Array } {
    this.#places ??= this.#decoded('place', (bytes) => this.#placesFrom(bytes))
    return this.#places
  }

  get textEnd(): Uint32Array {
    this.#textEnd ??= this.#decoded('length', (bytes) => {
      const numbers = new NumberReader(bytes)
      const ends = new Uint32Array(this.count)
      let end = 0
      for (let row = 0; row < this.count; row++) ends[row] = end += numbers.unsigned()
      if (this.count > 0 && end !== this.#lengthOf('text'))
        throw new RangeError('lengths do not fit the text')
      return ends
    })
    return this.#textEnd
  }

  get text(): Buffer {
    this.#text ??= this.#decoded('text', (bytes) => bytes)
    return this.#text
  }

  /** Bytes of memory that the columns take which were asked for so far. */
  get decodedBytes(): number {
    const { count } = this
    const kinds = this.#kinds ? 4 * count : 0
    const places = this.#places ? 20 * count : 0
    const columns = [this.#timeMs, this.#nanos, this.#origin, this.#textEnd, this.#text]
    return columns.reduce((sum, column) => sum + (column?.byteLength ?? 0), kinds + places)
  }

  /** Reads every stream; for checks. */
  verify(): void {
    void [this.timeMs, this.nanos, this.origin, this.kinds, this.places, this.textEnd, this.text]
  }

  #placesFrom(bytes: Buffer) {
    const numbers = new NumberReader(bytes)
    const generation = new Uint32Array(this.count)
    const offset = new Float64Array(this.count)
    const receivedMs = new Float64Array(this.count)
    const { origin, textEnd } = this
    const last = new Map<number, number>()
    for (let row = 0; row < this.count; row++) {
      const before = last.get(origin[row] as number)
      last.set(origin[row] as number, row)
      const same = before ?? row
      generation[row] = (generation[same] as number) + numbers.signed()
      offset[row] =
        (offset[same] as number) + (before === undefined ? 0 : lengthAt(textEnd, before)) + numbers.signed()
      receivedMs[row] = (receivedMs[same] as number) + numbers.signed()
    }
    return { generation, offset, receivedMs }
  }

  #lengthOf(stream: Stream): number {
    return this.#head.readUInt32LE(8 + STREAMS.indexOf(stream) * 16 + 4)
  }

  #decoded<T>(stream: Stream, decode: (bytes: Buffer) => T): T {
    const index = STREAMS.indexOf(stream)
    const at = 8 + index * 16
    const rawLength = this.#lengthOf(stream)
    const length = this.#head.readUInt32LE(at + 8)
    let offset = BLOCK_HEAD
    for (let before = 0; before < index; before++) offset += this.#head.readUInt32LE(8 + before * 16 + 8)
    if (rawLength > STREAM_LIMIT || length > STREAM_LIMIT) {
      throw new CorruptError(this.#place, `the length of ${stream} can't be right`)
    }
    const packed = this.#read(offset, length)
    if (packed.length !== length || crc32(packed) !== this.#head.readUInt32LE(at + 12)) {
      throw new CorruptError(this.#place, `the checksum of ${stream} does not fit`)
    }
    try {
      const bytes = this.#codec.unpack(this.#head.readUInt32LE(at), packed, rawLength)
      if (bytes.length !== rawLength) throw new RangeError(`${bytes.length} bytes instead of ${rawLength}`)
      return decode(bytes)
    } catch (error) {
      if (error instanceof CodecMissingError) throw error
      throw new CorruptError(this.#place, `${stream} can't be decoded: ${messageOf(error)}`)
    }
  }
}

function timesOf(rows: Rows): Buffer {
  const out = numbers()
  let last = 0
  for (let row = 0; row < rows.count; row++) {
    const time = rows.timeMs[row] as number
    out.signed(time - last)
    last = time
  }
  return out.taken()
}

/** The origins of the block once, then an index of one or two bytes per row. */
function originsOf(rows: Rows): Buffer {
  const indexes = new Map<number, number>()
  for (let row = 0; row < rows.count; row++) {
    const origin = rows.origin[row] as number
    if (!indexes.has(origin)) indexes.set(origin, indexes.size)
  }
  if (rows.count === 0) return Buffer.alloc(0)
  const wide = indexes.size > 256 ? 2 : 1
  const head = 4 + indexes.size * 4
  const bytes = Buffer.alloc(head + rows.count * wide)
  bytes.writeUInt32LE(indexes.size, 0)
  for (const [origin, index] of indexes) bytes.writeUInt32LE(origin, 4 + index * 4)
  for (let row = 0; row < rows.count; row++) {
    const index = indexes.get(rows.origin[row] as number) ?? 0
    bytes[head + row * wide] = index & 255
    if (wide === 2) bytes[head + row * wide + 1] = index >> 8
  }
  return bytes
}

/** Level in the lower 4 bits and output in the upper, of all rows; then the flags of all. */
function kindsOf(rows: Rows): Uint8Array {
  const bytes = new Uint8Array(rows.count * 2)
  for (let row = 0; row < rows.count; row++) {
    bytes[row] = (rows.level[row] as number) | ((rows.output[row] as number) << 4)
    bytes[rows.count + row] = rows.flags[row] as number
  }
  return bytes
}

/** Three bytes each; nothing at all where every one is 0. */
function nanosOf(rows: Rows): Uint8Array {
  const bytes = new Uint8Array(rows.count * 3)
  let any = 0
  for (let row = 0, at = 0; row < rows.count; row++) {
    const nanos = rows.nanos[row] as number
    any |= nanos
    bytes[at++] = nanos & 255
    bytes[at++] = (nanos >> 8) & 255
    bytes[at++] = nanos >> 16
  }
  return any === 0 ? bytes.subarray(0, 0) : bytes
}

/** Generation, offset and time of receipt, each as the difference to the row before of the same origin. */
function placesOf(rows: Rows): Buffer {
  const out = numbers()
  const last = new Map<number, number>()
  for (let row = 0; row < rows.count; row++) {
    const origin = rows.origin[row] as number
    const before = last.get(origin)
    last.set(origin, row)
    const from = before === undefined ? 0 : (rows.offset[before] as number) + lengthAt(rows.textEnd, before)
    out.signed(
      (rows.generation[row] as number) - (before === undefined ? 0 : (rows.generation[before] as number))
    )
    out.signed((rows.offset[row] as number) - from)
    out.signed(
      (rows.receivedMs[row] as number) - (before === undefined ? 0 : (rows.receivedMs[before] as number))
    )
  }
  return out.taken()
}

function lengthsOf(rows: Rows): Buffer {
  const out = numbers()
  for (let row = 0; row < rows.count; row++) out.unsigned(lengthAt(rows.textEnd, row))
  return out.taken()
}

function lengthAt(textEnd: Uint32Array, row: number): number {
  return (textEnd[row] as number) - (row > 0 ? (textEnd[row - 1] as number) : 0)
}
