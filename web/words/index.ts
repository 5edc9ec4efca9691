import { use, useSyncExternalStore } from 'react'
import { type Catalogue, english, type Translate } from './catalogue.ts'
import { type Language, LOCALE, languageOf } from './language.ts'

export type { PlainKey, Translate, WordKey } from './catalogue.ts'
export { LANGUAGES, type Language, LOCALE } from './language.ts'

const STORED = 'driftlog.language'
const loaded = new Map<Language, Catalogue>([['en', english]])
const loading = new Map<Language, Promise<Catalogue>>()
const listeners = new Set<() => void>()
let current: Language | undefined

export function language(): Language {
  current ??= languageOf(readStored(), globalThis.navigator?.languages ?? [])
  return current
}

/** The words in the language chosen now. Inside components take `t` from useLanguage(), which redraws. */
export const t: Translate = (key, ...values) => (loaded.get(language()) ?? english).t(key, ...values)

/** Changes the language once its words are there. */
export async function setLanguage(next: Language): Promise<void> {
  await load(next)
  current = next
  try {
    localStorage.setItem(STORED, next)
  } catch {
    // A browser that refuses storage still changes the language, until the page is left.
  }
  markDocument()
  for (const listener of listeners) listener()
}

/** Tells the document which language it is in. */
export function markDocument(): void {
  document.documentElement.lang = LOCALE[language()]
}

/** The chosen language; the first drawing waits for its words. `locale` is for `Intl`. */
export function useLanguage(): {
  language: Language
  locale: string
  setLanguage: typeof setLanguage
  t: Translate
  catalogue: Catalogue
} {
  const chosen = useSyncExternalStore(subscribe, language)
  const catalogue = loaded.get(chosen) ?? use(load(chosen))
  return { language: chosen, locale: LOCALE[chosen], setLanguage, t: catalogue.t, catalogue }
}

/** Where words cannot be loaded the page speaks English rather than not at all. */
function load(wanted: Language): Promise<Catalogue> {
  const running = loading.get(wanted)
  if (running !== undefined) return running
  const known = loaded.get(wanted)
  const words = known
    ? Promise.resolve(known)
    : import('./chinese.ts').then(
        ({ chinese }) => chinese,
        () => english
      )
  const kept = words.then((catalogue) => {
    loaded.set(wanted, catalogue)
    return catalogue
  })
  loading.set(wanted, kept)
  return kept
}

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
