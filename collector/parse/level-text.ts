/** The level that a word in running text gives: by where it stands, and how it is written. */
import { levelOfSeverity, levelOfValue, levelOfWord, PAIR, PAIRS } from './level-words.ts'

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

/** Where in a line a level word can stand, the surest first. */
const PREFIX = 0
const BRACKET = 1
const TAG = 2
const BARE = 3
const TWO_LEVELS = 7

/**
 * Looks at every second byte and the one behind it: a word of three letters or more shows its first two or its
 * second and third there, and few other pairs of bytes are any word's.
 */
export function textLevel(b: Uint8Array, view: DataView, start: number, to: number): number {
  let limit = Math.min(to, start + HEAD_BYTES)
  /** What each place said so far, three bits a place. */
  let found = 0
  /** A word may begin here whatever stands before: the text's begin, or behind an escape sequence. */
  let edge = start
  let i = start
  while (i <= limit && i < to - 1) {
    if (i + 4 <= to) {
      const four = view.getInt32(i, true)
      if (((PAIR[four & 0xffff] as number) | (PAIR[four >>> 16] as number)) === 0) {
        i += 4
        continue
      }
    }
    const pair = PAIR[(b[i] as number) | ((b[i + 1] as number) << 8)] as number
    if (pair === 0) {
      i += 2
      continue
    }
    if ((pair & PAIRS.escape) !== 0) {
      edge = i = pastEscape(b, b[i] === ESC ? i : i + 1, to)
      continue
    }
    const from = wordBegin(b, i, edge)
    if (from >= limit || from + 3 > to) break
    if (from < 0 || !isPromising(b, from)) {
      i += 2
      continue
    }
    let end = from
    let kinds = 0
    do kinds |= KIND[b[end++] as number] as number
    while (end < to && KIND[b[end] as number] !== 0)
    i = end
    if (end - from < 3 || end - from > LONGEST_WORD) continue
    const before = from === edge ? SPACE : (b[from - 1] as number)
    const behind = end < to ? (b[end] as number) : SPACE
    if (behind === 61 || behind === 34) {
      const level = fieldLevel(b, from, end, to)
      if (level > 0) return level
    }
    const capitals = kinds === 2
    const level = levelOfWord(b, from, end, capitals)
    if (level === 0) continue
    const place = placeOf(b, start, from, end, to, before, behind, capitals)
    if (place === PREFIX) return level
    if (place < 0) continue
    const old = (found >> (place * 3)) & 7
    if (old === 0) found |= level << (place * 3)
    else if (old !== level) found |= TWO_LEVELS << (place * 3)
    limit = Math.min(limit, end + FURTHER_BYTES)
  }
  for (let place = BRACKET; place <= BARE; place++) {
    const level = (found >> (place * 3)) & 7
    if (level !== 0) return level === TWO_LEVELS ? 0 : level
  }
  return 0
}

/** Both pairs of its first three bytes are those of a level word. */
function isPromising(b: Uint8Array, from: number): boolean {
  const second = b[from + 1] as number
  const first = PAIR[(b[from] as number) | (second << 8)] as number
  const next = PAIR[second | ((b[from + 2] as number) << 8)] as number
  return (first & PAIRS.first) !== 0 && (next & PAIRS.second) !== 0
}

/** Where the word begins of which first or second byte stands at `i`; -1 where neither does. */
function wordBegin(b: Uint8Array, i: number, edge: number): number {
  if (i === edge || KIND[b[i - 1] as number] === 0) return i
  if (i - 1 === edge || KIND[b[i - 2] as number] === 0) return i - 1
  return -1
}

/** Index behind the escape sequence that begins at `i`. */
export function pastEscape(b: Uint8Array, i: number, to: number): number {
  let at = i + 1
  if (b[at] !== 91) return Math.min(at + 1, to)
  for (at++; at < to; at++) {
    const c = b[at] as number
    if (c >= 64 && c <= 126) return at + 1
  }
  return to
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
