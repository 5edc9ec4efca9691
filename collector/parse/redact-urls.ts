/** Secrets in addresses: passwords before the host, tokens in the user's place, hooks whose path is the secret. */
import type { Span } from './redact.ts'
import { isRandom } from './redact-values.ts'

const USERINFO = /:(?:\\{0,3}\/){2}([^ \t\r\n/?#:"'<>]{0,128}):([^ \t\r\n/"'<>\\]{1,256})@(?=[\w[%])/g
const TOKEN_USER = /:(?:\\{0,3}\/){2}([^ \t\r\n/?#:@"'<>\\]{20,256})(?=:[^ \t\r\n/@"'<>]{0,64}@[\w[]|@[\w[])/g
/** As the value of another address' parameter. */
const CODED =
  /%3A%2F%2F((?:(?!%3A|%40|%2F)[^ \t\r\n/?#&:@"'<>]){0,128})%3A((?:(?!%40|%2F)[^ \t\r\n/?#&:@"'<>]){1,256})(?:%40|@)(?=[\w[])/gi
/** Without a scheme: `root:x@tcp(db:3306)/`, `thin:scott/tiger@//db:1521`, `user:x@proxy:3128`. */
const PLACES = [
  /(?<![\w/@:.-])([\w.+$%\\-]{1,64}):([^\s"'`<>/]{1,256}|[^\s"'`<>]{1,256})@(?=(?:tcp6?|unix|udp)\()/g,
  /\b((?:thin|oci8?|sqlplus|expdp|impdp|sqlldr|rman target)[: ](?:-\w{1,2} ){0,4}[\w$#]{1,64})\/([^\s"'`<>/@]{1,128})@(?=[\w/(])/gi,
  /(?<![\w/@:.-])((?!(?:mailto|sips?|xmpp|acct|ssh|git|from|to|for|user|uid|at|in|by):)[\w.+$%\\-]{1,64}):((?=[^\s"'`<>/@]{0,64}[\d!#$%^&*~+])[^\s"'`<>/@:,=]{4,128})@(?=[A-Za-z\d][\w.-]{0,128}:\d{2,5}(?![\w:.-]))/g
] as const
const WEBHOOK =
  /(hooks\.slack\.com\/(?:services|workflows)\/|discord(?:app)?\.com\/api\/webhooks\/|webhook\.office\.com\/webhookb2\/|hooks\.zapier\.com\/hooks\/catch\/)[\w/@-]{10,300}/g

const MASKED = /^[*x]{2,}$|^\[redacted\]$|^\$\{|^%5Bredacted|^<|^\{/

export function findUrls(text: string, spans: Span[]): void {
  for (const expression of [USERINFO, ...PLACES])
    for (const { 0: found, 2: value = '', index } of text.matchAll(expression)) {
      const to = index + found.length - 1
      if (!MASKED.test(value)) spans.push({ from: to - value.length, to, kind: 'url' })
    }
  for (const { 1: user = '', 2: value = '', index } of text.matchAll(CODED)) {
    const from = index + '%3A%2F%2F'.length + user.length + '%3A'.length
    if (!MASKED.test(value)) spans.push({ from, to: from + value.length, kind: 'url' })
  }
  for (const { 0: found, 1: value = '', index } of text.matchAll(TOKEN_USER)) {
    const to = index + found.length
    if (isRandom(value)) spans.push({ from: to - value.length, to, kind: 'url' })
  }
  for (const { 0: found, 1: head = '', index } of text.matchAll(WEBHOOK))
    spans.push({ from: index + head.length, to: index + found.length, kind: 'url' })
}
