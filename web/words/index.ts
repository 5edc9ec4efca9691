import { useSyncExternalStore } from 'react'
import { en } from './en.ts'
import { type Language, LOCALE, languageOf } from './language.ts'
import { fill, type HolesOf, type Params } from './message.ts'
import { zh } from './zh.ts'

export { LANGUAGES, type Language, LOCALE } from './language.ts'

export type Words = typeof en
export type WordKey = keyof Words
export const CATALOGUES: Record<Language, Record<WordKey, string>> = { en, zh }

/** Keys of messages without holes. */
export type PlainKey = { [Key in WordKey]: [HolesOf<Words[Key]>] extends [never] ? Key : never }[WordKey]

/** A message with holes demands their values; one without takes none. */
type Values<Key extends WordKey> = [HolesOf<Words[Key]>] extends [never] ? [] : [params: Params<Words[Key]>]
export type Translate = <Key extends WordKey>(key: Key, ...values: Values<Key>) => string

/** The words of one language; pure, for tests and for what runs outside the page's tree. */
export function translator(language: Language): Translate {
  return (key, ...values) => fill(CATALOGUES[language][key], LOCALE[language], values[0])
}

const STORED = 'driftlog.language'
let current: Language | undefined
const listeners = new Set<() => void>()

export function language(): Language {
  current ??= languageOf(readStored(), globalThis.navigator?.languages ?? [])
  return current
}

/** The words in the language chosen now. Inside components take `t` from useLanguage(), which redraws. */
export const t: Translate = (key, ...values) => translator(language())(key, ...values)

export function setLanguage(next: Language): void {
  current = next
  try {
    localStorage.setItem(STORED, next)
  } catch {
    // A browser that refuses storage still changes the language, until the page is left.
  }
  markDocument()
  for (const listener of listeners) listener()
}

/** Tells the document which language it is in; called once before the first drawing. */
export function markDocument(): void {
  document.documentElement.lang = LOCALE[language()]
}

export function useLanguage(): {
  language: Language
  locale: string
  setLanguage: typeof setLanguage
  t: Translate
} {
  const chosen = useSyncExternalStore(subscribe, language)
  return { language: chosen, locale: LOCALE[chosen], setLanguage, t: translators[chosen] }
}

/** One translator per language, so that `t` stays the same between drawings. */
const translators: Record<Language, Translate> = { en: translator('en'), zh: translator('zh') }

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function readStored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}
