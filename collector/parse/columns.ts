/** Growing columns: filled by the decoder record by record, handed out as one buffer. */
import type { Columns } from '../record.ts'

const FIRST_ROWS = 1024
const FIRST_TEXT_BYTES = 64 * 1024

/** Bytes of a row without its text: three float64, two uint32, three uint8. */
const ROW_BYTES = 3 * 8 + 2 * 4 + 3

/** Kept by a parse thread and used for chunk after chunk, so that nothing is allocated while lines are read. */
export class ColumnsBuilder {
  count = 0
  /** Text of all rows so far; a decoder writes behind `textLength` and calls `push`. */
  text = new Uint8Array(FIRST_TEXT_BYTES)
  textLength = 0
  /** The same bytes as `text`. */
  view = new DataView(this.text.buffer)
  private rows = FIRST_ROWS
  private timeMs = new Float64Array(FIRST_ROWS)
  private nanos = new Uint32Array(FIRST_ROWS)
  private offset = new Float64Array(FIRST_ROWS)
  private end = new Float64Array(FIRST_ROWS)
  private level = new Uint8Array(FIRST_ROWS)
  private output = new Uint8Array(FIRST_ROWS)
  private flags = new Uint8Array(FIRST_ROWS)
  private textEnd = new Uint32Array(FIRST_ROWS)

  /** Makes sure that `bytes` more fit behind `textLength`. May replace `text`. */
  reserve(bytes: number): void {
    if (this.textLength + bytes <= this.text.length) return
    const larger = new Uint8Array(Math.max(this.textLength + bytes, this.text.length * 2))
    larger.set(this.text.subarray(0, this.textLength))
    this.text = larger
    this.view = new DataView(larger.buffer)
  }

  /** Adds a row whose text ends at `textEnd`; it begins where the row before ended. */
  push(
    timeMs: number,
    nanos: number,
    offset: number,
    end: number,
    level: number,
    output: number,
    flags: number,
    textEnd: number
  ): void {
    if (this.count === this.rows) this.grow()
    const i = this.count++
    this.timeMs[i] = timeMs
    this.nanos[i] = nanos
    this.offset[i] = offset
    this.end[i] = end
    this.level[i] = level
    this.output[i] = output
    this.flags[i] = flags
    this.textEnd[i] = textEnd
    this.textLength = textEnd
  }

  /** The columns as views of one buffer of their own; the builder is empty again. */
  finish(): Columns {
    const { count, textLength } = this
    // Not filled with zeros first: the columns cover every byte of it.
    const { buffer } = Buffer.allocUnsafeSlow(count * ROW_BYTES + textLength)
    let at = 0
    const take = <T extends Float64Array | Uint32Array | Uint8Array>(view: T, from: T): T => {
      view.set(from)
      at += view.byteLength
      return view
    }
    const columns: Columns = {
      count,
      timeMs: take(new Float64Array(buffer, at, count), this.timeMs.subarray(0, count)),
      offset: take(new Float64Array(buffer, at, count), this.offset.subarray(0, count)),
      end: take(new Float64Array(buffer, at, count), this.end.subarray(0, count)),
      nanos: take(new Uint32Array(buffer, at, count), this.nanos.subarray(0, count)),
      textEnd: take(new Uint32Array(buffer, at, count), this.textEnd.subarray(0, count)),
      level: take(new Uint8Array(buffer, at, count), this.level.subarray(0, count)),
      output: take(new Uint8Array(buffer, at, count), this.output.subarray(0, count)),
      flags: take(new Uint8Array(buffer, at, count), this.flags.subarray(0, count)),
      text: take(new Uint8Array(buffer, at, textLength), this.text.subarray(0, textLength))
    }
    this.count = 0
    this.textLength = 0
    return columns
  }

  private grow(): void {
    this.rows *= 2
    this.timeMs = wider(this.timeMs, new Float64Array(this.rows))
    this.nanos = wider(this.nanos, new Uint32Array(this.rows))
    this.offset = wider(this.offset, new Float64Array(this.rows))
    this.end = wider(this.end, new Float64Array(this.rows))
    this.level = wider(this.level, new Uint8Array(this.rows))
    this.output = wider(this.output, new Uint8Array(this.rows))
    this.flags = wider(this.flags, new Uint8Array(this.rows))
    this.textEnd = wider(this.textEnd, new Uint32Array(this.rows))
  }
}

function wider<T extends Float64Array | Uint32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old)
  return larger
}
