/**
 * One line of a Docker json-file log, `{"log":"…\n","stream":"stdout","attrs":{…},"time":"…Z"}`, from bytes. The fast
 * path walks the text once, four bytes a step, unescaping as it goes, and then checks that every other byte of the line
 * stands where Docker writes it. Whatever differs is left to the exact path, which parses the line as JSON.
 */
import { isUtf8 } from 'node:buffer'
import { firstOf, fourOf, oddBytes } from './four.ts'
import { firstMinute, type Minute, type Moment, momentOf, readTime, SHORTEST_TIME } from './time.ts'

/** What a line says, beside its text. Kept and used again for line after line. */
export class DockerLine implements Moment {
  timeMs = 0
  nanos = 0
  /** False where the line has no time that can be read. */
  timed = true
  /** Index into OUTPUTS. */
  output = 0
  /** The text ended with a newline (which is taken off, a carriage return before it too). */
  newline = false
  /** The text holds an escape sequence. */
  ansi = false
  /** Where the text ends in the buffer that it was written to. */
  textEnd = 0
  readonly minute: Minute = firstMinute()
  /** The last `,"attrs":{…}` that the exact path read: the same in every line of a container. */
  attrs = new Uint8Array(0)
}

/** `","stream":"stdout","time":"2026-11-22T08:32:35Z"}` and its newline: what follows a text at least. */
const SHORTEST_TAIL = 51
/** `","stream":"stdout",`; both names have six letters. */
const STREAM_BYTES = 20
/** `"time":"` */
const TIME_KEY_BYTES = 8

const TIME_KEY = bytesOf(',"time":"')
const ATTRS_KEY = bytesOf(',"attrs":')

/** What the simple escapes stand for, by the byte behind the backslash; 0 where it is none of them. */
const ESCAPED = new Uint8Array(256)
for (const [letter, meant] of Object.entries({ n: 10, t: 9, r: 13, b: 8, f: 12, '"': 34, '\\': 92, '/': 47 }))
  ESCAPED[letter.charCodeAt(0)] = meant

/** HEX[c] is the value of the hexadecimal digit c; 255 where it is none. */
const HEX = new Uint8Array(256).fill(255)
for (let i = 0; i < 16; i++) {
  HEX[i.toString(16).charCodeAt(0)] = i
  HEX[i.toString(16).toUpperCase().charCodeAt(0)] = i
}

/** Bytes that are compared and copied four at a time: the line's `{"log":"` and what stands behind its text. */
const HEAD_1 = fourOf('{"lo')
const HEAD_2 = fourOf('g":"')
const STREAM_1 = fourOf('","s')
const STREAM_2 = fourOf('trea')
const STREAM_3 = fourOf('m":"')
const STDOUT_1 = fourOf('stdo')
const STDOUT_2 = fourOf('ut",')
const STDERR_1 = fourOf('stde')
const STDERR_2 = fourOf('rr",')
const TIME_1 = fourOf('"tim')
const TIME_2 = fourOf('e":"')

/**
 * Reads the line at b[from] and writes its text to out[outFrom …], where there must be room for as many bytes as are
 * left in `b`. Each view shows the bytes of its array. `b` must hold a newline at or behind `from`. Returns the index
 * behind the line's newline, or -1 where the exact path must look. `utf8` says that `b` is known to be well-formed.
 */
export function readDockerLine(
  b: Uint8Array,
  view: DataView,
  from: number,
  out: Uint8Array,
  outView: DataView,
  outFrom: number,
  utf8: boolean,
  line: DockerLine
): number {
  const n = b.length
  if (from + 8 + SHORTEST_TAIL > n) return -1
  if (view.getInt32(from, true) !== HEAD_1 || view.getInt32(from + 4, true) !== HEAD_2) return -1
  line.ansi = false
  const lastWord = n - 4
  let i = from + 8
  let o = outFrom
  for (;;) {
    if (i > lastWord) return -1
    // Bytes behind the first odd one are written too, and then written over.
    let four = view.getInt32(i, true)
    outView.setInt32(o, four, true)
    let odd = oddBytes(four)
    if (odd === 0) {
      i += 4
      o += 4
      if (i > lastWord) return -1
      four = view.getInt32(i, true)
      outView.setInt32(o, four, true)
      odd = oddBytes(four)
      if (odd === 0) {
        i += 4
        o += 4
        continue
      }
    }
    const plain = firstOf(odd)
    i += plain
    o += plain
    const c = b[i]
    if (c === 34) break
    if (c !== 92) return -1
    const d = b[i + 1] as number
    const meant = ESCAPED[d] as number
    i += 2
    if (meant !== 0) {
      out[o++] = meant
      continue
    }
    if (d !== 117) return -1
    const code = hex4(b, i)
    if (code < 0) return -1
    i += 4
    if (code < 0x80) {
      if (code === 27) line.ansi = true
      out[o++] = code
    } else if (code >= 0xd800 && code < 0xdc00 && b[i] === 92 && b[i + 1] === 117) {
      const low = hex4(b, i + 2)
      if (low >= 0xdc00 && low < 0xe000) {
        i += 6
        o = writeCodePoint(out, o, 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00))
      } else o = writeCodePoint(out, o, 0xfffd)
    } else o = writeCodePoint(out, o, code >= 0xd800 && code < 0xe000 ? 0xfffd : code)
  }
  if (i + SHORTEST_TAIL > n || (!utf8 && !isUtf8(b.subarray(from, i)))) return -1
  const stream = streamAt(view, i)
  if (stream === 0) return -1
  line.output = stream
  i += STREAM_BYTES
  if (view.getInt32(i, true) === TIME_1 && view.getInt32(i + 4, true) === TIME_2) i += TIME_KEY_BYTES
  else {
    const { attrs } = line
    if (attrs.length === 0 || !holds(b, i - 1, attrs) || !holds(b, i - 1 + attrs.length, TIME_KEY)) return -1
    i += attrs.length + TIME_KEY_BYTES
    if (i + SHORTEST_TIME > n) return -1
  }
  i = readTime(b, view, i, line)
  if (i < 0 || b[i] !== 34 || b[i + 1] !== 125 || b[i + 2] !== 10) return -1
  line.timed = true
  line.newline = o > outFrom && out[o - 1] === 10
  if (line.newline) {
    o--
    if (o > outFrom && out[o - 1] === 13) o--
  }
  line.textEnd = o
  return i + 3
}

/** Output of `","stream":"stdout",` at `i`; 0 where anything else stands there. */
function streamAt(view: DataView, i: number): number {
  if (view.getInt32(i, true) !== STREAM_1 || view.getInt32(i + 4, true) !== STREAM_2) return 0
  if (view.getInt32(i + 8, true) !== STREAM_3) return 0
  const first = view.getInt32(i + 12, true)
  const second = view.getInt32(i + 16, true)
  return first === STDOUT_1 && second === STDOUT_2 ? 1 : first === STDERR_1 && second === STDERR_2 ? 2 : 0
}

/**
 * The same for any spelling of the JSON: the text, or undefined where the bytes are no such line. Bad UTF-8 and lone
 * surrogates become U+FFFD.
 */
export function readDockerLineExactly(bytes: Uint8Array, line: DockerLine): string | undefined {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(raw)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('log' in value) || typeof value.log !== 'string')
    return undefined
  const stream = 'stream' in value ? value.stream : ''
  line.output = stream === 'stdout' ? 1 : stream === 'stderr' ? 2 : 0
  const moment = 'time' in value && typeof value.time === 'string' ? momentOf(value.time) : undefined
  line.timed = moment !== undefined
  if (moment) {
    line.timeMs = moment.timeMs
    line.nanos = moment.nanos
  }
  if ('attrs' in value) rememberAttrs(bytes, line)
  const { log } = value
  line.ansi = log.includes('\x1b')
  line.newline = log.endsWith('\n')
  if (!line.newline) return log
  return log.slice(0, log.endsWith('\r\n') ? -2 : -1)
}

/** Keeps the bytes from `,"attrs":` to the time, where the line is otherwise as Docker writes it. */
function rememberAttrs(bytes: Uint8Array, line: DockerLine): void {
  const b = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const to = b.lastIndexOf(TIME_KEY)
  const from = b.lastIndexOf(ATTRS_KEY, to)
  if (from <= 0 || to <= from || b.length - to > 42 || b[to - 1] !== 125) return
  const attrs = b.subarray(from + 1, to)
  try {
    // Only a part that is the whole value of `attrs` and nothing more.
    const parsed: unknown = JSON.parse(`{${attrs.toString('utf8')}}`)
    if (typeof parsed === 'object' && parsed && Object.keys(parsed).length === 1)
      line.attrs = Uint8Array.prototype.slice.call(b, from, to)
  } catch {}
}

function holds(b: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (b[at + i] !== wanted[i]) return false
  return true
}

/** Value of four hexadecimal digits, -1 where they are none. */
function hex4(b: Uint8Array, i: number): number {
  if (i + 4 > b.length) return -1
  const h0 = HEX[b[i] as number] as number
  const h1 = HEX[b[i + 1] as number] as number
  const h2 = HEX[b[i + 2] as number] as number
  const h3 = HEX[b[i + 3] as number] as number
  return (h0 | h1 | h2 | h3) > 15 ? -1 : (h0 << 12) | (h1 << 8) | (h2 << 4) | h3
}

/** Writes the code point (≥ 0x80) as UTF-8; the index behind it. */
function writeCodePoint(out: Uint8Array, at: number, code: number): number {
  let o = at
  if (code < 0x800) out[o++] = 0xc0 | (code >> 6)
  else {
    if (code < 0x10000) out[o++] = 0xe0 | (code >> 12)
    else {
      out[o++] = 0xf0 | (code >> 18)
      out[o++] = 0x80 | ((code >> 12) & 63)
    }
    out[o++] = 0x80 | ((code >> 6) & 63)
  }
  out[o++] = 0x80 | (code & 63)
  return o
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
