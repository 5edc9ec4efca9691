/** Gaps in sentences. */
import type { CompletenessAnswer, GapJson } from '../../server/api/completeness.ts'
import { momentText } from '../time/format.ts'
import type { Language } from '../words/index.ts'
import type { Say } from './words.ts'

export interface Telling {
  say: Say
  language: Language
  locale: string
  zone: string
  nowMs: number
}

/** One sentence over all gaps of an answer. */
export function lostText(
  { gaps, gapCount, bytes, lines, unknown }: CompletenessAnswer,
  how: Telling
): string {
  const { say } = how
  const hosts = new Set(gaps.map(({ hostName }) => hostName))
  const causes = new Set(gaps.map(({ cause }) => cause))
  const [host = ''] = hosts
  const [cause] = causes
  const told = {
    gaps: gapCount,
    host: hosts.size === 1 ? host : say('ledger.hosts', { count: hosts.size }),
    when: whenText(around(gaps), how),
    cause: say(cause && causes.size === 1 ? `cause.${cause}` : 'cause.several')
  }
  if (bytes === 0) return say('ledger.unknown', told)
  if (lines === 0) return say('ledger.bytes', { ...told, bytes: bytesText(bytes, how) })
  return say(unknown > 0 ? 'ledger.least' : 'ledger.lines', { ...told, lines })
}

/** One gap: where, when, how much and why. */
export function gapText(gap: GapJson, how: Telling): string {
  const { say } = how
  const { bytes, lines } = gap
  const told = {
    name: gap.containerName,
    host: gap.hostName,
    when: whenText(gap, how),
    cause: say(`cause.${gap.cause}`)
  }
  if (bytes === undefined) return say('gap.unknown', told)
  const known = { ...told, bytes: bytesText(bytes, how) }
  if (lines === undefined) return say('gap.bytes', known)
  return say(gap.more ? 'gap.least' : 'gap.lines', { ...known, lines })
}

/** Where a gap stands among the lines: before the first one behind it. */
export function placeOf({ from, to, told }: Pick<GapJson, 'from' | 'to' | 'told'>): string {
  if (to !== undefined) return to
  return from === undefined ? told : `${new Date(Date.parse(from) + 1).toISOString().slice(0, -1)}000000Z`
}

type When = Pick<GapJson, 'from' | 'to' | 'told'>

function whenText({ from, to, told }: When, { say, zone, nowMs }: Telling): string {
  const text = (time: string) => momentText(Date.parse(time), zone, nowMs)
  if (from !== undefined && to !== undefined) return say('when.between', { from: text(from), to: text(to) })
  if (from !== undefined) return say('when.after', { time: text(from) })
  return to === undefined ? say('when.noticed', { time: text(told) }) : say('when.before', { time: text(to) })
}

/** From the first to the last; open where one of them is. */
function around(gaps: readonly GapJson[]): When {
  const from = gaps.map((gap) => gap.from).sort()
  const to = gaps.map((gap) => gap.to).sort()
  const told = gaps.map((gap) => gap.told).sort()
  const isKnown = (times: (string | undefined)[]) => times.every((time) => time !== undefined)
  return {
    ...(isKnown(from) && from[0] !== undefined && { from: from[0] }),
    ...(isKnown(to) && to.at(-1) !== undefined && { to: to.at(-1) as string }),
    told: told[0] ?? ''
  }
}

function bytesText(bytes: number, { locale }: Telling): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const
  const at = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  const unitDisplay = at === 0 ? 'long' : 'short'
  const format = { style: 'unit', unit: units[at] ?? 'byte', unitDisplay, maximumFractionDigits: 1 } as const
  return new Intl.NumberFormat(locale, format).format(bytes / 1000 ** at)
}
