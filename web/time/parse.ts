import { rewriteChinese } from './chinese.ts'
import { secondsOf, spanText } from './span.ts'
import { firstStamp, type Stamp, stampOf } from './stamp.ts'
import { dayStart, momentsOf, offsetText, wallOf } from './zone.ts'

/** What surrounds a time that is typed: now, the page's zone, and which of two equal clock times is meant. */
export interface Around {
  nowMs: number
  zone: string
  /** Left out: the range covers both, a single moment means the first. */
  doubled?: 'first' | 'second'
}

/** One end of a range. `asked` goes into the URL and to the hub: `now-3h`, or RFC 3339 in UTC. */
export interface End {
  ms: number
  asked: string
  /** The end of a day: that today ends at now needs no telling. */
  whole?: true
}

/** Things about a reading that the reader should be told. */
export type Note =
  | { code: 'around-instant' }
  | { code: 'swapped' }
  | { code: 'future-cut' }
  | { code: 'skipped' }
  /** Offsets of the first and the second time that the clock shows this. */
  | { code: 'doubled'; offsets: [string, string] }

export type Reading =
  | { kind: 'range'; from: End; to: End; notes: Note[] }
  | { kind: 'wrong'; code: 'empty' | 'unreadable' | 'future' }

/** A moment alone means so much before and after it. */
export const AROUND_INSTANT_MS = 5 * 60_000
const HALF_DAY_MS = 12 * 3_600_000

/**
 * Reads what a person types or pastes as a range of time: lengths (`3h`, `近15分钟`), days (`yesterday`, `11-22`),
 * moments in every common writing, two of them with `..`, `/`, `~`, `to`, `到` between, or a whole log line, of which the
 * first time stamp counts. A fraction below 1 ms widens the range to whole milliseconds.
 */
export function parseTime(typed: string, around: Around): Reading {
  const text = rewriteChinese(typed.normalize('NFKC').trim())
  if (text === '') return { kind: 'wrong', code: 'empty' }
  const notes: Note[] = []
  const pair = relativePair(text, around) ?? lone(text, around, notes) ?? parted(text, around, notes)
  if (pair) return settle(pair, around, notes)
  const found = firstStamp(typed.normalize('NFKC'))
  const pasted = found && lone(found, around, notes)
  return pasted ? settle(pasted, around, notes) : { kind: 'wrong', code: 'unreadable' }
}

interface Pair {
  from: End
  to: End
}

/** `3h`, `last 3 hours`, `近15分钟`, `today`, `昨天`: ranges that one word or length stands for. */
function relativePair(text: string, around: Around): Pair | undefined {
  const { nowMs, zone } = around
  const now = { ms: nowMs, asked: 'now' }
  const length = /^(?:the\s+)?(?:last|past|近|最近|过去|-|now\s*-)?\s*(.+)$/i.exec(text)?.[1] ?? text
  const seconds = secondsOf(/^\D/.test(length) && !/[半]/.test(length) ? `1${length}` : length)
  const worded = /^(?:the\s+)?(?:last|past|近|最近|过去)/i.test(text)
  if (seconds !== undefined && (worded || /\d/.test(text))) return { from: back(seconds, nowMs), to: now }
  const day = dayWord(text)
  if (day === undefined) return undefined
  const from = exact(dayStart(nowMs, zone, day))
  return day === 0 ? { from, to: now } : { from, to: exact(dayStart(nowMs, zone, day + 1)) }
}

/** One moment, or one day. */
function lone(text: string | { stamp: Stamp }, around: Around, notes: Note[]): Pair | undefined {
  const point = typeof text === 'string' ? pointOf(text, around) : placed(text.stamp, around, undefined)
  if (!point) return undefined
  if (point.kind === 'day') return { from: exact(point.start), to: { ...exact(point.end), whole: true } }
  const ms = choose(point, around.zone, around.doubled ?? 'first', notes)
  notes.push({ code: 'around-instant' })
  return { from: exact(ms - AROUND_INSTANT_MS), to: exact(Math.ceil(ms) + AROUND_INSTANT_MS) }
}

const SEPARATOR = /\s*(?:\.\.+|…|~|\/|→|–|—|\s-\s|\bto\b|\buntil\b|到|至)\s*/gi

/** Two moments with something between; the second takes its day from the first, and may be left out (until now). */
function parted(text: string, around: Around, notes: Note[]): Pair | undefined {
  const whole = text.replace(/^(?:from|since|从|自)\s*/i, '')
  const open = whole !== text ? pointOf(whole, around) : undefined
  if (open) return { from: startOf(open, around, notes), to: { ms: around.nowMs, asked: 'now' } }
  for (const match of whole.matchAll(SEPARATOR)) {
    const left = whole.slice(0, match.index).trim()
    const right = whole.slice(match.index + match[0].length).trim()
    const from = pointOf(left, around)
    if (!from) continue
    const start = startOf(from, around, notes)
    if (right === '' || /^(?:现在|now|起)$/i.test(right))
      return { from: start, to: { ms: around.nowMs, asked: 'now' } }
    const to = pointOf(right, around, start.ms)
    if (to) return { from: start, to: endOf(to, start, around, notes) }
    notes.length = 0
  }
  return undefined
}

type Point =
  | { kind: 'moment'; first: number; second: number; asked?: string; skipped: boolean; bare: boolean }
  | { kind: 'day'; start: number; end: number }

/** One end: `now-1h`, `3h ago`, `3小时前`, `yesterday 09:31`, or any stamp. `dayMs`: the day of a clock without one. */
function pointOf(text: string, around: Around, dayMs?: number): Point | undefined {
  const { nowMs, zone } = around
  if (/^(?:now|现在)$/i.test(text)) return moment(nowMs, 'now')
  const length = /^now\s*-\s*(.+)$|^(.+?)\s*(?:ago|(?:之|以)?前)$/i.exec(text)
  const seconds = length ? secondsOf(length[1] ?? length[2] ?? '') : undefined
  if (seconds !== undefined) return moment(nowMs - seconds * 1000, `now-${spanText(seconds)}`)
  const word = /^(today|yesterday|今天|昨天|前天)(.*)$/i.exec(text)
  const day = word ? dayWord(word[1] ?? '') : undefined
  if (word && day !== undefined) {
    const start = dayStart(nowMs, zone, day)
    const rest = (word[2] ?? '').trim().replace(/^at\s+/i, '')
    if (rest === '') return { kind: 'day', start, end: dayStart(nowMs, zone, day + 1) }
    const stamp = stampOf(rest)
    if (stamp?.kind !== 'wall' || stamp.date) return undefined
    return placed(stamp, around, start)
  }
  const stamp = stampOf(text)
  return stamp && placed(stamp, around, dayMs)
}

/** Finds the moment of a stamp: what it leaves out is the day asked for, else the newest that is not in the future. */
function placed(stamp: Stamp, around: Around, dayMs: number | undefined): Point | undefined {
  if (stamp.kind === 'epoch') return moment(stamp.ms)
  const { nowMs } = around
  const zone = stamp.offsetMinutes === undefined ? around.zone : 'UTC'
  const shift = (stamp.offsetMinutes ?? 0) * 60_000
  const clock = stamp.clock ?? { hour: 0, minute: 0, second: 0, millisecond: 0 }
  const at = (date: { year: number; month: number; day: number }): Point => {
    const moments = momentsOf({ ...date, ...clock }, zone)
    const skipped = moments.kind === 'skipped'
    const [first, second] =
      moments.kind === 'doubled' ? [moments.first, moments.second] : [moments.ms, moments.ms]
    if (!stamp.clock) return { kind: 'day', start: first, end: dayStart(first + HALF_DAY_MS, zone, 1) }
    return { kind: 'moment', first: first - shift, second: second - shift, skipped, bare: !stamp.date }
  }
  const near = wallOf((dayMs ?? nowMs) + shift, zone)
  if (!stamp.date) {
    const here = at(near)
    if (dayMs !== undefined || here.kind === 'day' || here.first <= nowMs) return here
    const before = wallOf(dayStart(nowMs + shift, zone, -1) + HALF_DAY_MS, zone)
    return at(before)
  }
  const { year, month, day } = stamp.date
  if (year !== undefined) return at({ year, month, day })
  const here = at({ year: near.year, month, day })
  const start = here.kind === 'day' ? here.start : here.first
  return dayMs === undefined && start > nowMs + 2 * HALF_DAY_MS
    ? at({ year: near.year - 1, month, day })
    : here
}

function startOf(point: Point, around: Around, notes: Note[]): End {
  if (point.kind === 'day') return exact(point.start)
  const ms = choose(point, around.zone, around.doubled ?? 'first', notes)
  return { ms, asked: point.asked ?? iso(Math.floor(ms)) }
}

/** A clock that would lie before the start belongs to the next day, unless that makes more than half a day. */
function endOf(point: Point, start: End, around: Around, notes: Note[]): End {
  if (point.kind === 'day') return { ...exact(point.end), whole: true }
  const ms = choose(point, around.zone, around.doubled ?? 'second', notes)
  const next = ms + 2 * HALF_DAY_MS
  const over = point.bare && ms < start.ms && next - start.ms <= HALF_DAY_MS ? next : ms
  return { ms: over, asked: point.asked ?? iso(Math.ceil(over)) }
}

function choose(
  point: Extract<Point, { kind: 'moment' }>,
  zone: string,
  which: 'first' | 'second',
  notes: Note[]
): number {
  if (point.skipped) notes.push({ code: 'skipped' })
  if (point.first !== point.second) {
    notes.push({ code: 'doubled', offsets: [offsetText(point.first, zone), offsetText(point.second, zone)] })
  }
  return which === 'first' ? point.first : point.second
}

/** Ends in order, none in the future. */
function settle(pair: Pair, around: Around, notes: Note[]): Reading {
  const swapped = pair.from.ms > pair.to.ms
  if (swapped) notes.unshift({ code: 'swapped' })
  const from = swapped ? pair.to : pair.from
  let to = swapped ? pair.from : pair.to
  const dayEnds = to.whole === true
  if (from.ms >= around.nowMs) return { kind: 'wrong', code: 'future' }
  if (to.ms > around.nowMs) {
    to = { ms: around.nowMs, asked: 'now' }
    if (!dayEnds && !notes.some((note) => note.code === 'around-instant')) notes.push({ code: 'future-cut' })
  }
  return { kind: 'range', from, to, notes }
}

function dayWord(text: string): number | undefined {
  if (/^(?:today|今天|今日)$/i.test(text)) return 0
  if (/^(?:yesterday|昨天|昨日)$/i.test(text)) return -1
  return text === '前天' ? -2 : undefined
}

function back(seconds: number, nowMs: number): End {
  return { ms: nowMs - seconds * 1000, asked: `now-${spanText(seconds)}` }
}

function moment(ms: number, asked?: string): Point {
  const point = { kind: 'moment', first: ms, second: ms, skipped: false, bare: false } as const
  return asked === undefined ? point : { ...point, asked }
}

function exact(ms: number): End {
  return { ms, asked: iso(Math.floor(ms)) }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
