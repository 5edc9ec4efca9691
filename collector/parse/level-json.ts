/** The level of a JSON line, by a scan over its top-level keys; nothing is parsed but what is asked for. */
import { firstOf, oddBytes } from './four.ts'
import { levelOfSeverity, levelOfValue } from './level-words.ts'

/** Keys behind this many bytes are not looked for. */
const SCAN_BYTES = 64 * 1024

const QUOTE = 34
const BACKSLASH = 92

/**
 * Level of the JSON object that begins at `from`: the first top-level key that names one, or `level` within a
 * top-level `log`. 0 where no key says it, -1 where the text is no JSON object after all.
 */
export function jsonLevel(b: Uint8Array, view: DataView, from: number, to: number): number {
  const end = Math.min(to, from + SCAN_BYTES)
  return objectLevel(b, view, from, end, false)
}

function objectLevel(b: Uint8Array, view: DataView, from: number, end: number, inLog: boolean): number {
  let i = from + 1
  let first = true
  for (;;) {
    i = pastBlanks(b, i, end)
    if (i >= end) return first ? -1 : 0
    if (b[i] === 125) return 0
    if (!first) {
      if (b[i] !== 44) return 0
      i = pastBlanks(b, i + 1, end)
    }
    if (b[i] !== QUOTE) return first ? -1 : 0
    const keyFrom = i + 1
    i = pastString(b, view, i, end)
    if (i > end) return 0
    const keyTo = i - 1
    const key = inLog ? (isKey(b, keyFrom, keyTo, 'level') ? LEVEL : OTHER) : keyAt(b, keyFrom, keyTo)
    i = pastBlanks(b, i, end)
    if (b[i] !== 58) return first ? -1 : 0
    first = false
    i = pastBlanks(b, i + 1, end)
    const valueFrom = i
    i = pastValue(b, view, i, end)
    if (i > end) return 0
    if (key === OTHER) continue
    const level = valueLevel(b, view, key, valueFrom, i)
    if (level > 0) return level
  }
}

function valueLevel(b: Uint8Array, view: DataView, key: number, from: number, to: number): number {
  if (b[from] === 123) return key === LOG ? Math.max(0, objectLevel(b, view, from, to, true)) : 0
  if (key === LOG) return 0
  const quoted = b[from] === QUOTE
  const valueFrom = quoted ? from + 1 : from
  const valueTo = quoted ? to - 1 : to
  if (valueTo <= valueFrom) return 0
  return key === SEVERITY ? levelOfSeverity(b, valueFrom, valueTo) : levelOfValue(b, valueFrom, valueTo)
}

const OTHER = 0
const LEVEL = 1
const SEVERITY = 2
const LOG = 3

/** By length first: most keys are ruled out by that. A key with an escape is spelled out before it is compared. */
function keyAt(b: Uint8Array, from: number, to: number): number {
  switch (to - from) {
    case 2:
      return isKey(b, from, to, '@l') ? LEVEL : OTHER
    case 3:
      return isKey(b, from, to, 'lvl') ? LEVEL : isKey(b, from, to, 'log') ? LOG : OTHER
    case 5:
      return isKey(b, from, to, 'level') ? LEVEL : OTHER
    case 8:
      if (isKey(b, from, to, 'severity')) return SEVERITY
      return isKey(b, from, to, 'loglevel') ? LEVEL : escapedKeyAt(b, from, to)
    case 9:
      if (isKey(b, from, to, 'log.level') || isKey(b, from, to, 'log_level')) return LEVEL
      return escapedKeyAt(b, from, to)
    default:
      return to - from <= LONGEST_ESCAPED_KEY ? escapedKeyAt(b, from, to) : OTHER
  }
}

/** `log.level` with every character written as \uXXXX. */
const LONGEST_ESCAPED_KEY = 54

function escapedKeyAt(b: Uint8Array, from: number, to: number): number {
  let escaped = false
  for (let i = from; i < to; i++) if (b[i] === BACKSLASH) escaped = true
  if (!escaped) return OTHER
  try {
    const key: unknown = JSON.parse(`"${Buffer.from(b.subarray(from, to)).toString()}"`)
    if (typeof key !== 'string' || key.includes('\\')) return OTHER
    const bytes = new TextEncoder().encode(key)
    return bytes.length < to - from ? keyAt(bytes, 0, bytes.length) : OTHER
  } catch {
    return OTHER
  }
}

/** Equal without regard to the case of letters. */
function isKey(b: Uint8Array, from: number, to: number, key: string): boolean {
  if (to - from !== key.length) return false
  for (let i = 0; i < key.length; i++) {
    const c = b[from + i] as number
    const wanted = key.charCodeAt(i)
    if (c !== wanted && !(c >= 65 && c <= 90 && c + 32 === wanted)) return false
  }
  return true
}

export function pastBlanks(b: Uint8Array, from: number, end: number): number {
  let i = from
  while (i < end && (b[i] === 32 || b[i] === 9 || b[i] === 10 || b[i] === 13)) i++
  return i
}

/** Index behind the closing quote of the string that begins at `from`; beyond `end` where it does not close. */
export function pastString(b: Uint8Array, view: DataView, from: number, end: number): number {
  let i = from + 1
  while (i + 4 <= end) {
    const odd = oddBytes(view.getInt32(i, true))
    if (odd === 0) {
      i += 4
      continue
    }
    i += firstOf(odd)
    if (b[i] === QUOTE) return i + 1
    i += b[i] === BACKSLASH ? 2 : 1
  }
  while (i < end) {
    const c = b[i]
    if (c === QUOTE) return i + 1
    i += c === BACKSLASH ? 2 : 1
  }
  return end + 1
}

export function pastValue(b: Uint8Array, view: DataView, from: number, end: number): number {
  const c = b[from]
  if (c === QUOTE) return pastString(b, view, from, end)
  let i = from
  if (c !== 123 && c !== 91) {
    while (i < end && b[i] !== 44 && b[i] !== 125 && b[i] !== 32) i++
    return i
  }
  let depth = 0
  while (i < end) {
    const d = b[i]
    if (d === QUOTE) {
      i = pastString(b, view, i, end)
      continue
    }
    i++
    if (d === 123 || d === 91) depth++
    else if ((d === 125 || d === 93) && --depth === 0) return i
  }
  return end + 1
}
