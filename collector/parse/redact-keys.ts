/** Secrets that are known by the name before them: `password=…`, `"token":"…"`, headers, pairs. */
import type { Kind, Span } from './redact.ts'
import { BARE, findAuthorization, findCookies } from './redact-headers.ts'
import { isName, kindOf, likenessOf, NAME } from './redact-names.ts'
import { isMeantPair } from './redact-pairs.ts'
import { type Json, jsonOf, quotedAt } from './redact-quotes.ts'
import { isPhrase, isSecretBare, isSecretText } from './redact-values.ts'

/** A name that ends like a secret's, what separates it from its value, and what YAML says of that. */
const NAMED = new RegExp(
  `(${NAME})(\\\\{0,15}["'])?(?:\\]|%5D|>>)?[ \\t]{0,8}(?:[=-]>|:=|[:=>]|(?= ')|(?<=['"]|['"]>>),)(?:[ \\t]{0,8}(?:!!(?:binary|str)[ \\t]{1,8})?(?:[|>][+-]?[ \\t]{0,8}\\r?\\n[ \\t]{1,32}|\\r?\\n[ \\t]{1,32}(?=string\\())?)`,
  'gi'
)

export function findNamed(text: string, spans: Span[]): void {
  const json = jsonOf(text)
  NAMED.lastIndex = 0
  for (let match = NAMED.exec(text); match; match = NAMED.exec(text)) {
    const [whole, name = '', quote = ''] = match
    const at = match.index + whole.length
    if (!isName(text, match.index, name)) continue
    if (!isMeant(text, match.index, name, whole, json)) continue
    if (/cookie$/i.test(name)) findCookies(text, at, json, spans)
    else if (/authorization$/i.test(name)) findAuthorization(text, at, quote, json, spans)
    else named(text, at, nameAt(text, match.index, name), quote, whole, json, spans)
    const last = spans.at(-1)
    if (last && last.from >= at) NAMED.lastIndex = Math.max(NAMED.lastIndex, last.to)
  }
  if (text.includes('Bearer ')) findHeads(BEARER, text, 'authorization', spans)
  if (text.includes('Basic ')) findHeads(BASIC, text, 'authorization', spans)
  if (text.includes('dentified ') || text.includes('DENTIFIED '))
    findHeads(IDENTIFIED, text, 'password', spans)
  if (text.includes('password for ') || text.includes('PASSWORD FOR '))
    findHeads(SET_PASSWORD, text, 'password', spans)
}

function findHeads(expression: RegExp, text: string, kind: Kind, spans: Span[]): void {
  for (const { 0: found, 1: head = '', index } of text.matchAll(expression))
    if (expression !== BASIC || isPair(found.slice(head.length)))
      spans.push({ from: index + head.length, to: index + found.length, kind })
}

const BEARER = /(?<![A-Za-z0-9])(Bearer )[A-Za-z0-9_.~+/-]{16,8000}={0,2}/g
const BASIC = /(?<![A-Za-z0-9])(Basic )[A-Za-z0-9+/]{8,1000}={0,2}/g
const IDENTIFIED =
  /(identified (?:with \w{1,64} )?by (?:password )?(?!(?:values|password)\b)\\{0,7}["']?)[^'"\\\s;]{1,256}/gi
const SET_PASSWORD =
  /(set password for [^\s=]{1,128} ?(?:=|to) ?(?:password\()?(?:\\{0,7}["']))[^'"\\]{1,256}/gi

/** `user:password` in base64. */
function isPair(value: string): boolean {
  return /^[\x20-\x7e\x80-\xff]{0,256}:[\x20-\x7e\x80-\xff]{0,512}$/.test(
    Buffer.from(value, 'base64').toString('latin1')
  )
}

/** False for a comparison, a declaration, `token 'x'` in a sentence, and for a `key` outside of an address. */
function isMeant(text: string, at: number, name: string, whole: string, json: Json | undefined): boolean {
  if (/^key$/i.test(name)) return /[?&]/.test(text[at - 1] ?? '')
  const separator = /^(?:\\{0,15}["'])?(?:\]|%5D|>>)?[ \t]{0,8}([=-]>|:=|[:=>,])/.exec(
    whole.slice(name.length)
  )?.[1]
  const value = at + whole.length
  if (separator === ',') return isMeantPair(text, at, value, json)
  if (separator === undefined) return /^passw/i.test(name)
  // One of several that colons separate, as in an ARN.
  if (separator === ':' && text[at - 1] === ':') return false
  if (separator === '=' && /^\d{1,5}[ \t]{0,4}[;[]/.test(text.slice(value, value + 12)))
    return !/\b(?:string|bytes|bool|u?int(?:32|64)|repeated|optional)[ \t]{1,4}\w{0,64}$/.test(
      text.slice(Math.max(0, at - 80), at)
    )
  if (separator === '->') return / -> $/.test(whole)
  return separator !== '>' || isElement(text, at, value, whole)
}

/** `<password>x</password>`, also where it is cut off. */
function isElement(text: string, at: number, value: number, whole: string): boolean {
  const before = text.slice(Math.max(0, at - 128), at)
  if (/[ \t]$/.test(whole) || !(/<[\w:.-]{0,64}$/.test(before) || ENTRY.test(before))) return false
  BARE.lastIndex = value
  BARE.test(text)
  const next = text[Math.max(BARE.lastIndex, value)]
  return text[value] !== '@' && (next === undefined || /[<\s"'\\]/.test(next))
}

/** `<entry key="password">x</entry>` */
const ENTRY =
  /<(?:entry|property|string|param|parameter|variable|env|prop|header|field|config|item|arg|setting|data) (?:key|name|id)=\\{0,7}["'][\w:.-]{0,64}$/

/** `PWD` alone is where a program runs. */
function nameAt(text: string, at: number, name: string): string {
  return name === 'PWD' && !/[\w-]/.test(text[at - 1] ?? '') ? 'PWD' : name.toLowerCase()
}

/** Around a value without quotes. */
const WRAP = /(?:Some|Just|Optional|Secret)[([ ]|\[(?=[^\]\s"',]{1,256}\])/y
/** A text letter by letter. */
const LETTERS = /\[((?:[^\s,], ){2,255}[^\s,])\]/y

function named(
  text: string,
  at: number,
  name: string,
  quote: string,
  whole: string,
  json: Json | undefined,
  spans: Span[]
): void {
  const likeness = likenessOf(name)
  const kind = kindOf(likeness)
  const quoted = quotedAt(text, at, json)
  if (quoted) {
    for (const { from, to } of quoted)
      if (isSecretText(unescapedText(text.slice(from, to)), likeness)) spans.push({ from, to, kind })
    return
  }
  LETTERS.lastIndex = at
  const letters = LETTERS.exec(text)?.[1]
  if (letters && kind === 'password') {
    spans.push({ from: at + 1, to: at + 1 + letters.length, kind })
    return
  }
  WRAP.lastIndex = at
  const from = WRAP.test(text) ? WRAP.lastIndex : at
  BARE.lastIndex = from
  const value = BARE.exec(text)?.[0] ?? ''
  if (value === '') return
  const prose = /[ \t]$/.test(whole)
  const to = from + value.length
  if (name === 'PWD' && /^(?:\/|[A-Z]:\\)/.test(value)) return
  if (name === 'pass' && text.slice(at - whole.length).startsWith('PASS') && prose) return
  if (/^(?:pass|pin)$/.test(name) && /^\d{1,3}$/.test(value)) return
  // The test of a number: a JSON value that is not quoted must become a string.
  if (quote !== '' && /^-?[\d.]+$/.test(value)) {
    if (likeness === 'code' || /^(?:passw(?:or)?[dt]|pwd|passcode)$/.test(name) || value.length > 5)
      spans.push({ from, to, kind, text: `${quote}[redacted]${quote}` })
    return
  }
  const phrase = likeness === 'phrase' ? phraseAt(text, from) : 0
  if (phrase > 0) spans.push({ from, to: from + phrase, kind })
  else if (isSecretBare(value, likeness, prose, text.slice(to, to + 16)))
    spans.push({ from, to: trimmed(text, from, to), kind })
}

/** The length of what stands there up to the end of its line, where it is nothing but words. */
function phraseAt(text: string, from: number): number {
  const line = /[^\r\n"',;={}[\]]{3,512}/y
  line.lastIndex = from
  const words = line.exec(text)?.[0] ?? ''
  const next = text[from + words.length]
  return (next === undefined || /[\r\n"']/.test(next)) && isPhrase(words) ? words.trimEnd().length : 0
}

/** Without the full stop that ends a sentence. */
function trimmed(text: string, from: number, to: number): number {
  return to - from > 1 && /[.,:]/.test(text[to - 1] ?? '') ? to - 1 : to
}

function unescapedText(value: string): string {
  return value.replace(/\\{1,8}(["'/\\])/g, '$1')
}
