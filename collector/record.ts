/** What the collector makes of bytes, and what a store gives back. */

export const LEVELS = ['unknown', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const
export type Level = (typeof LEVELS)[number]

export const OUTPUTS = ['', 'stdout', 'stderr'] as const
export type Output = (typeof OUTPUTS)[number]

/** Bits of `Batch.flags`. */
export const FLAG = {
  /** The text holds escape sequences (byte 0x1b). */
  ansi: 1,
  /** The record was longer than a record may be and was cut; the rest is the next record. */
  cut: 2,
  /** The line was not what its source promises (broken JSON, bad time); the raw line is the text. */
  broken: 4,
  /** The record's own time could not be read; it carries the time of the one before, or of arrival. */
  timeless: 8,
  /** Secrets were taken out of the text before it was stored. */
  redacted: 16
} as const

/**
 * Where records come from: one stream of one instance. Stores keep one row per origin and refer to it by
 * number. `instance` is the first 16 hex digits of sha256("<host id>/<container id>").
 */
export interface Origin {
  instance: string
  app: string
  environment: string
  /** The host's enrolled id. */
  host: string
  hostName: string
  /** The container's full id. */
  container: string
  containerName: string
  image: string
  /** Name of the stream: `docker`, or (later) a file's path. */
  stream: string
  /** Ordinal of the stream within the instance; 0 is `docker`. */
  streamNumber: number
}

/**
 * Records of one chunk as columns; row i's text is `text.subarray(i ? textEnd[i-1] : 0, textEnd[i])`, UTF-8
 * without the closing newline, escape sequences included.
 */
export interface Columns {
  count: number
  /** Whole milliseconds since 1970 (may be negative), as float64. */
  timeMs: Float64Array
  /** 0 … 999,999 nanoseconds within the millisecond. */
  nanos: Uint32Array
  /** Place of the record's first byte in its generation. */
  offset: Float64Array
  /** Place behind the record's last byte: a record is stored exactly when `end` ≤ the generation's `stored`. */
  end: Float64Array
  /** Index into LEVELS. */
  level: Uint8Array
  /** Index into OUTPUTS. */
  output: Uint8Array
  flags: Uint8Array
  textEnd: Uint32Array
  text: Uint8Array
}

/** Where a generation stands. Stored in the same atomic step as the records that led there. */
export interface GenerationState {
  /** The agent's id of the generation. */
  generation: string
  /** Its place in the order of the stream's generations, from 0. */
  number: number
  /** dev:inode:birth as last told by the agent, or ''. */
  file: string
  /** The agent must be able to read again from here after a crash of the hub. */
  committed: number
  /** Every record whose `end` is ≤ this is in the store. `stored` ≥ `committed`. */
  stored: number
  ended: boolean
}

/** What one append brings for one generation. `records.count` may be 0 (an ended or first-seen generation). */
export interface Batch {
  origin: Origin
  state: GenerationState
  /** When the hub received the chunk, milliseconds since 1970. */
  receivedMs: number
  records: Columns
  /**
   * Fencing term of the hub that brings it, where several hubs may serve a host. A store that hubs share refuses, with
   * StaleTermError, what belongs to a lower term than that of whoever wrote the stream last.
   */
  term?: number
  /** Of the container, as its host has told them last. They are no part of the origin: nothing is named by them. */
  labels?: Readonly<Record<string, string>>
}

/** One log line (or event) as it is read back. */
export interface LogRecord {
  /** `<instance>.<streamNumber>.<generationNumber>.<offset>`: made of positions, the same for ever. */
  id: string
  /** Nanoseconds since 1970. */
  time: bigint
  receivedMs: number
  level: Level
  output: Output
  flags: number
  text: string
  origin: Origin
  generation: number
  offset: number
}

/** `<instance>.<streamNumber>.<generationNumber>.<offset>` taken apart. */
export interface RecordPlace {
  instance: string
  streamNumber: number
  generation: number
  offset: number
}

export function recordId(place: RecordPlace): string {
  return `${place.instance}.${place.streamNumber}.${place.generation}.${place.offset}`
}

/** Undefined where the text is no record id. */
export function placeOf(id: string): RecordPlace | undefined {
  const match = /^([0-9a-f]{16})\.(\d{1,9})\.(\d{1,9})\.(\d{1,15})$/.exec(id)
  if (!match) return undefined
  const [, instance = '', stream, generation, offset] = match
  return { instance, streamNumber: Number(stream), generation: Number(generation), offset: Number(offset) }
}

/**
 * The one order of records: time, then instance, then place in the file. Records of one instance that carry
 * the same time therefore stand as they were written.
 */
export function compareRecords(a: Ordered, b: Ordered): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1
  if (a.origin.instance !== b.origin.instance) return a.origin.instance < b.origin.instance ? -1 : 1
  return a.origin.streamNumber - b.origin.streamNumber || a.generation - b.generation || a.offset - b.offset
}

type Ordered = Pick<LogRecord, 'time' | 'generation' | 'offset'> & {
  origin: Pick<Origin, 'instance' | 'streamNumber'>
}
