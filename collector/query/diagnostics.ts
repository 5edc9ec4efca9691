/** Everything that can be said about a query text, by code. Codes are API; the page translates by them. */
import type { Span } from './tree.ts'

/** English texts; `{x}` stands for the parameter x. */
export const DIAGNOSTICS = {
  'too-long': 'A query may be {limit} characters long; this one has {length}.',
  'too-deep': 'Brackets may stand {limit} deep.',
  'too-many-terms': 'A query may have {limit} terms.',
  'too-many-words': 'A phrase may have {limit} words; this one has {count}.',
  'unclosed-quote': 'This quote is never closed.',
  'unclosed-bracket': 'This bracket is never closed.',
  'unclosed-regex': 'This regular expression is never closed by /.',
  'unclosed-range': 'This range is never closed by ] or }.',
  'unopened-bracket': 'No bracket is open that this one could close.',
  'empty-group': 'Nothing stands between these brackets.',
  'empty-quote': 'Nothing stands between these quotes.',
  'empty-regex': 'This regular expression is empty.',
  'bad-regex': 'This regular expression is not valid: {reason}.',
  'bad-flags': 'Behind a regular expression only the flag i may stand, not {flags}.',
  'regex-too-long': 'A regular expression, or a text without any word, may be {limit} characters long.',
  'bad-range': 'A range reads [from TO to], for example status:[400 TO 499].',
  'bad-operator': '{operator} is no operator. There are : = != < <= > >=.',
  'bad-level': '{level} is no level. Levels are {levels}.',
  'no-order': '{name} has no order: compare it with : or =.',
  'missing-value': 'A value is missing behind {name}{operator}.',
  'nested-field': 'Inside {outer}:(…) stand values of {outer}, not another field.',
  'dangling-operator': '{operator} needs a term on each side.',
  'dangling-not': '{operator} needs a term behind it.',
  // warnings: the query runs
  'only-prefixes': '{text} finds only beginnings of words. For a part of a word use {fix}.',
  'lower-case-operator': '{text} is searched as a word. The operator is {fix}.',
  'foreign-operator': '{text} is searched as text. The operator is {fix}.',
  'single-quotes': 'Only double quotes make a phrase.',
  'full-width': '{text} is searched as text. Operators, quotes and brackets are written half-width.',
  'near-name': '{name} is looked for among the fields of the lines. The built-in name is {fix}.'
} as const

export type DiagnosticCode = keyof typeof DIAGNOSTICS

export interface Diagnostic {
  code: DiagnosticCode
  at: Span
  /** English. */
  message: string
  params: Record<string, string>
  /** What to put in the place of `at`. */
  fix?: string
}

export function diagnostic(
  code: DiagnosticCode,
  at: Span,
  params: Record<string, string> = {},
  fix?: string
): Diagnostic {
  const all = fix === undefined ? params : { ...params, fix }
  const message = DIAGNOSTICS[code].replace(/\{(\w+)\}/g, (hole, name: string) => all[name] ?? hole)
  return { code, at, message, params: all, ...(fix === undefined ? {} : { fix }) }
}
