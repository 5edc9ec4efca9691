/**
 * The time that a line of text says itself, from bytes: at its beginning, behind a level, brackets or a short prefix,
 * or in a field of JSON or logfmt.
 *
 * | written by | looks like |
 * |---|---|
 * | RFC 3339, ISO 8601, log4j, Python, PostgreSQL | `2026-11-25T13:00:00.123Z`, `2026-11-25 13:00:00,123 +0100` |
 * | Go, nginx' errors | `2026/11/25 13:00:00.000000` |
 * | nginx, Apache, PHP, Tomcat, Redis | `[25/Nov/2026:13:00:00 +0000]`, `25-Nov-2026 13:00:00.123` |
 * | syslog, Java's logging, ctime | `Nov 25 13:00:00`, `Nov 25, 2026 1:00:00 PM`, `Wed Nov 25 13:00:00 2026` |
 * | Kubernetes, glog | `I1125 13:00:00.000000` |
 * | squid and other counters | `1795611600.123` |
 * | fields | `time`, `ts`, `timestamp`, `@timestamp`, `t` …: any of these, or seconds to nanoseconds since 1970 |
 *
 * Without a zone a time is UTC. A missing year is that which puts the time closest before its arrival. A time of day
 * alone is none: nobody knows its day.
 */
import { jsonTime } from './json-time.ts'
import { firstMinute, type Minute } from './time.ts'
import {
  ACCESS_BYTES,
  DAY_FIRST,
  isCapital,
  isDigit,
  isSmall,
  isTimeKey,
  isWordByte,
  type Reader,
  readShape,
  shapeAt,
  valueTime
} from './time-shapes.ts'

/** A date stands at a line's beginning; one further behind is what the line tells about. */
const HEAD_BYTES = 80

const SPACE = 32
const ESC = 27

export class TextTime implements Reader {
  timeMs = 0
  nanos = 0
  nowMs = 0
  readonly minute: Minute = firstMinute()
  /** Where the last time stood in its line, and how it was written: the next one nearly always does the same. */
  #at = 0
  #shape = 0

  /** False where the line b[from, to) says no time. `view` shows the bytes of `b`. */
  read(b: Uint8Array, view: DataView, from: number, to: number, nowMs: number): boolean {
    this.nowMs = nowMs
    const usual = from + this.#at
    if (this.#shape !== 0 && usual < to && readShape(this.#shape, b, view, usual, to, this) >= 0) return true
    const start = pastColours(b, from, to)
    if (b[start] === 123 && start < to) return jsonTime(b, view, start, to, this)
    return this.#search(b, view, from, start, to) || fieldTime(b, view, start, to, this)
  }

  #search(b: Uint8Array, view: DataView, from: number, start: number, to: number): boolean {
    const limit = Math.min(to, start + HEAD_BYTES)
    let inBrackets = false
    /** Words in small letters stand before: what follows is told about, unless it is a level or a tag. */
    let prose = false
    for (let i = start; i < limit; i++) {
      const c = b[i] as number
      if (isSmall(c)) {
        if (!inBrackets) prose ||= !isLevelWord(b, i, to)
        while (i + 1 < limit && isSmall(b[i + 1] as number)) i++
        continue
      }
      if (c === 91 || c === 40 || c === 60) inBrackets = true
      else if (c === 93 || c === 41 || c === 62) inBrackets = false
      else if (c === 58 || c === 124) prose = false
      else if ((isDigit(c) || isCapital(c)) && (i === start || !isWordByte(b[i - 1] as number))) {
        const shape = prose ? 0 : shapeAt(b, i, to, i === start)
        if (shape !== 0 && readShape(shape, b, view, i, to, this) >= 0) return this.#found(i - from, shape)
        while (i + 1 < limit && isWordByte(b[i + 1] as number)) i++
      }
    }
    return this.#access(b, view, from, start, to)
  }

  /** `[25/Nov/2026:13:00:00 +0000]` is an access log's wherever it stands. */
  #access(b: Uint8Array, view: DataView, from: number, start: number, to: number): boolean {
    const limit = Math.min(to - 20, start + ACCESS_BYTES)
    for (let i = start; i < limit; i++) {
      if (b[i] !== 91 || b[i + 3] !== 47 || b[i + 7] !== 47) continue
      if (readShape(DAY_FIRST, b, view, i + 1, to, this) >= 0) return this.#found(i + 1 - from, DAY_FIRST)
    }
    return false
  }

  #found(at: number, shape: number): true {
    this.#at = at
    this.#shape = shape
    return true
  }
}

/** `time="2026-11-25T13:00:00Z" level=info`, `ts=1795611600.123 …` */
function fieldTime(b: Uint8Array, view: DataView, start: number, to: number, into: Reader): boolean {
  const limit = Math.min(to, start + ACCESS_BYTES)
  for (let i = start; i < limit; i++) {
    if (b[i] !== 61) continue
    let from = i
    while (from > start && isKeyByte(b[from - 1] as number)) from--
    if (isTimeKey(b, from, i) && valueTime(b, view, b[i + 1] === 34 ? i + 2 : i + 1, to, into)) return true
  }
  return false
}

const LEVEL_WORDS = ['trace', 'debug', 'info', 'notice', 'warn', 'warning', 'error', 'err', 'fatal', 'crit']

/** The word in small letters that begins at `i` is a level. */
function isLevelWord(b: Uint8Array, i: number, to: number): boolean {
  return LEVEL_WORDS.some((word) => {
    if (i + word.length > to) return false
    for (let k = 0; k < word.length; k++) if (b[i + k] !== word.charCodeAt(k)) return false
    return !isSmall(b[i + word.length] as number)
  })
}

/** Index behind blanks, escape sequences and the quote or bracket that a line may begin with. */
function pastColours(b: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to) {
    const c = b[i]
    if (c === SPACE || c === 9) i++
    else if (c === ESC && b[i + 1] === 91) {
      i += 2
      while (i < to && !((b[i] as number) >= 64 && (b[i] as number) <= 126)) i++
      i++
    } else break
  }
  return i
}

function isKeyByte(c: number): boolean {
  return isWordByte(c) || c === 64
}
