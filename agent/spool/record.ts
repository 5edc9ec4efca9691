/** Log lines in the format of Docker's json-file driver, byte for byte as dockerd writes them. */

export type Output = 'stdout' | 'stderr'

/** One record: a line with its newline, or a piece of a longer one without. */
export interface Piece {
  output: Output
  /** RFC 3339 in UTC, with any number of digits below a second. */
  time: string
  text: Uint8Array
  /** JSON of an object that stands between output and time. */
  attrs?: string
}

/** dockerd reads a container's output in pieces of this size; a longer line becomes several records. */
export const PIECE_BYTES = 16 * 1024
const NEWLINE = 10
const NEWLINES = Buffer.from('\n')

/** A line as the texts of its records; a short one without a newline gets one, so that it counts as complete. */
export function* piecesOf(line: Buffer): Generator<Buffer> {
  let from = 0
  for (; line.length - from > PIECE_BYTES + 1; from += PIECE_BYTES)
    yield line.subarray(from, from + PIECE_BYTES)
  const last = line.subarray(from)
  const whole = last.at(-1) === NEWLINE || last.length >= PIECE_BYTES
  yield whole ? last : Buffer.concat([last, NEWLINES])
}

/** Every byte of a text may become six. */
const WIDEST_ESCAPE = 6
const FRAME_BYTES = 128

/** So many bytes a record has at most. */
export function roomFor({ text, attrs = '' }: Piece): number {
  return text.length * WIDEST_ESCAPE + Buffer.byteLength(attrs) + FRAME_BYTES
}

/** Writes one record to the buffer, which must have room for it; answers where it ends. */
export function writeRecord(into: Buffer, from: number, { output, time, text, attrs }: Piece): number {
  let at = from + into.write('{"log":"', from, 'latin1')
  at = writeEscaped(text, into, at)
  at += into.write(`","stream":"${output}"`, at, 'latin1')
  if (attrs !== undefined) at += into.write(`,"attrs":${attrs}`, at)
  return at + into.write(`,"time":"${shortened(time)}"}\n`, at, 'latin1')
}

/** Without the zeros at the end of the fraction, as Go's RFC3339Nano has it. */
function shortened(time: string): string {
  if (time.charCodeAt(time.length - 2) !== ZERO || time.charCodeAt(19) !== DOT) return time
  let end = time.length - 1
  while (time.charCodeAt(end - 1) === ZERO) end--
  return `${time.slice(0, end === 20 ? 19 : end)}Z`
}

const ZERO = 48
const DOT = 46
const HEX = Buffer.from('0123456789abcdef')

/** 0: as it is; 1: escaped; 2: part of a longer character. */
const KINDS = new Uint8Array(256).map((_, byte) => {
  if (byte >= 0x80) return 2
  return byte < 0x20 || '"\\<>&'.includes(String.fromCharCode(byte)) ? 1 : 0
})

function writeEscaped(text: Uint8Array, into: Buffer, from: number): number {
  let at = from
  for (let i = 0; i < text.length; ) {
    const byte = text[i] as number
    const kind = KINDS[byte]
    if (kind === 0) {
      into[at++] = byte
      i++
    } else if (kind === 1) {
      at = escapeAscii(byte, into, at)
      i++
    } else {
      const bytes = characterBytes(text, i)
      if (bytes === 0) at += into.write('\\ufffd', at, 'latin1')
      else if (isSeparator(text, i))
        at += into.write(text[i + 2] === 0xa8 ? '\\u2028' : '\\u2029', at, 'latin1')
      else for (let n = 0; n < bytes; n++) into[at++] = text[i + n] as number
      i += bytes || 1
    }
  }
  return at
}

function escapeAscii(byte: number, into: Buffer, from: number): number {
  let at = from
  into[at++] = 0x5c
  if (byte === 0x22 || byte === 0x5c) into[at++] = byte
  else if (byte === 0x0a) into[at++] = 0x6e
  else if (byte === 0x0d) into[at++] = 0x72
  else {
    at += into.write('u00', at, 'latin1')
    into[at++] = HEX[byte >> 4] as number
    into[at++] = HEX[byte & 15] as number
  }
  return at
}

/** JavaScript takes U+2028 and U+2029 for line ends. */
function isSeparator(text: Uint8Array, at: number): boolean {
  return text[at] === 0xe2 && text[at + 1] === 0x80 && (text[at + 2] === 0xa8 || text[at + 2] === 0xa9)
}

/** Length of the UTF-8 character that begins here; 0 where none does. */
function characterBytes(text: Uint8Array, at: number): number {
  const first = text[at] as number
  const second = text[at + 1] ?? 0
  if (first >= 0xc2 && first <= 0xdf) return isNext(second) ? 2 : 0
  if (first >= 0xe0 && first <= 0xef) {
    // Neither longer than needed nor half of a pair.
    if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f)) return 0
    return isNext(second) && isNext(text[at + 2]) ? 3 : 0
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f)) return 0
    return isNext(second) && isNext(text[at + 2]) && isNext(text[at + 3]) ? 4 : 0
  }
  return 0
}

function isNext(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
