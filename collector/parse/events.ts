/**
 * Lines → events: lines that belong together become one record, each output for itself. An ordinary line goes out at
 * once; one that may begin an event is held until the next line of its output says whether it does. What is decided
 * depends on the lines of the output since the last place where nothing was open, and on nothing else.
 */
import { FLAG } from '../record.ts'
import type { ColumnsBuilder } from './columns.ts'
import { levelOf } from './level.ts'
import { type Counts, give, type Reading } from './reading.ts'
import { opening, STEP, type Step, step, type Trace } from './traces.ts'

/** An event has no more than this; what follows is looked at anew. */
const EVENT_LINES = 2000
const EVENT_BYTES = 512 * 1024
/** Lines that are written at once carry times this close to each other, however busy the machine is. */
const APART_MS = 5000
/** Index into LEVELS: of a stack trace that says none. */
const ERROR = 5

/** A line that is held. */
interface HeldLine {
  offset: number
  end: number
  timeMs: number
  nanos: number
  flags: number
  text: Uint8Array
}

/** Lines that belong together, and may go on. */
export interface OpenEvent {
  first: HeldLine
  /** Behind the first. */
  further: readonly Uint8Array[]
  /** Of the text, with a newline behind each line. */
  length: number
  end: number
  flags: number
  level: number
  /** Time of the last line. */
  lineMs: number
  /** Absent where an expression of people's own decides. */
  trace: Trace | undefined
  /** Lines that belong to it if one comes that surely does. */
  doubtful: readonly HeldLine[]
}

/**
 * Takes the line whose text stands behind `into.textLength`. `fresh` says that the reading stands at it: it is no line
 * of pieces, and was not held before.
 */
export function takeLine(
  reading: Reading,
  offset: number,
  end: number,
  flags: number,
  fresh: boolean,
  into: ColumnsBuilder,
  counts: Counts
): void {
  const { line } = reading
  const event = reading.events[line.output]
  if (event) {
    let verdict = stepOf(reading, event, into)
    const longest = event.length + line.textEnd - into.textLength > EVENT_BYTES
    if (verdict !== STEP.ends && (longest || event.further.length >= EVENT_LINES)) {
      event.flags |= FLAG.cut
      verdict = STEP.ends
    }
    if (verdict !== STEP.ends) {
      add(reading, event, heldLine(reading, offset, end, flags, into), verdict === STEP.may)
      if (verdict === STEP.closes) endEvent(reading, line.output, (own) => own, into, counts)
      return
    }
    const endOf = reading.manner.format === 'text' ? (own: number) => own : () => end
    withTextAside(reading, into, () => endEvent(reading, line.output, endOf, into, counts))
    if (reading.events[line.output]) {
      // A line that was in doubt began an event of its own, which this one may belong to.
      takeLine(reading, offset, end, flags, fresh, into, counts)
      return
    }
  }
  const level = levelOf(into.text, into.view, into.textLength, line.textEnd)
  const trace = opens(reading, level, into)
  if (trace === false) {
    if ((flags & FLAG.timeless) !== 0) counts.timeless++
    give(reading, offset, end, level, flags, into)
    return
  }
  if (fresh && reading.open === 0) reading.committed = offset
  const first = heldLine(reading, offset, end, flags, into)
  const length = first.text.length + 1
  reading.events[line.output] = {
    first,
    further: NOTHING_FURTHER,
    length,
    end,
    flags,
    level,
    lineMs: line.timeMs,
    trace: trace === true ? undefined : trace,
    doubtful: NOTHING_HELD
  }
  reading.open++
  reading.held += length
}

/** Most events are one line: they have these, which are never written to. */
const NOTHING_FURTHER: readonly Uint8Array[] = []
const NOTHING_HELD: readonly HeldLine[] = []

/** Ends all that is open, the oldest first. `endOf` makes of a record's own end the one that it gets. */
export function endEvents(
  reading: Reading,
  endOf: (own: number) => number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  for (;;) {
    let oldest = -1
    for (const [output, event] of reading.events.entries())
      if (event && event.first.offset < (reading.events[oldest]?.first.offset ?? Number.POSITIVE_INFINITY))
        oldest = output
    if (oldest < 0) return
    endEvent(reading, oldest, endOf, into, counts)
  }
}

/** The trace that the line may begin; true where an expression says that it does, false where it does not. */
function opens(reading: Reading, level: number, into: ColumnsBuilder): Trace | boolean {
  const { line, manner } = reading
  const { multiline } = manner.handling
  if (multiline.kind === 'auto')
    return opening(into.text, into.view, into.textLength, line.textEnd, level) ?? false
  if (multiline.kind === 'off' || !manner.pattern) return false
  return !multiline.before || matches(manner.pattern, reading, into) !== multiline.negate
}

function stepOf(reading: Reading, event: OpenEvent, into: ColumnsBuilder): Step {
  const { line, manner } = reading
  const { multiline } = manner.handling
  if (manner.format === 'docker' && line.timeMs - event.lineMs > APART_MS) return STEP.ends
  if (event.trace) return step(event.trace, into.text, into.view, into.textLength, line.textEnd)
  if (multiline.kind !== 'pattern' || !manner.pattern) return STEP.ends
  const goesOn = matches(manner.pattern, reading, into) !== multiline.negate
  if (multiline.before) return goesOn ? STEP.joins : STEP.closes
  return goesOn ? STEP.joins : STEP.ends
}

/** Bytes of a line that people's own expressions see. */
const SEEN_BYTES = 8 * 1024

function matches(pattern: RegExp, { line }: Reading, into: ColumnsBuilder): boolean {
  const to = Math.min(line.textEnd, into.textLength + SEEN_BYTES)
  return pattern.test(Buffer.from(into.text.buffer, 0, to).toString('utf8', into.textLength))
}

function heldLine(
  { line }: Reading,
  offset: number,
  end: number,
  flags: number,
  into: ColumnsBuilder
): HeldLine {
  const { timeMs, nanos, textEnd } = line
  return { offset, end, timeMs, nanos, flags, text: textOf(into, textEnd) }
}

function add(reading: Reading, event: OpenEvent, line: HeldLine, doubtful: boolean): void {
  reading.held += line.text.length + 1
  event.length += line.text.length + 1
  event.lineMs = line.timeMs
  const lines = [...event.doubtful, line]
  event.doubtful = doubtful ? lines : NOTHING_HELD
  if (doubtful) return
  const further = event.further === NOTHING_FURTHER ? [] : (event.further as Uint8Array[])
  event.further = further
  for (const { text, flags, end } of lines) {
    further.push(text)
    event.flags |= flags & (FLAG.ansi | FLAG.broken | FLAG.cut)
    event.end = end
  }
}

/** A copy from the pool: memory of its own for each line would cost more than all the rest. */
function textOf(into: ColumnsBuilder, textEnd: number): Uint8Array {
  const text = Buffer.allocUnsafe(textEnd - into.textLength)
  copyText(into.text, into.textLength, textEnd, text, 0)
  return text
}

/** Below this many bytes a loop is faster than the call that copies. */
const SHORT_BYTES = 256

function copyText(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > SHORT_BYTES) {
    to.set(from.subarray(start, end), at)
    return
  }
  for (let i = start, o = at; i < end; i++, o++) to[o] = from[i] as number
}

/** Gives out the event of an output. Lines that were in doubt are taken anew, and may begin one of their own. */
function endEvent(
  reading: Reading,
  output: number,
  endOf: (own: number) => number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  const event = reading.events[output]
  if (!event) return
  into.reserve(event.length)
  giveEvent(reading, event, output, endOf(event.end), into, counts)
  for (const held of event.doubtful) {
    into.reserve(held.text.length)
    putText(reading, output, held, NOTHING_FURTHER, into)
    takeLine(reading, held.offset, endOf(held.end), held.flags, false, into, counts)
  }
}

function giveEvent(
  reading: Reading,
  event: OpenEvent,
  output: number,
  end: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  reading.events[output] = undefined
  reading.open--
  reading.held -= event.length
  const { first, further, trace, flags } = event
  if ((flags & FLAG.cut) !== 0) counts.cut++
  if ((flags & FLAG.timeless) !== 0) counts.timeless++
  const level = event.level === 0 && trace?.frames ? ERROR : event.level
  putText(reading, output, first, further, into)
  give(reading, first.offset, end, level, flags, into)
}

/** Writes the lines behind `into.textLength`, where there is room for them, as a reader does. */
function putText(
  { line }: Reading,
  output: number,
  first: HeldLine,
  further: readonly Uint8Array[],
  into: ColumnsBuilder
): void {
  let at = into.textLength
  copyText(first.text, 0, first.text.length, into.text, at)
  at += first.text.length
  for (const text of further) {
    into.text[at++] = NEWLINE
    copyText(text, 0, text.length, into.text, at)
    at += text.length
  }
  line.textEnd = at
  line.output = output
  line.timeMs = first.timeMs
  line.nanos = first.nanos
}

const NEWLINE = 10

/** Runs `task`, which adds records, while the text that was just read is kept out of its way. */
export function withTextAside({ line }: Reading, into: ColumnsBuilder, task: () => void): void {
  const text = textOf(into, line.textEnd)
  const { timeMs, nanos, output } = line
  task()
  into.reserve(text.length)
  copyText(text, 0, text.length, into.text, into.textLength)
  line.textEnd = into.textLength + text.length
  line.timeMs = timeMs
  line.nanos = nanos
  line.output = output
}
