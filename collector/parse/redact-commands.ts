/** Secrets in commands, and what stands behind words of a protocol or in a sentence. */
import type { Span } from './redact.ts'
import { isRandom, isSecretBare, isSecretText } from './redact-values.ts'

const OPTION =
  /(?<![\w-])(--?(?:[a-z0-9]{1,32}[._-]){0,6}[a-z0-9]{0,32}?(?:password|passwd|passphrase|passcode|pass|pwd|secret|secret-id|token|credentials?|psk|(?:api|access|secret|private|auth|account|storage|license|encryption|master|signing)[._-]?key)(?:\\{0,7}["'],[ \t]{0,4}|[ \t]{1,4}))(\\{0,7}["'])?([^ \t\r\n"'\\-][^ \t\r\n"'\\]{0,512})/gi
/** What a usage text says instead: `[--password PASSWORD]`. */
const METAVAR = /^[A-Z][A-Z_]{1,24}\]?$/

/** An option of one letter, or of two, whose argument is the password for the programs named. */
const SHORT_OPTIONS = [
  /\b(?:mysql|mysqldump|mysqladmin|mysqlimport|mysqlsh|mariadb|mariadb-dump|mycli|sshpass|mongo|mongosh|mongodump|mongorestore|docker login|podman login|az login|helm registry login|ldapsearch|clickhouse-client|7z|zip)\b[^|;\n"]{0,200}?[ \t]-p[ \t]?('?)([^ \t\r\n'"\\-][^ \t\r\n'"\\]{2,256})/gi,
  /\b(?:sqlcmd|bcp|osql|isql|tsql|ipmitool|mosquitto_pub|mosquitto_sub|zip|unzip)\b[^|;\n"]{0,200}?[ \t]-P[ \t]?('?)([^ \t\r\n'"\\-][^ \t\r\n'"\\]{2,256})/g,
  /\b(?:ldapsearch|ldapmodify|ldapadd|ldapdelete|ldapwhoami|ldappasswd)\b[^|;\n"]{0,200}?[ \t]-w[ \t]?('?)([^ \t\r\n'"\\-][^ \t\r\n'"\\]{2,256})/g,
  /\b(?:plink|pscp|psftp|putty)\b[^|;\n"]{0,200}?[ \t]-pw[ \t]('?)([^ \t\r\n'"\\-][^ \t\r\n'"\\]{2,256})/g,
  /\bredis-cli\b[^|;\n]{0,200}?[ \t]-a[ \t]('?)([^ \t\r\n'"\\-][^ \t\r\n'"\\]{0,256})/g
]
const USER_OPTION =
  /\b(?:curl|wget|https?|etcdctl|ab)\b[^|;\n]{0,200}?[ \t](?:-[uUaA]|--(?:proxy-)?user|--auth)[ \t=]?(\\{0,7}["'])?([^ \t\r\n:"'\\]{1,128}:)([^ \t\r\n"'\\]{1,256})/g

export function findOptions(text: string, spans: Span[]): void {
  OPTION.lastIndex = 0
  for (let match = OPTION.exec(text); match; match = OPTION.exec(text)) {
    const [found, , , value = ''] = match
    const to = match.index + found.length
    const secret =
      isSecretBare(value, 'word', true, text.slice(to, to + 16)) &&
      !METAVAR.test(value) &&
      !/^\d{1,3}$/.test(value)
    if (secret) spans.push({ from: to - value.length, to, kind: 'command' })
    // What follows may be an option, too.
    else OPTION.lastIndex = to - value.length
  }
  for (const expression of SHORT_OPTIONS)
    for (const { 0: found, 2: value = '', index } of text.matchAll(expression))
      if (!/^\d{2,5}(?::\d{2,5})?$/.test(value) && isSecretText(value, 'word'))
        spans.push({ from: index + found.length - value.length, to: index + found.length, kind: 'command' })
  for (const { 0: found, 3: value = '', index } of text.matchAll(USER_OPTION))
    if (isSecretText(value, 'word'))
      spans.push({ from: index + found.length - value.length, to: index + found.length, kind: 'command' })
}

/** `machine x login y password z`, and what programs with the same grammar are given. */
const LOGIN =
  /\b(login|user(?:name)?|account|connect)\s{1,8}\S{1,128}\s{1,8}(?:password|passwd|secret)\s{1,4}(?:[05789]\s)?["']?([^\s"',;]{1,256})/gi
const SETTING = /\b(?:requirepass|auth-pass \S{1,64})\\{0,7}["']?[ \t]{1,4}\\{0,7}["']?([^\s"'\\]{1,512})/gi
const SMTP = /\bAUTH(?:ENTICATE)? (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER)[ \t]{1,4}([A-Za-z0-9+/]{8,4096}={0,2})/g
const REDIS =
  /["']AUTH\\{0,7}["'](?:[ \t]{1,4}\\{0,7}["'][^"'\\]{1,128}\\{0,7}["'])?[ \t]{1,4}\\{0,7}["']([^"'\\]{1,512})/gi
/** In quotes of either kind, without a sign between. */
const QUOTED = /\bpassw(?:or)?d[ \t]{1,2}\\{0,7}"([^"'\\,:]{1,128})(?=\\{0,7}")/gi
const SAID =
  /\bpassw(?:or)?d(?: (?:for|of) \S{1,80})? (?:(?:is|was|has been|will be)(?: now)?|(?:re)?set to|changed to)(?: (?:generated|created|set|reset|changed)(?: (?:for|to) \S{1,80}?)?)?(?: to| as)?:? \\{0,7}["'`]?([^\s"'`\\]{1,256})/gi

/** Secrets behind a word and a blank. */
export function findSaid(text: string, spans: Span[]): void {
  findLogins(text, spans)
  taken(SETTING, text, 'password', spans)
  taken(SMTP, text, 'authorization', spans, (value) => isRandom(value) || value.endsWith('='))
  taken(REDIS, text, 'password', spans)
  taken(QUOTED, text, 'password', spans, isTyped)
  taken(SAID, text, 'password', spans, isTyped)
}

/** The value is the last of the groups, and what is found ends with it. */
function taken(
  expression: RegExp,
  text: string,
  kind: Span['kind'],
  spans: Span[],
  isSecret = (value: string) => isSecretText(value, 'word')
): void {
  for (const { 0: found, 1: value = '', index } of text.matchAll(expression)) {
    const to = index + found.length
    const bare = expression === SAID ? value.replace(/[.,;:?)]{1,8}$/, '') : value
    const from = to - value.length
    if (isSecret(bare)) spans.push({ from, to: from + bare.length, kind })
  }
}

function findLogins(text: string, spans: Span[]): void {
  for (const { 0: found, 1: head = '', 2: value = '', index } of text.matchAll(LOGIN)) {
    const to = index + found.length
    const isSecret = isSecretBare(value, 'word', true, text.slice(to, to + 16))
    if (isSecret && (/^login$/i.test(head) || isTyped(value)))
      spans.push({ from: to - value.length, to, kind: 'password' })
  }
}

/** What nobody writes in a sentence. */
function isTyped(value: string): boolean {
  if (value.length < 6 || !isSecretText(value, 'word')) return false
  if (/^(?:sha|md|base|aes|rsa|utf|oauth|bcrypt|v)-?\d/i.test(value) || /^\d{1,4}[-/:.]\d/.test(value))
    return false
  return /[A-Za-z]/.test(value) && (/\d/.test(value) || /[^\w.,;:()'"/-]/.test(value))
}
