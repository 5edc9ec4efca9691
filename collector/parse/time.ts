/** RFC 3339 times with up to nine digits of a second. */

/** A time as records carry it: whole milliseconds since 1970, and nanoseconds within the millisecond. */
export interface Moment {
  timeMs: number
  nanos: number
}

/** The last minute that was read, as its bytes: lines of one file nearly always share it with the line before. */
export interface Minute {
  /** `2026`, `-11-`, `22T0` and `8:32`, as they are read little-endian. */
  year: number
  month: number
  day: number
  time: number
  startMs: number
}

export function firstMinute(): Minute {
  const b = new DataView(new TextEncoder().encode('1970-01-01T00:00').buffer)
  const [year, month, day, time] = [0, 4, 8, 12].map((at) => b.getInt32(at, true)) as [
    number,
    number,
    number,
    number
  ]
  return { year, month, day, time, startMs: 0 }
}

/** Bytes of `2026-11-22T08:32:35Z`. */
export const SHORTEST_TIME = 20

/**
 * Reads `2026-11-22T08:32:35.246468Z` from bytes; trailing zeros of the fraction may be cut. Returns the index behind
 * the Z, or -1 where the bytes are anything else, also for times with a zone other than Z: see momentOf(). `b` must
 * hold SHORTEST_TIME bytes at `from`, and what ends the time.
 */
export function readTime(
  b: Uint8Array,
  view: DataView,
  from: number,
  into: Moment & { readonly minute: Minute }
): number {
  const { minute } = into
  const known =
    view.getInt32(from, true) === minute.year &&
    view.getInt32(from + 4, true) === minute.month &&
    view.getInt32(from + 8, true) === minute.day &&
    view.getInt32(from + 12, true) === minute.time
  if (!known && !readMinute(b, view, from, minute)) return -1
  const s = two(b, from + 17)
  if (s > 59 || b[from + 16] !== 58) return -1
  let i = from + 19
  let fraction = 0
  if (b[i] === 46) {
    const first = ++i
    const longest = first + 9
    for (; i < longest; i++) {
      const digit = (b[i] as number) - 48
      if (digit < 0 || digit > 9) break
      fraction = fraction * 10 + digit
    }
    if (i === first) return -1
    fraction *= POWERS[longest - i] as number
  }
  if (b[i] !== 90) return -1
  const ms = Math.floor(fraction / 1_000_000)
  into.nanos = fraction - ms * 1_000_000
  into.timeMs = minute.startMs + s * 1000 + ms
  return i + 1
}

const POWERS = Int32Array.from({ length: 10 }, (_, digits) => 10 ** digits)

/** Reads `2026-11-22T08:32` at `from`; false where the bytes are no such minute, and `minute` is as it was. */
function readMinute(b: Uint8Array, view: DataView, from: number, minute: Minute): boolean {
  if (b[from + 4] !== 45 || b[from + 7] !== 45 || b[from + 10] !== 84 || b[from + 13] !== 58) return false
  const h = two(b, from + 11)
  const m = two(b, from + 14)
  const key = two(b, from) * 1e6 + two(b, from + 2) * 1e4 + two(b, from + 5) * 100 + two(b, from + 8)
  const dayMs = dayStart(key)
  if (h > 23 || m > 59 || dayMs === undefined) return false
  minute.year = view.getInt32(from, true)
  minute.month = view.getInt32(from + 4, true)
  minute.day = view.getInt32(from + 8, true)
  minute.time = view.getInt32(from + 12, true)
  minute.startMs = dayMs + (h * 60 + m) * 60_000
  return true
}

/** The same from text, with any zone offset. Undefined where the text is no time. */
export function momentOf(text: string): Moment | undefined {
  const match = TIME.exec(text)
  if (!match) return undefined
  const [, year = '', month = '', date = '', h = '', m = '', s = '', fraction = '', zone = 'Z'] = match
  const startMs = dayStart(Number(year + month + date))
  if (startMs === undefined || Number(h) > 23 || Number(m) > 59 || Number(s) > 59) return undefined
  const ns = Number(fraction.slice(0, 9).padEnd(9, '0'))
  const seconds = (Number(h) * 60 + Number(m)) * 60 + Number(s)
  return {
    timeMs: startMs + seconds * 1000 + Math.floor(ns / 1e6) - zoneMs(zone),
    nanos: ns % 1_000_000
  }
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,18}))?([Zz]|[+-]\d\d:?\d\d)$/

function zoneMs(zone: string): number {
  if (zone === 'Z' || zone === 'z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
  return (zone.startsWith('-') ? -minutes : minutes) * 60_000
}

/** Two digits; far beyond every year where they are none. */
export function two(b: Uint8Array, i: number): number {
  const tens = (b[i] as number) - 48
  const ones = (b[i + 1] as number) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 1e9
}

/** Start of the day written as the number yyyymmdd. Undefined where there is no such day. */
export function dayStart(key: number): number | undefined {
  const year = Math.floor(key / 10_000)
  const month = Math.floor(key / 100) % 100
  const date = key % 100
  if (year < 1 || year > 9999 || month < 1 || month > 12) return undefined
  const day = new Date(0)
  day.setUTCFullYear(year, month - 1, date)
  return date >= 1 && day.getUTCDate() === date ? day.getTime() : undefined
}
