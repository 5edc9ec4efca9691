import { type Language, LOCALE, useLanguage } from './index.ts'
import { fill, type Params } from './message.ts'

/** Says one of the words that came with a part of the page, in the language that the page speaks. */
export type Say<Words extends Record<string, string>> = <Key extends keyof Words & string>(
  key: Key,
  ...values: keyof Params<Words[Key]> extends never ? [] : [Params<Words[Key]>]
) => string

/** Words of a part that is loaded when it is needed: both languages come with it. */
export function usePart<Words extends Record<string, string>>(
  en: Words,
  zh: Record<keyof Words, string>
): { say: Say<Words>; language: Language; locale: string } {
  const { language } = useLanguage()
  const locale = LOCALE[language]
  const words: Record<string, string> = language === 'zh' ? zh : en
  return { say: (key, ...values) => fill(words[key] ?? key, locale, values[0]), language, locale }
}
