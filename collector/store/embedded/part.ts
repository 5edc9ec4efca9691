/**
 * A part: immutable file of one UTC day. Head; blocks; word filters; the block list (JSON, deflated); the summary
 * (JSON); a trailer of 32 bytes that tells where those are, with their checksums. Sync I/O: for worker threads.
 */
import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writevSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'
import { LEVELS } from '../../record.ts'
import { BlockReader, encodeBlock } from './block.ts'
import { mayHold, WordSet } from './bloom.ts'
import type { Codec } from './codec.ts'
import { CorruptError, messageOf, NewerFormatError } from './fault.ts'
import type { Rows } from './rows.ts'

const PART_VERSION = 1
const HEAD_MAGIC = Buffer.from('DRIFTLGP')
const END_MAGIC = Buffer.from('DRIFTEND')
const HEAD = 16
const TRAILER = 32
/** Longer block lists and summaries are damage. */
const LIST_LIMIT = 1 << 28

/** What is known of a part without reading its blocks. Kept in main memory. */
export interface PartSummary {
  /** Days since 1970, UTC. */
  day: number
  /** Numbers of the journals whose records it holds. */
  first: number
  last: number
  rows: number
  minMs: number
  maxMs: number
  textBytes: number
  /** Rows by level, indexed as LEVELS. */
  levels: number[]
  /** Per origin: number, rows, first time (ms, nanos), last time (ms, nanos). */
  origins: [number, number, number, number, number, number][]
}

export interface BlockInfo {
  at: number
  bytes: number
  rows: number
  minMs: number
  maxMs: number
  textBytes: number
  levels: number[]
  /** Bit i: OUTPUTS[i] occurs. */
  outputs: number
  /** True when a row carries FLAG.ansi. */
  ansi: boolean
  /** Per origin: number, rows, first place (generation, offset), last place. */
  origins: [number, number, number, number, number, number][]
  filterAt: number
  filterBytes: number
  filterCrc: number
}

export class PartWriter {
  readonly #file: number
  readonly #codec: Codec
  readonly #blocks: BlockInfo[] = []
  readonly #filters: Buffer[] = []
  readonly #words = new WordSet()
  #at = HEAD

  /** Creates the file; an existing one is overwritten. */
  constructor(path: string, codec: Codec) {
    this.#codec = codec
    this.#file = openSync(path, 'w')
    const head = Buffer.alloc(HEAD)
    HEAD_MAGIC.copy(head)
    head.writeUInt32LE(PART_VERSION, 8)
    this.#write([head], false)
  }

  add(rows: Rows): void {
    const chunks = encodeBlock(rows, this.#codec)
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
    const info: BlockInfo = {
      ...describe(rows),
      at: this.#at,
      bytes,
      filterAt: 0,
      filterBytes: 0,
      filterCrc: 0
    }
    this.#write(chunks)
    const { buffer, byteLength } = this.#filterOf(rows)
    const filter = Buffer.from(buffer, 0, byteLength)
    info.filterBytes = filter.length
    info.filterCrc = crc32(filter)
    this.#filters.push(filter)
    this.#blocks.push(info)
  }

  /** Ends the file and makes it durable. */
  finish(summary: PartSummary): void {
    for (const [index, filter] of this.#filters.entries()) {
      const info = this.#blocks[index]
      if (info) info.filterAt = this.#at
      this.#write([filter])
    }
    const raw = Buffer.from(JSON.stringify(this.#blocks))
    const list = deflateRawSync(raw, { level: 3 })
    const told = Buffer.from(JSON.stringify(summary))
    const trailer = Buffer.alloc(TRAILER)
    trailer.writeUInt32LE(list.length, 0)
    trailer.writeUInt32LE(crc32(list), 4)
    trailer.writeUInt32LE(raw.length, 8)
    trailer.writeUInt32LE(told.length, 12)
    trailer.writeUInt32LE(crc32(told), 16)
    trailer.writeUInt32LE(PART_VERSION, 20)
    END_MAGIC.copy(trailer, 24)
    this.#write([list, told, trailer])
    fdatasyncSync(this.#file)
  }

  [Symbol.dispose](): void {
    closeSync(this.#file)
  }

  #filterOf(rows: Rows): Uint32Array<ArrayBuffer> {
    this.#words.clear()
    for (let row = 0; row < rows.count; row++) {
      const from = row > 0 ? (rows.textEnd[row - 1] as number) : 0
      this.#words.addText(rows.text, from, rows.textEnd[row] as number, rows.flags[row] as number)
    }
    return this.#words.filter()
  }

  #write(chunks: Buffer[], counted = true): void {
    let rest = chunks.filter((chunk) => chunk.length > 0)
    if (counted) this.#at += rest.reduce((sum, chunk) => sum + chunk.length, 0)
    while (rest.length > 0) {
      let written = writevSync(this.#file, rest)
      while (written > 0 || rest[0]?.length === 0) {
        const chunk = rest[0]
        if (!chunk) break
        if (written < chunk.length) {
          rest = [chunk.subarray(written), ...rest.slice(1)]
          break
        }
        written -= chunk.length
        rest = rest.slice(1)
      }
    }
  }
}

function describe(rows: Rows): Omit<BlockInfo, 'at' | 'bytes' | 'filterAt' | 'filterBytes' | 'filterCrc'> {
  const levels = LEVELS.map(() => 0)
  const origins = new Map<number, BlockInfo['origins'][number]>()
  let [minMs, maxMs, outputs, flags] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0]
  for (let row = 0; row < rows.count; row++) {
    const time = rows.timeMs[row] as number
    if (time < minMs) minMs = time
    if (time > maxMs) maxMs = time
    const level = rows.level[row] as number
    levels[level] = (levels[level] ?? 0) + 1
    outputs |= 1 << (rows.output[row] as number)
    flags |= rows.flags[row] as number
    const origin = rows.origin[row] as number
    const generation = rows.generation[row] as number
    const offset = rows.offset[row] as number
    const known = origins.get(origin)
    if (!known) {
      origins.set(origin, [origin, 1, generation, offset, generation, offset])
      continue
    }
    known[1]++
    if (generation < known[2] || (generation === known[2] && offset < known[3])) {
      known[2] = generation
      known[3] = offset
    }
    if (generation > known[4] || (generation === known[4] && offset > known[5])) {
      known[4] = generation
      known[5] = offset
    }
  }
  const textBytes = rows.count > 0 ? (rows.textEnd[rows.count - 1] as number) : 0
  return {
    rows: rows.count,
    minMs,
    maxMs,
    textBytes,
    levels,
    outputs,
    ansi: (flags & 1) === 1,
    origins: [...origins.values()]
  }
}

/** Reads a part; the file stays open, so it can be read on after it was unlinked. */
export class PartReader {
  readonly path: string
  readonly summary: PartSummary
  readonly blocks: readonly BlockInfo[]
  readonly #file: number
  readonly #codec: Codec

  /** Throws CorruptError, NewerFormatError, CodecMissingError later, or the system's error. */
  constructor(path: string, codec: Codec) {
    this.path = path
    this.#codec = codec
    this.#file = openSync(path, 'r')
    try {
      const size = fstatSync(this.#file).size
      const trailer = readTrailer(this.#bytes(Math.max(0, size - TRAILER), TRAILER), size, path)
      checkHead(this.#bytes(0, HEAD), path)
      this.summary = parseSummary(this.#bytes(trailer.summaryAt, trailer.summaryBytes), trailer, path)
      this.blocks = parseList(this.#bytes(trailer.listAt, trailer.listBytes), trailer, path)
    } catch (error) {
      closeSync(this.#file)
      throw error
    }
  }

  block(info: BlockInfo): BlockReader {
    const read = (offset: number, length: number) => {
      const end = Math.min(offset + length, info.bytes)
      return this.#bytes(info.at + offset, Math.max(0, end - offset))
    }
    return new BlockReader(read, this.#codec, `${this.path} block at ${info.at}`)
  }

  /** False when the block certainly holds none of some clause's words. Each clause is a list of hashes, one of which must be there. */
  mayHoldWords(info: BlockInfo, clauses: readonly (readonly number[])[]): boolean {
    if (clauses.length === 0) return true
    const filter = this.filter(info)
    return clauses.every((hashes) => hashes.some((hash) => mayHold(filter, hash)))
  }

  filter(info: BlockInfo): Uint32Array {
    const bytes = this.#bytes(info.filterAt, info.filterBytes)
    if (bytes.length !== info.filterBytes || crc32(bytes) !== info.filterCrc) {
      throw new CorruptError(`${this.path} filter at ${info.filterAt}`, 'the checksum does not fit')
    }
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  }

  close(): void {
    closeSync(this.#file)
  }

  /** Shorter at the end of the file. */
  #bytes(at: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafeSlow(length)
    let read = 0
    while (read < length) {
      const more = readSync(this.#file, bytes, read, length - read, at + read)
      if (more === 0) break
      read += more
    }
    return bytes.subarray(0, read)
  }
}

/** Reads only what main memory keeps. Throws as PartReader does. */
export async function readSummary(path: string): Promise<{ summary: PartSummary; bytes: number }> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  const trailer = readTrailer(await bytesAt(file, Math.max(0, size - TRAILER), TRAILER), size, path)
  checkHead(await bytesAt(file, 0, HEAD), path)
  return {
    summary: parseSummary(await bytesAt(file, trailer.summaryAt, trailer.summaryBytes), trailer, path),
    bytes: size
  }
}

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  const { bytesRead } = await file.read(bytes, 0, length, at)
  return bytes.subarray(0, bytesRead)
}

interface Trailer {
  listAt: number
  listBytes: number
  listCrc: number
  listRaw: number
  summaryAt: number
  summaryBytes: number
  summaryCrc: number
}

function readTrailer(bytes: Buffer, size: number, path: string): Trailer {
  if (bytes.length < TRAILER || !bytes.subarray(24).equals(END_MAGIC)) {
    throw new CorruptError(path, 'the end is not that of a part')
  }
  const version = bytes.readUInt32LE(20)
  if (version > PART_VERSION) throw new NewerFormatError(path, version, PART_VERSION)
  const [listBytes, listCrc, listRaw] = [bytes.readUInt32LE(0), bytes.readUInt32LE(4), bytes.readUInt32LE(8)]
  const [summaryBytes, summaryCrc] = [bytes.readUInt32LE(12), bytes.readUInt32LE(16)]
  const summaryAt = size - TRAILER - summaryBytes
  const listAt = summaryAt - listBytes
  if (listAt < HEAD || listBytes > LIST_LIMIT || listRaw > LIST_LIMIT || summaryBytes > LIST_LIMIT) {
    throw new CorruptError(path, 'the trailer points outside the file')
  }
  return { listAt, listBytes, listCrc, listRaw, summaryAt, summaryBytes, summaryCrc }
}

function checkHead(head: Buffer, path: string): void {
  if (head.length < HEAD || !head.subarray(0, 8).equals(HEAD_MAGIC)) {
    throw new CorruptError(path, 'the beginning is not that of a part')
  }
  if (head.readUInt32LE(8) > PART_VERSION)
    throw new NewerFormatError(path, head.readUInt32LE(8), PART_VERSION)
}

function parseSummary(bytes: Buffer, trailer: Trailer, path: string): PartSummary {
  if (bytes.length !== trailer.summaryBytes || crc32(bytes) !== trailer.summaryCrc) {
    throw new CorruptError(path, 'the checksum of the summary does not fit')
  }
  return readJson<PartSummary>(() => bytes.toString(), `${path}: the summary`)
}

function parseList(bytes: Buffer, trailer: Trailer, path: string): BlockInfo[] {
  if (bytes.length !== trailer.listBytes || crc32(bytes) !== trailer.listCrc) {
    throw new CorruptError(path, 'the checksum of the block list does not fit')
  }
  const text = () => inflateRawSync(bytes, { maxOutputLength: Math.max(1, trailer.listRaw) }).toString()
  return readJson<BlockInfo[]>(text, `${path}: the block list`)
}

function readJson<T>(text: () => string, place: string): T {
  try {
    return JSON.parse(text()) as T
  } catch (error) {
    throw new CorruptError(place, messageOf(error))
  }
}
