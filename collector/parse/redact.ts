/**
 * Takes secrets out of a line before anything else sees it: what is not stored can't be found, followed or stolen. What
 * is done depends on the bytes and the configuration alone. docs/redaction.md tells what is found.
 */
import { isUtf8 } from 'node:buffer'
import type { ColumnsBuilder } from './columns.ts'
import { findOptions, findSaid } from './redact-commands.ts'
import { findNamed } from './redact-keys.ts'
import { findPairs } from './redact-pairs.ts'
import { SUSPICION, suspicionOf } from './redact-scan.ts'
import { findCards, findPem, findShapes } from './redact-shapes.ts'
import { findUrls } from './redact-urls.ts'

/** What was taken out; a label of a metric. */
export const KINDS = [
  'authorization',
  'cookie',
  'password',
  'token',
  'jwt',
  'url',
  'command',
  'private-key',
  'card',
  'own'
] as const
export type Kind = (typeof KINDS)[number]

/** A part of a text that is replaced; characters are bytes. */
export interface Span {
  from: number
  to: number
  kind: Kind
  /** Instead of REDACTED. */
  text?: string
}

export type RedactionCounts = Partial<Record<Kind, number>>

/** How the lines of one container are treated. */
export interface Redaction {
  /** The built-in rules. */
  builtIn: boolean
  /** Expressions of people, from configuration and label, each with the flag g. */
  own: readonly RegExp[]
}

const REDACTED = '[redacted]'

/**
 * What is remembered of a key block whose lines come as records of their own, by output. A reading that begins in the
 * middle of a file can't know, so what looks like the middle of a block counts as one.
 */
export type OpenKey = 'no' | 'yes' | 'perhaps'

/**
 * Redacts the text at into.text[from, to), the last in `into`, and returns its new end; equal to `to` where nothing was
 * found and sometimes where something was: `found` says it. `open` and `output` carry key blocks from record to record.
 */
export class Redactor {
  /** What was taken out of the text that was looked at last. */
  found = false
  readonly #counts: RedactionCounts = {}

  apply(
    { builtIn, own }: Redaction,
    into: ColumnsBuilder,
    from: number,
    to: number,
    open: OpenKey[],
    output: number
  ): number {
    this.found = false
    const suspicion = builtIn ? suspicionOf(into.text, into.view, from, to) : 0
    const isOpen = builtIn && open[output] !== 'no'
    if (suspicion === 0 && own.length === 0 && !isOpen) return to
    const bytes = Buffer.from(into.text.buffer, into.text.byteOffset + from, to - from)
    const text = bytes.toString('latin1')
    const { plain, placeOf } = withoutColours(text)
    const spans: Span[] = []
    if (isOpen) open[output] = continued(plain, open[output] ?? 'no', spans)
    if (suspicion !== 0 && find(plain, suspicion, spans)) open[output] = 'yes'
    if (placeOf)
      for (const span of spans) {
        span.from = placeOf(span.from)
        span.to = placeOf(span.to - 1) + 1
      }
    if (own.length > 0) findOwn(bytes, own, spans)
    const fresh = spans.filter((span) => !/^\[redacted\]?$/.test(text.slice(span.from, span.to)))
    return fresh.length === 0 ? to : this.#replace(text, fresh, into, from)
  }

  /** What was counted since the last call. */
  take(): RedactionCounts {
    const counts = { ...this.#counts }
    for (const kind of KINDS) delete this.#counts[kind]
    return counts
  }

  #replace(text: string, spans: Span[], into: ColumnsBuilder, from: number): number {
    this.found = true
    let redacted = ''
    let at = 0
    for (const span of apart(text, spans)) {
      this.#counts[span.kind] = (this.#counts[span.kind] ?? 0) + 1
      redacted += text.slice(at, span.from) + (span.text ?? inPlaceOf(text, span))
      at = span.to
    }
    redacted += text.slice(at)
    let bytes: Buffer = Buffer.from(redacted, 'latin1')
    if (!isUtf8(bytes)) bytes = Buffer.from(bytes.toString('utf8'))
    into.reserve(from - into.textLength + bytes.length)
    into.text.set(bytes, from)
    return from + bytes.length
  }
}

const COLOUR = /\x1b\[[\d;]{0,32}m/g

/** Colours stand between a name and its value; `placeOf` says where in the text a character of `plain` stands. */
function withoutColours(text: string): { plain: string; placeOf?: (at: number) => number } {
  if (!text.includes('\x1b')) return { plain: text }
  const parts: { at: number; from: number }[] = []
  let plain = ''
  let from = 0
  for (const { 0: colour, index } of text.matchAll(COLOUR)) {
    parts.push({ at: plain.length, from })
    plain += text.slice(from, index)
    from = index + colour.length
  }
  parts.push({ at: plain.length, from })
  plain += text.slice(from)
  const placeOf = (at: number) => {
    const part = parts.findLast((part) => part.at <= at)
    return part ? part.from + at - part.at : at
  }
  return { plain, placeOf }
}

/** True where a key block begins that does not end here. */
function find(text: string, suspicion: number, spans: Span[]): boolean {
  const open = (suspicion & SUSPICION.pem) !== 0 && findPem(text, spans)
  if ((suspicion & SUSPICION.shapes) !== 0) findShapes(text, spans)
  if ((suspicion & SUSPICION.keys) !== 0) findNamed(text, spans)
  if ((suspicion & SUSPICION.pairs) !== 0) findPairs(text, spans)
  if ((suspicion & SUSPICION.said) !== 0) findSaid(text, spans)
  if ((suspicion & SUSPICION.urls) !== 0) findUrls(text, spans)
  if ((suspicion & SUSPICION.commands) !== 0) findOptions(text, spans)
  if ((suspicion & SUSPICION.cards) !== 0) findCards(text, spans)
  return open
}

/** The last line of a key block: shorter than the others, and no word. */
const LAST_KEY_LINE =
  /^[ \t]{0,16}(?=[A-Za-z]{0,80}[^A-Za-z]|[^A-Z]{0,80}[a-z][A-Z]|[a-z][A-Z])(?:[A-Za-z0-9+/]{4}){0,18}[A-Za-z0-9+/]{2}[A-Za-z0-9+/=]{2}[ \t\r]{0,4}$/
/** As the middle of a block is always written. */
const FULL_KEY_LINE =
  /^[ \t]{0,16}(?=[^a-z]{0,80}[a-z])(?=[^A-Z]{0,80}[A-Z])(?=[^0-9]{0,80}[0-9])(?:[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{70}|[A-Za-z0-9+/]{76})[ \t\r]{0,4}$/
/** What may stand at the beginning of a block that is encrypted. */
const KEY_HEAD = /^(?:Proc-Type|DEK-Info|Comment|Version|Hash): |^[ \t\r]{0,16}$/

function continued(text: string, open: OpenKey, spans: Span[]): OpenKey {
  const isFull = FULL_KEY_LINE.test(text)
  if (isFull || (open === 'yes' && LAST_KEY_LINE.test(text))) {
    spans.push({ from: 0, to: text.length, kind: 'private-key' })
    return isFull ? 'yes' : 'no'
  }
  return open === 'yes' && KEY_HEAD.test(text) ? 'yes' : 'no'
}

/** The bytes are text here, so that an expression may name any letter. */
function findOwn(bytes: Buffer, own: readonly RegExp[], spans: Span[]): void {
  const text = bytes.toString('utf8')
  const isAscii = text.length === bytes.length
  const place = (at: number) => (isAscii ? at : Buffer.byteLength(text.slice(0, at)))
  for (const pattern of own)
    for (const match of text.matchAll(pattern)) {
      const [from, to] = hitOf(match)
      if (to > from) spans.push({ from: place(from), to: place(to), kind: 'own' })
    }
}

/** The group named `secret` where there is one, else all of it. */
function hitOf(match: RegExpExecArray): [number, number] {
  return match.indices?.groups?.['secret'] ?? [match.index, match.index + match[0].length]
}

/** A JSON number becomes a string, so that the line stays JSON. */
function inPlaceOf(text: string, { from, to }: Span): string {
  if (!/^-?[\d.]+$/.test(text.slice(from, to)) || !/^[ \t]{0,8}[,}\]]/.test(text.slice(to, to + 9)))
    return REDACTED
  const before = text.slice(Math.max(0, from - 24), from)
  const quote = /(\\{0,15}")[ \t]{0,8}:[ \t]{0,8}$/.exec(before)?.[1]
  if (quote === undefined && !(/^[ \t]{0,8}[{[]/.test(text) && /[,[][ \t]{0,8}$/.test(before)))
    return REDACTED
  return `${quote ?? '"'}${REDACTED}${quote ?? '"'}`
}

/** In order, those that overlap made one, and none between the bytes of a character. */
function apart(text: string, spans: Span[]): Span[] {
  const inCharacter = (at: number) =>
    at < text.length && (text.charCodeAt(at) & 0xc0) === 0x80 && text.charCodeAt(at) < 256
  for (const span of spans) {
    while (span.from > 0 && inCharacter(span.from)) span.from--
    while (inCharacter(span.to)) span.to++
  }
  spans.sort((a, b) => a.from - b.from || b.to - a.to)
  const kept: Span[] = []
  for (const span of spans) {
    const last = kept.at(-1)
    if (last && span.from < last.to) last.to = Math.max(last.to, span.to)
    else kept.push(span)
  }
  return kept
}
