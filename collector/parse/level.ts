/**
 * The level of a line, from its decoded bytes: a JSON field, a logfmt field, a klog header, or a word whose place
 * in the text says that it is meant as a level. Index into LEVELS; 0 where nothing says it, or two say different.
 */
import { jsonLevel } from './level-json.ts'
import { levelOfSeverity, levelOfValue, levelOfWord } from './level-words.ts'

/** A level stands at a line's beginning; words behind this many bytes are what the line tells about. */
const HEAD_BYTES = 160
/** Behind a level, a surer or a contradicting one is looked for in this many bytes. */
const FURTHER_BYTES = 48
const LONGEST_WORD = 11

const ESC = 27
const SPACE = 32

/** 1 letter, digit, `_` or part of a longer character; 2 capital; 0 between words. */
const KIND = new Uint8Array(256)
for (let c = 48; c < 58; c++) KIND[c] = 1
for (let c = 97; c < 123; c++) KIND[c] = 1
for (let c = 128; c < 256; c++) KIND[c] = 1
for (let c = 65; c < 91; c++) KIND[c] = 2
KIND[95] = 1

/** 1 where a word beginning with this byte may name a level or be the name of a level's field. */
const FIRST = new Uint8Array(256)
for (const c of 'acdefilnpstvw') {
  FIRST[c.charCodeAt(0)] = 1
  FIRST[c.charCodeAt(0) - 32] = 1
}

/** Where in a line a level word can stand, the surest first. */
const PREFIX = 0
const BRACKET = 1
const TAG = 2
const BARE = 3
const TWO_LEVELS = 7

export function levelOf(b: Uint8Array, from: number, to: number): number {
  const start = pastColours(b, from, to)
  if (b[start] === 123) {
    const level = jsonLevel(b, start, to)
    if (level >= 0) return level
  }
  return klogLevel(b, start, to) || textLevel(b, start, to)
}

/** Index behind blanks and escape sequences. */
function pastColours(b: Uint8Array, from: number, to: number): number {
  let i = from
  while (i < to) {
    const c = b[i]
    if (c === SPACE || c === 9) i++
    else if (c === ESC) i = pastEscape(b, i, to)
    else break
  }
  return i
}

/** Index behind the escape sequence that begins at `i`. */
function pastEscape(b: Uint8Array, i: number, to: number): number {
  let at = i + 1
  if (b[at] !== 91) return Math.min(at + 1, to)
  for (at++; at < to; at++) {
    const c = b[at] as number
    if (c >= 64 && c <= 126) return at + 1
  }
  return to
}

/** `E1122 10:00:00.000000 …`: Kubernetes' and Google's header. */
function klogLevel(b: Uint8Array, i: number, to: number): number {
  if (to - i < 15 || b[i + 5] !== SPACE || b[i + 8] !== 58 || b[i + 11] !== 58) return 0
  for (let d = 1; d < 5; d++) if (!isDigit(b[i + d] as number)) return 0
  const c = b[i]
  return c === 73 ? 3 : c === 87 ? 4 : c === 69 ? 5 : c === 70 ? 6 : c === 68 ? 2 : 0
}

function textLevel(b: Uint8Array, start: number, to: number): number {
  let limit = Math.min(to, start + HEAD_BYTES)
  /** What each place said so far, three bits a place. */
  let found = 0
  let before = SPACE
  let i = start
  while (i < limit) {
    const c = b[i] as number
    if (KIND[c] === 0) {
      if (c === ESC) {
        i = pastEscape(b, i, to)
        before = SPACE
        continue
      }
      before = c
      i++
      continue
    }
    const wordFrom = i
    if (FIRST[c] === 0) {
      do i++
      while (i < to && KIND[b[i] as number] !== 0)
      before = b[i - 1] as number
      continue
    }
    let kinds = 0
    do kinds |= KIND[b[i++] as number] as number
    while (i < to && KIND[b[i] as number] !== 0)
    const length = i - wordFrom
    if (length >= 3 && length <= LONGEST_WORD) {
      const behind = i < to ? (b[i] as number) : SPACE
      if (behind === 61 || behind === 34) {
        const level = fieldLevel(b, wordFrom, i, to)
        if (level > 0) return level
      }
      const capitals = kinds === 2
      const level = levelOfWord(b, wordFrom, i, capitals)
      if (level > 0) {
        const place = placeOf(b, start, wordFrom, i, to, before, behind, capitals)
        if (place === PREFIX) return level
        if (place > 0) {
          const old = (found >> (place * 3)) & 7
          if (old === 0) found |= level << (place * 3)
          else if (old !== level) found |= TWO_LEVELS << (place * 3)
          limit = Math.min(limit, i + FURTHER_BYTES)
        }
      }
    }
    before = b[i - 1] as number
  }
  for (let place = BRACKET; place <= BARE; place++) {
    const level = (found >> (place * 3)) & 7
    if (level !== 0) return level === TWO_LEVELS ? 0 : level
  }
  return 0
}

/** PREFIX, BRACKET, TAG, BARE, or -1 where the word only happens to stand there. */
function placeOf(
  b: Uint8Array,
  start: number,
  from: number,
  to: number,
  end: number,
  before: number,
  behind: number,
  capitals: boolean
): number {
  if (from === start) {
    if (behind === 58 || behind === 93 || behind === 124 || behind === ESC) return PREFIX
    const capitalised = (b[from] as number) < 97
    if (capitalised && (behind === SPACE || behind === 9 || behind === 44)) return PREFIX
  }
  const open = before === SPACE ? bracketBefore(b, start, from) : before
  const close = behind === SPACE ? bracketBehind(b, to, end) : behind
  const opened = open === 91 || open === 60 || open === 124 || open === 40
  const closed = close === 93 || close === 62 || close === 124 || close === 41
  if (opened && closed && (capitals || open === 91 || open === 124)) return BRACKET
  if (closed && close === 93 && before === 58) return BRACKET
  if (capitals && ((open === 91 && behind === SPACE) || (close === 93 && before === SPACE))) return BRACKET
  if (before === SPACE || before === 9) {
    if (nothingCounted(b, start, from)) return -1
    if (behind === 58) return TAG
    return capitals && endsWord(behind) ? BARE : -1
  }
  if (capitals && before === 34 && behind === 34) return TAG
  return capitals && (from === start || before === 93 || before === 124) && endsWord(behind) ? BARE : -1
}

/** The bracket that opens before blanks, as in `[ INFO ]`; otherwise a blank. */
function bracketBefore(b: Uint8Array, start: number, from: number): number {
  let i = from - 1
  while (i > start && b[i] === SPACE) i--
  const c = b[i] as number
  return i >= start && (c === 91 || c === 124) ? c : SPACE
}

function bracketBehind(b: Uint8Array, to: number, end: number): number {
  let i = to
  while (i < end && b[i] === SPACE) i++
  const c = i < end ? (b[i] as number) : SPACE
  return c === 93 || c === 124 ? c : SPACE
}

/** `0 ERROR`: says that there was none. */
function nothingCounted(b: Uint8Array, start: number, from: number): boolean {
  return (
    from - start >= 2 && b[from - 2] === 48 && (from - start === 2 || !isPartOfNumber(b[from - 3] as number))
  )
}

/** Blank, tab, escape, `:`, `]`, `)`, `>`, `|`, `,`, `!`. */
function endsWord(c: number): boolean {
  switch (c) {
    case SPACE:
    case 9:
    case ESC:
    case 58:
    case 93:
    case 41:
    case 62:
    case 124:
    case 44:
    case 33:
      return true
    default:
      return false
  }
}

/** `level=warn`, `lvl="warn"`, `severity=4`, `"level":"warn"` somewhere in a text. 0 where it is no such field. */
function fieldLevel(b: Uint8Array, from: number, to: number, end: number): number {
  const severity = isName(b, from, to, SEVERITY)
  if (!severity && !isName(b, from, to, LEVEL) && !isName(b, from, to, LVL)) return 0
  let i = to
  if (b[i] === 34) {
    if (b[i + 1] !== 58) return 0
    i++
  }
  i++
  while (i < end && (b[i] === 34 || b[i] === SPACE)) i++
  const valueFrom = i
  while (i < end && KIND[b[i] as number] !== 0) i++
  return severity ? levelOfSeverity(b, valueFrom, i) : levelOfValue(b, valueFrom, i)
}

const LEVEL = new TextEncoder().encode('level')
const LVL = new TextEncoder().encode('lvl')
const SEVERITY = new TextEncoder().encode('severity')

function isName(b: Uint8Array, from: number, to: number, name: Uint8Array): boolean {
  if (to - from !== name.length) return false
  for (let i = 0; i < name.length; i++) if (((b[from + i] as number) | 32) !== name[i]) return false
  return true
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}

function isPartOfNumber(c: number): boolean {
  return isDigit(c) || c === 46 || c === 58 || c === 44
}
