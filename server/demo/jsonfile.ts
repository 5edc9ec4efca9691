/**
 * Docker's json-file log driver, written again byte for byte: the record format, the 16 KiB pieces and the
 * rotation of dockerd. Agents read the files that it writes exactly as they read a real engine's.
 */
import { isUtf8 } from 'node:buffer'
import {
  closeSync,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { crc32, deflateRawSync } from 'node:zlib'

export interface LogOptions {
  /** As `--log-opt max-size`: "10m", "512k"; absent: the file grows for ever. */
  'max-size'?: string
  'max-file'?: string
  compress?: string
  /** Comma-separated names of labels and variables that stand in every record's `attrs`. */
  labels?: string
  env?: string
}

/** Nanoseconds since 1970. */
export type Nanoseconds = bigint

/** dockerd reads a container's pipe through a buffer of this size; a longer line becomes several records. */
const PIECE_BYTES = 16 * 1024
/** What dockerd gives its log files: root writes, the group reads. */
const LOG_MODE = 0o640
const NEWLINE = 0x0a

/** One container's log while it runs. */
export class JsonFileLog {
  readonly #path: string
  readonly #attributes: string
  readonly #maxBytes: number
  readonly #maxFiles: number
  readonly #compress: boolean
  readonly #pending = { stdout: newOutput(), stderr: newOutput() }
  #file: number
  #size: number
  #lastTime: Nanoseconds = 0n
  #compression: NodeJS.Immediate | undefined

  /** `attributes` is the JSON object of every record, '' for none. Opening an existing file appends to it. */
  constructor(path: string, options: LogOptions, attributes: string) {
    this.#path = path
    this.#attributes = attributes
    this.#maxBytes = bytesOf(options['max-size'])
    this.#maxFiles = Number(options['max-file'] ?? 1)
    this.#compress = options.compress === 'true'
    this.#file = openSync(path, 'a', LOG_MODE)
    this.#size = fstatSync(this.#file).size
  }

  /** What the container writes to an output. Bytes behind the last newline wait for more, as in dockerd. */
  write(output: 'stdout' | 'stderr', bytes: Uint8Array, time: Nanoseconds): void {
    const state = this.#pending[output]
    let rest = state.bytes.length > 0 ? Buffer.concat([state.bytes, bytes]) : Buffer.from(bytes)
    for (;;) {
      const end = rest.indexOf(NEWLINE)
      if (end >= 0 && end < PIECE_BYTES) {
        this.#record(output, rest.subarray(0, end + 1), state.firstTime ?? time)
        state.firstTime = undefined
        rest = rest.subarray(end + 1)
      } else if (rest.length >= PIECE_BYTES) {
        state.firstTime ??= time
        this.#record(output, rest.subarray(0, PIECE_BYTES), state.firstTime)
        rest = rest.subarray(PIECE_BYTES)
      } else break
    }
    state.bytes = Buffer.from(rest)
  }

  /** The container ended: what waited for a newline is written without one. */
  close(time: Nanoseconds): void {
    for (const output of ['stdout', 'stderr'] as const) {
      const state = this.#pending[output]
      if (state.bytes.length > 0) this.#record(output, state.bytes, state.firstTime ?? time)
      this.#pending[output] = newOutput()
    }
    this.#compressNow()
    closeSync(this.#file)
  }

  #record(output: 'stdout' | 'stderr', line: Uint8Array, time: Nanoseconds): void {
    const attrs = this.#attributes ? `,"attrs":${this.#attributes}` : ''
    const record = `{"log":"${escaped(line)}","stream":"${output}"${attrs},"time":"${rfc3339Nano(time)}"}\n`
    if (this.#maxBytes > 0 && this.#size >= this.#maxBytes) this.#rotate()
    this.#size += writeSync(this.#file, record)
    this.#lastTime = time
  }

  /** The steps of dockerd in its order: compression follows later, and the next rotation waits for it. */
  #rotate(): void {
    this.#compressNow()
    closeSync(this.#file)
    if (this.#maxFiles < 2) rmSync(this.#path, { force: true })
    else {
      const ending = this.#compress ? '.gz' : ''
      rmSync(`${this.#path}.${this.#maxFiles - 1}${ending}`, { force: true })
      for (let n = this.#maxFiles - 1; n > 1; n--) {
        renameIfThere(`${this.#path}.${n - 1}${ending}`, `${this.#path}.${n}${ending}`)
      }
      renameSync(this.#path, `${this.#path}.1`)
    }
    this.#file = openSync(this.#path, 'w', LOG_MODE)
    this.#size = 0
    if (this.#maxFiles > 1 && this.#compress) this.#compression = setImmediate(() => this.#compressNow())
  }

  #compressNow(): void {
    if (!this.#compression) return
    clearImmediate(this.#compression)
    this.#compression = undefined
    const plain = readFileSync(`${this.#path}.1`)
    writeFileSync(`${this.#path}.1.gz`, gzipWithLastTime(plain, this.#lastTime), { mode: LOG_MODE })
    rmSync(`${this.#path}.1`)
  }
}

/** RFC 3339 with as many digits of a second as are needed: zeros at the end are cut, as Go's RFC3339Nano does. */
export function rfc3339Nano(time: Nanoseconds): string {
  const fraction = time % 1_000_000_000n
  const seconds = new Date(Number((time - fraction) / 1_000_000n)).toISOString().slice(0, 19)
  const digits = fraction.toString().padStart(9, '0').replace(/0+$/, '')
  return digits ? `${seconds}.${digits}Z` : `${seconds}Z`
}

/** The inside of the JSON string that dockerd makes of a line: no \t, but \u0009; bad bytes become \ufffd. */
function escaped(line: Uint8Array): string {
  if (!isUtf8(line)) return escapedBytewise(line)
  return Buffer.from(line.buffer, line.byteOffset, line.byteLength)
    .toString('utf8')
    .replace(/[\u0000-\u001f"\\<>&\u2028\u2029]/g, escapeOf)
}

function escapeOf(character: string): string {
  if (character === '"' || character === '\\') return `\\${character}`
  if (character === '\n') return '\\n'
  if (character === '\r') return '\\r'
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Go replaces every single bad byte, where TextDecoder would replace a run of them by one character. */
function escapedBytewise(line: Uint8Array): string {
  let text = ''
  for (let at = 0; at < line.length; ) {
    let length = 1
    while (length <= 4 && !isUtf8(line.subarray(at, at + length))) length++
    const good = length <= 4 && at + length <= line.length
    text += good ? escaped(line.subarray(at, at + length)) : '\\ufffd'
    at += good ? length : 1
  }
  return text
}

/** A gzip member whose header carries the time of its last record, by which dockerd skips whole files. */
function gzipWithLastTime(plain: Buffer, lastTime: Nanoseconds): Buffer {
  const extra = Buffer.from(JSON.stringify({ lastTime: rfc3339Nano(lastTime) }))
  const head = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, extra.length & 255, extra.length >> 8])
  const tail = Buffer.alloc(8)
  tail.writeUInt32LE(crc32(plain), 0)
  tail.writeUInt32LE(plain.length, 4)
  return Buffer.concat([head, extra, deflateRawSync(plain), tail])
}

/** "10m" → 10 × 1000², as dockerd reads it (go-units, FromHumanSize); 0 for no limit. */
function bytesOf(size: string | undefined): number {
  const match = /^(\d+)([kmg]?)b?$/i.exec(size ?? '')
  if (!match) return 0
  const power = ['', 'k', 'm', 'g'].indexOf((match[2] ?? '').toLowerCase())
  return Number(match[1]) * 1000 ** power
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

function newOutput(): { bytes: Buffer; firstTime: Nanoseconds | undefined } {
  return { bytes: Buffer.alloc(0), firstTime: undefined }
}
