import type { Diagnostic } from '../../collector/query/grammar.ts'
import type { Catalogue } from '../words/catalogue.ts'
import { fill } from '../words/message.ts'

/** What is wrong with a query, or worth knowing about it, in the reader's language. */
export function said(
  { code, params }: Pick<Diagnostic, 'code' | 'params'>,
  { faults, locale }: Catalogue
): string {
  return fill(faults[code], locale, params)
}
