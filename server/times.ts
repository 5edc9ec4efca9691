/** Times as the API speaks them. Inside, a time is a bigint: nanoseconds since 1970, within 64 bits. */

const NS_PER_MS = 1_000_000n
const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const
/** Epoch digits by their count: seconds, milliseconds, microseconds, nanoseconds. */
const EPOCH_SCALE: Record<number, bigint> = { 10: 1_000_000_000n, 13: 1_000_000n, 16: 1000n, 19: 1n }
const LAST = 2n ** 63n - 1n
const FIRST = -(2n ** 63n)

/**
 * Reads RFC 3339, epoch digits (10 s, 13 ms, 16 µs, 19 ns), `now`, `now-15m` or `now+1h` (s, m, h, d, w).
 * Undefined where the text is none of these, or beyond the years 1678 to 2261.
 */
export function parseTime(text: string, nowMs: number): bigint | undefined {
  const ns = relative(text, nowMs) ?? epoch(text) ?? rfc3339(text)
  return ns === undefined || ns > LAST || ns < FIRST ? undefined : ns
}

/** RFC 3339 in UTC with nine digits of a second: `2026-11-23T10:00:00.000000000Z`. */
export function formatTime(ns: bigint): string {
  const ms = ns >= 0n ? ns / NS_PER_MS : -((-ns + NS_PER_MS - 1n) / NS_PER_MS)
  const nanos = String(ns - ms * NS_PER_MS).padStart(6, '0')
  return `${new Date(Number(ms)).toISOString().slice(0, -1)}${nanos}Z`
}

export function formatMs(ms: number): string {
  return formatTime(nsOf(ms))
}

/** Nanoseconds of milliseconds; a fraction of a millisecond is kept to the microsecond. */
export function nsOf(ms: number): bigint {
  const whole = Math.floor(ms)
  return BigInt(whole) * NS_PER_MS + BigInt(Math.round((ms - whole) * 1000)) * 1000n
}

/** Milliseconds of nanoseconds, rounded down. */
export function msOf(ns: bigint): number {
  return Number(ns >= 0n ? ns / NS_PER_MS : -((-ns + NS_PER_MS - 1n) / NS_PER_MS))
}

function relative(text: string, nowMs: number): bigint | undefined {
  const match = /^now(?:([+-])(\d{1,9})([smhdw]))?$/.exec(text)
  if (!match) return undefined
  const [, sign, count, unit] = match
  const distanceMs = count && unit ? Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS] : 0
  return nsOf(nowMs) + nsOf(sign === '-' ? -distanceMs : distanceMs)
}

function epoch(text: string): bigint | undefined {
  const scale = EPOCH_SCALE[text.length]
  return scale && /^\d+$/.test(text) ? BigInt(text) * scale : undefined
}

function rfc3339(text: string): bigint | undefined {
  const match =
    /^(\d{4}-\d\d-\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d|60)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/.exec(
      text
    )
  if (!match) return undefined
  const [, date = '', hour, minute, second, fraction = '', sign, offsetHour, offsetMinute] = match
  const dayMs = Date.parse(`${date}T00:00:00Z`)
  // Date.parse() lets 31 April pass as 1 May.
  if (Number.isNaN(dayMs) || new Date(dayMs).toISOString().slice(0, 10) !== date) return undefined
  const minutes = Number(hour) * 60 + Number(minute)
  const offset = sign ? (Number(offsetHour) * 60 + Number(offsetMinute)) * (sign === '-' ? -1 : 1) : 0
  const ms = dayMs + (minutes - offset) * 60_000 + Number(second) * 1000
  return BigInt(ms) * NS_PER_MS + BigInt(fraction.padEnd(9, '0'))
}
