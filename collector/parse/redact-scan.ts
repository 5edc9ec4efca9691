/**
 * Whether a line can hold a secret at all, from its bytes: four a step, by a table of the few bytes of which every
 * rule needs one. Nearly all lines end here. What is said to be possible is looked at by the exact rules.
 */

/** What may be there, bits. */
export const SUSPICION = { keys: 1, urls: 2, shapes: 4, cards: 8, pem: 16, commands: 32 } as const

/** Ends of the names of things that are secret. What stands before them is looked at by the exact rules. */
const ENDINGS = [
  'password',
  'passwort',
  'passwd',
  'passphrase',
  'passcode',
  'pass',
  'pwd',
  'pw',
  'secret',
  'token',
  'credential',
  'credentials',
  'authorization',
  'auth',
  'key',
  'key_base',
  'cookie',
  'session',
  'sessionid',
  'session_id',
  'session-id',
  'sid',
  'sig',
  'signature',
  'jwt',
  'pin',
  'otp',
  'cvv',
  'cvv2',
  'cvc'
]

/** Shapes that are known by the letters before their first `_` or `-`. */
const BEFORE_UNDERSCORE = [
  'ghp',
  'gho',
  'ghu',
  'ghs',
  'ghr',
  'hub',
  'sk',
  'rk',
  'npm',
  'hsec',
  'hpat',
  'hpss'
].concat(['hpca', 'kr', 'hf', 'dop', 'doo', 'dlr', 'dla', 'dlj', 'dlk', 'dls'])
const BEFORE_HYPHEN = [
  'glpat',
  'gldt',
  'glrt',
  'glcbt',
  'glptt',
  'xoxa',
  'xoxb',
  'xoxe',
  'xoxp',
  'xoxr',
  'xoxs'
].concat(['xapp', 'pypi', 'sk', 'tskey', 'AGE', 'PMAK'])

/** By the last three letters, five bits each; then letter by letter. */
const NAME_ENDS = lastThree(ENDINGS)
const UNDERSCORE_ENDS = lastThree(BEFORE_UNDERSCORE)
const HYPHEN_ENDS = lastThree(BEFORE_HYPHEN)
const NAMES = ENDINGS.map(bytesOf)
const UNDERSCORES = BEFORE_UNDERSCORE.map(bytesOf)
const HYPHENS = BEFORE_HYPHEN.map(bytesOf)

/** Bytes of which every secret has one. Small, so that it stays in the processor's first cache. */
const IS_TRIGGER = new Uint8Array(256)
for (const c of "=:>',B_-JKIGv") IS_TRIGGER[c.charCodeAt(0)] = 1

/** `view` shows the bytes of `b`. Bits of SUSPICION. */
export function suspicionOf(b: Uint8Array, view: DataView, from: number, to: number): number {
  let found = 0
  let i = from
  for (const last = to - 4; i <= last; i += 4) {
    const four = view.getInt32(i, true)
    const first = IS_TRIGGER[four & 255] as number
    const second = IS_TRIGGER[(four >>> 8) & 255] as number
    const third = IS_TRIGGER[(four >>> 16) & 255] as number
    const fourth = IS_TRIGGER[four >>> 24] as number
    if ((first | second | third | fourth) === 0) {
      const digits = four ^ 0x30303030
      if (((digits | (digits + 0x06060606)) & 0xf0f0f0f0) === 0) found |= digitRun(b, i, from, to)
      continue
    }
    if (first !== 0) found |= byteAt(b, i, from, to)
    if (second !== 0) found |= byteAt(b, i + 1, from, to)
    if (third !== 0) found |= byteAt(b, i + 2, from, to)
    if (fourth !== 0) found |= byteAt(b, i + 3, from, to)
  }
  for (; i < to; i++) found |= byteAt(b, i, from, to)
  return found
}

/** What the byte at `i` may be part of. */
function byteAt(b: Uint8Array, i: number, from: number, to: number): number {
  switch (b[i]) {
    case 61:
    case 62:
      return isNamed(b, i, from) ? SUSPICION.keys : 0
    case 58:
      if (b[i + 1] === 47 && b[i + 2] === 47) return urlBehind(b, i + 3, to)
      if (b[i + 1] === 65 && b[i + 2] === 65 && isDigit(b[i - 1] as number)) return SUSPICION.shapes
      return isNamed(b, i, from) ? SUSPICION.keys : 0
    case 44:
      return b[i - 1] === 34 && isNamed(b, i, from) ? SUSPICION.keys : 0
    case 39:
      return isNamed(b, i, from) || endsWithText(b, i - 1, from, 'by') ? SUSPICION.keys : 0
    case 66:
      return b[i + 1] === 101 && b[i + 2] === 97 && b[i + 3] === 114 ? SUSPICION.keys : 0
    case 74:
      return b[i - 1] === 121 && b[i - 2] === 101 ? SUSPICION.shapes : 0
    case 75:
      return b[i - 1] === 83 || (b[i - 1] === 65 && b[i + 1] === 73) ? SUSPICION.shapes : 0
    case 73:
      return (b[i - 1] === 65 && b[i + 1] === 122) || (b[i - 1] === 83 && b[i - 2] === 65)
        ? SUSPICION.shapes
        : 0
    case 71:
      return b[i - 1] === 83 && b[i + 1] === 46 ? SUSPICION.shapes : 0
    case 118:
      return b[i - 1] === 104 && b[i + 1] === 115 && b[i + 2] === 46 ? SUSPICION.shapes : 0
    case 95:
      return endsWith(UNDERSCORE_ENDS, UNDERSCORES, b, i - 1, from) ? SUSPICION.shapes : 0
    case 45:
      return hyphen(b, i, from, to)
    default:
      return 0
  }
}

function hyphen(b: Uint8Array, i: number, from: number, to: number): number {
  if (b[i + 1] === 45) return b[i + 2] === 45 ? SUSPICION.pem : SUSPICION.commands
  const before = i > from ? (b[i - 1] as number) : 32
  if (before === 32) {
    const option = b[i + 1]
    return i + 2 < to && (option === 112 || option === 117 || option === 97) ? SUSPICION.commands : 0
  }
  return endsWith(HYPHEN_ENDS, HYPHENS, b, i - 1, from) ? SUSPICION.shapes : 0
}

/** An address with a user, or one whose path is the secret. */
function urlBehind(b: Uint8Array, from: number, to: number): number {
  for (let i = from; i < to && i < from + 512; i++) {
    const c = b[i] as number
    if (c === 64) return SUSPICION.urls
    if (c <= 32 || c === 34 || c === 47) {
      const hook =
        c === 47 && (endsWithText(b, i - 1, from, 'slack.com') || endsWithText(b, i - 1, from, 'discord.com'))
      return hook ? SUSPICION.urls : 0
    }
  }
  return 0
}

/** True where the name that ends before `i` is that of a secret; blanks, quotes and colours may stand between. */
function isNamed(b: Uint8Array, i: number, from: number): boolean {
  let at = i - 1
  if (at >= from && IS_BETWEEN[b[at] as number] === 1) at = pastBetween(b, at, from)
  return endsWith(NAME_ENDS, NAMES, b, at, from)
}

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

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57
}

/** True where one of the words ends at `at`, in any case. */
function endsWith(
  ends: Uint8Array,
  words: readonly Uint8Array[],
  b: Uint8Array,
  at: number,
  from: number
): boolean {
  if (at < from + 1) return false
  const two = (((b[at - 1] as number) & 31) << 5) | ((b[at] as number) & 31)
  const three = at - 2 >= from ? (((b[at - 2] as number) & 31) << 10) | two : two
  return ends[three] === 1 && endsWithOne(words, b, at, from)
}

function endsWithOne(words: readonly Uint8Array[], b: Uint8Array, at: number, from: number): boolean {
  next: for (const bytes of words) {
    const begin = at - bytes.length + 1
    if (begin < from) continue
    for (let i = bytes.length - 1; i >= 0; i--) {
      const c = b[begin + i] as number
      if ((c >= 65 && c <= 90 ? c | 32 : c) !== bytes[i]) continue next
    }
    return true
  }
  return false
}

/** True where the text ends at `at` or before a blank there. */
function endsWithText(b: Uint8Array, at: number, from: number, text: string): boolean {
  const end = b[at] === 32 ? at - 1 : at
  if (end - text.length + 1 < from) return false
  for (let i = 0; i < text.length; i++)
    if (((b[end - text.length + 1 + i] as number) | 32) !== (text.charCodeAt(i) | 32)) return false
  return true
}

/** Words of two letters count with any third before them. */
function lastThree(words: readonly string[]): Uint8Array {
  const table = new Uint8Array(0x8000)
  const bits = (word: string, back: number) => word.charCodeAt(word.length - back) & 31
  for (const word of words) {
    const two = (bits(word, 2) << 5) | bits(word, 1)
    for (let first = 0; first < 32; first++)
      if (word.length < 3 || first === bits(word, 3)) table[(first << 10) | two] = 1
    table[two] = 1
  }
  return table
}

function bytesOf(word: string): Uint8Array {
  return new TextEncoder().encode(word.toLowerCase())
}
