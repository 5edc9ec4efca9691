/** What stands behind the names of two headers: `Authorization` with its schemes, and cookies. */
import type { Span } from './redact.ts'
import { endOfString, type Json, quotedAt } from './redact-quotes.ts'
import { isRandom, isSecretBare, isSecretText } from './redact-values.ts'

/** A value without quotes. */
export const BARE =
  /(?:[^ \t\r\n"'&;,()[\]{}<>|\\]|\((?=[^)\s]{0,64}[^)\s"'&])|\\u(?!00[01])[\da-fA-F]{4}|\\(?![nrtu"'\\])|[;,)\]}](?![ \t\r\n"'\\)\]},;]|$|[\w.-]{1,40}[=:])){1,8192}/y

const SCHEME =
  /(?:(?:bearer|basic|negotiate|ntlm|token|api-?key|ssws|splunk|genie-?key|key|mac|bot)[ \t]{1,4})?(?:(?:key|token|api-?key|access[_-]?token|auth)=\\{0,7}"?)?/iy
/** Any other, where what follows looks random. */
const OTHER_SCHEME = /[A-Za-z][\w-]{1,24}[ \t]{1,4}(?=[\w+/.~:-]{16})/y
const LONG_SCHEME = /(?:digest|aws4-hmac-sha256|oauth|hawk|signature|escher)[ \t]{1,4}(?=[A-Za-z_]{2,32}=)/iy

export function findAuthorization(
  text: string,
  at: number,
  quote: string,
  json: Json | undefined,
  spans: Span[]
): void {
  const places = quotedAt(text, at, json) ?? [{ from: text[at] === '[' ? at + 1 : at, to: -1 }]
  for (const { from, to } of places) {
    LONG_SCHEME.lastIndex = from
    if (LONG_SCHEME.test(text)) {
      const end = to < 0 ? endOfHeader(text, LONG_SCHEME.lastIndex, json) : to
      spans.push({ from: LONG_SCHEME.lastIndex, to: end, kind: 'authorization' })
      continue
    }
    SCHEME.lastIndex = from
    SCHEME.test(text)
    const isScheme = SCHEME.lastIndex > from
    OTHER_SCHEME.lastIndex = from
    const begin = isScheme || !OTHER_SCHEME.test(text) ? SCHEME.lastIndex : OTHER_SCHEME.lastIndex
    BARE.lastIndex = begin
    const end = to < 0 ? begin + (BARE.exec(text)?.[0].length ?? 0) : to
    if (end <= begin) continue
    const value = text.slice(begin, end)
    const secret =
      to < 0
        ? isSecretBare(value, 'token', begin === from, text.slice(end, end + 16))
        : isSecretText(value, 'token')
    if (secret && (isScheme ? value.length > 3 : (quote !== '' && begin === from) || isRandom(value)))
      spans.push({ from: begin, to: end, kind: 'authorization' })
  }
}

/** The end of the line, or the quote that closes the text in which the header stands. */
function endOfHeader(text: string, from: number, json: Json | undefined): number {
  const newline = text.indexOf('\n', from)
  const end = json ? endOfString(text, from, json) : text.length
  return newline < 0 ? end : Math.min(newline, end)
}

const COOKIE = /[ \t]{0,4}([^ \t\r\n=;,"'\\()[\]{}<>]{1,128})(?:=("?)([^ \t\r\n;,"'\\\]]{1,4096})\2)?(;)?/y
const ATTRIBUTE = /^(?:path|domain|expires|max-age|samesite|priority|version|comment)$/i
/** What a page remembers of how it shall look, and of what was agreed to. */
const HARMLESS =
  /^(?:[\w.-]*[_.-])?(?:theme|lang|language|locale|i18n|tz|timezone|currency|country|region|consent|cookieconsent|cookie_?notice|cookie_?banner|dark_?mode|color_?scheme|font_?size|sidebar|layout)(?:[_-]?(?:status|accepted|level|mode))?$/i
const SETTING = /^[\w/.+-]{1,24}$/

/** Every cookie's value goes, its name and its attributes stay; so does what is only a setting. */
export function findCookies(text: string, at: number, json: Json | undefined, spans: Span[]): void {
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
        if (ATTRIBUTE.test(name)) next = more ? next : pastAttribute(text, next, place.to)
        else if (!HARMLESS.test(name) || !SETTING.test(value) || (isRandom(value) && value.length > 12))
          spans.push({ from: to - value.length, to, kind: 'cookie' })
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
