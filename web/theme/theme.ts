import type { Settings } from '../state/settings.ts'

/** `auto` follows the system. */
export type Theme = Settings['theme']
export const THEMES: readonly Theme[] = ['auto', 'dark', 'light']

/** Puts the choice on the document, where tokens.css finds it. */
export function applyTheme(theme: Theme): void {
  const root = document.documentElement
  if (theme === 'auto') delete root.dataset.theme
  else root.dataset.theme = theme
}

/** Calls back when the colours change: another theme, the system's switch, or more contrast asked for. */
export function onColours(changed: () => void, signal: AbortSignal): void {
  for (const query of [
    '(prefers-color-scheme: dark)',
    '(prefers-contrast: more)',
    '(forced-colors: active)'
  ]) {
    matchMedia(query).addEventListener('change', changed, { signal })
  }
  const observer = new MutationObserver(changed)
  observer.observe(document.documentElement, { attributeFilter: ['data-theme'] })
  signal.addEventListener('abort', () => observer.disconnect())
}

/** The colour that a custom property has now, as a canvas wants it; light-dark() is resolved by the browser. */
export function colourOf(property: `--${string}`): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${property})`
  document.body.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}
