/** RFC 3339 times with up to nine digits of a second. */

/** A time as records carry it: whole milliseconds since 1970, and nanoseconds within the millisecond. */
export interface Moment {
  timeMs: number
  nanos: number
}

/** The last day that was looked at: lines of one file are nearly always of the same day. */
export interface Day {
  key: number
  startMs: number
}

/**
 * Reads `2026-11-22T08:32:35.246468Z` from bytes; trailing zeros of the fraction may be cut. False where the bytes
 * are anything else, also for times with a zone other than Z: see momentOf().
 */
export function readMoment(b: Uint8Array, from: number, to: number, day: Day, into: Moment): boolean {
  const length = to - from
  if (length < 20 || length > 30) return false
  if (b[to - 1] !== 90 || b[from + 10] !== 84 || b[from + 13] !== 58 || b[from + 16] !== 58) return false
  if (b[from + 4] !== 45 || b[from + 7] !== 45) return false
  const h = two(b, from + 11)
  const m = two(b, from + 14)
  const s = two(b, from + 17)
  if (h > 23 || m > 59 || s > 59) return false
  const key = two(b, from) * 1e6 + two(b, from + 2) * 1e4 + two(b, from + 5) * 100 + two(b, from + 8)
  if (key !== day.key) {
    const startMs = dayStart(key)
    if (startMs === undefined) return false
    day.key = key
    day.startMs = startMs
  }
  let fraction = 0
  if (length > 20) {
    if (b[from + 19] !== 46 || length === 21) return false
    for (let i = from + 20; i < to - 1; i++) {
      const digit = (b[i] as number) - 48
      if (digit < 0 || digit > 9) return false
      fraction = fraction * 10 + digit
    }
    for (let digits = length - 21; digits < 9; digits++) fraction *= 10
  }
  into.nanos = fraction % 1_000_000
  into.timeMs = day.startMs + ((h * 60 + m) * 60 + s) * 1000 + (fraction - into.nanos) / 1_000_000
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
function two(b: Uint8Array, i: number): number {
  const tens = (b[i] as number) - 48
  const ones = (b[i + 1] as number) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 1e9
}

/** Start of the day written as the number yyyymmdd. Undefined where there is no such day. */
function dayStart(key: number): number | undefined {
  const year = Math.floor(key / 10_000)
  const month = Math.floor(key / 100) % 100
  const date = key % 100
  if (year < 1 || year > 9999 || month < 1 || month > 12) return undefined
  const day = new Date(0)
  day.setUTCFullYear(year, month - 1, date)
  return date >= 1 && day.getUTCDate() === date ? day.getTime() : undefined
}
