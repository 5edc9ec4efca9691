/** A regular expression as a tree, as far as its cost must be judged. The source is known to be valid. */

/** Sorted pairs of first and last UTF-16 unit. */
export type Units = readonly number[]

/** What must hold between two characters, bits. `look` stands for any look-around. */
export const GUARD = { boundary: 1, inside: 2, start: 4, end: 8, look: 16 } as const

export type PatternNode =
  | { kind: 'units'; units: Units }
  | { kind: 'guard'; guard: number }
  | { kind: 'look'; item: PatternNode; behind: boolean }
  | { kind: 'sequence'; items: PatternNode[] }
  | { kind: 'choice'; options: PatternNode[] }
  | { kind: 'repeat'; item: PatternNode; min: number; max: number; source: string }

/** Something that is no regular expression in the sense of automata, or not known here. */
export class PatternError extends Error {}

/** Throws a PatternError at a back-reference and at groups that are not known. */
export function treeOf(source: string, ignoreCase: boolean): PatternNode {
  return readChoice({ source, at: 0, ignoreCase })
}

interface Scan {
  source: string
  at: number
  ignoreCase: boolean
}

function readChoice(scan: Scan): PatternNode {
  const options = [readSequence(scan)]
  while (scan.source[scan.at] === '|') {
    scan.at++
    options.push(readSequence(scan))
  }
  return options.length === 1 ? (options[0] as PatternNode) : { kind: 'choice', options }
}

function readSequence(scan: Scan): PatternNode {
  const items: PatternNode[] = []
  while (scan.at < scan.source.length && !'|)'.includes(scan.source[scan.at] ?? '')) {
    const from = scan.at
    const item = readAtom(scan)
    items.push(readRepeat(scan, item, from))
  }
  return items.length === 1 ? (items[0] as PatternNode) : { kind: 'sequence', items }
}

const REPEAT = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y

function readRepeat(scan: Scan, item: PatternNode, from: number): PatternNode {
  REPEAT.lastIndex = scan.at
  const match = REPEAT.exec(scan.source)
  if (!match) return item
  scan.at += match[0].length
  const [sign = '', least, comma, most] = match
  const min = least ? Number(least) : sign[0] === '+' ? 1 : 0
  const max = least ? (comma ? Number(most || Infinity) : min) : sign[0] === '?' ? 1 : Infinity
  return { kind: 'repeat', item, min, max, source: scan.source.slice(from, scan.at) }
}

function readAtom(scan: Scan): PatternNode {
  const c = scan.source[scan.at++] ?? ''
  switch (c) {
    case '(':
      return readGroup(scan)
    case '[':
      return unitsNode(scan, readClass(scan))
    case '.':
      return { kind: 'units', units: DOT }
    case '^':
      return { kind: 'guard', guard: GUARD.start }
    case '$':
      return { kind: 'guard', guard: GUARD.end }
    case '\\':
      return readEscape(scan)
    default:
      return unitsNode(scan, unit(c.charCodeAt(0)))
  }
}

const GROUP = /\?(?::|=|!|<=|<!|<[^>]+>)/y

function readGroup(scan: Scan): PatternNode {
  GROUP.lastIndex = scan.at
  const opening = GROUP.exec(scan.source)?.[0] ?? ''
  if (opening === '' && scan.source[scan.at] === '?')
    throw new PatternError(`"(${scan.source.slice(scan.at, scan.at + 3)}" is not supported`)
  scan.at += opening.length
  const item = readChoice(scan)
  scan.at++
  if (!/^\?<?[=!]$/.test(opening)) return item
  return { kind: 'look', item, behind: opening.startsWith('?<') }
}

function readEscape(scan: Scan): PatternNode {
  const c = scan.source[scan.at]
  if (c === 'b' || c === 'B') {
    scan.at++
    return { kind: 'guard', guard: c === 'b' ? GUARD.boundary : GUARD.inside }
  }
  if (c === 'k' || (c !== undefined && c >= '1' && c <= '9'))
    throw new PatternError(`the back-reference "\\${c}" can't be checked; write it without`)
  return unitsNode(scan, escapedUnits(scan))
}

/** Sets that are written with one letter. */
const DIGITS: Units = [48, 57]
const WORD: Units = [48, 57, 65, 90, 95, 95, 97, 122]
const SPACES: Units = [9, 13, 32, 32, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a].concat([
  0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f, 0x3000, 0x3000, 0xfeff, 0xfeff
])
const DOT: Units = without([10, 10, 13, 13, 0x2028, 0x2029])
const CONTROLS: Readonly<Record<string, number>> = { n: 10, t: 9, r: 13, v: 11, f: 12, 0: 0 }

/** What stands behind a backslash at `scan.at`, in or outside of brackets. */
function escapedUnits(scan: Scan): Units {
  const c = scan.source[scan.at++] ?? ''
  switch (c) {
    case 'd':
      return DIGITS
    case 'D':
      return without(DIGITS)
    case 'w':
      return WORD
    case 'W':
      return without(WORD)
    case 's':
      return SPACES
    case 'S':
      return without(SPACES)
    case 'x':
    case 'u':
    case 'c':
      return unit(codeAt(scan, c))
    default:
      return unit(CONTROLS[c] ?? c.charCodeAt(0))
  }
}

/** `\x41`, `\u0041`, `\cA`; the letter itself where what follows is none of them. */
function codeAt(scan: Scan, letter: string): number {
  const pattern = letter === 'x' ? /[\da-f]{2}/iy : letter === 'u' ? /[\da-f]{4}/iy : /[a-z]/iy
  pattern.lastIndex = scan.at
  const text = pattern.exec(scan.source)?.[0]
  if (text === undefined) return letter.charCodeAt(0)
  scan.at += text.length
  return letter === 'c' ? text.charCodeAt(0) % 32 : Number.parseInt(text, 16)
}

function readClass(scan: Scan): Units {
  const negated = scan.source[scan.at] === '^'
  if (negated) scan.at++
  const parts: number[][] = []
  while (scan.source[scan.at] !== ']') {
    const from = readClassUnit(scan)
    const ranges = scan.source[scan.at] === '-' && scan.source[scan.at + 1] !== ']' && from.length === 2
    if (!ranges || from[0] !== from[1]) {
      parts.push([...from])
      continue
    }
    scan.at++
    const to = readClassUnit(scan)
    if (to.length === 2 && to[0] === to[1]) parts.push([from[0] as number, to[0] as number])
    else parts.push([...from], unit(45), [...to])
  }
  scan.at++
  const units = union(parts)
  return negated ? without(scan.ignoreCase ? anyCase(units) : units) : units
}

function readClassUnit(scan: Scan): Units {
  const c = scan.source[scan.at++] ?? ''
  if (c !== '\\') return unit(c.charCodeAt(0))
  if (scan.source[scan.at] === 'b') {
    scan.at++
    return unit(8)
  }
  return escapedUnits(scan)
}

function unitsNode(scan: Scan, units: Units): PatternNode {
  return { kind: 'units', units: scan.ignoreCase ? anyCase(units) : units }
}

function unit(code: number): number[] {
  return [code, code]
}

/** Sorted, and ranges that touch made one. */
function union(parts: readonly (readonly number[])[]): Units {
  const pairs = parts.flatMap((part) =>
    Array.from({ length: part.length / 2 }, (_, i) => [part[2 * i] as number, part[2 * i + 1] as number])
  )
  pairs.sort((a, b) => (a[0] as number) - (b[0] as number))
  const merged: number[] = []
  for (const [from = 0, to = 0] of pairs) {
    const last = merged.at(-1)
    if (last !== undefined && from <= last + 1) merged[merged.length - 1] = Math.max(last, to)
    else merged.push(from, to)
  }
  return merged
}

function without(units: Units): Units {
  const left: number[] = []
  let from = 0
  for (let i = 0; i < units.length; i += 2) {
    if ((units[i] as number) > from) left.push(from, (units[i] as number) - 1)
    from = (units[i + 1] as number) + 1
  }
  if (from <= 0xffff) left.push(from, 0xffff)
  return left
}

/** Both cases of the letters up to U+024F; scripts beyond it either have no case or are rare in expressions. */
function anyCase(units: Units): Units {
  const parts: number[][] = [[...units]]
  for (let i = 0; i < units.length; i += 2)
    for (let code = units[i] as number; code <= Math.min(units[i + 1] as number, 0x24f); code++) {
      const text = String.fromCharCode(code)
      for (const other of [text.toLowerCase(), text.toUpperCase()])
        if (other.length === 1) parts.push(unit(other.charCodeAt(0)))
    }
  return union(parts)
}
