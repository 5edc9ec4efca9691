/** Fills a delivery with bytes of many streams, each getting its share. */
import type { Log, Place } from '../files/log.ts'
import type { Chunk } from '../protocol.ts'

/** One chunk, and the section of a file that it belongs to. */
export interface Part extends Place {
  stream: Log
  chunk: Chunk
}

export interface Batch {
  parts: Part[]
  /** Bytes of all chunks. */
  bytes: number
  /** What they take in the head of the delivery, with the losses that belong to them. */
  headBytes: number
  /** A stream had more than fitted in. */
  full: boolean
}

/** Below this a stream's share is not cut further; the others come with the next delivery. */
const SMALLEST_SHARE = 64 * 1024
/** A line longer than this is cut. */
const LONGEST_LINE = 256 * 1024
/** Chunks in one delivery: keeps its head small. */
export const MAX_PARTS = 200
/** What is new leaves this share of a delivery to what was skipped, so that that comes, too. */
const BACKLOG_SHARE = 1 / 4
const NEWLINE = 10

/** What of a stream is to be read: all of it, or what lies behind or before the place to which reading jumped ahead. */
type Stretch = 'all' | 'new' | 'skipped'

/** How far a delivery may be filled. */
interface Room {
  space: Buffer
  /** Bytes of all chunks. */
  maxBytes: number
  maxParts: number
  maxHeadBytes: number
}

/** JSON of one chunk and of its loss, without the stream's name, which stands in both. */
const PART_HEAD_BYTES = 900

/** What chunks of these streams may take in the head of a delivery, so that what is new has room for all of its own. */
export function partsBytes(streams: readonly Log[]): number {
  let bytes = 0
  for (const stream of streams) bytes += (1 + stream.places().length) * headBytesOf(stream)
  return Math.ceil(Math.min(bytes, MAX_PARTS * (PART_HEAD_BYTES + 4096)) / (1 - BACKLOG_SHARE))
}

function headBytesOf({ stream }: Log): number {
  return PART_HEAD_BYTES + 2 * Buffer.byteLength(stream)
}

/**
 * Takes turns: every call begins with the stream behind the last one that got a place. Streams of which
 * `mayShip` says no are left out (their instance has not been told yet). What was skipped after an outage comes
 * behind what is new.
 */
export class Batcher {
  #turn = 0

  /** Fills `space`, and takes at most `headBytes` of the delivery's head. */
  async fill(
    streams: readonly Log[],
    { space, headBytes }: { space: Buffer; headBytes: number },
    mayShip: (stream: Log) => boolean
  ): Promise<Batch> {
    const ready = this.#inTurn(streams).filter(
      (stream) => stream.placed && hasMore(stream) && mayShip(stream)
    )
    const behind = ready.filter((stream) => stream.front !== undefined)
    const batch: Batch = { parts: [], bytes: 0, headBytes: 0, full: false }
    const limits = { space, maxHeadBytes: headBytes }
    const all: Room = { ...limits, maxBytes: space.length, maxParts: MAX_PARTS }
    const left = behind.length === 0 ? 1 : 1 - BACKLOG_SHARE
    const forNew = {
      ...limits,
      maxBytes: space.length * left,
      maxParts: MAX_PARTS * left,
      maxHeadBytes: headBytes * left
    }
    const last = await share(ready, (stream) => (stream.front ? 'new' : 'all'), batch, forNew)
    await share(behind, () => 'skipped', batch, all)
    // What is left over goes to whoever has more.
    for (const stream of ready) {
      if (isFull(batch, all, SMALLEST_SHARE)) break
      if (!hasMore(stream)) continue
      if (stream.front) await fillFrom(stream, 'new', batch, all, space.length - batch.bytes)
      await fillFrom(stream, stream.front ? 'skipped' : 'all', batch, all, space.length - batch.bytes)
    }
    batch.full ||= ready.some((stream) => hasMore(stream) && stream.unsentBytes > LONGEST_LINE)
    if (last) this.#turn = streams.indexOf(last) + 1
    return batch
  }

  #inTurn(streams: readonly Log[]): Log[] {
    const turn = streams.length === 0 ? 0 : this.#turn % streams.length
    return [...streams.slice(turn), ...streams.slice(0, turn)]
  }
}

/** Gives each stream its share; returns the last one that got a place. */
async function share(
  streams: readonly Log[],
  stretchOf: (stream: Log) => Stretch,
  batch: Batch,
  room: Room
): Promise<Log | undefined> {
  const free = room.maxBytes - batch.bytes
  const each = Math.max(SMALLEST_SHARE, Math.floor(free / Math.max(1, streams.length)))
  let last: Log | undefined
  for (const stream of streams) {
    if (isFull(batch, room, SMALLEST_SHARE / 2)) {
      batch.full = true
      break
    }
    const before = batch.parts.length
    await fillFrom(stream, stretchOf(stream), batch, room, Math.min(each, room.maxBytes - batch.bytes))
    if (batch.parts.length > before) last = stream
  }
  return last
}

function isFull({ parts, bytes }: Batch, { maxBytes, maxParts }: Room, smallest: number): boolean {
  return parts.length >= maxParts - 2 || maxBytes - bytes < smallest
}

function hasMore({ generations }: Log): boolean {
  return generations.some((generation) =>
    generation.sections.some(
      (section) =>
        section.id !== undefined &&
        (section.position < generation.lengthOf(section) ||
          (generation.isFinal(section) && !section.lastSent))
    )
  )
}

/** Takes up to `share` bytes of one stream, oldest first. */
async function fillFrom(
  stream: Log,
  stretch: Stretch,
  batch: Batch,
  room: Room,
  share: number
): Promise<void> {
  let left = share
  const places = stream.places()
  const front = places.findIndex(({ section }) => section === stream.front)
  const from = stretch === 'new' ? front : 0
  const to = stretch === 'skipped' ? front : places.length
  // Another rotation may be found while packed bytes are being unpacked.
  for (let index = from; index < to; index++) {
    const place = places[index]
    if (!place || place.generation.isSent(place.section)) continue
    // The hub numbers sections in the order in which it hears of them.
    for (const before of places.slice(0, index)) if (!announce(stream, before, batch, room)) return
    if (!hasRoom(stream, batch, room)) return
    if (place.section.id === undefined) {
      if (stream.together) continue
      return
    }
    const successor = places[index + 1]
    // Its end is told only together with its successor's beginning: the hub then knows that none is between.
    const mayEnd = stream.removed || stream.together || successor?.section.id !== undefined
    left -= await fillWith(stream, place, mayEnd, batch, room, left)
    if (!place.generation.isSent(place.section) && !(stream.together && isCaughtUp(place))) return
    if (left <= 0) {
      if (successor) announce(stream, successor, batch, room)
      return
    }
  }
}

/** Makes the hub know of a section of which nothing was delivered yet. False where that has to wait. */
function announce(stream: Log, place: Place, batch: Batch, room: Room): boolean {
  const { section, generation } = place
  if (section.announced || generation.isSent(section)) return true
  // Without a first record it has no name yet; where files follow each other, none may overtake it.
  if (section.id === undefined) return stream.together
  if (!hasRoom(stream, batch, room)) return false
  add(stream, place, batch, 0, false)
  return true
}

/** One more chunk of the stream can be told. */
function hasRoom(stream: Log, { parts, headBytes }: Batch, { maxParts, maxHeadBytes }: Room): boolean {
  return parts.length < maxParts && headBytes + headBytesOf(stream) <= maxHeadBytes
}

async function fillWith(
  stream: Log,
  place: Place,
  mayEnd: boolean,
  batch: Batch,
  { space, maxBytes }: Room,
  share: number
): Promise<number> {
  const { generation, section } = place
  let taken = 0
  while (generation.isUnread(section) && taken < share) {
    const free = Math.min(share - taken, maxBytes - batch.bytes, restOf(place))
    if (free <= 0) break
    const room = space.subarray(batch.bytes, batch.bytes + free)
    const rest = space.subarray(batch.bytes)
    const bytes = await readLines(stream, place, room, rest, batch.bytes === 0)
    if (bytes === 0) break
    taken += bytes
    add(stream, place, batch, bytes, false)
  }
  if (!generation.source) stream.tellLoss(generation, section)
  if (section.until === undefined && generation.final) generation.measure()
  const isRead = section.position >= generation.lengthOf(section)
  if (generation.isFinal(section) && mayEnd && !section.lastSent && isRead) add(stream, place, batch, 0, true)
  return taken
}

/** All whole lines of it are delivered; what is left is a line that is just being written. */
function isCaughtUp({ generation, section }: Place): boolean {
  return generation.lengthOf(section) - section.position < LONGEST_LINE && !generation.isFinal(section)
}

/** Bytes that may be read: the next section is not part of this one. */
function restOf({ generation, section }: Place): number {
  return section.until === undefined
    ? Number.POSITIVE_INFINITY
    : generation.lengthOf(section) - section.position
}

/** Reads whole lines into `room`; where not one fits, into the wider `space`; a line is cut only where it must be. */
async function readLines(
  stream: Log,
  place: Place,
  room: Buffer,
  space: Buffer,
  empty: boolean
): Promise<number> {
  const { generation, section } = place
  const bytes = await read(stream, place, room)
  const atEnd = section.position + bytes >= generation.lengthOf(section)
  if (bytes === 0 || (generation.isFinal(section) && atEnd)) return bytes
  const whole = room.subarray(0, bytes).lastIndexOf(NEWLINE) + 1
  if (whole > 0) return whole
  if (atEnd) return 0
  if (room.length >= LONGEST_LINE) return bytes
  if (room.length >= space.length) return empty ? bytes : 0
  const wider = space.subarray(0, Math.min(LONGEST_LINE, restOf(place)))
  return room.length >= wider.length ? bytes : readLines(stream, place, wider, space, empty)
}

async function read(stream: Log, { generation, section }: Place, room: Buffer): Promise<number> {
  const { source } = generation
  if (!source) return 0
  try {
    const got = source.read(room, section.reached)
    const bytes = typeof got === 'number' ? got : await got
    if (!generation.stillItself(stream.scratch)) {
      stream.restart(generation)
      return 0
    }
    if (bytes === 0 && source.packed && section.until === undefined) generation.size = section.reached
    // A complete file that is shorter than it was has been cut by somebody.
    else if (bytes === 0 && generation.isFinal(section)) generation.letGo('truncated')
    return bytes
  } catch {
    generation.letGo('unreadable', true)
    return 0
  }
}

/** Chunks of one section that follow each other become one. */
function add(stream: Log, place: Place, batch: Batch, bytes: number, last: boolean): void {
  const { generation, section } = place
  const previous = batch.parts.at(-1)
  if (previous?.section === section) {
    previous.chunk.bytes += bytes
    if (last) previous.chunk.last = true
  } else {
    const { container, stream: name } = stream
    const { id = '', position: offset } = section
    const chunk = { container, stream: name, generation: id, file: generation.told, offset, bytes }
    batch.parts.push({ stream, generation, section, chunk: { ...chunk, ...(last && { last }) } })
    batch.headBytes += headBytesOf(stream)
  }
  batch.bytes += bytes
  section.position += bytes
  section.announced = true
  if (last) section.lastSent = true
}
