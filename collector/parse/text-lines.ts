/** Lines of plain text → records, of any bytes: nothing in them stops a stream. */
import { isUtf8 } from 'node:buffer'
import { FLAG } from '../record.ts'
import type { ColumnsBuilder } from './columns.ts'
import { takeLine } from './events.ts'
import { noteNuls } from './nuls.ts'
import { type Counts, LINE_BYTES, type Reading } from './reading.ts'

/** Index in `data` of the first byte that belongs to an unfinished line. */
export function readTextLines(
  reading: Reading,
  data: Uint8Array,
  base: number,
  last: boolean,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): number {
  const n = data.length
  if (n === 0) return 0
  const text = chunkOf(data, base, nowMs + reading.aheadMs)
  let p = base === 0 && data[0] === 0xef && data[1] === 0xbb && data[2] === 0xbf ? 3 : 0
  reading.clock.begin(data, new DataView(data.buffer, data.byteOffset, n), p, text.nowMs)
  while (p < n) {
    if (text.nul && data[p] === 0) {
      const run = p
      while (p < n && data[p] === 0) p++
      counts.nulBytes += p - run
      noteNuls(reading.nuls, base + run, p - run, into.count)
      continue
    }
    const newline = data.indexOf(10, p)
    let to = newline < 0 ? n : newline
    let ended = newline >= 0 || last
    if (text.nul) {
      const nul = data.indexOf(0, p)
      if (nul >= 0 && nul < to) {
        to = nul
        ended = true
      }
    }
    if (to - p > LINE_BYTES) {
      to = p + LINE_BYTES
      while (((data[to] as number) & 0xc0) === 0x80 && to > p + LINE_BYTES - 4) to--
      counts.cut++
      readLine(reading, data, p, to, to, FLAG.cut, text, into, counts)
      p = to
      continue
    }
    if (!ended) return p
    // The byte that ends a line, be it newline or NUL, belongs to it; a file's last line may have none.
    const behind = Math.min(n, to + 1)
    readLine(reading, data, p, to, behind, 0, text, into, counts)
    p = to < n && data[to] === 0 ? to : behind
  }
  return n
}

/** Gives out the beginning of a line whose end did not come. */
export function cutTextLine(
  reading: Reading,
  raw: Uint8Array,
  rawFrom: number,
  nowMs: number,
  into: ColumnsBuilder,
  counts: Counts
): void {
  counts.cut++
  const chunk = chunkOf(raw, rawFrom, nowMs + reading.aheadMs)
  readLine(reading, raw, 0, raw.length, raw.length, FLAG.cut, chunk, into, counts)
}

const ESC = 27

/** What is known of all bytes of a chunk. */
interface TextChunk {
  utf8: boolean
  /** There are NUL bytes. */
  nul: boolean
  /** There are escape sequences. */
  escape: boolean
  base: number
  /** By the clock of the host that wrote the lines. */
  nowMs: number
}

function chunkOf(data: Uint8Array, base: number, nowMs: number): TextChunk {
  return { utf8: isUtf8(data), nul: data.includes(0), escape: data.includes(ESC), base, nowMs }
}

/** The line data[p, to), which ends at `behind`. */
function readLine(
  reading: Reading,
  data: Uint8Array,
  p: number,
  to: number,
  behind: number,
  flags: number,
  chunk: TextChunk,
  into: ColumnsBuilder,
  counts: Counts
): void {
  const { line, clock } = reading
  const textTo = to > p && data[to - 1] === 13 && flags === 0 ? to - 1 : to
  let bytes = data.subarray(p, textTo)
  if (!chunk.utf8 && !isUtf8(bytes)) {
    bytes = Buffer.from(Buffer.from(bytes).toString('utf8'))
    counts.broken++
    flags |= FLAG.broken
  }
  if (chunk.escape && bytes.includes(ESC)) flags |= FLAG.ansi
  into.reserve(bytes.length)
  const from = into.textLength
  into.text.set(bytes, from)
  line.textEnd = from + bytes.length
  line.output = 0
  if (!clock.read(into.text, into.view, from, line.textEnd, chunk.nowMs)) flags |= FLAG.timeless
  line.timeMs = clock.timeMs
  line.nanos = clock.nanos
  takeLine(reading, chunk.base + p, chunk.base + behind, flags, true, into, counts)
}
