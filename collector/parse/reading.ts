/** Where the reading of one generation stands, what it holds, and how a record leaves it. */
import { type Handling, PLAIN_HANDLING } from '../handling.ts'
import { FLAG } from '../record.ts'
import type { ColumnsBuilder } from './columns.ts'
import { DockerLine } from './docker-json.ts'
import type { OpenEvent } from './events.ts'
import { levelOf } from './level.ts'
import type { NulRun } from './nuls.ts'
import { type OpenKey, type Redaction, type RedactionCounts, Redactor } from './redact.ts'
import { BUILT_IN_RULES, redactionOf } from './redact-rules.ts'
import { compilePattern } from './safe-pattern.ts'
import { TextClock } from './text-clock.ts'

/** The longest text of a record. */
export const RECORD_BYTES = 1024 * 1024
/** The longest line in the file; without a newline for longer it is cut. */
export const LINE_BYTES = 1024 * 1024

/** How the bytes of a stream are read: lines of Docker's JSON, or lines of plain text. */
export type Format = 'docker' | 'text'

/** What parsing needs to know of a stream. */
export interface Manner {
  format: Format
  handling: Handling
  /** The expression of `handling.multiline`. */
  pattern?: RegExp
}

export function mannerOf(format: Format, handling: Handling): Manner {
  const { multiline } = handling
  const compiled = multiline.kind === 'pattern' ? compilePattern(multiline.source) : undefined
  return { format, handling, ...(compiled && 'pattern' in compiled && { pattern: compiled.pattern }) }
}

export const DOCKER_MANNER: Manner = { format: 'docker', handling: PLAIN_HANDLING }

/** A line whose end has not come yet: Docker's pieces of it. */
export interface Unfinished {
  offset: number
  end: number
  timeMs: number
  nanos: number
  ansi: boolean
  pieces: Uint8Array[]
  length: number
}

/** Where the reading of one generation stands, and what it holds. */
export interface Reading {
  manner: Manner
  redaction: Redaction
  redactor: Redactor
  /** Key blocks whose lines come one by one, by output. */
  openKeys: OpenKey[]
  /** Place of the byte that must come next. */
  next: number
  /** Reading can begin again here with nothing carried. */
  committed: number
  /** Every record given out so far ends at or before this byte; at first, what the store has. */
  stored: number
  /** Bytes of a line whose newline has not come; they begin at `rawFrom`. */
  raw: Uint8Array
  rawFrom: number
  /** Lines of which pieces are there, by output. */
  unfinished: (Unfinished | undefined)[]
  /** Events that may go on, by output. */
  events: (OpenEvent | undefined)[]
  /** How many of `unfinished` and `events` are there. */
  open: number
  /** Bytes held in `raw`, `unfinished` and `events`. */
  held: number
  /** When the last chunk came. */
  touchedMs: number
  /** Time of the last record that had one. */
  lastMs: number
  lastNanos: number
  /** Zeros met since the last answer. */
  nuls: NulRun[]
  line: DockerLine
  /** Of text. */
  clock: TextClock
  /** How far the clock of the host is ahead of the hub's. */
  aheadMs: number
}

/** What was odd. Added up over chunks. */
export interface Counts {
  /** Lines that were not what their source promises; kept as raw text. */
  broken: number
  /** Records without a time of their own. */
  timeless: number
  /** NUL bytes skipped. */
  nulBytes: number
  /** Records given out before their end was there: too long, or more held than allowed. */
  cut: number
  /** Lines that only the exact path could read. */
  exact: number
  /** What was taken out of lines. */
  redacted: RedactionCounts
}

export function noCounts(): Counts {
  return { broken: 0, timeless: 0, nulBytes: 0, cut: 0, exact: 0, redacted: {} }
}

/** Begins at `committed` with nothing carried. */
export function beginReading(
  committed: number,
  stored: number,
  nowMs: number,
  manner: Manner = DOCKER_MANNER
): Reading {
  const openKey = committed > 0 ? 'perhaps' : 'no'
  return {
    manner,
    redaction: redactionOf(BUILT_IN_RULES, manner.handling.redact),
    redactor: new Redactor(),
    openKeys: [openKey, openKey, openKey],
    next: committed,
    committed,
    stored,
    raw: NOTHING,
    rawFrom: committed,
    unfinished: [undefined, undefined, undefined],
    events: [undefined, undefined, undefined],
    open: 0,
    held: 0,
    touchedMs: nowMs,
    lastMs: Number.NaN,
    lastNanos: 0,
    nuls: [],
    line: new DockerLine(),
    clock: new TextClock(),
    aheadMs: 0
  }
}

export const NOTHING = new Uint8Array(0)

/** A record that stands for itself. Longer than a record may be, it becomes several, each at a place of its own. */
export function giveWhole(
  reading: Reading,
  bytes: Uint8Array,
  offset: number,
  end: number,
  flags: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  into.reserve(bytes.length)
  let from = 0
  do {
    let to = Math.min(bytes.length, from + RECORD_BYTES)
    if (to < bytes.length) while (((bytes[to] as number) & 0xc0) === 0x80) to--
    const cut = to < bytes.length
    if (cut) counts.cut++
    const start = into.textLength
    into.text.set(bytes.subarray(from, to), start)
    reading.line.textEnd = start + (to - from)
    const level = levelOf(into.text, into.view, start, reading.line.textEnd)
    const place = from === 0 ? offset : offset + Math.floor((from / bytes.length) * (end - offset))
    give(reading, place, end, level, cut ? flags | FLAG.cut : flags, into)
    from = to
  } while (from < bytes.length)
}

/** Adds the record that `reading.line` describes. */
export function give(
  reading: Reading,
  offset: number,
  end: number,
  level: number,
  flags: number,
  into: ColumnsBuilder
): void {
  const { line } = reading
  reading.lastMs = line.timeMs
  reading.lastNanos = line.nanos
  if (end > reading.stored) reading.stored = end
  const said = level === 0 ? reading.manner.handling.level : level
  const { redactor, redaction, openKeys } = reading
  const textEnd = redactor.apply(redaction, into, into.textLength, line.textEnd, openKeys, line.output)
  const marked = redactor.found ? flags | FLAG.redacted : flags
  into.push(line.timeMs, line.nanos, offset, end, said, line.output, marked, textEnd)
}
