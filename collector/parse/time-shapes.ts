/** The ways in which times are written in texts, read from bytes. */
import { dayStart, type Minute, type Moment, two } from './time.ts'

/** The time of an access log stands behind address and user. */
export const ACCESS_BYTES = 256
/** An arrival that is further behind than this belongs to the year before. */
const YEAR_SLACK_MS = 86_400_000

const SPACE = 32

/** Where a moment is written to, with what was known before. */
export interface Reader extends Moment {
  nowMs: number
  readonly minute: Minute
}

const YEAR_FIRST = 1
export const DAY_FIRST = 2
const MONTH_FIRST = 3
const WEEKDAY_FIRST = 4
const KLOG = 5
const EPOCH = 6

/** How the time that may begin at `i` is written; 0 where none does. */
export function shapeAt(b: Uint8Array, i: number, to: number, first: boolean): number {
  const c = b[i] as number
  if (isDigit(c)) {
    const fifth = b[i + 4]
    if (fifth === 45 || fifth === 47 || fifth === 46) return YEAR_FIRST
    if (isCapital(b[i + 3] as number) && isDigit(b[i + 1] as number)) return DAY_FIRST
    return first && b[i + 10] === 46 && to - i > 12 ? EPOCH : 0
  }
  if (first && isDigit(b[i + 1] as number) && isDigit(b[i + 4] as number)) return KLOG
  if (monthAt(b, i) > 0) return MONTH_FIRST
  return isSmall(b[i + 2] as number) && (b[i + 3] === SPACE || b[i + 3] === 44) ? WEEKDAY_FIRST : 0
}

/** Index behind the time, or -1 where it is none. */
export function readShape(
  shape: number,
  b: Uint8Array,
  view: DataView,
  i: number,
  to: number,
  into: Reader
): number {
  switch (shape) {
    case YEAR_FIRST:
      return yearFirst(b, view, i, to, into)
    case DAY_FIRST:
      return dayFirst(b, i, to, into)
    case MONTH_FIRST:
      return monthFirst(b, i, to, into)
    case WEEKDAY_FIRST: {
      const day = i + (b[i + 3] === 44 ? 5 : 4)
      if (day >= to) return -1
      return isDigit(b[day] as number) ? dayFirst(b, day, to, into) : monthFirst(b, day, to, into)
    }
    case KLOG:
      return klog(b, i, to, into)
    case EPOCH:
      return epochTime(b, i, to, into)
    default:
      return -1
  }
}

/** `2026-11-25T13:00:00.123Z`, with `/` or `.` in the date, a blank before the time, any zone or none. */
function yearFirst(b: Uint8Array, view: DataView, i: number, to: number, into: Reader): number {
  if (i + 19 > to) return -1
  const { minute } = into
  const known =
    view.getInt32(i, true) === minute.year &&
    view.getInt32(i + 4, true) === minute.month &&
    view.getInt32(i + 8, true) === minute.day &&
    view.getInt32(i + 12, true) === minute.time
  if (!known && !readMinute(b, view, i, minute)) return -1
  if (b[i + 16] !== 58) return -1
  return secondsAndZone(b, i + 17, to, minute.startMs, into)
}

function readMinute(b: Uint8Array, view: DataView, i: number, minute: Minute): boolean {
  const separator = b[i + 4]
  if (separator !== b[i + 7] || (separator !== 45 && separator !== 47 && separator !== 46)) return false
  const between = b[i + 10]
  if (between !== 84 && between !== SPACE && between !== 116 && between !== 95) return false
  const year = two(b, i) * 100 + two(b, i + 2)
  const dayMs = dayStart(year * 10_000 + two(b, i + 5) * 100 + two(b, i + 8))
  const ms = clockMs(b, i + 11)
  if (dayMs === undefined || ms < 0) return false
  minute.year = view.getInt32(i, true)
  minute.month = view.getInt32(i + 4, true)
  minute.day = view.getInt32(i + 8, true)
  minute.time = view.getInt32(i + 12, true)
  minute.startMs = dayMs + ms
  return true
}

/** `25/Nov/2026:13:00:00 +0000`, `25-Nov-2026 13:00:00.123`, `25 Nov 2026 13:00:00`. */
function dayFirst(b: Uint8Array, i: number, to: number, into: Reader): number {
  if (i + 20 > to || b[i + 2] !== b[i + 6]) return -1
  const between = b[i + 11]
  if (between !== 58 && between !== SPACE) return -1
  const month = monthAt(b, i + 3)
  const dayMs = dayStart((two(b, i + 7) * 100 + two(b, i + 9)) * 10_000 + month * 100 + two(b, i))
  const ms = clockMs(b, i + 12)
  if (month === 0 || dayMs === undefined || ms < 0 || b[i + 17] !== 58) return -1
  return secondsAndZone(b, i + 18, to, dayMs + ms, into)
}

/** `Nov 25 13:00:00`, `Nov  5 2026 13:00:00`, `Nov 25, 2026 1:00:00 PM`, `Nov 25 13:00:00.123 2026`. */
function monthFirst(b: Uint8Array, from: number, to: number, into: Reader): number {
  const month = monthAt(b, from)
  if (month === 0 || b[from + 3] !== SPACE) return -1
  let i = from + 4
  if (b[i] === SPACE) i++
  const dayDigits = isDigit(b[i + 1] as number) ? 2 : 1
  const day = dayDigits === 2 ? two(b, i) : digit(b, i)
  i += dayDigits
  if (b[i] === 44) i++
  if (b[i] !== SPACE) return -1
  i++
  let year = yearAt(b, i)
  if (year > 0 && b[i + 4] === SPACE) i += 5
  else year = 0
  const hourDigits = b[i + 1] === 58 ? 1 : 2
  const minuteAt = i + hourDigits + 1
  if (minuteAt + 5 > to || b[minuteAt - 1] !== 58 || b[minuteAt + 2] !== 58) return -1
  let hour = hourDigits === 1 ? digit(b, i) : two(b, i)
  const minutes = two(b, minuteAt)
  let behind = secondsAndZone(b, minuteAt + 3, to, 0, into)
  if (behind < 0 || hour > 23 || minutes > 59) return -1
  if (b[behind] === SPACE && b[behind + 2] === 77 && behind + 3 <= to) {
    if (b[behind + 1] === 80 && hour < 12) hour += 12
    else if (b[behind + 1] === 65 && hour === 12) hour = 0
    behind += 3
  } else if (year === 0 && b[behind] === SPACE && behind + 5 <= to && yearAt(b, behind + 1) > 0) {
    year = yearAt(b, behind + 1)
    behind += 5
  }
  return withYear(year, month, day, (hour * 60 + minutes) * 60_000, into) ? behind : -1
}

/** `I1125 13:00:00.000000`, or with the year in front of the month. */
function klog(b: Uint8Array, i: number, to: number, into: Reader): number {
  const c = b[i]
  if (c !== 73 && c !== 87 && c !== 69 && c !== 70 && c !== 68) return -1
  const year = b[i + 5] === SPACE ? 0 : yearAt(b, i + 1)
  const monthAndDay = year > 0 ? i + 5 : i + 1
  const time = monthAndDay + 5
  if (b[time - 1] !== SPACE || time + 8 > to || b[time + 5] !== 58) return -1
  const ms = clockMs(b, time)
  const behind = secondsAndZone(b, time + 6, to, 0, into)
  if (ms < 0 || behind < 0) return -1
  return withYear(year, two(b, monthAndDay), two(b, monthAndDay + 2), ms, into) ? behind : -1
}

/** Adds the day to what `into` has of the minute. Without a year it is the one that puts it before its arrival. */
function withYear(year: number, month: number, day: number, ms: number, into: Reader): boolean {
  if (year > 0) {
    const dayMs = dayStart(year * 10_000 + month * 100 + day)
    if (dayMs === undefined) return false
    into.timeMs += dayMs + ms
    return true
  }
  const arrived = new Date(into.nowMs).getUTCFullYear()
  for (let guess = arrived + 1; guess >= arrived - 1; guess--) {
    const dayMs = dayStart(guess * 10_000 + month * 100 + day)
    if (dayMs === undefined || dayMs + ms > into.nowMs + YEAR_SLACK_MS) continue
    into.timeMs += dayMs + ms
    return true
  }
  return false
}

/** `1795611600`, with a fraction; or milliseconds, microseconds, nanoseconds, by the number of digits. */
function epochTime(b: Uint8Array, from: number, to: number, into: Moment): number {
  let i = from
  let high = 0
  while (i < to && i - from < 10 && isDigit(b[i] as number)) high = high * 10 + digit(b, i++)
  if (i - from !== 10) return -1
  let low = 0
  let digits = 0
  const fraction = b[i] === 46 && i < to
  if (fraction) i++
  while (i < to && isDigit(b[i] as number)) {
    if (digits < 9) low = low * 10 + digit(b, i)
    digits++
    i++
  }
  if (!fraction && digits !== 0 && digits !== 3 && digits !== 6 && digits !== 9) return -1
  const nanos = low * 10 ** (9 - Math.min(9, digits))
  into.timeMs = high * 1000 + Math.floor(nanos / 1e6)
  into.nanos = nanos % 1e6
  return i
}

/** Seconds at `i`, then a fraction and a zone where they are there. Index behind them, or -1. */
function secondsAndZone(b: Uint8Array, i: number, to: number, minuteMs: number, into: Moment): number {
  const seconds = two(b, i)
  if (i + 2 > to || seconds > 60) return -1
  let at = i + 2
  let nanos = 0
  if (at + 1 < to && (b[at] === 46 || b[at] === 44) && isDigit(b[at + 1] as number)) {
    let scale = 1e8
    for (at++; at < to && isDigit(b[at] as number); at++) {
      nanos += digit(b, at) * scale
      scale = scale >= 10 ? scale / 10 : 0
    }
  }
  let zoneMs = 0
  const sign = at < to && b[at] === SPACE ? at + 1 : at
  const c = sign < to ? b[sign] : 0
  if (c === 43 || c === 45) {
    let end = sign + 1
    while (end < to && (isDigit(b[end] as number) || b[end] === 58)) end++
    const length = end - sign - 1
    const colon = length === 5 && b[sign + 3] === 58
    if (colon || length === 4 || (length === 2 && sign === at)) {
      const minutes = two(b, sign + 1) * 60 + (length === 2 ? 0 : two(b, colon ? sign + 4 : sign + 3))
      if (minutes <= 18 * 60) {
        zoneMs = (c === 43 ? minutes : -minutes) * 60_000
        at = end
      }
    }
  } else if (c === 90 && sign === at) at++
  else if (isDigit(c as number) && sign === at) return -1
  into.timeMs = minuteMs + seconds * 1000 + Math.floor(nanos / 1e6) - zoneMs
  into.nanos = nanos % 1e6
  return at
}

/** The value of a field that is called like a time. */
export function valueTime(b: Uint8Array, view: DataView, from: number, to: number, into: Reader): boolean {
  if (from >= to) return false
  const shape = shapeAt(b, from, to, true)
  if (shape !== 0) return readShape(shape, b, view, from, to, into) >= 0
  return epochTime(b, from, to, into) >= 0
}

const TIME_KEYS = [
  ...['time', 'ts', 'timestamp', '@timestamp', 't', '@t', 'datetime', 'date', 'eventtime'],
  ...['time_local', 'time_iso8601', 'asctime', 'timemillis', 'log_time', 'logtime']
].map((key) => new TextEncoder().encode(key))

/** The key b[from, to) names a line's time, in small letters or others. */
export function isTimeKey(b: Uint8Array, from: number, to: number): boolean {
  const length = to - from
  if (length === 0 || length > 12) return false
  next: for (const key of TIME_KEYS) {
    if (key.length !== length) continue
    for (let i = 0; i < length; i++) {
      const c = b[from + i] as number
      if (c !== key[i] && !(isCapital(c) && c + 32 === key[i])) continue next
    }
    return true
  }
  return false
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const MONTH_KEYS = MONTHS.map(
  (name) => name.charCodeAt(0) | (name.charCodeAt(1) << 8) | (name.charCodeAt(2) << 16)
)

/** 1 … 12, or 0 where no month's name begins at `i`. */
function monthAt(b: Uint8Array, i: number): number {
  const key = (b[i] as number) | ((b[i + 1] as number) << 8) | ((b[i + 2] as number) << 16)
  return MONTH_KEYS.indexOf(key) + 1
}

/** A year of this century or the end of the last; 0 where there is none. */
function yearAt(b: Uint8Array, i: number): number {
  const year = two(b, i) * 100 + two(b, i + 2)
  return year >= 1990 && year < 2200 ? year : 0
}

/** Milliseconds of `13:00`, or -1. */
function clockMs(b: Uint8Array, i: number): number {
  const hour = two(b, i)
  const minute = two(b, i + 3)
  return hour < 24 && minute < 60 && b[i + 2] === 58 ? (hour * 60 + minute) * 60_000 : -1
}

function digit(b: Uint8Array, i: number): number {
  const value = (b[i] as number) - 48
  return value >= 0 && value <= 9 ? value : 1e9
}

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}

export function isSmall(c: number): boolean {
  return c >= 97 && c <= 122
}

export function isCapital(c: number): boolean {
  return c >= 65 && c <= 90
}

export function isWordByte(c: number): boolean {
  return isDigit(c) || isSmall(c) || isCapital(c) || c === 95 || c >= 128
}
