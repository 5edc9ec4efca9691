/** Whether what ends at a byte is one of a list of words: names of secrets, with what may stand behind them. */
import { ENDINGS } from './redact-names.ts'

/** A list of words by their last three letters. */
export interface Words {
  /** By five bits of each of the three: 0, or one more than the index in `groups`. */
  ends: Uint8Array
  groups: Uint8Array[][]
}

const NAMES = wordsOf(ENDINGS)

/** Bits: the name of a secret ends before `i`; it does in a notation of pairs, or encoded. */
export const NAMED = 1
export const PAIRED = 64

/** Whether the name that ends before `i` is that of a secret; blanks, quotes and colours may stand between. */
export function isNamed(b: Uint8Array, i: number, from: number): number {
  let at = i - 1
  if (at < from) return 0
  if (IS_BETWEEN[b[at] as number] === 1) at = pastBetween(b, at, from)
  else if (IS_CODED[b[at] as number] === 1) {
    const before = pastCoded(b, at, from)
    if (before !== at) return endsName(b, before, from) ? NAMED | PAIRED : 0
  }
  if (endsName(b, at, from)) return NAMED
  return b[at] === 101 && b[at - 1] === 117 && isValueOf(b, at, from) ? PAIRED : 0
}

/** Last bytes of what pastCoded() knows. */
const IS_CODED = new Uint8Array(256)
for (const c of '27;Dd') IS_CODED[c.charCodeAt(0)] = 1

/** A quote as `%22`, `\\u0022` or `&quot;`, a bracket as `%5D`. */
function pastCoded(b: Uint8Array, at: number, from: number): number {
  if (b[at] === 59) {
    let amp = at
    while (amp > from && amp > at - 7 && b[amp] !== 38) amp--
    return b[amp] === 38 ? amp - 1 : at
  }
  if (b[at - 1] === 53) return b[at - 2] === 37 ? at - 3 : at
  if (b[at - 1] !== 50) return at
  if (b[at - 2] === 37) return at - 3
  if (b[at - 2] === 53 && b[at - 3] === 50 && b[at - 4] === 37) return at - 5
  if (b[at - 2] !== 48 || b[at - 4] !== 117) return at
  let slash = at - 5
  while (slash > from && b[slash] === 92) slash--
  return slash
}

/** `"DB_PASSWORD","value":`, `key="ApiKey" value=`, `<name>db.password</name><value>`. */
function isValueOf(b: Uint8Array, end: number, from: number): boolean {
  if (!endsWithText(b, end, from, 'value')) return false
  let at = end - 5
  for (const least = Math.max(from, at - 28); at > least && IS_APART[b[at] as number] === 1; ) at--
  if (endsWithText(b, at, from, '</name')) at -= 6
  return endsName(b, at, from)
}

const IS_APART = new Uint8Array(256)
for (const c of ' \t\r\n"\'\\,<>_') IS_APART[c.charCodeAt(0)] = 1

function pastBetween(b: Uint8Array, i: number, from: number): number {
  let at = i
  for (;;) {
    while (at >= from && IS_BETWEEN[b[at] as number] === 1 && b[at] !== 109) at--
    if (at < from || b[at] !== 109) return at
    // `m` may end a colour: \x1b[2m
    let colour = at - 1
    while (colour >= from && (isDigit(b[colour] as number) || b[colour] === 59)) colour--
    if (colour <= from || b[colour] !== 91 || b[colour - 1] !== 27) return at
    at = colour - 2
  }
}

const IS_BETWEEN = new Uint8Array(256)
for (const c of ' \t"\'\\]m') IS_BETWEEN[c.charCodeAt(0)] = 1

/** True where the name of a secret ends at `at`, whatever follows. */
export function endsName(b: Uint8Array, at: number, from: number): boolean {
  return endsWith(NAMES, b, at, from)
}

/** True where one of the words ends at `at`, in any case. */
export function endsWith({ ends, groups }: Words, b: Uint8Array, at: number, from: number): boolean {
  if (at < from + 1) return false
  const two = (((b[at - 1] as number) & 31) << 5) | ((b[at] as number) & 31)
  const group = ends[at - 2 >= from ? (((b[at - 2] as number) & 31) << 10) | two : two] as number
  return group !== 0 && endsWithOne(groups[group - 1] ?? [], b, at, from)
}

/** From the first letter on: their last ones are nearly always the same. */
function endsWithOne(words: readonly Uint8Array[], b: Uint8Array, at: number, from: number): boolean {
  next: for (const bytes of words) {
    const begin = at - bytes.length + 1
    if (begin < from) continue
    for (let i = 0; i < bytes.length; i++) {
      const c = b[begin + i] as number
      if ((c >= 65 && c <= 90 ? c | 32 : c) !== bytes[i]) continue next
    }
    return true
  }
  return false
}

/** True where the text ends at `at` or before a blank there. */
export function endsWithText(b: Uint8Array, at: number, from: number, text: string): boolean {
  const end = b[at] === 32 ? at - 1 : at
  if (end - text.length + 1 < from) return false
  for (let i = 0; i < text.length; i++)
    if (((b[end - text.length + 1 + i] as number) | 32) !== (text.charCodeAt(i) | 32)) return false
  return true
}

/** Words of two letters count with any third before them. */
export function wordsOf(list: readonly string[]): Words {
  const ends = new Uint8Array(0x8000)
  const groups: Uint8Array[][] = []
  const bits = (word: string, back: number) => word.charCodeAt(word.length - back) & 31
  const put = (place: number, word: string) => {
    ends[place] ||= groups.push([])
    groups[(ends[place] as number) - 1]?.push(new TextEncoder().encode(word.toLowerCase()))
  }
  for (const word of list) {
    const two = (bits(word, 2) << 5) | bits(word, 1)
    for (let first = 0; first < 32; first++)
      if (word.length < 3 || first === bits(word, 3)) put((first << 10) | two, word)
  }
  return { ends, groups }
}

export function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}
