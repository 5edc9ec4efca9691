import { type Language, LOCALE, useLanguage } from '../words/index.ts'
import { ledgerEn } from '../words/ledger.en.ts'
import { ledgerZh } from '../words/ledger.zh.ts'
import { fill, type Params } from '../words/message.ts'

type Words = typeof ledgerEn
type Key = keyof Words

/** Says what is missing, in the language that the page speaks. */
export type Say = <K extends Key>(
  key: K,
  ...values: keyof Params<Words[K]> extends never ? [] : [Params<Words[K]>]
) => string

export function useSay(): { say: Say; language: Language; locale: string } {
  const { language } = useLanguage()
  const locale = LOCALE[language]
  const words: Record<Key, string> = language === 'zh' ? ledgerZh : ledgerEn
  return { say: (key, ...values) => fill(words[key], locale, values[0]), language, locale }
}
