/** Regular expressions that people write in labels and configuration: checked before they meet a line. */
import { costProblem } from './pattern-cost.ts'
import { PatternError, treeOf } from './pattern-tree.ts'

/** In UTF-16 units. */
const LONGEST_SOURCE = 500

export type CompiledPattern = { pattern: RegExp } | { problem: string }

/**
 * A JavaScript regular expression; `(?i)` at its beginning ignores case. `problem` is a sentence for its author: too
 * long, no regular expression, or one whose work can grow faster than the text, which a single hostile line of a
 * mebibyte would turn into hours. Whatever is accepted takes time in proportion to the text, on any text.
 */
export function compilePattern(source: string): CompiledPattern {
  if (source === '') return { problem: 'The expression is empty.' }
  if (source.length > LONGEST_SOURCE)
    return { problem: `The expression has ${source.length} characters; at most ${LONGEST_SOURCE} are read.` }
  const ignoreCase = source.startsWith('(?i)')
  const body = ignoreCase ? source.slice('(?i)'.length) : source
  try {
    const pattern = new RegExp(body, ignoreCase ? 'i' : '')
    const problem = costProblem(treeOf(body, ignoreCase))
    return problem === undefined ? { pattern } : { problem: `The expression can be too slow: ${problem}.` }
  } catch (error) {
    if (error instanceof SyntaxError) return { problem: `${reasonOf(error)}.` }
    if (error instanceof PatternError) return { problem: `The expression is refused: ${error.message}.` }
    throw error
  }
}

/** V8 says `Invalid regular expression: /…/: Unterminated group`; the end is what matters. */
function reasonOf(error: SyntaxError): string {
  return `The expression is not valid: ${error.message.split(': ').at(-1)}`
}
