import { useSyncExternalStore } from 'react'

/** `auto` follows the system. */
export const THEMES = ['auto', 'dark', 'light'] as const
export type Theme = (typeof THEMES)[number]

const STORED = 'driftlog.theme'
const listeners = new Set<() => void>()
let current: Theme | undefined

export function theme(): Theme {
  current ??= themeOf(readStored())
  return current
}

export function themeOf(stored: string | null): Theme {
  return THEMES.find((known) => known === stored) ?? 'auto'
}

export function setTheme(next: Theme): void {
  current = next
  try {
    localStorage.setItem(STORED, next)
  } catch {
    // Storage refused: the choice lasts until the page is left.
  }
  applyTheme()
  for (const listener of listeners) listener()
}

/** Puts the choice on the document; called once before the first drawing, so that nothing flashes. */
export function applyTheme(): void {
  const root = document.documentElement
  if (theme() === 'auto') delete root.dataset.theme
  else root.dataset.theme = theme()
}

export function useTheme(): { theme: Theme; setTheme: typeof setTheme } {
  return { theme: useSyncExternalStore(subscribe, theme), setTheme }
}

/** Calls back when the colours change: another theme, the system's switch, or more contrast asked for. */
export function onColours(changed: () => void, signal: AbortSignal): void {
  listeners.add(changed)
  signal.addEventListener('abort', () => listeners.delete(changed))
  for (const query of [
    '(prefers-color-scheme: dark)',
    '(prefers-contrast: more)',
    '(forced-colors: active)'
  ]) {
    matchMedia(query).addEventListener('change', changed, { signal })
  }
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
