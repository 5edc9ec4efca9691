import { DIAGNOSTICS, type DiagnosticCode } from '../../collector/query/grammar.ts'
import { en } from './en.ts'
import { LOCALE } from './language.ts'
import { fill, type HolesOf, type Params } from './message.ts'

export type Words = typeof en
export type WordKey = keyof Words
/** Keys of messages without holes. */
export type PlainKey = { [Key in WordKey]: [HolesOf<Words[Key]>] extends [never] ? Key : never }[WordKey]

/** A message with holes demands their values; one without takes none. */
type Values<Key extends WordKey> = [HolesOf<Words[Key]>] extends [never] ? [] : [params: Params<Words[Key]>]
export type Translate = <Key extends WordKey>(key: Key, ...values: Values<Key>) => string

/** Everything that the page can say in one language. */
export interface Catalogue {
  locale: string
  words: Record<WordKey, string>
  /** What may be wrong with a query, by the parser's code. */
  faults: Record<DiagnosticCode, string>
  t: Translate
}

export function catalogue(
  locale: string,
  words: Record<WordKey, string>,
  faults: Record<DiagnosticCode, string>
): Catalogue {
  return { locale, words, faults, t: (key, ...values) => fill(words[key], locale, values[0]) }
}

/** Always there: what the others are loaded behind, and the contract that they keep. */
export const english = catalogue(LOCALE.en, en, DIAGNOSTICS)
