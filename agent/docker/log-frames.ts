/**
 * What an engine answers when it is asked for a container's log with time stamps. Without a terminal: frames,
 * `[output, 0, 0, 0, length]` and a record. With one: the bare records, one behind the other.
 */
import { type Output, PIECE_BYTES } from '../spool/record.ts'

/** Text is valid only during the call. `time` has nine digits of a second, in UTC; '' where there was none. */
export type EachPiece = (output: Output, time: string, text: Buffer) => void

export interface LogDecoder {
  push(chunk: Buffer, each: EachPiece): void
  /** The answer is complete. Throws where it was cut in the middle of a record. */
  end(each: EachPiece): void
}

/** The engine says within its answer that it cannot go on. */
export class EngineLogError extends Error {}

/** No engine makes a frame longer than this; a length above it is none. */
const LONGEST_FRAME = 16 * 1024 * 1024
const HEAD_BYTES = 8
const SYSTEM_ERROR = 3
const NEWLINE = 10
const DOT = 46
const ZULU = 90

export class FramedLog implements LogDecoder {
  #rest: Buffer[] = []
  #restBytes = 0
  /** So many bytes make the next frame, as far as is known. */
  #needed = HEAD_BYTES

  push(chunk: Buffer, each: EachPiece): void {
    if (this.#restBytes + chunk.length < this.#needed) {
      this.#keep(chunk)
      return
    }
    const bytes = this.#restBytes > 0 ? Buffer.concat([...this.#rest, chunk]) : chunk
    this.#rest = []
    this.#restBytes = 0
    this.#needed = HEAD_BYTES
    let at = 0
    while (bytes.length - at >= HEAD_BYTES) {
      const end = at + HEAD_BYTES + frameBytes(bytes, at)
      if (end > bytes.length) {
        this.#needed = end - at
        break
      }
      tell(bytes[at] as number, bytes.subarray(at + HEAD_BYTES, end), each)
      at = end
    }
    if (at < bytes.length) this.#keep(bytes.subarray(at))
  }

  end(): void {
    if (this.#restBytes > 0) throw new Error('the engine’s answer ended in the middle of a record')
  }

  #keep(bytes: Buffer): void {
    this.#rest.push(Buffer.from(bytes))
    this.#restBytes += bytes.length
  }
}

function frameBytes(bytes: Buffer, at: number): number {
  const length = bytes.readUInt32BE(at + 4)
  const isHead = (bytes[at] as number) <= SYSTEM_ERROR && bytes.readUIntBE(at + 1, 3) === 0
  if (!isHead || length > LONGEST_FRAME) throw new Error('the engine’s answer is not a stream of log frames')
  return length
}

function tell(output: number, record: Buffer, each: EachPiece): void {
  if (output === SYSTEM_ERROR) throw new EngineLogError(record.toString().trim())
  split(output === 2 ? 'stderr' : 'stdout', record, each)
}

/** A record that does not begin with a time is taken whole. */
function split(output: Output, record: Buffer, each: EachPiece): void {
  const space = record.subarray(0, LONGEST_TIME + 1).indexOf(0x20)
  const time = space > 0 ? utcOf(record.toString('latin1', 0, space)) : undefined
  if (time === undefined) each(output, '', record)
  else each(output, time, record.subarray(space + 1))
}

/** With a terminal nothing says where a record ends but its newline, and the next one's time. */
export class BareLog implements LogDecoder {
  #rest: Buffer = Buffer.alloc(0)
  /** The time of a line of which a whole piece was told. */
  #long = ''

  push(chunk: Buffer, each: EachPiece): void {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    this.#take(false, each)
    // What is left is a part of a chunk that may be far larger.
    this.#rest = Buffer.from(this.#rest)
  }

  end(each: EachPiece): void {
    this.#take(true, each)
    if (this.#rest.length > 0) this.#tell(this.#rest, each)
    this.#rest = Buffer.alloc(0)
  }

  #take(whole: boolean, each: EachPiece): void {
    for (;;) {
      const end = this.#recordEnd(whole)
      if (end === 0) return
      this.#tell(this.#rest.subarray(0, end), each)
      this.#rest = this.#rest.subarray(end)
    }
  }

  /** Where the record at the beginning ends; 0 while nobody can say. */
  #recordEnd(whole: boolean): number {
    const rest = this.#rest
    const text = timeBytes(rest)
    const newline = rest.indexOf(NEWLINE) + 1
    const piece = text + PIECE_BYTES
    // The last piece of a long line may lack its newline: then the next record's time stands within the line.
    const next = this.#long === '' ? 0 : nextTime(rest.subarray(0, newline || rest.length), text)
    if (next > 0) return next
    if (newline > 0 && newline <= piece + 1) return newline
    if (rest.length >= piece + LONGEST_TIME + 1 || (rest.length >= piece && (whole || newline > 0)))
      return piece
    return 0
  }

  #tell(record: Buffer, each: EachPiece): void {
    split('stdout', record, (output, time, text) => {
      each(output, time || this.#long, text)
      this.#long = text.length >= PIECE_BYTES && text.at(-1) !== NEWLINE ? time || this.#long : ''
    })
  }
}

/** Bytes of a record's time and the blank behind it. */
function timeBytes(record: Buffer): number {
  const space = record.subarray(0, LONGEST_TIME + 1).indexOf(0x20)
  return space > 0 && utcOf(record.toString('latin1', 0, space)) !== undefined ? space + 1 : 0
}

function nextTime(line: Buffer, from: number): number {
  const text = line.toString('latin1', from, Math.min(line.length, from + PIECE_BYTES + LONGEST_TIME))
  const found = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d) /.exec(text)
  return found && found.index > 0 ? from + found.index : 0
}

const LONGEST_TIME = '2026-11-25T13:47:23.604300822+01:00'.length

/** The engine's local time becomes UTC; undefined where it is no time. */
function utcOf(time: string): string | undefined {
  if (time.length === 30 && time.charCodeAt(19) === DOT && time.charCodeAt(29) === ZULU) return time
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(time)
  if (!parts) return undefined
  const [, seconds = '', fraction = '', zone = 'Z'] = parts
  if (zone === 'Z') return fraction.length === 9 ? time : `${seconds}.${fraction.padEnd(9, '0')}Z`
  return `${new Date(`${seconds}${zone}`).toISOString().slice(0, 19)}.${fraction.padEnd(9, '0')}Z`
}
