/** Which key asks for what. Single keys act only outside text fields and can be switched off. */
import type { Command } from './commands.ts'

/** Keys as a person names them: `g g`, `Shift+N` is `N`, `Ctrl+f`. */
const SINGLE: Record<string, Command> = {
  j: 'row-next',
  k: 'row-previous',
  e: 'error-next',
  E: 'error-previous',
  w: 'warning-next',
  W: 'warning-previous',
  m: 'move-next',
  M: 'move-previous',
  x: 'gap-next',
  X: 'gap-previous',
  n: 'find-next',
  N: 'find-previous',
  c: 'context-instance',
  C: 'context-app',
  y: 'copy-line',
  Y: 'copy-link',
  J: 'copy-json',
  f: 'follow',
  G: 'newest',
  'g g': 'oldest',
  'g l': 'go-logs',
  'g d': 'go-deploys',
  p: 'pretty',
  u: 'wrap',
  o: 'order',
  s: 'save-query',
  t: 'focus-time',
  z: 'toggle-utc',
  '/': 'focus-query',
  '[': 'range-earlier',
  ']': 'range-later',
  _: 'range-widen',
  '+': 'include',
  '-': 'exclude',
  '?': 'help',
  ' ': 'page-down'
}

/** Work without being single characters, and only while the list has the focus. */
const LIST: Record<string, Command> = {
  ArrowDown: 'row-next',
  ArrowUp: 'row-previous',
  PageDown: 'page-down',
  PageUp: 'page-up',
  Home: 'oldest',
  End: 'newest',
  Enter: 'open',
  ArrowRight: 'open',
  ArrowLeft: 'back',
  'Ctrl+d': 'half-down',
  'Ctrl+u': 'half-up'
}

/** The two chords of browsers that are taken over. */
const CHORDS: Record<string, Command> = { 'Ctrl+f': 'find', 'Ctrl+k': 'jump' }

export interface Stroke {
  key: string
  ctrl: boolean
  alt: boolean
  /** A text field has the focus. */
  inText: boolean
  /** The list, or nothing at all, has the focus. */
  inList: boolean
  singleKeys: boolean
}

/** The command of a stroke, and what later strokes begin with: `g` waits for a second key. */
export function commandFor(stroke: Stroke, before: string): { command?: Command; prefix: string } {
  const { key, ctrl, alt, inText, inList, singleKeys } = stroke
  const name = ctrl ? `Ctrl+${key.toLowerCase()}` : key
  const none = { prefix: '' }
  if (alt) return none
  if (ctrl && CHORDS[name]) return { command: CHORDS[name], prefix: '' }
  if (key === 'Escape') return inText ? none : { command: 'back', prefix: '' }
  if (inList && LIST[name]) return { command: LIST[name], prefix: '' }
  if (ctrl || inText || !singleKeys) return none
  if (before !== '') {
    const pair = SINGLE[`${before} ${key}`]
    if (pair) return { command: pair, prefix: '' }
  }
  if (key === 'g') return { prefix: 'g' }
  // a space on a button presses it
  if (key === ' ' && !inList) return none
  const command = SINGLE[key]
  return command ? { command, prefix: '' } : none
}
