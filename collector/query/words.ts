/**
 * What a word is: the one meaning of text search on every engine (docs/query.md). A word is a run of letters,
 * digits, marks and `_`; each Han and Hiragana character is a word of its own; everything else separates.
 * Pure: hub and page share it.
 */

/** A run of words as they must stand side by side, in lower case. */
export interface WordRun {
  words: string[]
  /** The last word is only the beginning of a word: `time*`. */
  prefix: boolean
}

/** A Han or Hiragana character with the marks behind it, or a run of anything else that words are made of. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}]\p{M}*|(?:\w|(?![\p{Script=Han}\p{Script=Hiragana}])[\p{L}\p{M}\p{Nd}])+/gu
const NOT_ASCII = /[^\0-\x7f]/

/** Kelvin sign and dotted İ would become ASCII letters; Σ has a lower case that depends on its neighbours. */
const UNEVEN = /[\u0130\u212aΣς]/

/**
 * Lower case, character by character: never changes the length, never turns a character that is not ASCII
 * into ASCII. Searching the bytes of ASCII words in any case is therefore exact.
 */
export function fold(text: string): string {
  if (!UNEVEN.test(text)) return text.toLowerCase()
  let folded = ''
  for (const character of text) {
    if (character === '\u0130' || character === '\u212a') folded += character
    else folded += character === 'Σ' || character === 'ς' ? 'σ' : character.toLowerCase()
  }
  return folded
}

/** The words of a text, in order and in lower case. */
export function wordsOf(text: string): string[] {
  return fold(text).match(NOT_ASCII.test(text) ? WORD : /\w+/g) ?? []
}

export function runOf(text: string, prefix = false): WordRun {
  return { words: wordsOf(text), prefix }
}

/** True where the words of `text` hold the run. To ask many texts, keep `finderOf(run)`. */
export function holdsRun(text: string, run: WordRun): boolean {
  return finderOf(run)(fold(text))
}

/** Asks texts that went through fold() for a run. A run without words stands nowhere. */
export function finderOf(run: WordRun): (folded: string) => boolean {
  const [first] = run.words
  if (first === undefined) return () => false
  if (run.words.some((word) => NOT_ASCII.test(word))) {
    return (folded) => folded.includes(first) && findsByWords(folded, run)
  }
  return (folded) => {
    for (let at = folded.indexOf(first); at >= 0; at = folded.indexOf(first, at + 1)) {
      const end = endOfAsciiRun(folded, at, run)
      if (end === UNSURE) return findsByWords(folded, run)
      if (end >= 0) return true
    }
    return false
  }
}

/** Where the run stands in `text`, from left to right and without overlap, at most `limit` places. */
export function placesOf(text: string, run: WordRun, limit: number): { from: number; to: number }[] {
  const folded = fold(text)
  const places: { from: number; to: number }[] = []
  if (run.words.length === 0) return places
  const words = [...folded.matchAll(WORD)]
  for (let i = 0; i < words.length && places.length < limit; i++) {
    if (!stands(words, i, run, (match) => match[0])) continue
    const last = words[i + run.words.length - 1]
    const lastWord = run.words.at(-1) ?? ''
    const from = words[i]?.index ?? 0
    places.push({ from, to: (last?.index ?? 0) + lastWord.length })
    i += run.words.length - 1
  }
  return places
}

const NO = -1
/** Something that is not ASCII touches the run: only cutting the whole text tells. */
const UNSURE = -2

/** End of the run that begins at `at`, where its first word was found; or NO, or UNSURE. */
function endOfAsciiRun(folded: string, at: number, run: WordRun): number {
  if (at > 0) {
    const before = folded.charCodeAt(at - 1)
    if (before > 127) return UNSURE
    if (isAsciiWord(before)) return NO
  }
  let end = at + (run.words[0]?.length ?? 0)
  for (let i = 1; i < run.words.length; i++) {
    const word = run.words[i] ?? ''
    const gap = end
    while (end < folded.length && !isAsciiWord(folded.charCodeAt(end))) {
      if (folded.charCodeAt(end) > 127) return UNSURE
      end++
    }
    if (end === gap || !folded.startsWith(word, end)) return NO
    end += word.length
  }
  if (run.prefix || end === folded.length) return end
  const after = folded.charCodeAt(end)
  if (after > 127) return UNSURE
  return isAsciiWord(after) ? NO : end
}

function isAsciiWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 95 || (code >= 65 && code <= 90)
  )
}

function findsByWords(folded: string, run: WordRun): boolean {
  const words = folded.match(WORD) ?? []
  for (let i = 0; i + run.words.length <= words.length; i++) {
    if (stands(words, i, run, (word) => word)) return true
  }
  return false
}

function stands<T>(words: readonly T[], at: number, run: WordRun, text: (word: T) => string): boolean {
  const last = run.words.length - 1
  for (let i = 0; i <= last; i++) {
    const word = words[at + i]
    if (word === undefined) return false
    const asked = run.words[i] ?? ''
    if (run.prefix && i === last ? !text(word).startsWith(asked) : text(word) !== asked) return false
  }
  return true
}
