import type { Translate } from '../words/index.ts'
import { type AskedRange, askedMs, lastSeconds } from './asked.ts'
import { spanOf } from './span.ts'
import { dayStart, wallOf } from './zone.ts'

/** `11:02:41.118`, or without the seconds where they are none of the matter. */
export function clockText(ms: number, zone: string, detail: 'minute' | 'second' | 'millisecond'): string {
  const { hour, minute, second, millisecond } = wallOf(ms, zone)
  const clock = `${two(hour)}:${two(minute)}`
  if (detail === 'minute') return clock
  return `${clock}:${two(second)}${detail === 'second' ? '' : `.${String(millisecond).padStart(3, '0')}`}`
}

/** `2026-11-22`. */
export function dateText(ms: number, zone: string): string {
  const { year, month, day } = wallOf(ms, zone)
  return `${year}-${two(month)}-${two(day)}`
}

/** A moment with as much of the date as the reader needs: none today, no year in this one. */
export function momentText(
  ms: number,
  zone: string,
  nowMs: number,
  detail: 'minute' | 'second' = 'second'
): string {
  const clock = clockText(ms, zone, detail)
  const date = dateText(ms, zone)
  const today = dateText(nowMs, zone)
  if (date === today) return clock
  return `${date.slice(0, 4) === today.slice(0, 4) ? date.slice(5) : date} ${clock}`
}

/** `15 minutes`, `3 h` in the reader's language, with the unit that fits. */
export function durationText(ms: number, locale: string, style: 'short' | 'long' = 'short'): string {
  const seconds = ms / 1000
  const [value, unit] =
    seconds < 1
      ? ([Math.round(ms), 'millisecond'] as const)
      : seconds < 60
        ? ([round(seconds), 'second'] as const)
        : seconds < 3600
          ? ([round(seconds / 60), 'minute'] as const)
          : seconds < 172_800
            ? ([round(seconds / 3600), 'hour'] as const)
            : ([round(seconds / 86_400), 'day'] as const)
  return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: style }).format(value)
}

/** The range as the box shows it: `Last 3 hours`, `Yesterday`, `11-22 09:31 – 10:00`. */
export function rangeText(range: AskedRange, zone: string, nowMs: number, t: Translate): string {
  const seconds = lastSeconds(range.from, range.to)
  if (seconds !== undefined && seconds > 0) return lastText(seconds, t)
  const from = askedMs(range.from, nowMs)
  const to = askedMs(range.to, nowMs)
  if (from === undefined || to === undefined) return t('time.range', { from: range.from, to: range.to })
  const today = dayStart(nowMs, zone)
  if (from === today && range.to === 'now') return t('time.today')
  if (from === dayStart(nowMs, zone, -1) && to === today) return t('time.yesterday')
  const detail = from % 60_000 === 0 && (to % 60_000 === 0 || range.to === 'now') ? 'minute' : 'second'
  const sameDay = dateText(from, zone) === dateText(to, zone)
  return t('time.range', {
    from: momentText(from, zone, nowMs, detail),
    to:
      range.to === 'now'
        ? t('time.now')
        : sameDay
          ? clockText(to, zone, detail)
          : momentText(to, zone, nowMs, detail)
  })
}

/** `Last 3 hours`. */
export function lastText(seconds: number, t: Translate): string {
  const { count, unit } = spanOf(seconds)
  const keys = {
    s: 'time.lastSeconds',
    m: 'time.lastMinutes',
    h: 'time.lastHours',
    d: 'time.lastDays',
    w: 'time.lastWeeks'
  } as const
  return t(keys[unit], { count })
}

function round(value: number): number {
  return value < 10 ? Math.round(value * 10) / 10 : Math.round(value)
}

function two(n: number): string {
  return String(n).padStart(2, '0')
}
