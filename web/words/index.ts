import { useSettings } from '../state/page.ts'
import { en } from './en.ts'
import { type Language, LOCALE, languageOf } from './language.ts'
import { fill, type HolesOf, type Params } from './message.ts'
import { zh } from './zh.ts'

export { LANGUAGES, type Language, LOCALE } from './language.ts'

export type Words = typeof en
export type WordKey = keyof Words
export const CATALOGUES: Record<Language, Record<WordKey, string>> = { en, zh }

/** A message with holes demands their values; one without takes none. */
type Values<Key extends WordKey> = [HolesOf<Words[Key]>] extends [never] ? [] : [params: Params<Words[Key]>]
export type Translate = <Key extends WordKey>(key: Key, ...values: Values<Key>) => string

/** The words of one language. */
export function translator(language: Language): Translate {
  return (key, ...values) => fill(CATALOGUES[language][key], LOCALE[language], values[0])
}

/** One of each, so that `t` stays the same value from drawing to drawing. */
const TRANSLATORS: Record<Language, Translate> = { en: translator('en'), zh: translator('zh') }

/** The language chosen by the reader, else the browser's; `locale` is for `Intl`. */
export function useLanguage(): {
  language: Language
  locale: string
  setLanguage: (language: Language) => void
  t: Translate
} {
  const [settings, change] = useSettings()
  const language = languageOf(settings.language, navigator.languages)
  return {
    language,
    locale: LOCALE[language],
    setLanguage: (next) => change({ language: next }),
    t: TRANSLATORS[language]
  }
}
