import type { Wall } from './zone.ts'

/** A point in time as it was written: parts of a wall clock, or digits since 1970. What is missing is undefined. */
export type Stamp =
  | { kind: 'epoch'; ms: number }
  | {
      kind: 'wall'
      date: { year: number | undefined; month: number; day: number } | undefined
      clock: Pick<Wall, 'hour' | 'minute' | 'second' | 'millisecond'> | undefined
      /** Minutes ahead of UTC where the text says so. */
      offsetMinutes: number | undefined
    }

export interface Found {
  stamp: Stamp
  from: number
  to: number
}

const CLOCK =
  '(?<hour>[01]?\\d|2[0-4]):(?<minute>[0-5]\\d)(?::(?<second>[0-5]\\d|60)(?:[.,](?<fraction>\\d{1,9}))?)?'
const OFFSET = '\\s*(?<offset>Z|UTC|GMT|[+-](?:0\\d|1[0-4]):?[0-5]\\d|[+-](?:0\\d|1[0-4])(?!\\d))?'
const MONTHS = 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'
const MD = '(?<month>0?[1-9]|1[0-2])[-/](?<day>0?[1-9]|[12]\\d|3[01])'
const YEAR = '(?<year>(?:19|20)\\d{2})'

/**
 * The ways to write a time, longest first: at one place in a text the first that fits wins. `lone` ones are only
 * read where they are the whole text: 11-22 inside a log line may be anything.
 */
const FORMS: { pattern: string; lone?: boolean }[] = [
  // 2026-11-22T09:31:02.123Z, 2026/11/22 09:31, 2026-11-22
  { pattern: `${YEAR}[-/]${MD.replace('[-/]', '[-/]')}(?:(?:T|\\s+|\\s*,\\s*)${CLOCK}${OFFSET})?(?![\\d:])` },
  // 20261122T093102Z
  {
    pattern: `${YEAR}(?<month>0[1-9]|1[0-2])(?<day>[0-3]\\d)T(?<hour>[0-2]\\d)(?<minute>[0-5]\\d)(?<second>[0-5]\\d)(?:[.,](?<fraction>\\d{1,9}))?${OFFSET}(?!\\d)`
  },
  // 22.11.2026 09:31
  { pattern: `(?<day>[0-3]?\\d)\\.(?<month>[01]?\\d)\\.${YEAR}(?:,?\\s+${CLOCK}${OFFSET})?(?![\\d:])` },
  // 22/Nov/2026:09:31:02 +0200, 22 Nov 2026 09:31
  {
    pattern: `(?<day>[0-3]?\\d)[/\\s-](?<name>${MONTHS})[a-z]*[/\\s-]${YEAR}(?:[:\\s]+${CLOCK}${OFFSET})?(?![\\d:])`
  },
  // Nov 22 09:31:02, Nov 22 2026 09:31
  {
    pattern: `(?<name>${MONTHS})[a-z]*\\s+(?<day>[0-3]?\\d)(?:,?\\s+${YEAR})?(?:,?\\s+${CLOCK}${OFFSET})?(?![\\d:])`
  },
  // I1122 09:31:02.123456
  { pattern: `(?<=^|\\s)[IWEF](?<month>0[1-9]|1[0-2])(?<day>[0-3]\\d)\\s+${CLOCK}(?![\\d:])` },
  // 1763803862, …123, …123456, …123456789; and 1763803862.123
  { pattern: '(?<![\\d.-])(?<epoch>\\d{19}|\\d{16}|\\d{13}|\\d{10}(?:\\.\\d{1,9})?)(?![\\d.])' },
  // 11-22 09:31
  { pattern: `${MD}\\s+${CLOCK}${OFFSET}(?![\\d:])`, lone: true },
  { pattern: MD.replace('[-/]', '-'), lone: true },
  // 09:31, 09:31:02.123
  { pattern: `(?<![\\d:])${CLOCK}${OFFSET}(?![\\d:])` }
]

const LONE = FORMS.map(({ pattern }) => new RegExp(`^(?:${pattern})$`, 'i'))
const WITHIN = FORMS.filter((form) => !form.lone).map(({ pattern }) => new RegExp(pattern, 'i'))

/** The whole text as one time. */
export function stampOf(text: string): Stamp | undefined {
  for (const form of LONE) {
    const stamp = read(form.exec(text)?.groups)
    if (stamp) return stamp
  }
  return undefined
}

/** The first time that stands in a log line; of two that begin together, the longer form. */
export function firstStamp(line: string): Found | undefined {
  let best: Found | undefined
  for (const form of WITHIN) {
    const match = form.exec(line)
    const stamp = read(match?.groups)
    if (!match || !stamp || (best && best.from <= match.index)) continue
    // A bare clock needs its seconds inside a line: 10:31 may be a ratio or a line and its column.
    if (stamp.kind === 'wall' && !stamp.date && match.groups?.['second'] === undefined) continue
    best = { stamp, from: match.index, to: match.index + match[0].trimEnd().length }
  }
  return best
}

function read(groups: Record<string, string | undefined> | undefined): Stamp | undefined {
  if (!groups) return undefined
  const { epoch, year, month, name, day, hour, minute, second, fraction, offset } = groups
  if (epoch !== undefined) return { kind: 'epoch', ms: epochMs(epoch) }
  const date =
    day === undefined
      ? undefined
      : {
          year: year === undefined ? undefined : Number(year),
          month: name === undefined ? Number(month) : monthOf(name),
          day: Number(day)
        }
  if (date && !exists(date)) return undefined
  const clock =
    hour === undefined
      ? undefined
      : {
          hour: Number(hour),
          minute: Number(minute),
          second: Number(second ?? 0),
          millisecond: Number(`0.${fraction ?? 0}`) * 1000
        }
  if (clock && clock.hour === 24 && clock.minute + clock.second + clock.millisecond > 0) return undefined
  if (!date && !clock) return undefined
  return { kind: 'wall', date, clock, offsetMinutes: offset === undefined ? undefined : minutesOf(offset) }
}

function epochMs(digits: string): number {
  const [whole = '', rest = ''] = digits.split('.')
  if (whole.length === 10) return Number(whole) * 1000 + Number(`0.${rest || 0}`) * 1000
  return Number(whole.slice(0, 13)) + Number(`0.${whole.slice(13) || 0}`)
}

function monthOf(name: string): number {
  return MONTHS.toLowerCase().split('|').indexOf(name.slice(0, 3).toLowerCase()) + 1
}

function exists(date: { year: number | undefined; month: number; day: number }): boolean {
  const asked = new Date(Date.UTC(date.year ?? 2024, date.month - 1, date.day))
  return asked.getUTCMonth() + 1 === date.month && asked.getUTCDate() === date.day
}

function minutesOf(offset: string): number {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(offset)
  if (!match) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
  return match[1] === '-' ? -minutes : minutes
}
