/**
 * Whether a line can hold a secret at all, from its bytes: four a step, by a table of the few bytes of which every
 * rule needs one. Nearly all lines end here. What is said to be possible is looked at by the exact rules.
 */
import {
  endsName,
  endsWith,
  endsWithText,
  isDigit,
  isNamed,
  NAMED,
  PAIRED,
  wordsOf
} from './redact-endings.ts'

/** What may be there, bits. */
export const SUSPICION = {
  keys: NAMED,
  urls: 2,
  shapes: 4,
  cards: 8,
  pem: 16,
  commands: 32,
  pairs: PAIRED,
  said: 128
} as const

/** Shapes that are known by the letters before their first `_` or `-`. */
const BEFORE_UNDERSCORE = [
  ...'ghp gho ghu ghs ghr hub sk rk npm hsec hpat hpss hpca kr hf dop doo dlr dld dla dlj dlk dls'.split(' '),
  ...'glsa glc sqp sqa squ sntrys sntryu lin figd gsk nfp sbp phx rubygems shppa AVNS'.split(' ')
]
const BEFORE_HYPHEN = [
  ...'glpat gldt glrt glcbt glptt xoxa xoxb xoxe xoxp xoxr xoxs xapp pypi sk tskey AGE PMAK'.split(' '),
  ...'GOCSPX SWMTKN NRAK pul xai key'.split(' ')
]

const UNDERSCORES = wordsOf(BEFORE_UNDERSCORE)
const HYPHENS = wordsOf(BEFORE_HYPHEN)

/**
 * Bytes of which every secret has one: 1, or the byte that must stand before it. Small, so that it stays in the
 * processor's first cache.
 */
const TRIGGER = new Uint8Array(256)
for (const c of "=:>',B_-JKI%@") TRIGGER[c.charCodeAt(0)] = 1
for (const pair of ['SG', 'hv', 'TH', 'sw', 'eq']) TRIGGER[pair.charCodeAt(1)] = pair.charCodeAt(0)

/** `view` shows the bytes of `b`. Bits of SUSPICION. */
export function suspicionOf(b: Uint8Array, view: DataView, from: number, to: number): number {
  let found = 0
  let i = from
  for (const last = to - 4; i <= last; i += 4) {
    const four = view.getInt32(i, true)
    const first = TRIGGER[four & 255] as number
    const second = TRIGGER[(four >>> 8) & 255] as number
    const third = TRIGGER[(four >>> 16) & 255] as number
    const fourth = TRIGGER[four >>> 24] as number
    if ((first | second | third | fourth) === 0) {
      const digits = four ^ 0x30303030
      if (((digits | (digits + 0x06060606)) & 0xf0f0f0f0) === 0) found |= digitRun(b, i, from, to)
      continue
    }
    if (first === 1 || (first !== 0 && first === b[i - 1])) found |= byteAt(b, i, from, to)
    if (second === 1 || (second !== 0 && second === (four & 255))) found |= byteAt(b, i + 1, from, to)
    if (third === 1 || (third !== 0 && third === ((four >>> 8) & 255))) found |= byteAt(b, i + 2, from, to)
    if (fourth === 1 || (fourth !== 0 && fourth === ((four >>> 16) & 255)))
      found |= byteAt(b, i + 3, from, to)
  }
  for (; i < to; i++) found |= byteAt(b, i, from, to)
  return found
}

/** What the byte at `i` may be part of. */
function byteAt(b: Uint8Array, i: number, from: number, to: number): number {
  switch (b[i]) {
    case 61:
      return isField(b, i, to) ? SUSPICION.pairs : named(b, i, from)
    case 62:
      // An element ends, perhaps.
      return isNamed(b, b[i - 1] === 45 ? i - 1 : i, from) === 0 ? 0 : SUSPICION.keys | SUSPICION.pairs
    case 58:
      if (b[i + 1] === 47 && b[i + 2] === 47) return urlBehind(b, i + 3, to)
      if (b[i + 1] === 92 && b[i + 2] === 47) return urlBehind(b, i + 5, to)
      // PHP: "password";s:8:"…"
      if (b[i - 1] === 115 && b[i - 2] === 59) return isNamed(b, i - 2, from) && SUSPICION.pairs
      if (b[i + 1] === 65 && b[i + 2] === 65 && isDigit(b[i - 1] as number)) return SUSPICION.shapes
      return named(b, i, from)
    case 44:
      return b[i - 1] === 34 ? isNamed(b, i, from) : 0
    case 39:
      return endsWithText(b, i - 1, from, 'by') ? SUSPICION.keys : isNamed(b, i, from)
    case 64:
      // 'root'@'localhost'
      if (b[i + 1] === 39) return SUSPICION.keys
      return isPlace(b, i, to) ? SUSPICION.urls : 0
    case 37:
      return encoded(b, i, from)
    case 66:
      return (b[i + 1] === 101 && b[i + 2] === 97 && b[i + 3] === 114) ||
        (b[i + 1] === 97 && b[i + 2] === 115 && b[i + 3] === 105) ||
        (b[i + 1] === 89 && b[i - 2] === 68)
        ? SUSPICION.keys
        : 0
    case 72:
      return b[i - 2] === 85 && b[i - 3] === 65 ? SUSPICION.said : 0
    case 119:
      return b[i - 2] === 115 && isSaid(b, i) ? SUSPICION.said : 0
    case 113:
      return b[i + 1] === 117 && b[i + 2] === 105 && b[i + 3] === 114 && b[i + 4] === 101 && b[i + 5] === 112
        ? SUSPICION.said
        : 0
    case 74:
      return (b[i - 1] === 121 && b[i - 2] === 101) || (b[i - 1] === 100 && b[i - 2] === 85)
        ? SUSPICION.shapes
        : 0
    case 75:
      return b[i - 1] === 83 || (b[i - 1] === 65 && b[i + 1] === 73) ? SUSPICION.shapes : 0
    case 73:
      return (b[i - 1] === 65 && b[i + 1] === 122) || (b[i - 1] === 83 && b[i - 2] === 65)
        ? SUSPICION.shapes
        : 0
    case 71:
      return b[i + 1] === 46 ? SUSPICION.shapes : 0
    case 118:
      return b[i + 1] === 115 && b[i + 2] === 46 ? SUSPICION.shapes : 0
    case 95:
      return endsWith(UNDERSCORES, b, i - 1, from) ? SUSPICION.shapes : 0
    case 45:
      return hyphen(b, i, from, to)
    default:
      return 0
  }
}

/** `auth=('user', 'x')` is a notation of its own. */
function named(b: Uint8Array, i: number, from: number): number {
  const found = isNamed(b, i, from)
  return found !== 0 && (b[i + 1] === 40 || b[i + 2] === 40) ? found | SUSPICION.pairs : found
}

function hyphen(b: Uint8Array, i: number, from: number, to: number): number {
  if (b[i + 1] === 45) return b[i + 2] === 45 ? SUSPICION.pem : SUSPICION.commands
  const before = i > from ? (b[i - 1] as number) : 32
  if (before === 32) return i + 2 < to ? option(b, i + 1, to) : 0
  return endsWith(HYPHENS, b, i - 1, from) ? SUSPICION.shapes : 0
}

/** `-p x`, or a longer one that ends like the name of a secret. */
function option(b: Uint8Array, from: number, to: number): number {
  const letter = (b[from] as number) | 32
  if (letter < 97 || letter > 122) return 0
  if (letter === 112 || letter === 117 || letter === 97 || letter === 119) return SUSPICION.commands
  let i = from + 1
  while (i < to && i < from + 64 && b[i] !== 32 && b[i] !== 61) i++
  return b[i] === 32 && i > from + 2 && endsName(b, i - 1, from) ? SUSPICION.commands : 0
}

/** `password x`, `password "x"`, `password for ann is x`, but not `password for ann from`. */
function isSaid(b: Uint8Array, i: number): boolean {
  const end = b[i + 1] === 100 ? i + 2 : b[i + 1] === 111 && b[i + 2] === 114 && b[i + 3] === 100 ? i + 4 : 0
  if (end === 0 || (b[end] !== 32 && b[end] !== 34)) return false
  if (b[end + 1] !== 102 || b[end + 2] !== 111 || b[end + 3] !== 114) return true
  let at = end + 5
  while (at < end + 64 && b[at] !== 32) at++
  return (b[at + 1] === 105 || b[at + 1] === 119) && (b[at + 2] === 115 || b[at + 2] === 97)
}

/** `name="password"` or `name="user[password]"` of a form. */
function isField(b: Uint8Array, i: number, to: number): boolean {
  if (b[i - 1] !== 101 || b[i - 2] !== 109) return false
  const quote = b[i + 1] === 92 ? i + 2 : i + 1
  if (b[quote] !== 34) return false
  let end = quote + 1
  while (end < to && end < quote + 64 && b[end] !== 34 && b[end] !== 92 && b[end] !== 93) end++
  return end < to && endsName(b, end - 1, quote + 1)
}

/** `%3A`, `%3D` or `%22` behind the name of a secret, or an address with a user. */
function encoded(b: Uint8Array, i: number, from: number): number {
  // A second time encoded: %253A
  const at = b[i + 1] === 50 && b[i + 2] === 53 ? i + 2 : i
  const second = (b[at + 2] as number) | 32
  if (b[at + 1] !== 51 || (second !== 97 && second !== 100)) return 0
  if (second === 97 && b[at + 3] === 37 && b[at + 4] === 50 && ((b[at + 5] as number) | 32) === 102)
    return SUSPICION.urls
  return isNamed(b, i, from) && SUSPICION.pairs
}

/** `@tcp(`, `@//host`, `@host:80`. */
function isPlace(b: Uint8Array, i: number, to: number): boolean {
  const next = b[i + 1]
  if (next === 47) return b[i + 2] === 47
  if (next === 40) return true
  for (let at = i + 1; at < to && at < i + 128; at++) {
    const c = b[at] as number
    if (c === 40) return true
    if (c === 58) return isDigit(b[at + 1] as number)
    if (c <= 44 || c === 47 || c > 122) return false
  }
  return false
}

const HOOKS = ['slack.com', 'discord.com', 'discordapp.com', 'webhook.office.com', 'hooks.zapier.com']

/** An address with a user, or one whose path is the secret. */
function urlBehind(b: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to && i < from + 512; i++) {
    const c = b[i] as number
    if (c === 64) return SUSPICION.urls
    if (c <= 32 || c === 34 || c === 47) {
      return c === 47 && HOOKS.some((host) => endsWithText(b, i - 1, from, host)) ? SUSPICION.urls : 0
    }
  }
  return 0
}

/** Digits of a card: 13 at least, with single blanks or hyphens between them. */
function digitRun(b: Uint8Array, i: number, from: number, to: number): number {
  let begin = i
  while (begin > from && isDigit(b[begin - 1] as number)) begin--
  let end = i + 4
  while (end < to && isDigit(b[end] as number)) end++
  if (end - begin >= 13) {
    const first = b[begin] as number
    return end - begin <= 19 && first >= 50 && first <= 54 ? SUSPICION.cards : 0
  }
  let digits = end - begin
  for (let at = begin - 1; at > from && digits < 13; at--) {
    if (isDigit(b[at] as number)) digits++
    else if (!isSeparator(b[at] as number) || !isDigit(b[at - 1] as number)) break
  }
  for (let at = end; at < to && digits < 13; at++) {
    if (isDigit(b[at] as number)) digits++
    else if (!isSeparator(b[at] as number) || !isDigit(b[at + 1] as number)) break
  }
  return digits >= 13 ? SUSPICION.cards : 0
}

function isSeparator(c: number): boolean {
  return c === 32 || c === 45
}
