/** Which language the page speaks: the reader's choice, else the first of the browser's that we have. */
export const LANGUAGES = ['en', 'zh'] as const
export type Language = (typeof LANGUAGES)[number]

/** What `Intl` and the document's `lang` want to hear. */
export const LOCALE: Record<Language, string> = { en: 'en-GB', zh: 'zh-CN' }

export function languageOf(stored: string | null, preferred: readonly string[]): Language {
  if (isLanguage(stored)) return stored
  for (const tag of preferred) {
    const [base = ''] = tag.toLowerCase().split('-')
    if (isLanguage(base)) return base
  }
  return 'en'
}

function isLanguage(text: string | null): text is Language {
  return LANGUAGES.some((language) => language === text)
}
