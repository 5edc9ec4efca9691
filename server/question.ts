/** From what a client asks (text and times) to what a store is asked. */
import { type Diagnostic, type Expression, parse, runOf } from '../collector/query/grammar.ts'
import { placeOfCursor, type Query } from '../collector/store/store.ts'
import type { PageInfo } from './api/logs.ts'
import { CursorError, QueryError, TimeError, TimeOrderError } from './errors.ts'
import { parseTime } from './times.ts'

export type Warning = PageInfo['warnings'][number]

export interface Filter {
  q?: string
  app?: string
  environment?: string
}

export interface Question {
  query: Query
  warnings: Warning[]
}

/** Throws QueryError, TimeError or TimeOrderError. Both ends are read by the same clock. */
export function questionOf(asked: Filter & { from?: string; to?: string }, nowMs: number): Question {
  const { where, warnings } = filterOf(asked)
  const from = timeOf('from', asked.from ?? 'now-1h', nowMs)
  const to = timeOf('to', asked.to ?? 'now', nowMs)
  if (from > to) throw new TimeOrderError()
  return { query: { where, from, to }, warnings }
}

/** The query text, narrowed by app and environment. */
export function filterOf(asked: Filter): { where: Expression; warnings: Warning[] } {
  const parsed = parse(asked.q ?? '')
  if (!parsed.ok) throw new QueryError(parsed.error)
  const narrow = [
    ...(asked.app ? [equals('app', asked.app)] : []),
    ...(asked.environment ? [equals('environment', asked.environment)] : [])
  ]
  const { expression } = parsed
  const items = expression.kind === 'all' ? narrow : [...narrow, expression]
  const [only] = items
  const where: Expression =
    only === undefined ? expression : items.length === 1 ? only : { kind: 'and', items }
  return { where, warnings: parsed.warnings.map(warningJson) }
}

export function timeOf(name: string, text: string, nowMs: number): bigint {
  const ns = parseTime(text, nowMs)
  if (ns === undefined) throw new TimeError(name, text.slice(0, 80))
  return ns
}

/** Refuses a cursor that no answer can have held. */
export function checkCursor(cursor: string | undefined): void {
  if (cursor !== undefined && !placeOfCursor(cursor)) throw new CursorError(cursor.slice(0, 80))
}

function warningJson({ code, message, at, fix }: Diagnostic): Warning {
  return { code, message, from: at.from, to: at.to, ...(fix === undefined ? {} : { fix }) }
}

function equals(name: 'app' | 'environment', value: string): Expression {
  return {
    kind: 'field',
    name,
    test: { kind: 'words', text: value, run: runOf(value) },
    at: { from: 0, to: 0 }
  }
}
