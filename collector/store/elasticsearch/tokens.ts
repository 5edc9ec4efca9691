/**
 * Words as the cluster keeps them. What a word is, Driftlog decides (query/words.ts), and hands each one over as
 * letters, digits and `_` of ASCII, which every version of Elasticsearch's `standard` tokenizer leaves whole.
 */
import { createHash } from 'node:crypto'
import { wordsOf } from '../../query/words.ts'

const NOT_ASCII = /[^\0-\x7f]/
/** Longer tokens would be cut by the tokenizer (at 255): they are kept by their beginning and a hash. */
export const LONGEST = 250
const KEPT = 200
const HASH_DIGITS = 16

/** The words of a text, as one text for the cluster to cut at its spaces. */
export function tokensOf(text: string): string {
  return wordsOf(text).map(tokenOf).join(' ')
}

/** A word: itself, or `__` and four hex digits a UTF-16 unit where it is not plain ASCII or begins with `_`. */
export function tokenOf(word: string): string {
  return sized(codeOf(word))
}

/** What tokens of words that begin so begin with; `exact` is false where other words may do so as well. */
export function beginningsOf(prefix: string): { beginnings: string[]; exact: boolean } {
  const beginnings = isPlain(prefix) ? [prefix, hexOf(prefix)] : [hexOf(prefix)]
  return {
    beginnings: beginnings.map((code) => code.slice(0, KEPT)),
    exact: beginnings.every((code) => code.length <= KEPT)
  }
}

/** Tokens of words that hold this run of ASCII letters, digits and `_` somewhere, as patterns of `wildcard`. */
export function holdingPatterns(run: string): string[] {
  return [`*${run}*`, `__*${hexOf(run).slice(2)}*`]
}

/** Whether a word of the text was too long to be kept whole. */
export function isCut(tokens: string): boolean {
  return tokens.length > KEPT && tokens.split(' ').some((token) => token.length === KEPT + 1 + HASH_DIGITS)
}

/** Any text as one exact term of bounded length. */
export function sized(text: string): string {
  if (text.length <= LONGEST) return text
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS)
  return `${text.slice(0, KEPT)}_${hash}`
}

/** The longest beginning that sized() keeps as it is. */
export const SIZED_KEEPS = KEPT

function codeOf(word: string): string {
  return isPlain(word) ? word : hexOf(word)
}

function isPlain(word: string): boolean {
  return !NOT_ASCII.test(word) && !word.startsWith('_')
}

function hexOf(word: string): string {
  let code = '__'
  for (let i = 0; i < word.length; i++) code += word.charCodeAt(i).toString(16).padStart(4, '0')
  return code
}
