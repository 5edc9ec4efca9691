/** Secrets that are known by their shape alone: keys and tokens of well-known services, key blocks, cards. */
import type { Kind, Span } from './redact.ts'

/**
 * Every expression takes time in proportion to the text (a test holds that); bytes above 127 stand in it as
 * characters of their own, so no expression may end between two of them.
 */
export const SHAPES: readonly (readonly [Kind, RegExp])[] = [
  ['token', /(?<![A-Za-z0-9])(?:gh[opusr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})/g],
  ['token', /(?<![A-Za-z0-9])gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|oas)-[\w.-]{20,255}/g],
  ['token', /(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[\w-]{10,255}/g],
  ['token', /(?<![A-Za-z0-9])[sr]k_(?:live|test|prod)_[A-Za-z0-9]{16,255}/g],
  ['token', /(?<![A-Za-z0-9])whsec_[A-Za-z0-9+/]{24,255}=?/g],
  ['token', /(?<![A-Za-z0-9_-])AIza[\w-]{35}(?![\w-])/g],
  ['token', /(?<![A-Za-z0-9])npm_[A-Za-z0-9]{36,255}/g],
  ['token', /(?<![A-Za-z0-9])pypi-[\w-]{32,255}/g],
  ['token', /(?<![A-Za-z0-9])SG\.[\w-]{16,64}\.[\w-]{16,64}/g],
  ['token', /(?<![A-Za-z0-9])SK[0-9a-f]{32}(?![A-Za-z0-9])/g],
  ['token', /(?<![A-Za-z0-9])sk-(?:ant-|proj-|svcacct-|admin-|or-)?[\w-]{32,255}/g],
  ['token', /(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,255}/g],
  ['token', /(?<![A-Za-z0-9])do[op]_v1_[0-9a-f]{64}/g],
  ['token', /(?<![A-Za-z0-9])shp(?:at|ss|ca)_[0-9a-fA-F]{32}/g],
  ['token', /(?<![A-Za-z0-9])dckr_(?:pat|oat)_[\w-]{20,255}/g],
  ['token', /(?<![A-Za-z0-9])hvs\.[\w-]{24,255}/g],
  ['token', /(?<![A-Za-z0-9])tskey-[a-z]{1,32}-[\w-]{16,255}/g],
  ['token', /(?<![A-Za-z0-9])PMAK-[0-9a-f]{24}-[0-9a-f]{34}/g],
  ['token', /(?<![0-9])\d{8,10}:AA[\w-]{33}(?![\w-])/g],
  ['token', /(?<![A-Za-z0-9])dl(?:[rajs]|k_[\w-]{1,128})_[\w-]{32}(?![\w-])/g],
  ['token', /(?<![A-Za-z0-9])(?:glsa|glc|sntry[su]|lin_api|figd|gsk|nfp|phx|AVNS)_[\w+/=-]{18,255}/g],
  ['token', /(?<![A-Za-z0-9])(?:sq[pau]|sbp|rubygems|shppa)_[0-9a-f]{32,48}/g],
  ['token', /(?<![A-Za-z0-9])(?:GOCSPX|SWMTKN-1|NRAK|xai)-[\w-]{20,255}/g],
  ['token', /(?<![A-Za-z0-9])(?:pul-[0-9a-f]{40}|key-[0-9a-f]{32})(?![A-Za-z0-9])/g],
  // The first line of a PEM private key in base64.
  [
    'private-key',
    /LS0tLS1CRUdJTiB(?:QUklWQVRF|SU0EgUFJJVkFURS|FQyBQUklWQVRF|PUEVOU1NIIFBSSVZBVEUg|FTkNSWVBURUQgUFJJVkFURS|EU0EgUFJJVkFURS|QR1AgUFJJVkFURS)[A-Za-z0-9+/]{1,8000}={0,2}/g
  ],
  ['private-key', /AGE-SECRET-KEY-1[0-9A-Z]{50,64}/g],
  ['jwt', /(?<![A-Za-z0-9_-])eyJ[\w-]{8,8000}\.[\w-]{8,8000}(?:\.[\w-]{0,8000}){0,3}/g]
]

export function findShapes(text: string, spans: Span[]): void {
  for (const [kind, shape] of SHAPES)
    for (const { 0: found, index } of text.matchAll(shape))
      spans.push({ from: index, to: index + found.length, kind })
}

const PEM_BEGIN = /-----BEGIN ((?:[A-Z0-9]{1,16} ){0,4})PRIVATE KEY(?: BLOCK)?-----/g
/** What a key block consists of, also where it stands within a string. */
const PEM_BODY = /(?:[A-Za-z0-9+/=\s:,-]|\\{1,8}[nrt])*/y
const PEM_END = /-----END [A-Z0-9 ]{0,80}PRIVATE KEY(?: BLOCK)?-----/g

/** A sentence about the line goes on. */
const PEM_NAMED = /^[,.;:)]?[ \t]{1,2}[A-Za-z]{1,14}(?:[ \t,.]|$)/

/** What lies between the two lines of a private key. True where the block does not end in this text. */
export function findPem(text: string, spans: Span[]): boolean {
  let open = false
  PEM_BEGIN.lastIndex = 0
  for (let begin = PEM_BEGIN.exec(text); begin; begin = PEM_BEGIN.exec(text)) {
    const from = begin.index + begin[0].length
    PEM_END.lastIndex = from
    const end = PEM_END.exec(text)?.index
    PEM_BODY.lastIndex = from
    const body = from + (PEM_BODY.exec(text)?.[0].length ?? 0)
    const to = end !== undefined && end <= body ? end : body
    PEM_BEGIN.lastIndex = to
    if (end === undefined && PEM_NAMED.test(text.slice(from, from + 24))) continue
    open = end === undefined && body === text.length
    // The line's own break stays.
    const first = /^\s*/.exec(text.slice(from, from + 8))?.[0].length ?? 0
    if (to > from + first) spans.push({ from, to, kind: 'private-key' })
  }
  return open
}

/** Grouped as on a card, or not at all; what stands around must not be part of a longer number. */
const CARD =
  /(?<![A-Za-z0-9_.+#-])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}([ -])\d{6}\2\d{4,5}|\d{13,19})(?![A-Za-z0-9_]|[.-]\d)/g

export function findCards(text: string, spans: Span[]): void {
  for (const { 0: found, index } of text.matchAll(CARD)) {
    const digits = found.replace(/[ -]/g, '')
    if (isIssued(digits) && isLuhn(digits))
      spans.push({ from: index, to: index + found.length, kind: 'card' })
  }
}

/** Lengths and first digits that issuers use. */
function isIssued(digits: string): boolean {
  const four = Number(digits.slice(0, 4))
  const two = Math.floor(four / 100)
  switch (digits.length) {
    case 13:
      return digits.startsWith('4')
    case 14:
      return (four >= 3000 && four <= 3059) || two === 36 || two === 38 || two === 39
    case 15:
      return two === 34 || two === 37
    default:
      if (digits.startsWith('4')) return digits.length === 16 || digits.length === 19
      if (two === 62 || four === 6011 || two === 65 || (four >= 6440 && four <= 6499)) return true
      if (four >= 3528 && four <= 3589) return true
      return digits.length === 16 && ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))
  }
}

function isLuhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    const twice = i % 2 === 1 ? digit * 2 : digit
    sum += twice > 9 ? twice - 9 : twice
  }
  return sum % 10 === 0 && !/^(\d)\1*$/.test(digits)
}
