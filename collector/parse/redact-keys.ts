/** Secrets that are known by the name before them: `password=…`, `"token":"…"`, headers, addresses, commands. */
import type { Span } from './redact.ts'
import { isRandom, isSecretBare, isSecretText, type Likeness } from './redact-values.ts'

const KEY_OF =
  'api|access|secret|private|encryption|encrypt|signing|sign|master|shared|account|storage|auth|license|subscription|ssh|primary|deploy|webhook|session|cookie|jwt|hmac|client|root|unseal|consumer|app|application|service|project|server|admin|publish|ingest|write|vault|crypto|cipher|des|aes|rsa|instrumentation|functions|host|security|dd|routing|integration'

/** A name that ends like a secret's, and what separates it from its value. */
const NAMED = new RegExp(
  `(passw(?:or)?[dt]|passphrase|passcode|secret|token|credentials?|authorization|cookie|session(?:[_-]?id)?|signature|secret_key_base|(?:${KEY_OF})[_-]?key|pass|pwd|pw|pin|cvv2?|cvc|otp|sig|sid|auth|jwt|key)(\\\\{0,15}["'])?\\]?[ \\t]{0,8}(?:=>|:=|[:=>]|(?= ')|(?<=['"]),)[ \\t]{0,8}`,
  'gi'
)
const SHORT = /^(?:pass|pwd|pw|pin|cvv2?|cvc|otp|sig|sid|auth|jwt|session|key)$/i
const RANDOM = /^(?:sig|sid|auth|session|session[_-]?id|signature|key)$/i
/** Short numbers that are typed in. */
const CODE = /^(?:pin|otp|cvv2?|cvc)$/i
const DIGITS = /^\d{3,8}[.,;]?$/
const TOKEN = /^(?:token|jwt|otp|pin|cvv2?|cvc|credentials?|authorization)$/i

export function findNamed(text: string, spans: Span[]): void {
  const json = /^\s{0,8}[{[]/.test(text) || text.includes('{"') ? { quote: -1 } : undefined
  NAMED.lastIndex = 0
  for (let match = NAMED.exec(text); match; match = NAMED.exec(text)) {
    const [whole, name = '', quote = ''] = match
    const at = match.index + whole.length
    if (SHORT.test(name) && !beginsWord(text, match.index)) continue
    if (!isMeant(text, match.index, name, whole)) continue
    if (/cookie$/i.test(name)) cookies(text, at, json, spans)
    else if (/authorization$/i.test(name)) authorization(text, at, quote, json, spans)
    else named(text, at, name, quote, whole, json, spans)
    const last = spans.at(-1)
    if (last?.from === at) NAMED.lastIndex = last.to
  }
  for (const { 0: found, 1: head = '', index } of text.matchAll(BEARER))
    spans.push({ from: index + head.length, to: index + found.length, kind: 'authorization' })
  for (const { 0: found, 1: head = '', index } of text.matchAll(IDENTIFIED))
    spans.push({ from: index + head.length, to: index + found.length - 1, kind: 'password' })
}

const BEARER = /(?<![A-Za-z0-9])(Bearer )[A-Za-z0-9_.~+/-]{16,8000}={0,2}/g
const IDENTIFIED = /(identified by (?:password )?')[^'"\\]{1,256}'/gi

/** False for a comparison, for `token 'x'` in a sentence, and for a `key` outside of an address. */
function isMeant(text: string, at: number, name: string, whole: string): boolean {
  if (/^key$/i.test(name)) return /[?&]/.test(text[at - 1] ?? '')
  const separator = /(?:=>|:=|[:=>,])[ \t]*$/.exec(whole)?.[0][0]
  // `define('DB_PASSWORD', 'x')`, but no list of names.
  if (separator === ',') return /[A-Za-z]\(["'][\w.-]{0,64}$/.test(text.slice(Math.max(0, at - 70), at))
  if (separator === undefined) return /^passw/i.test(name)
  // One of several that colons separate, as in an ARN.
  if (separator === ':' && text[at - 1] === ':') return false
  return (
    separator !== '>' ||
    (!/[ \t]$/.test(whole) && /<[\w:.-]{0,64}$/.test(text.slice(Math.max(0, at - 65), at)))
  )
}

/** `userPass`, `DB_PWD`, `pin`, but not `bypass`. */
function beginsWord(text: string, at: number): boolean {
  const before = text[at - 1] ?? ' '
  if (!/[A-Za-z]/.test(before)) return true
  return /[a-z]/.test(before) && /[A-Z]/.test(text[at] ?? '') && /[a-z]/.test(text[at + 1] ?? '')
}

const QUOTE = /\[?[ \t]{0,4}(\\{0,15})(["'])/y
const BARE =
  /(?:[^ \t\r\n"'&;,()[\]{}<>|\\]|\((?=[^)\s]{0,64}[^)\s"'&])|\\u(?!00[01])[\da-fA-F]{4}|\\(?![nrtu"'\\])|[;,)\]}](?![ \t\r\n"'\\)\]},;]|$|[\w.-]{1,40}[=:])){1,8192}/y

function named(
  text: string,
  at: number,
  name: string,
  quote: string,
  whole: string,
  json: Json | undefined,
  spans: Span[]
): void {
  const likeness: Likeness = RANDOM.test(name) ? 'random' : TOKEN.test(name) ? 'token' : 'word'
  const kind = likeness === 'word' ? 'password' : 'token'
  const isCode = CODE.test(name)
  const quoted = quotedAt(text, at, json)
  if (quoted) {
    for (const { from, to } of quoted) {
      const value = unescapedText(text.slice(from, to))
      const secret = isCode ? DIGITS.test(value) : isSecretText(value, likeness)
      if (secret) spans.push({ from, to, kind })
    }
    return
  }
  BARE.lastIndex = at
  const value = BARE.exec(text)?.[0] ?? ''
  if (value === '') return
  const prose = /[ \t]$/.test(whole)
  const to = at + value.length
  if (name === 'PASS' && prose) return
  if (/^(?:pass|pin)$/i.test(name) && /^\d{1,3}$/.test(value)) return
  // The test of a number: a JSON value that is not quoted must become a string.
  if (quote !== '' && /^-?[\d.]+$/.test(value)) {
    if (isCode || /^(?:passw(?:or)?[dt]|pwd|passcode)$/i.test(name) || value.length > 5)
      spans.push({ from: at, to, kind, text: `${quote}[redacted]${quote}` })
    return
  }
  if (isCode) {
    if (DIGITS.test(value)) spans.push({ from: at, to, kind })
  } else if (isSecretBare(value, likeness, prose, text.slice(to, to + 16)))
    spans.push({ from: at, to: trimmed(text, at, to), kind })
}

/** Without the full stop that ends a sentence. */
function trimmed(text: string, from: number, to: number): number {
  return to - from > 1 && /[.,:]/.test(text[to - 1] ?? '') ? to - 1 : to
}

function unescapedText(value: string): string {
  return value.replace(/\\{1,8}(["'/\\])/g, '$1')
}

interface Place {
  from: number
  to: number
}

/** The quoted text at `at`; several where a list of them begins there. Undefined where none does. */
function quotedAt(text: string, at: number, json: Json | undefined): Place[] | undefined {
  const found: Place[] = []
  let next = at
  for (let most = 64; most > 0; most--) {
    QUOTE.lastIndex = next
    const match = QUOTE.exec(text)
    if (!match) break
    const [whole, backslashes = '', quote = ''] = match
    const from = next + whole.length
    const end =
      json && whole.slice(-1 - backslashes.length) !== '"' ? endOfString(text, from, json) : text.length
    const to = closing(text, from, quote, backslashes.length, end)
    if (to < 0) {
      // Cut off: everything to the end of the line, or of the string around it, belongs to it.
      const newline = text.indexOf('\n', from)
      found.push({ from, to: newline < 0 ? end : Math.min(newline, end) })
      break
    }
    found.push({ from, to })
    const isList = found.length > 1 || whole.startsWith('[')
    const comma = /,[ \t]{0,4}/y
    comma.lastIndex = to + backslashes.length + 1
    if (!isList || !comma.test(text)) break
    next = comma.lastIndex
  }
  return found.length > 0 ? found : undefined
}

/** Index of the quote (or of its backslashes) that closes a text; each level of escaping doubles them and adds one. */
function closing(text: string, from: number, quote: string, level: number, end: number): number {
  for (let at = text.indexOf(quote, from); at >= 0 && at < end; at = text.indexOf(quote, at + 1)) {
    let backslashes = 0
    while (at - 1 - backslashes >= from && text[at - 1 - backslashes] === '\\') backslashes++
    const steps = (backslashes - level) / (level + 1)
    if (backslashes <= level || steps % 2 === 0) return at - Math.min(level, backslashes)
  }
  return -1
}

const SCHEME = /(?:bearer|basic|negotiate|ntlm|token|api-?key|ssws|splunk|genie-?key|key|mac|bot)[ \t]{1,4}/iy
const LONG_SCHEME = /(?:digest|aws4-hmac-sha256|oauth|hawk|signature|escher)[ \t]{1,4}(?=[A-Za-z_]{2,32}=)/iy

function authorization(text: string, at: number, quote: string, json: Json | undefined, spans: Span[]): void {
  const places = quotedAt(text, at, json) ?? [{ from: text[at] === '[' ? at + 1 : at, to: -1 }]
  for (const { from, to } of places) {
    LONG_SCHEME.lastIndex = from
    if (LONG_SCHEME.test(text)) {
      const end = to < 0 ? endOfHeader(text, LONG_SCHEME.lastIndex, json) : to
      spans.push({ from: LONG_SCHEME.lastIndex, to: end, kind: 'authorization' })
      continue
    }
    SCHEME.lastIndex = from
    const isScheme = SCHEME.test(text)
    const begin = isScheme ? SCHEME.lastIndex : from
    BARE.lastIndex = begin
    const end = to < 0 ? begin + (BARE.exec(text)?.[0].length ?? 0) : to
    if (end === begin) continue
    const value = text.slice(begin, end)
    const secret =
      to < 0
        ? isSecretBare(value, 'token', !isScheme, text.slice(end, end + 16))
        : isSecretText(value, 'token')
    if (secret && (isScheme ? value.length > 3 : quote !== '' || isRandom(value)))
      spans.push({ from: begin, to: end, kind: 'authorization' })
  }
}

/** The end of the line, or the quote that closes the text in which the header stands. */
function endOfHeader(text: string, from: number, json: Json | undefined): number {
  const newline = text.indexOf('\n', from)
  const end = json ? endOfString(text, from, json) : text.length
  return newline < 0 ? end : Math.min(newline, end)
}

/** What is known of a line that holds JSON: where the string ends that was looked at last. */
interface Json {
  quote: number
}

/** Where the JSON string ends in which the text stands. Asked from left to right. */
function endOfString(text: string, from: number, json: Json): number {
  if (json.quote < from) {
    const quote = closing(text, from, '"', 0, text.length)
    json.quote = quote < 0 ? text.length : quote
  }
  return json.quote
}

const COOKIE = /[ \t]{0,4}([^ \t\r\n=;,"'\\()[\]{}<>]{1,128})(?:=("?)([^ \t\r\n;,"'\\\]]{1,4096})\2)?(;)?/y
const ATTRIBUTE = /^(?:path|domain|expires|max-age|samesite|priority|version|comment)$/i

/** Every cookie's value goes, its name and its attributes stay. */
function cookies(text: string, at: number, json: Json | undefined, spans: Span[]): void {
  for (const place of quotedAt(text, at, json) ?? [
    { from: text[at] === '[' ? at + 1 : at, to: text.length }
  ]) {
    let next = place.from
    let pairs = 0
    while (next < place.to) {
      COOKIE.lastIndex = next
      const match = COOKIE.exec(text)
      if (!match) break
      const [whole, name = '', , value, more] = match
      next += whole.length
      if (value !== undefined) {
        pairs++
        const to = next - (more?.length ?? 0) - (match[2]?.length ?? 0)
        if (!ATTRIBUTE.test(name)) spans.push({ from: to - value.length, to, kind: 'cookie' })
        else if (!more) next = pastAttribute(text, next, place.to)
      } else if (!more) break
    }
    const bare = text.slice(place.from, place.to)
    if (pairs === 0 && place.to < text.length && isRandom(bare) && !/\s/.test(bare))
      spans.push({ ...place, kind: 'cookie' })
  }
}

/** `Expires=Wed, 21 Oct 2026 07:28:00 GMT;` has blanks and a comma. */
function pastAttribute(text: string, from: number, to: number): number {
  const end = /[^;"'\\\n]{0,40};/y
  end.lastIndex = from
  const isMore = end.test(text)
  return isMore && end.lastIndex <= to ? end.lastIndex : to
}

const USERINFO = /:\/\/([^ \t\r\n/?#:@"'<>\\]{0,128}):([^ \t\r\n/"'<>\\]{1,256})@(?=[\w[%])/g
const USER_ONLY = /:\/\/([^ \t\r\n/?#:@"'<>\\]{20,256})@(?=[\w[])/g
const WEBHOOK =
  /(hooks\.slack\.com\/(?:services|workflows)\/|discord(?:app)?\.com\/api\/webhooks\/)[\w/-]{20,200}/g

export function findUrls(text: string, spans: Span[]): void {
  for (const { 0: found, 2: value = '', index } of text.matchAll(USERINFO)) {
    const to = index + found.length - 1
    if (!/^[*x]{2,}$|^\[redacted\]$|^\$\{|^%5Bredacted|^<|^\{/.test(value))
      spans.push({ from: to - value.length, to, kind: 'url' })
  }
  for (const { 0: found, 1: value = '', index } of text.matchAll(USER_ONLY)) {
    const to = index + found.length - 1
    if (isRandom(value)) spans.push({ from: to - value.length, to, kind: 'url' })
  }
  for (const { 0: found, 1: head = '', index } of text.matchAll(WEBHOOK))
    spans.push({ from: index + head.length, to: index + found.length, kind: 'url' })
}

const OPTION =
  /(?<![\w-])(--(?:[a-z0-9]{1,32}-){0,4}(?:password|passwd|passphrase|pass|pwd|secret|token|credentials?|(?:api|access|secret|private|auth|account|storage|license|encryption)-?key)(?:\\{0,7}["'],[ \t]{0,4}|[ \t]{1,4}))(\\{0,7}["'])?([^ \t\r\n"'\\-][^ \t\r\n"'\\]{0,512})/gi
const SHORT_OPTION =
  /\b(?:mysql|mysqldump|mysqladmin|mysqlimport|mysqlsh|mariadb|mariadb-dump|mycli|sshpass|mongo|mongosh|mongodump|mongorestore|docker login|podman login|az login|helm registry login|ldapsearch|clickhouse-client|7z|zip)\b[^|;\n"]{0,200}?[ \t]-p[ \t]?('?)([^ \t\r\n'"\\-][^ \t\r\n'"\\]{2,256})/gi
const USER_OPTION =
  /\b(?:curl|wget|http|https)\b[^|;\n]{0,200}?[ \t](?:-u|--user)[ \t]?(\\{0,7}["'])?([^ \t\r\n:"'\\]{1,128}:)([^ \t\r\n"'\\]{1,256})/g
const REDIS_OPTION = /\bredis-cli\b[^|;\n]{0,200}?[ \t]-a[ \t]('?)([^ \t\r\n'"\\-][^ \t\r\n'"\\]{0,256})/g

export function findOptions(text: string, spans: Span[]): void {
  for (const { 0: found, 3: value = '', index } of text.matchAll(OPTION)) {
    const to = index + found.length
    if (isSecretBare(value, 'word', true, text.slice(to, to + 16)))
      spans.push({ from: to - value.length, to, kind: 'command' })
  }
  for (const expression of [SHORT_OPTION, REDIS_OPTION])
    for (const { 0: found, 2: value = '', index } of text.matchAll(expression))
      if (!/^\d{2,5}(?::\d{2,5})?$/.test(value) && isSecretText(value, 'word'))
        spans.push({ from: index + found.length - value.length, to: index + found.length, kind: 'command' })
  for (const { 0: found, 3: value = '', index } of text.matchAll(USER_OPTION))
    if (isSecretText(value, 'word'))
      spans.push({ from: index + found.length - value.length, to: index + found.length, kind: 'command' })
}
