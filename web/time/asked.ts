import { spanText, type Unit } from './span.ts'

const UNIT_MS: Record<Unit, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** The moment of a time as it stands in the URL: `now`, `now-3h`, RFC 3339, epoch digits. */
export function askedMs(asked: string, nowMs: number): number | undefined {
  const relative = /^now(?:-(\d{1,9})([smhdw]))?$/.exec(asked)
  if (relative) return nowMs - Number(relative[1] ?? 0) * UNIT_MS[(relative[2] ?? 's') as Unit]
  if (/^\d{10,19}$/.test(asked)) return Number(asked) / 10 ** (asked.length - 13)
  const ms = Date.parse(asked)
  return Number.isNaN(ms) ? undefined : ms
}

/** The length of a range that ends now and is told by its length, in seconds: `now-3h` to `now`. */
export function lastSeconds(from: string, to: string): number | undefined {
  const relative = to === 'now' ? /^now-(\d{1,9})([smhdw])$/.exec(from) : null
  return relative ? (Number(relative[1]) * UNIT_MS[relative[2] as Unit]) / 1000 : undefined
}

export interface AskedRange {
  from: string
  to: string
}

/** Moves a range by a part of its length; one that reaches now stays there, told by its length. */
export function shifted(range: AskedRange, parts: number, nowMs: number): AskedRange | undefined {
  const ends = endsOf(range, nowMs)
  if (!ends) return undefined
  const step = (ends.to - ends.from) * parts
  return rangeBetween(ends.from + step, ends.to + step, nowMs)
}

/** Doubles a range around its middle; what would lie ahead of now is added at the beginning. */
export function widened(range: AskedRange, nowMs: number): AskedRange | undefined {
  const ends = endsOf(range, nowMs)
  if (!ends) return undefined
  const half = (ends.to - ends.from) / 2
  return rangeBetween(ends.from - half, ends.to + half, nowMs)
}

/** An end so near to now means now: a while has passed since the range was shifted away from there. */
const NEARLY_NOW_MS = 60_000

/** A range in words for the URL. Where it would end at now or ahead of it, it keeps its length and ends now. */
export function rangeBetween(fromMs: number, toMs: number, nowMs: number): AskedRange {
  if (toMs < nowMs - Math.min(NEARLY_NOW_MS, (toMs - fromMs) / 20))
    return { from: iso(fromMs), to: iso(toMs) }
  const seconds = Math.max(1, Math.round((toMs - fromMs) / 1000))
  return { from: `now-${spanText(seconds)}`, to: 'now' }
}

function endsOf(range: AskedRange, nowMs: number): { from: number; to: number } | undefined {
  const from = askedMs(range.from, nowMs)
  const to = askedMs(range.to, nowMs)
  return from === undefined || to === undefined || to <= from ? undefined : { from, to }
}

function iso(ms: number): string {
  return new Date(Math.round(ms)).toISOString()
}
