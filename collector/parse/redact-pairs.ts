/** Names and values as pairs: `('X-Api-Key', '…')`, `{"name":"DB_PASSWORD","value":"…"}`, elements, encoded text. */
import type { Span } from './redact.ts'
import { findAuthorization, findCookies } from './redact-headers.ts'
import { isName, kindOf, likenessOf, NAME } from './redact-names.ts'
import { type Json, quotedAt } from './redact-quotes.ts'
import { isRandom, isSecretBare, isSecretText } from './redact-values.ts'

const IN_CALL = /[A-Za-z]\(["'][\w.-]{0,64}$/
const IN_PAIR = /([([{])[ \t]{0,4}(?:<<)?[bu]?\\{0,15}["'][\w .-]{0,64}$/
const IN_LIST = /\\{0,15}["'][\w.-]{0,64}$/

/** Of a name and a value that a comma separates: false for a list of names. `at` is the name's, `next` the value's. */
export function isMeantPair(text: string, at: number, next: number, json: Json | undefined): boolean {
  const before = text.slice(Math.max(0, at - 80), at)
  // The value of something else: {"name":"auth","id":1}
  const quote = Math.max(before.lastIndexOf('"'), before.lastIndexOf("'"))
  if (before.slice(0, Math.max(0, quote)).trimEnd().endsWith(':')) return false
  // `define('DB_PASSWORD', 'x')`
  if (IN_CALL.test(before)) return true
  if (!IN_LIST.test(before)) return false
  const value = quotedAt(text, next, json)?.[0]
  if (!value) return false
  const secret = text.slice(value.from, value.to)
  const behind = text.slice(value.to, value.to + 20)
  const pair = IN_PAIR.exec(before)
  if (!pair || !/^\\{0,15}["'](?:>>)?[ \t]{0,4}[)\]}]/.test(behind))
    return secret.length >= 16 && isRandom(secret) && /\d/.test(secret)
  // One of several pairs, or one alone: that may be a list of two names.
  const around = before.slice(0, pair.index).trimEnd().at(-1) ?? ''
  const isOne = !/[([{,]/.test(around)
  return !isOne || isRandom(secret) || /^[A-Z]\w{1,20} \S{8}/.test(secret) || /[^\w.-]/.test(secret)
}

/** Between the name of a secret and the text of its value: `"` and `,"value":"`, `" value="`, `</name><value>`. */
const OBJECT = new RegExp(
  `(${NAME})(?:\\\\{0,15}["']|</(?:name|key)>|(?=[ \\n,]))[ \\t\\r\\n,]{0,24}(?:- )?<?\\\\{0,15}["']?(?:string_?)?value\\\\{0,15}["']?[ \\t]{0,4}[:=>][ \\t]{0,4}`,
  'gi'
)
/** An element with attributes, or with blanks in what it holds. */
const ELEMENT = new RegExp(
  `<([\\w:.-]{0,64}?)(${NAME})(?:[ \\t][^<>]{0,256})?>(?:<!\\[CDATA\\[)?([^<>]{1,512})(?:\\]\\]>)?</`,
  'gi'
)
/** Quotes and separators as in an address, in a page, or in careful JSON. */
const CODED_QUOTE = '(?:%(?:25)?2[27]|\\\\{1,7}u00(?:22|27)|&quot;|&#(?:34|39|x27);)'
const CODED = new RegExp(
  `(${NAME})(?:${CODED_QUOTE}|(?=%))(?:%(?:25)?5D)?(?::|%(?:25)?3[AD])(?:[ +]|%20){0,4}(${CODED_QUOTE})?`,
  'gi'
)
const CODED_VALUE = new RegExp(`(?:(?!${CODED_QUOTE}|%(?:25)?(?:26|2C|7D)|&)[^ \\t\\r\\n"'<>]){1,512}`, 'iy')
const CODED_TEXT = new RegExp(`(?:(?!${CODED_QUOTE})[^\\r\\n"'<>]){1,512}`, 'iy')

/** A field of a form in parts. */
const FORM = new RegExp(
  `name=\\\\?"([\\w.[\\]-]{0,64}?)(${NAME})\\]?\\\\?"(?:(?:\\r?\\n|\\\\r\\\\n)(?:Content-[^\\r\\n\\\\]{1,128})?){2,3}([^\\r\\n\\\\"']{1,512})`,
  'gi'
)
/** PHP's serialized texts. */
const SERIALIZED = new RegExp(`()(${NAME})\\\\?";s:\\d{1,5}:\\\\?"([^"\\\\]{1,512})`, 'gi')
/** `auth=('user', 'x')` */
const AUTH =
  /()(auth)["']?[ \t]?[=:][ \t]?[([][ \t]?["'][^"'\\]{1,128}["'],[ \t]?["']([^"'\\]{1,256})(?=["'][ \t]?[)\]])/gi

export function findPairs(text: string, spans: Span[]): void {
  findObjects(text, spans)
  for (const expression of [ELEMENT, FORM, SERIALIZED, AUTH]) findFields(expression, text, spans)
  findCoded(text, spans)
}

function findObjects(text: string, spans: Span[]): void {
  for (const { 0: found, 1: name = '', index } of text.matchAll(OBJECT))
    if (/authorization$/i.test(name)) findAuthorization(text, index + found.length, '"', undefined, spans)
    else if (/cookie$/i.test(name)) findCookies(text, index + found.length, undefined, spans)
    else if (isPairName(text, index, name)) valueBehind(text, index + found.length, name, spans)
}

/** Groups are what stands before the name, the name, and the value, last in what is found. */
function findFields(expression: RegExp, text: string, spans: Span[]): void {
  for (const { 0: found, 1: head = '', 2: name = '', 3: value = '', index } of text.matchAll(expression)) {
    if (!isPairName(text, index + found.indexOf(head + name) + head.length, name)) continue
    const likeness = expression === AUTH ? 'word' : likenessOf(name)
    const from = index + found.lastIndexOf(value)
    if (isSecretText(value, likeness)) spans.push({ from, to: from + value.length, kind: kindOf(likeness) })
  }
}

function findCoded(text: string, spans: Span[]): void {
  for (const { 0: found, 1: name = '', 2: quote, index } of text.matchAll(CODED)) {
    if (!isName(text, index, name) || /^key$/i.test(name)) continue
    const expression = quote === undefined ? CODED_VALUE : CODED_TEXT
    const from = index + found.length
    expression.lastIndex = from
    const value = expression.exec(text)?.[0] ?? ''
    if (isSecretText(value, likenessOf(name)))
      spans.push({ from, to: from + value.length, kind: kindOf(likenessOf(name)) })
  }
}

/** `key` is a name of its own here only as the end of one: `DD_KEY`. */
function isPairName(text: string, at: number, name: string): boolean {
  return isName(text, at, name) && (!/^key$/i.test(name) || /[\w.-]/.test(text[at - 1] ?? ''))
}

const UNQUOTED = /[^ \t\r\n"'<>,;{}[\]()]{1,512}/y

function valueBehind(text: string, at: number, name: string, spans: Span[]): void {
  const likeness = likenessOf(name)
  const kind = kindOf(likeness)
  const quoted = quotedAt(text, at, undefined)?.[0]
  if (quoted) {
    const value = text.slice(quoted.from, quoted.to)
    if (isSecretText(value, likeness)) spans.push({ ...quoted, kind })
    return
  }
  UNQUOTED.lastIndex = at
  const value = UNQUOTED.exec(text)?.[0] ?? ''
  if (isSecretBare(value, likeness, false, '')) spans.push({ from: at, to: at + value.length, kind })
}
