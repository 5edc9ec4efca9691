/**
 * How the lines of one container are to be handled, by its labels. What can't be used is left out and said: a label
 * never stops a stream. docs/labels.md tells it to people.
 */
import { redactionProblems } from './parse/redact-rules.ts'
import { compilePattern } from './parse/safe-pattern.ts'
import { LEVELS } from './record.ts'

export interface Handling {
  multiline: Multiline
  /** Index into LEVELS: of lines that say none. 0: none. */
  level: number
  /** How long its records are kept, where it says so. */
  retentionMs: number | undefined
  /** `driftlog.redact` as it stands there. */
  redact: string | undefined
  /** What of the labels can't be used, and why; for people. */
  problems: string[]
}

/**
 * Which lines belong together. `auto`: stack traces and what else is known. `pattern`: by a regular expression; lines
 * that match it (that don't, with `negate`) belong to the line before them (behind them, with `before`).
 */
export type Multiline =
  | { kind: 'auto' }
  | { kind: 'off' }
  | { kind: 'pattern'; source: string; negate: boolean; before: boolean }

export type Labels = Readonly<Record<string, string>>

export const PLAIN_HANDLING: Handling = {
  multiline: { kind: 'auto' },
  level: 0,
  retentionMs: undefined,
  redact: undefined,
  problems: []
}

export function handlingOf(labels: Labels): Handling {
  const problems = redactionProblems(labels['driftlog.redact'])
  return {
    multiline: multilineOf(labels, problems),
    level: levelNamed(labels['driftlog.level'], problems),
    retentionMs: retentionOf(labels['driftlog.retention'], problems),
    redact: labels['driftlog.redact'],
    problems
  }
}

function multilineOf(labels: Labels, problems: string[]): Multiline {
  const own = labels['driftlog.multiline']?.trim()
  if (own !== undefined && own !== '') return ownRule(own, problems)
  return elasticRule(labels, problems) ?? { kind: 'auto' }
}

function ownRule(value: string, problems: string[]): Multiline {
  if (/^(off|false|0|no)$/i.test(value)) return { kind: 'off' }
  if (/^(auto|on|true|1|yes)$/i.test(value)) return { kind: 'auto' }
  const [, kind, source = ''] = /^(start|continue):(.*)$/s.exec(value) ?? []
  if (kind === undefined)
    problems.push(
      `driftlog.multiline: "${shown(value)}" is none of off, start:<expression>, continue:<expression>.`
    )
  else if (isUsable('driftlog.multiline', source, problems))
    return { kind: 'pattern', source, negate: kind === 'start', before: false }
  return { kind: 'auto' }
}

/** Filebeat's settings; its expressions are Go's. */
function elasticRule(labels: Labels, problems: string[]): Multiline | undefined {
  const written = labels['co.elastic.logs/multiline.pattern']
  if (written === undefined) return undefined
  const type = labels['co.elastic.logs/multiline.type'] ?? 'pattern'
  if (type !== 'pattern') {
    problems.push(`co.elastic.logs/multiline.type: "${shown(type)}" is not known, only pattern is.`)
    return undefined
  }
  const match = labels['co.elastic.logs/multiline.match'] ?? 'after'
  if (match !== 'after' && match !== 'before') {
    problems.push(`co.elastic.logs/multiline.match: "${shown(match)}" is neither after nor before.`)
    return undefined
  }
  const source = fromGo(written)
  if (!isUsable('co.elastic.logs/multiline.pattern', source, problems)) return undefined
  const negate = /^(true|1|yes)$/i.test(labels['co.elastic.logs/multiline.negate'] ?? '')
  return { kind: 'pattern', source, negate, before: match === 'before' }
}

/** What stands for a class of characters in brackets, as in `[[:space:]]`. */
const CLASSES: Record<string, string> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  lower: 'a-z',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\s',
  upper: 'A-Z',
  word: '\\w',
  xdigit: '0-9A-Fa-f'
}

/** Go's classes and ends of text in JavaScript's words; the rest is the same, or refused when it is compiled. */
function fromGo(source: string): string {
  return source
    .replace(/\[:([a-z]+):\]/g, (whole, name: string) => CLASSES[name] ?? whole)
    .replace(/\\A/g, '^')
    .replace(/\\z/g, '$')
}

function isUsable(label: string, source: string, problems: string[]): boolean {
  const compiled = compilePattern(source)
  if ('problem' in compiled) problems.push(`${label}: ${compiled.problem}`)
  return 'pattern' in compiled
}

function levelNamed(value: string | undefined, problems: string[]): number {
  if (value === undefined || value.trim() === '') return 0
  const name = value.trim().toLowerCase()
  const level = LEVELS.findIndex((known) => known === (name === 'warning' ? 'warn' : name))
  if (level >= 0) return level
  problems.push(`driftlog.level: "${shown(value)}" is no level; there are ${LEVELS.join(', ')}.`)
  return 0
}

const UNIT_MS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 7 * 86_400_000 }

/** Containers whose records have an age of their own, in ms, by their instance. */
export function agesOf(
  instances: Iterable<{ instance: string; facts: { labels: Labels } }>
): Map<string, number> {
  const ages = new Map<string, number>()
  for (const { instance, facts } of instances) {
    const ms = retentionOf(facts.labels['driftlog.retention'], [])
    if (ms !== undefined) ages.set(instance, ms)
  }
  return ages
}

function retentionOf(value: string | undefined, problems: string[]): number | undefined {
  if (value === undefined || value.trim() === '') return undefined
  const [, count, unit = ''] = /^(\d{1,6})\s*([mhdw])$/i.exec(value.trim()) ?? []
  const ms = Number(count) * (UNIT_MS[unit.toLowerCase()] ?? Number.NaN)
  if (ms > 0) return ms
  problems.push(`driftlog.retention: "${shown(value)}" is no time such as 14d, 36h or 2w.`)
  return undefined
}

/** A value as it is told back to people. */
function shown(value: string): string {
  return value.length > 80 ? `${value.slice(0, 80)}…` : value
}
