import { setTheme, THEMES, useTheme } from '../theme/theme.ts'
import { LANGUAGES, useLanguage } from '../words/index.ts'
import { Icon } from './icon.tsx'

const NAMES = { en: 'EN', zh: '中' } as const
const FULL_NAMES = { en: 'English', zh: '中文' } as const

export function LanguageChoice() {
  const { t, language, setLanguage } = useLanguage()
  return (
    <fieldset className="segments" aria-label={t('language.choose')}>
      {LANGUAGES.map((known) => (
        <button
          key={known}
          type="button"
          lang={known}
          aria-pressed={known === language}
          aria-label={`${NAMES[known]} ${FULL_NAMES[known]}`}
          onClick={() => setLanguage(known)}
        >
          {NAMES[known]}
        </button>
      ))}
    </fieldset>
  )
}

/** One button that goes round: as the system, dark, light. */
export function ThemeSwitch() {
  const { t } = useLanguage()
  const { theme } = useTheme()
  const names = { auto: t('theme.auto'), dark: t('theme.dark'), light: t('theme.light') }
  const label = t('theme.switch', { theme: names[theme] })
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto'
  return (
    <button type="button" className="square" aria-label={label} title={label} onClick={() => setTheme(next)}>
      <Icon name="theme" />
    </button>
  )
}

/** The same as three buttons, where there is room for words. */
export function ThemeChoice() {
  const { t } = useLanguage()
  const { theme } = useTheme()
  const names = { auto: t('theme.auto'), dark: t('theme.dark'), light: t('theme.light') }
  return (
    <fieldset className="segments" aria-label={t('theme.choose')}>
      {THEMES.map((known) => (
        <button key={known} type="button" aria-pressed={known === theme} onClick={() => setTheme(known)}>
          {names[known]}
        </button>
      ))}
    </fieldset>
  )
}
