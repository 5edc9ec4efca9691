/** Terms without a name: words, phrases, prefixes and regular expressions over the whole line. */
import { REGEX_LIMIT, type Scanner } from './scan.ts'
import type { Expression, Span, WordRun } from './tree.ts'
import { runOf } from './words.ts'

/** Words of one phrase. */
export const WORD_LIMIT = 256

export function textTerm(scan: Scanner): Expression {
  const from = scan.at
  if (scan.next === '/') {
    const regex = scan.regex()
    if (regex) {
      scan.mark('regex', from)
      return { kind: 'regex', ...regex, at: scan.since(from) }
    }
  }
  if (scan.next === '"') return phrase(scan, from, scan.quoted())
  const token = bareToken(scan)
  scan.mark('word', from)
  const at = scan.since(from)
  if (token === '*') return { kind: 'all' }
  warnOfToken(scan, token, at)
  const isPrefix = /[\p{L}\p{M}\p{N}_]\*$/u.test(token)
  return textOf(scan, token, isPrefix, at)
}

/** A text that was quoted from `from` on; a `*` right behind the quote makes its last word a prefix. */
export function phrase(scan: Scanner, from: number, text: string): Expression {
  const isPrefix = scan.take(/\*(?=[\s)]|$)/y) !== ''
  scan.mark('phrase', from)
  const at = scan.since(from)
  if (text === '') scan.fail('empty-quote', at, {}, '')
  return textOf(scan, text, isPrefix, at)
}

function textOf(scan: Scanner, text: string, isPrefix: boolean, at: Span): Expression {
  const run = checkedRun(scan, text, isPrefix, at)
  if (run.words.length > 0) return { kind: 'text', run, at }
  const source = literalSource(text)
  if (source.length > REGEX_LIMIT) scan.fail('regex-too-long', at, { limit: String(REGEX_LIMIT) })
  return { kind: 'regex', source, flags: '', at }
}

export function checkedRun(scan: Scanner, text: string, isPrefix: boolean, at: Span): WordRun {
  const run = runOf(text, isPrefix)
  const count = run.words.length
  if (count > WORD_LIMIT) {
    scan.fail('too-many-words', at, { limit: String(WORD_LIMIT), count: String(count) })
  }
  return run
}

/** A text without any words is looked for as it stands. */
export function literalSource(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}

/**
 * Up to a space, a quote, or a bracket that the token did not open itself: `main()` is one token, and
 * `main(a b)` is `main` and a group.
 */
export function bareToken(scan: Scanner, stop = /[\s"]/): string {
  const from = scan.at
  const { text } = scan
  let open = 0
  let firstOpen = -1
  let end = from
  for (; end < text.length; end++) {
    const character = text.charAt(end)
    if (stop.test(character) && end > from) break
    if (character === ')' && open-- === 0) break
    if (character === '(' && open++ === 0) firstOpen = end
  }
  scan.at = open > 0 && firstOpen > from ? firstOpen : end
  return text.slice(from, scan.at)
}

const OPERATORS: ReadonlyMap<string, string> = new Map([
  ['and', 'AND'],
  ['or', 'OR'],
  ['&&', 'AND'],
  ['||', 'OR']
])

function warnOfToken(scan: Scanner, token: string, at: Span): void {
  const operator = OPERATORS.get(token)
  if (operator && scan.pieces.length > 1 && scan.peek(/\s+[^\s)]/y) !== '') {
    const code = /\w/.test(token) ? 'lower-case-operator' : 'foreign-operator'
    scan.warn(code, at, { text: token }, operator)
  } else if (/^!+[^\s!=]/.test(token)) {
    scan.warn('foreign-operator', { from: at.from, to: at.from + 1 }, { text: '!' }, '-')
  } else if (/[：（）“”]/.test(token)) {
    scan.warn('full-width', at, { text: token }, halfWidth(token))
  } else if (/\*./s.test(token)) {
    scan.warn('only-prefixes', at, { text: token }, regexOf(token))
  } else if (token.startsWith("'")) {
    warnOfSingleQuotes(scan, at)
  }
}

function halfWidth(token: string): string {
  return token.replaceAll('：', ':').replaceAll('（', '(').replaceAll('）', ')').replace(/[“”]/g, '"')
}

/** `*imeou*` → `/imeou/i`, `time*out` → `/time\S*out/i`. */
function regexOf(token: string): string {
  const pieces = token.split('*').filter((piece) => piece !== '')
  return `/${pieces.map(literalSource).join('\\S*')}/i`
}

/** How far the closing quote is looked for, in characters. */
const SINGLE_QUOTE_REACH = 200

function warnOfSingleQuotes(scan: Scanner, at: Span): void {
  const near = scan.text.slice(at.from, at.from + SINGLE_QUOTE_REACH)
  const quoted = /^'([^'"\\]+)'(?=[\s)]|$)/.exec(near)
  if (!quoted) return
  scan.warn('single-quotes', { from: at.from, to: at.from + quoted[0].length }, {}, `"${quoted[1]}"`)
}
