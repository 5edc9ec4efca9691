/** The words that name a level, found in bytes. */

const ESC = 27

const [TRACE, DEBUG, INFO, WARN, ERROR, FATAL] = [1, 2, 3, 4, 5, 6]

/** Accepted in running text in any case, where their place says that they are meant as a level. */
const IN_TEXT: Record<string, number> = {
  trace: TRACE,
  trce: TRACE,
  debug: DEBUG,
  dbug: DEBUG,
  info: INFO,
  information: INFO,
  notice: INFO,
  warn: WARN,
  warning: WARN,
  err: ERROR,
  error: ERROR,
  crit: FATAL,
  critical: FATAL,
  fatal: FATAL,
  emerg: FATAL,
  panic: FATAL
}

/** Too common or too short as words of a language: in running text only in capitals. */
const IN_CAPITALS: Record<string, number> = {
  trc: TRACE,
  vrb: TRACE,
  verbose: TRACE,
  finest: TRACE,
  finer: TRACE,
  fine: DEBUG,
  dbg: DEBUG,
  inf: INFO,
  log: INFO,
  wrn: WARN,
  severe: ERROR,
  ftl: FATAL,
  alert: FATAL,
  emergency: FATAL
}

/** Further spellings that only count as the value of a field named level. */
const AS_VALUE: Record<string, number> = {
  t: TRACE,
  v: TRACE,
  d: DEBUG,
  i: INFO,
  informational: INFO,
  success: INFO,
  w: WARN,
  e: ERROR,
  fail: ERROR,
  failure: ERROR,
  f: FATAL,
  c: FATAL,
  p: FATAL,
  dpanic: FATAL
}

interface Word {
  bytes: Uint8Array
  level: number
  capitals: boolean
}

/** Words by their first letter, `a` = 0. */
const TEXT_WORDS = byFirstLetter({ ...IN_TEXT, ...IN_CAPITALS })
const VALUE_WORDS = byFirstLetter({ ...IN_TEXT, ...IN_CAPITALS, ...AS_VALUE })

/** What PAIR says of two bytes: the first two of a word, its second and third, or that one is an escape. */
export const PAIRS = { first: 1, second: 2, escape: 4 } as const

/** PAIR[a | b << 8]: what the bytes a and b can be of words that name a level or a level's field, bits of PAIRS. */
export const PAIR = pairsOf([...Object.keys(IN_TEXT), 'level', 'lvl', 'severity'], Object.keys(IN_CAPITALS))

function pairsOf(words: string[], inCapitals: string[]): Uint8Array {
  const pairs = new Uint8Array(0x10000)
  const add = (a: string, b: string, bit: number) => {
    const pair = a.charCodeAt(0) | (b.charCodeAt(0) << 8)
    pairs[pair] = (pairs[pair] as number) | bit
  }
  for (const [a = '', b = '', c = ''] of inCapitals.map((word) => word.toUpperCase())) {
    add(a, b, PAIRS.first)
    add(b, c, PAIRS.second)
  }
  const cases = (letter: string) => [letter, letter.toUpperCase()]
  for (const [a = '', b = '', c = ''] of words)
    for (const second of cases(b)) {
      for (const first of cases(a)) add(first, second, PAIRS.first)
      for (const third of cases(c)) add(second, third, PAIRS.second)
    }
  for (let other = 0; other < 256; other++)
    pairs[ESC | (other << 8)] = pairs[other | (ESC << 8)] = PAIRS.escape
  return pairs
}

/** Level of the word b[from, to), 0 where it names none. `capitals` says whether it is written in capitals. */
export function levelOfWord(b: Uint8Array, from: number, to: number, capitals: boolean): number {
  const word = find(TEXT_WORDS, b, from, to)
  return word && (capitals || !word.capitals) ? word.level : 0
}

/** Level of a field's value: any spelling, any case, or pino's numbers 10 … 60. */
export function levelOfValue(b: Uint8Array, from: number, to: number): number {
  const number = numberIn(b, from, to)
  if (number >= 0) return number >= 10 && number < 70 ? Math.floor(number / 10) : 0
  return find(VALUE_WORDS, b, from, to)?.level ?? 0
}

/** Level of a field named severity: as above, and syslog's numbers 0 (emergency) … 7 (debug). */
export function levelOfSeverity(b: Uint8Array, from: number, to: number): number {
  const number = numberIn(b, from, to)
  return number >= 0 && number <= 7 ? (SYSLOG[number] as number) : levelOfValue(b, from, to)
}

const SYSLOG = [FATAL, FATAL, FATAL, ERROR, WARN, INFO, INFO, DEBUG]

function find(
  words: readonly (readonly Word[])[],
  b: Uint8Array,
  from: number,
  to: number
): Word | undefined {
  const candidates = words[((b[from] as number) | 32) - 97]
  if (!candidates) return undefined
  const length = to - from
  next: for (const word of candidates) {
    const { bytes } = word
    if (bytes.length !== length) continue
    for (let i = 1; i < length; i++) if (((b[from + i] as number) | 32) !== bytes[i]) continue next
    return word
  }
  return undefined
}

/** A whole number of at most three digits; -1 where it is none. */
function numberIn(b: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 3) return -1
  let number = 0
  for (let i = from; i < to; i++) {
    const digit = (b[i] as number) - 48
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

function byFirstLetter(levels: Record<string, number>): Word[][] {
  const table: Word[][] = Array.from({ length: 26 }, () => [])
  for (const [word, level] of Object.entries(levels)) {
    const bytes = new TextEncoder().encode(word)
    table[(bytes[0] as number) - 97]?.push({ bytes, level, capitals: word in IN_CAPITALS })
  }
  return table
}
