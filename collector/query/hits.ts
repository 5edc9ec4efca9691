/** Where a query's terms stand in a line, for marking them. */
import type { Expression, Span } from './tree.ts'
import { placesOf } from './words.ts'

/** Places marked in one line. */
const HIT_LIMIT = 500

/** Words, phrases, prefixes and regular expressions that are asked for (not those behind NOT), merged, in order. */
export function hits(where: Expression, text: string): Span[] {
  const found: Span[] = []
  collect(where, text, found)
  found.sort((a, b) => a.from - b.from || b.to - a.to)
  const merged: Span[] = []
  for (const { from, to } of found) {
    const last = merged.at(-1)
    if (last && from < last.to) last.to = Math.max(last.to, to)
    else merged.push({ from, to })
  }
  return merged
}

function collect(where: Expression, text: string, found: Span[]): void {
  const left = HIT_LIMIT - found.length
  if (left <= 0) return
  switch (where.kind) {
    case 'and':
    case 'or':
      for (const item of where.items) collect(item, text, found)
      break
    case 'text':
      found.push(...placesOf(text, where.run, left))
      break
    case 'regex':
      for (const match of text.matchAll(new RegExp(where.source, `${where.flags}g`))) {
        if (match[0] !== '') found.push({ from: match.index, to: match.index + match[0].length })
        if (found.length >= HIT_LIMIT) break
      }
      break
    case 'all':
    case 'not':
    case 'field':
      break
    default:
      where satisfies never
  }
}
