import { hits, parse } from '../../collector/query/grammar.ts'
import type { Mark } from './marks.ts'

/** Finds what the query hits in a text; nothing for a query that cannot be read. */
export function hitsOf(q: string): (text: string) => readonly Mark[] {
  const read = parse(q)
  if (!read.ok || read.expression.kind === 'all') return () => []
  const { expression } = read
  return (text) => hits(expression, text).map(({ from, to }) => ({ from, to, kind: 'hit' as const }))
}
