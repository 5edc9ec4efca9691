/**
 * Records as bulk requests have them: of each the action and the document, written as bytes into one buffer. What all
 * records of a batch share is made once; lines of ASCII, which most are, are read and written byte by byte.
 */
import { stripAnsi } from '../../parse/ansi.ts'
import { fieldsOf } from '../../parse/fields.ts'
import { wordsOf } from '../../query/words.ts'
import { type Batch, LEVELS, type Origin, OUTPUTS } from '../../record.ts'
import { placeOfGeneration, valueTerm } from './document.ts'
import { keptLabels } from './labels.ts'
import { indexOf } from './names.ts'
import { isCut, LONGEST, sized, tokensOf } from './tokens.ts'

/** What of a batch is to be written. */
export interface Rows {
  batch: Batch
  rows: readonly number[]
  /** Of the generation. */
  number: number
  /** Names the batch's origin. */
  originId: string
  /** Grows from one call to the next. */
  arrival: number
}

/** Documents on their way, one behind the other. */
export interface Documents {
  /** Lines of a bulk request. */
  body: Buffer
  /** Where each document ends in it. */
  ends: Uint32Array
  /** Where they go. */
  indices: ReadonlySet<string>
  /** Which instance they are of. */
  instance: string
  idOf(document: number): string
  /** The same document, with less parsed out of the line; nothing of the line is missing. */
  plain(document: number): Documents
}

const DAY_MS = 86_400_000
/** Times that `date_nanos` can hold, milliseconds since 1970. */
const LAST_MS = Date.UTC(2262, 3, 11)
const SLAB_BYTES = 1 << 20
/** A value with more characters is cut into words that are sent once each. */
const LONG_VALUE = 1000
/** Origins of which is remembered what all their records share. */
const MOST_SHARED = 10_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const POINT = 0x2e
const SPACE = 0x20
const ZERO = 0x30
const UNDERSCORE = 0x5f
const COLON = 0x3a
const Z = 0x5a
const ESCAPE = 0x1b
const U = 0x75
const HEX = bytesOf('0123456789abcdef')

/** By byte: what a word has there, in lower case; 0 where it ends. */
const IN_WORD = new Uint8Array(256)
for (const letter of 'abcdefghijklmnopqrstuvwxyz0123456789_') {
  IN_WORD[letter.charCodeAt(0)] = letter.charCodeAt(0)
  IN_WORD[letter.toUpperCase().charCodeAt(0)] = letter.charCodeAt(0)
}
/** By byte: 1 where JSON has it as it is. */
const AS_IT_IS = new Uint8Array(256)
for (let byte = SPACE; byte < 0x80; byte++) if (byte !== QUOTE && byte !== BACKSLASH) AS_IT_IS[byte] = 1

const STAMP = bytesOf('{"@timestamp":"')
const MESSAGE = bytesOf('","message":')
const BY_LEVEL = LEVELS.map((level) => bytesOf(`,"log":{"level":"${level}","offset":`))
const UNTIL = bytesOf(',"until":')
const FLAGS = bytesOf(',"flags":')
const BY_OUTPUT = OUTPUTS.map((output) => bytesOf(`,"output":"${output}","time":"`))
const WORDS = bytesOf('","words":"')
const LONG = bytesOf(',"long":true')
const VALUES = bytesOf(',"values":[')
const FIELDS = bytesOf('],"fields":{')
const NOTHING = bytesOf('')
const END_OF_ACTION = bytesOf('"}}\n')
const CLOSE = bytesOf('}')
const END = bytesOf('}}\n')
/** Written without asking for room: quotes, commas, digits. */
const SPARE = 256

export class DocumentWriter {
  /** Holds documents of several calls; one that is full is left to them. */
  #out = Buffer.allocUnsafeSlow(SLAB_BYTES)
  #at = 0
  /** Where the documents of this call begin. */
  #begin = 0
  /** By the origin's id. */
  readonly #shared = new Map<string, string>()
  /** By the labels as their host has told them. */
  readonly #labels = new WeakMap<object, string>()
  /** Lines without their escape sequences. */
  #shown = Buffer.allocUnsafe(1 << 16)
  /** The day that #date writes out. */
  #day = Number.NaN
  #date: Uint8Array = NOTHING

  write({ batch, rows, number, originId, arrival }: Rows, isPlain = false): Documents {
    const { origin, records, state, receivedMs, labels } = batch
    const { source, from } = placeOfGeneration(origin, state.generation)
    const text = Buffer.from(records.text.buffer, records.text.byteOffset, records.text.byteLength)
    const always = bytesOf(
      `},"event":{"ingested":"${new Date(receivedMs).toISOString()}"}${this.#labelsOf(labels)},${this.#sharedOf(origin, originId)},"generation":${number},"source":"${inJson(source)}","arrival":"${arrival}","at":`
    )
    const indices = new Set<string>()
    const ends = new Uint32Array(rows.length)
    let [day, action] = [Number.NaN, NOTHING]
    this.#begin = this.#at
    for (const [i, row] of rows.entries()) {
      const timeMs = records.timeMs[row] ?? 0
      const ownDay = Math.floor(timeMs / DAY_MS)
      if (ownDay !== day) {
        const index = indexOf(origin.environment, timeMs)
        indices.add(index)
        day = ownDay
        action = bytesOf(`{"create":{"_index":"${index}","_id":"${inJson(source)}.`)
      }
      const offset = records.offset[row] ?? 0
      const [begin, end] = [row > 0 ? (records.textEnd[row - 1] ?? 0) : 0, records.textEnd[row] ?? 0]
      const nanos = records.nanos[row] ?? 0
      // As long as everything can be whose length is not known yet.
      this.#reserve(7 * (end - begin) + action.length + always.length)
      this.#bytes(action)
      this.#decimal(from + offset)
      this.#bytes(END_OF_ACTION)
      this.#bytes(STAMP)
      this.#stamp(timeMs, nanos)
      this.#bytes(MESSAGE)
      const shape = this.#message(text, begin, end)
      this.#bytes(BY_LEVEL[records.level[row] ?? 0] ?? NOTHING)
      this.#decimal(offset)
      this.#bytes(always)
      this.#decimal(from + offset)
      this.#bytes(UNTIL)
      this.#decimal(from + (records.end[row] ?? 0))
      const flags = records.flags[row] ?? 0
      if (flags !== 0) {
        this.#bytes(FLAGS)
        this.#decimal(flags)
      }
      this.#bytes(BY_OUTPUT[records.output[row] ?? 0] ?? NOTHING)
      this.#time(timeMs, nanos)
      this.#bytes(WORDS)
      const line = text.toString(shape === 'ascii' ? 'latin1' : 'utf8', begin, end)
      const plain = shape === 'ascii' ? line : stripAnsi(line)
      this.#words(shape, plain, text, begin, end)
      if (!isPlain) this.#fields(plain)
      this.#bytes(END)
      ends[i] = this.#at - this.#begin
    }
    return {
      ...{ body: this.#out.subarray(this.#begin, this.#at), ends, indices, instance: origin.instance },
      idOf: (document) => `${source}.${from + (records.offset[rows[document] ?? 0] ?? 0)}`,
      plain: (document) => this.write({ batch, rows: [rows[document] ?? 0], number, originId, arrival }, true)
    }
  }

  #labelsOf(labels: Batch['labels']): string {
    if (!labels) return ''
    const known = this.#labels.get(labels)
    if (known !== undefined) return known
    const kept = keptLabels(labels)
    const written = Object.keys(kept).length > 0 ? `,"labels":${JSON.stringify(kept)}` : ''
    this.#labels.set(labels, written)
    return written
  }

  #sharedOf(origin: Origin, originId: string): string {
    const known = this.#shared.get(originId)
    if (known !== undefined) return known
    if (this.#shared.size === MOST_SHARED) this.#shared.clear()
    const shared = sharedOf(origin, originId)
    this.#shared.set(originId, shared)
    return shared
  }

  /** As a JSON string. `coloured` lines are of ASCII too, but for what their escape sequences hide. */
  #message(text: Buffer, from: number, to: number): 'ascii' | 'coloured' | 'other' {
    const out = this.#out
    let at = this.#at
    let isColoured = false
    out[at++] = QUOTE
    for (let i = from; i < to; i++) {
      const byte = text[i] ?? 0
      if (AS_IT_IS[byte] === 1) {
        out[at++] = byte
        continue
      }
      if (byte >= 0x80) {
        this.#text(text.toString('utf8', from, to))
        return 'other'
      }
      out[at++] = BACKSLASH
      if (byte === QUOTE || byte === BACKSLASH) {
        out[at++] = byte
        continue
      }
      if (byte === ESCAPE) isColoured = true
      out[at++] = U
      out[at++] = ZERO
      out[at++] = ZERO
      out[at++] = HEX[byte >> 4] ?? 0
      out[at++] = HEX[byte & 15] ?? 0
    }
    out[at++] = QUOTE
    this.#at = at
    return isColoured ? 'coloured' : 'ascii'
  }

  /** The line's words, and the quote behind them. */
  #words(shape: string, plain: string, text: Buffer, from: number, to: number): void {
    if (shape === 'ascii' && this.#asciiWords(text, from, to)) return
    if (shape === 'coloured') {
      if (this.#shown.length < plain.length) this.#shown = Buffer.allocUnsafe(plain.length * 2)
      if (this.#asciiWords(this.#shown, 0, this.#shown.write(plain, 'latin1'))) return
    }
    const tokens = tokensOf(plain)
    this.#reserve(tokens.length + 1024)
    this.#at += this.#out.write(tokens, this.#at, 'latin1')
    this.#out[this.#at++] = QUOTE
    if (isCut(tokens)) this.#bytes(LONG)
  }

  /** False, and nothing is written, where a word is not written as it stands there. */
  #asciiWords(text: Buffer, from: number, to: number): boolean {
    const out = this.#out
    const begin = this.#at
    let at = begin
    let word = begin
    for (let i = from; i < to; i++) {
      const letter = IN_WORD[text[i] ?? 0] ?? 0
      if (letter !== 0) out[at++] = letter
      else if (at > word) {
        if (out[word] === UNDERSCORE || at - word > LONGEST) return false
        out[at++] = SPACE
        word = at
      }
    }
    if (at > word) {
      if (out[word] === UNDERSCORE || at - word > LONGEST) return false
    } else if (at > begin) at--
    out[at++] = QUOTE
    this.#at = at
    return true
  }

  /** Fields as they are read; and their names and each word of each value: `user=`, `user=bob`. */
  #fields(plain: string): void {
    const fields = fieldsOf(plain)
    if (!fields) return
    const names = Object.keys(fields)
    this.#bytes(VALUES)
    for (const name of names) {
      const value = String(fields[name])
      const from = this.#at - this.#begin + 1
      this.#text(sized(`${name}=`))
      this.#out[this.#at++] = COMMA
      if (this.#asciiTerms(from, this.#at - this.#begin - 2, name.length + 1, value)) continue
      for (const word of new Set(wordsOf(value))) {
        this.#text(valueTerm(name, word))
        this.#out[this.#at++] = COMMA
      }
    }
    this.#instead(FIELDS)
    for (const name of names) {
      this.#text(name.includes('\0') ? name.replaceAll('\0', '\ufffd') : name)
      this.#out[this.#at++] = COLON
      this.#text(String(fields[name]))
      this.#out[this.#at++] = COMMA
    }
    this.#instead(CLOSE)
  }

  /**
   * A term for each word, behind what stands at [from, to) of this call's documents. False, and nothing is written, where a term is not made
   * of the name and the word as they stand there.
   */
  #asciiTerms(from: number, to: number, units: number, value: string): boolean {
    if (value.length > LONG_VALUE) return false
    const longest = LONGEST - units
    // Every other character may be a word of its own.
    this.#reserve((to - from + 4) * ((value.length >> 1) + 1) + value.length)
    const out = this.#out
    const [first, behind] = [this.#begin + from, this.#begin + to]
    let at = this.#at
    let word = 0
    for (let i = 0; i <= value.length; i++) {
      const unit = i < value.length ? value.charCodeAt(i) : 0
      if (unit >= 0x80) return false
      const letter = IN_WORD[unit] ?? 0
      if (letter !== 0) {
        if (word === 0) {
          if (letter === UNDERSCORE) return false
          out[at++] = QUOTE
          for (let j = first; j < behind; j++) out[at++] = out[j] ?? 0
          word = at
        }
        out[at++] = letter
      } else if (word > 0) {
        if (at - word > longest) return false
        out[at++] = QUOTE
        out[at++] = COMMA
        word = 0
      }
    }
    this.#at = at
    return true
  }

  /** As a JSON string. */
  #text(text: string): void {
    this.#reserve(text.length + 2)
    const out = this.#out
    let at = this.#at
    out[at++] = QUOTE
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80 || AS_IT_IS[unit] === 0) {
        const json = JSON.stringify(text)
        this.#reserve(3 * json.length)
        this.#at += this.#out.write(json, this.#at, 'utf8')
        return
      }
      out[at++] = unit
    }
    out[at++] = QUOTE
    this.#at = at
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#out.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Instead of the comma that stands at the end of a list. */
  #instead(bytes: Uint8Array): void {
    if (this.#out[this.#at - 1] === COMMA) this.#at--
    this.#bytes(bytes)
  }

  /** `2026-11-23T00:00:00.000000001Z`, as near as the cluster's type comes. */
  #stamp(timeMs: number, nanos: number): void {
    const within = Math.min(Math.max(timeMs, 0), LAST_MS)
    const day = Math.floor(within / DAY_MS)
    if (day !== this.#day) {
      this.#day = day
      this.#date = bytesOf(new Date(day * DAY_MS).toISOString().slice(0, 11))
    }
    const ms = within - day * DAY_MS
    this.#bytes(this.#date)
    this.#digits(ms / 3_600_000, 2)
    this.#out[this.#at++] = COLON
    this.#digits((ms / 60_000) % 60, 2)
    this.#out[this.#at++] = COLON
    this.#digits((ms / 1000) % 60, 2)
    this.#out[this.#at++] = POINT
    this.#digits(ms % 1000, 3)
    this.#digits(within === timeMs ? nanos : 0, 6)
    this.#out[this.#at++] = Z
  }

  /** Nanoseconds since 1970. */
  #time(timeMs: number, nanos: number): void {
    if (timeMs > 0) {
      this.#decimal(timeMs)
      this.#digits(nanos, 6)
    } else this.#bytes(bytesOf(String(BigInt(timeMs) * 1_000_000n + BigInt(nanos))))
  }

  #decimal(number: number): void {
    if (number >= 1e9) {
      const high = Math.floor(number / 1e9)
      this.#decimal(high)
      this.#digits(number - high * 1e9, 9)
      return
    }
    let digits = 1
    for (let limit = 10; number >= limit; limit *= 10) digits++
    this.#digits(number, digits)
  }

  /** The whole part of a number below 2^31, with zeros before it. */
  #digits(number: number, digits: number): void {
    const out = this.#out
    let left = number | 0
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const rest = (left / 10) | 0
      out[at] = ZERO + left - rest * 10
      left = rest
    }
    this.#at += digits
  }

  /** Room for so many bytes, and for a few that are written without asking. */
  #reserve(bytes: number): void {
    const needed = this.#at + bytes + SPARE
    if (needed <= this.#out.length) return
    const written = this.#at - this.#begin
    const next = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, 2 * (needed - this.#begin)))
    this.#out.copy(next, 0, this.#begin, this.#at)
    this.#out = next
    this.#begin = 0
    this.#at = written
  }
}

/** What all records of an origin share; ends within the object `driftlog`. */
function sharedOf(origin: Origin, originId: string): string {
  const { instance, stream, streamNumber } = origin
  const shared = {
    service: { name: origin.app, environment: origin.environment },
    host: { id: origin.host, name: origin.hostName },
    container: {
      id: origin.container,
      name: origin.containerName,
      image: { name: origin.image }
    },
    driftlog: { origin: originId, instance, stream, stream_number: streamNumber }
  }
  return JSON.stringify(shared).slice(1, -2)
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text)
}

/** As it stands within a JSON string. */
function inJson(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}
