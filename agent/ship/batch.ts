/** Fills a delivery with bytes of many streams, each getting its share. */
import type { Generation } from '../files/generation.ts'
import type { LogStream } from '../files/log-stream.ts'
import type { Chunk } from '../protocol.ts'

/** One chunk, and the generation that it belongs to. */
export interface Part {
  stream: LogStream
  generation: Generation
  chunk: Chunk
}

export interface Batch {
  parts: Part[]
  /** Bytes of all chunks. */
  bytes: number
  /** A stream had more than fitted in. */
  full: boolean
}

/** Below this a stream's share is not cut further; the others come with the next delivery. */
const SMALLEST_SHARE = 64 * 1024
/** A line longer than this is cut. */
const LONGEST_LINE = 256 * 1024
/** Chunks in one delivery: keeps its head small. */
export const MAX_PARTS = 200
const NEWLINE = 10

/**
 * Takes turns: every call begins with the stream behind the last one that got a place. Streams of which
 * `mayShip` says no are left out (their instance has not been told yet).
 */
export class Batcher {
  #turn = 0

  async fill(
    streams: readonly LogStream[],
    space: Buffer,
    mayShip: (stream: LogStream) => boolean
  ): Promise<Batch> {
    const ready = this.#inTurn(streams).filter(
      (stream) => stream.placed && hasMore(stream) && mayShip(stream)
    )
    const batch: Batch = { parts: [], bytes: 0, full: false }
    const share = Math.max(SMALLEST_SHARE, Math.floor(space.length / Math.max(1, ready.length)))
    let last: LogStream | undefined
    for (const stream of ready) {
      if (batch.parts.length >= MAX_PARTS - 2 || space.length - batch.bytes < SMALLEST_SHARE / 2) {
        batch.full = true
        break
      }
      const before = batch.parts.length
      await fillFrom(stream, batch, space, Math.min(share, space.length - batch.bytes))
      if (batch.parts.length > before) last = stream
    }
    // What is left over goes to whoever has more.
    for (const stream of ready) {
      if (batch.parts.length >= MAX_PARTS - 2 || space.length - batch.bytes < SMALLEST_SHARE) break
      if (hasMore(stream)) await fillFrom(stream, batch, space, space.length - batch.bytes)
    }
    batch.full ||= ready.some((stream) => hasMore(stream) && stream.unsentBytes > LONGEST_LINE)
    if (last) this.#turn = streams.indexOf(last) + 1
    return batch
  }

  #inTurn(streams: readonly LogStream[]): LogStream[] {
    const turn = streams.length === 0 ? 0 : this.#turn % streams.length
    return [...streams.slice(turn), ...streams.slice(0, turn)]
  }
}

function hasMore(stream: LogStream): boolean {
  return stream.generations.some(
    ({ id, position, size, final, lastSent }) => id !== undefined && (position < size || (final && !lastSent))
  )
}

/** Takes up to `share` bytes of one stream, oldest generation first. */
async function fillFrom(stream: LogStream, batch: Batch, space: Buffer, share: number): Promise<void> {
  let left = share
  // Another rotation may be found while packed bytes are being unpacked.
  for (const generation of [...stream.generations]) {
    if (generation.sent) continue
    if (generation.id === undefined || batch.parts.length >= MAX_PARTS) return
    const successor = stream.generations[stream.generations.indexOf(generation) + 1]
    // Its end is told only together with its successor's beginning: the hub then knows that none is between.
    const mayEnd = stream.removed || successor?.id !== undefined
    left -= await fillWith(stream, generation, mayEnd, batch, space, left)
    if (!generation.sent) return
    if (left <= 0 && successor?.id !== undefined && !successor.sent) {
      add(stream, successor, batch, 0, false)
      return
    }
  }
}

async function fillWith(
  stream: LogStream,
  generation: Generation,
  mayEnd: boolean,
  batch: Batch,
  space: Buffer,
  share: number
): Promise<number> {
  let taken = 0
  while (unread(generation) && taken < share) {
    const room = space.subarray(
      batch.bytes,
      batch.bytes + Math.min(share - taken, space.length - batch.bytes)
    )
    const rest = space.subarray(batch.bytes)
    const bytes = await readLines(stream, generation, room, rest, batch.bytes === 0)
    if (bytes === 0) break
    taken += bytes
    add(stream, generation, batch, bytes, false)
  }
  if (!generation.source) stream.tellLoss(generation)
  if (generation.final && mayEnd && !generation.lastSent && generation.position >= generation.measure()) {
    add(stream, generation, batch, 0, true)
  }
  return taken
}

/** Reads whole lines into `room`; where not one fits, into the wider `space`; a line is cut only where it must be. */
async function readLines(
  stream: LogStream,
  generation: Generation,
  room: Buffer,
  space: Buffer,
  empty: boolean
): Promise<number> {
  const bytes = await read(stream, generation, room)
  const atEnd = generation.position + bytes >= generation.size
  if (bytes === 0 || (generation.final && atEnd)) return bytes
  const whole = room.subarray(0, bytes).lastIndexOf(NEWLINE) + 1
  if (whole > 0) return whole
  if (atEnd) return 0
  if (room.length >= LONGEST_LINE) return bytes
  if (room.length >= space.length) return empty ? bytes : 0
  return readLines(stream, generation, space.subarray(0, LONGEST_LINE), space, empty)
}

async function read(stream: LogStream, generation: Generation, room: Buffer): Promise<number> {
  const { source, position } = generation
  if (!source) return 0
  try {
    const got = source.read(room, position)
    const bytes = typeof got === 'number' ? got : await got
    if (!generation.stillItself(stream.scratch)) {
      stream.restart(generation)
      return 0
    }
    if (bytes === 0 && source.packed) generation.size = position
    // A complete file that is shorter than it was has been cut by somebody.
    else if (bytes === 0 && generation.final) generation.letGo('truncated')
    return bytes
  } catch {
    generation.letGo('unreadable', true)
    return 0
  }
}

function unread({ source, position, size }: Generation): boolean {
  return source !== undefined && (position < size || (source.packed && !source.atEnd))
}

/** Chunks of one generation that follow each other become one. */
function add(stream: LogStream, generation: Generation, batch: Batch, bytes: number, last: boolean): void {
  const previous = batch.parts.at(-1)
  if (previous?.generation === generation) {
    previous.chunk.bytes += bytes
    if (last) previous.chunk.last = true
  } else {
    const { container, stream: name } = stream
    const { id = '', file, position: offset } = generation
    batch.parts.push({
      stream,
      generation,
      chunk: { container, stream: name, generation: id, file, offset, bytes, ...(last && { last }) }
    })
  }
  batch.bytes += bytes
  generation.position += bytes
  if (last) generation.lastSent = true
}
