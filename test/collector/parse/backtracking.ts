/** A backtracking matcher that counts its steps: what an engine does, made measurable without a clock. */
import { GUARD, type PatternNode } from '../../../collector/parse/pattern-tree.ts'

/** Steps of a search for the expression in the text from every place on; at most `most`. */
export function stepsOf(tree: PatternNode, text: string, most: number): number {
  const count = { steps: 0, most }
  for (let from = 0; from <= text.length; from++)
    if (count.steps >= most || match(tree, text, from, count, () => true)) break
  return count.steps
}

interface Count {
  steps: number
  most: number
}

type Then = (at: number) => boolean

function match(node: PatternNode, text: string, at: number, count: Count, then: Then): boolean {
  // Pretends a match, so that everything ends at once.
  if (++count.steps >= count.most) return true
  switch (node.kind) {
    case 'units': {
      const code = text.charCodeAt(at)
      const reads = node.units.some(
        (from, i) => i % 2 === 0 && code >= from && code <= (node.units[i + 1] ?? 0)
      )
      return reads && then(at + 1)
    }
    case 'guard':
      return holds(node.guard, text, at) && then(at)
    case 'look':
      throw new Error('look-arounds are not counted')
    case 'sequence':
      return inOrder(node.items, 0, text, at, count, then)
    case 'choice':
      return node.options.some((option) => match(option, text, at, count, then))
    case 'repeat':
      return again(node, 0, text, at, count, then)
    default:
      return node satisfies never
  }
}

function inOrder(
  items: PatternNode[],
  i: number,
  text: string,
  at: number,
  count: Count,
  then: Then
): boolean {
  const item = items[i]
  if (!item) return then(at)
  return match(item, text, at, count, (next) => inOrder(items, i + 1, text, next, count, then))
}

function again(
  node: Extract<PatternNode, { kind: 'repeat' }>,
  times: number,
  text: string,
  at: number,
  count: Count,
  then: Then
): boolean {
  const more =
    times < node.max &&
    match(node.item, text, at, count, (next) =>
      next === at && times >= node.min ? false : again(node, times + 1, text, next, count, then)
    )
  return more || (times >= node.min && then(at))
}

function holds(guard: number, text: string, at: number): boolean {
  if (guard === GUARD.start) return at === 0
  if (guard === GUARD.end) return at === text.length
  const isBoundary = /\w/.test(text[at - 1] ?? '') !== /\w/.test(text[at] ?? '')
  return isBoundary === (guard === GUARD.boundary)
}
