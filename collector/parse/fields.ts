/**
 * The fields of a line: a reading of its text, made when it is asked for and never stored. JSON objects (also
 * behind a prefix), access logs, the layouts of common libraries and servers, and logfmt pairs are read.
 */
import { addAccessFields } from './access-fields.ts'
import { stripAnsi } from './ansi.ts'
import { FieldSet, type Fields } from './field-set.ts'
import { closingQuote, flatten, scalarOf, unescaped } from './json-fields.ts'
import { addLayoutFields } from './layout-fields.ts'

export type { Fields, FieldValue } from './field-set.ts'

/**
 * Names are dotted paths: `{"http":{"status":500}}` is `http.status`. Several values of one name, as in a list,
 * are joined by `, `; what lies deeper than 16 levels is kept as JSON text. Numbers whose digits a double would
 * change (`1.50`, `9007199254740993`) are strings. Undefined where the line has no fields; never throws.
 */
export function fieldsOf(text: string): Fields | undefined {
  const line = stripAnsi(text).trim()
  if (line.startsWith('{')) return jsonFields(line) ?? logfmtFields(line)
  const set = new FieldSet()
  const end = addLayout(line, set)
  const others = jsonFields(line) ?? logfmtFields(end < 0 ? line : line.slice(end))
  if (set.isEmpty || !others) return set.isEmpty ? others : set.fields
  // What the line says of itself is what it means; a layout only says what stands before it.
  return Object.assign(Object.create(null), set.fields, others) as Fields
}

/** An event's layout stands in its first line. */
function addLayout(line: string, set: FieldSet): number {
  const end = line.indexOf('\n')
  const first = (end < 0 ? line : line.slice(0, end)).slice(0, LAYOUT_LIMIT)
  const access = addAccessFields(first, set)
  return access < 0 ? addLayoutFields(first, set) : access
}

/** In UTF-16 units. */
const LAYOUT_LIMIT = 16_384

/** What stands before the JSON object of a line is at most this long, in UTF-16 units. */
const PREFIX_LIMIT = 512

function jsonFields(line: string): Fields | undefined {
  if (!line.endsWith('}')) return undefined
  const start = line.startsWith('{') ? 0 : prefixEnd(line)
  return start < 0 ? undefined : flatten(line, start)
}

/** Where an object begins behind a prefix such as `orders-1 | `, or -1. A prefix with pairs in it is logfmt. */
function prefixEnd(line: string): number {
  const match = /^[^{=]*[\s|\]:]\{(?=\s*")/.exec(line.slice(0, PREFIX_LIMIT))
  return match ? match[0].length - 1 : -1
}

/** One pair alone may well be prose or code: two make it logfmt. */
const FEWEST_PAIRS = 2

const KEY = /[A-Za-z_@][\w.@/-]*(?==)/y
const BARE = /\S*/y
const SPACE = /\s+/y

/** Words between the pairs are passed over: `payment failed order=4711 ms=30`. */
function logfmtFields(line: string): Fields | undefined {
  const equals = line.indexOf('=')
  if (equals < 0 || line.indexOf('=', equals + 1) < 0) return undefined
  const set = new FieldSet()
  let pairs = 0
  let at = 0
  while (at < line.length) {
    const key = textAt(KEY, line, at)
    if (key === '') {
      at += textAt(BARE, line, at).length
    } else {
      at += key.length + 1
      const quoted = quotedAt(line, at)
      const value = quoted ?? textAt(BARE, line, at)
      at += value.length
      set.add(key, quoted === undefined ? scalarOf(value.replace(/[,;]$/, '')) : unescaped(value))
      pairs++
    }
    at += textAt(SPACE, line, at).length
  }
  return pairs < FEWEST_PAIRS ? undefined : set.fields
}

function textAt(pattern: RegExp, line: string, at: number): string {
  pattern.lastIndex = at
  return pattern.exec(line)?.[0] ?? ''
}

/** The quoted text that begins here, with its quotes, where a space or the end follows. */
function quotedAt(line: string, at: number): string | undefined {
  if (line[at] !== '"') return undefined
  const end = closingQuote(line, at)
  if (end < 0) return undefined
  const after = line[end + 1]
  return after === undefined || /[\s,;]/.test(after) ? line.slice(at, end + 1) : undefined
}
