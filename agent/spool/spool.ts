/**
 * One stream as files of our own, in the format and under the names of Docker's json-file driver: `docker.log`, and
 * `docker.log.1` … older. They are followed like any log; what the hub has for good is deleted.
 *
 * Bytes are in the file when append() returns, so a crash of the agent takes none of them; whoever writes finds out
 * from the files themselves where to go on. The disk has them within a second: where the machine loses its power
 * before that, the source is asked again for what is missing in the files.
 */
import {
  closeSync,
  constants,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import { fileId } from '../files/source.ts'

/** Small enough that delivered bytes are soon given back to the disk, large enough that rotation costs nothing. */
export const FILE_BYTES = 2 * 1024 * 1024
const NAME = 'docker.log'
/** What was known when each file began, for whoever goes on. */
const BEGINNINGS = 'beginnings.json'
const READ_BYTES = 256 * 1024
const NEWLINE = 10

export interface SpoolMark {
  /** `dev:inode:birth` */
  file: string
  offset: number
}

interface SpoolFile {
  /** `dev:inode:birth` */
  id: string
  path: string
  /** Place of its first byte in the whole of the spool, since it was opened. */
  base: number
  size: number
}

export class Spool {
  readonly folder: string
  readonly path: string
  /** Places before this one are not needed by whoever writes: set by it, so that the rest is kept. */
  needed = 0
  /** Oldest first; the last is the one that is written. */
  readonly #files: SpoolFile[] = []
  #beginnings: Record<string, string> = {}
  #fd = -1
  #dirty = false
  #syncing = false
  #closing = Promise.resolve()

  constructor(folder: string) {
    this.folder = folder
    this.path = join(folder, NAME)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    this.#beginnings = readBeginnings(folder)
    const fresh = this.#find()
    this.#openLive()
    if (fresh) this.#begin('')
  }

  /** Bytes on the disk. */
  get bytes(): number {
    return this.#files.reduce((sum, { size }) => sum + size, 0)
  }

  /** Place behind the last byte. */
  get end(): number {
    const live = this.#live
    return live.base + live.size
  }

  /** The end as it is known after a restart too. */
  get mark(): SpoolMark {
    const { id, size } = this.#live
    return { file: id, offset: size }
  }

  /** The place of a mark; that of the oldest byte where its file is gone. */
  placeOf(mark: SpoolMark | undefined): number {
    const file = this.#files.find(({ id }) => id === mark?.file)
    return file && mark ? file.base + Math.min(mark.offset, file.size) : 0
  }

  /** What append() was told when the oldest file that is left began; undefined where that is not known. */
  get beginning(): string | undefined {
    return this.#beginnings[this.#files[0]?.id ?? '']
  }

  /** Whole records. `state` is kept where they begin a new file. Throws where the disk does not take them. */
  append(bytes: Buffer, state: string, fileBytes = FILE_BYTES): void {
    if (this.#live.size >= fileBytes) this.#rotate(state)
    const live = this.#live
    try {
      for (let at = 0; at < bytes.length; ) {
        at += writeSync(this.#fd, bytes, at, bytes.length - at, live.size + at)
      }
    } catch (error) {
      ftruncateSync(this.#fd, live.size)
      throw error
    }
    live.size += bytes.length
    this.#dirty = true
  }

  /** Whole lines from this place on, as many as are read at once. */
  *lines(from: number): Generator<{ at: number; line: Buffer }> {
    for (const { path, base, size } of this.#files) {
      if (base + size <= from) continue
      const fd = openSync(path, 'r')
      try {
        yield* linesOf(fd, base, Math.max(0, from - base), size)
      } finally {
        closeSync(fd)
      }
    }
  }

  /** Deletes the oldest files that the hub has for good, as the answer says by their id. */
  trim(isDelivered: (file: string) => boolean): void {
    for (;;) {
      const [oldest] = this.#files
      if (!oldest || this.#files.length < 2) return
      if (oldest.base + oldest.size > this.needed || !isDelivered(oldest.id)) return
      rmSync(oldest.path, { force: true })
      this.#files.shift()
      delete this.#beginnings[oldest.id]
    }
  }

  get ids(): string[] {
    return this.#files.map(({ id }) => id)
  }

  get trimmable(): boolean {
    return this.#files.length > 1
  }

  /** Nothing will be written any more: what is left lies in rotated files. */
  finish(): void {
    if (this.#live.size > 0) this.#rotate('')
    rmSync(this.path, { force: true })
  }

  /** Resolves once the disk has everything that is in it now. */
  async synced(): Promise<void> {
    await this.#closing
    if (this.#fd < 0) return
    const fd = this.#fd
    await new Promise<void>((resolve) => fdatasync(fd, () => resolve()))
  }

  /** Lets the disk have it, without waiting for that. */
  sync(): void {
    if (!this.#dirty || this.#syncing || this.#fd < 0) return
    this.#dirty = false
    this.#syncing = true
    fdatasync(this.#fd, () => {
      this.#syncing = false
    })
  }

  close(): void {
    if (this.#fd >= 0) void closeLater(this.#fd)
    this.#fd = -1
  }

  /** With all that lies in it. */
  destroy(): void {
    this.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  get #live(): SpoolFile {
    return this.#files.at(-1) as SpoolFile
  }

  /** What earlier runs left; a rotation that was cut short is brought to its end. True where there is nothing. */
  #find(): boolean {
    const numbers = readdirSync(this.folder)
      .map((name) => /^docker\.log(?:\.(\d{1,6}))?$/.exec(name))
      .flatMap((found) => (found ? [Number(found[1] ?? 0)] : []))
      .sort((a, b) => a - b)
    const hasLive = numbers[0] === 0
    const rotated = numbers.filter((number) => number > 0)
    for (const [index, number] of rotated.entries()) {
      if (number !== index + 1) renameSync(this.#numbered(number), this.#numbered(index + 1))
    }
    let base = 0
    for (let number = rotated.length; number > 0; number--) {
      const file = this.#measured(this.#numbered(number), base)
      this.#files.push(file)
      base += file.size
    }
    return !hasLive && rotated.length === 0
  }

  #measured(path: string, base: number): SpoolFile {
    const fd = openSync(path, 'r')
    try {
      return { id: fileId(fd), path, base, size: fstatSync(fd).size }
    } finally {
      closeSync(fd)
    }
  }

  #openLive(): void {
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_CREAT, 0o600)
    mend(this.#fd)
    const before = this.#files.at(-1)
    const base = before ? before.base + before.size : 0
    this.#files.push({ id: fileId(this.#fd), path: this.path, base, size: fstatSync(this.#fd).size })
  }

  #rotate(state: string): void {
    const old = this.#fd
    for (let number = this.#files.length - 1; number >= 0; number--) {
      const file = this.#files[this.#files.length - 1 - number]
      if (!file) continue
      const path = this.#numbered(number + 1)
      renameSync(file.path, path)
      file.path = path
    }
    this.#openLive()
    this.#begin(state)
    this.#closing = closeLater(old)
  }

  /** Written behind the rename: without it, whoever goes on looks through one file more. */
  #begin(state: string): void {
    this.#beginnings[this.#live.id] = state
    const there = new Set(this.ids)
    this.#beginnings = Object.fromEntries(Object.entries(this.#beginnings).filter(([id]) => there.has(id)))
    const path = join(this.folder, BEGINNINGS)
    writeFileSync(`${path}.new`, JSON.stringify(this.#beginnings), { mode: 0o600 })
    renameSync(`${path}.new`, path)
  }

  #numbered(number: number): string {
    return `${this.path}.${number}`
  }
}

/** On the disk, then closed; nobody waits for it. */
function closeLater(fd: number): Promise<void> {
  return new Promise((resolve) => {
    fdatasync(fd, () => {
      closeSync(fd)
      resolve()
    })
  })
}

function readBeginnings(folder: string): Record<string, string> {
  try {
    const found = JSON.parse(readText(join(folder, BEGINNINGS))) as Record<string, string>
    return typeof found === 'object' && found !== null ? found : {}
  } catch {
    return {}
  }
}

function readText(path: string): string {
  const fd = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(fstatSync(fd).size)
    return buffer.toString('utf8', 0, readSync(fd, buffer, 0, buffer.length, 0))
  } finally {
    closeSync(fd)
  }
}

/** Takes off what a crash left of a record at the end of the file. */
function mend(fd: number): void {
  let { size } = fstatSync(fd)
  const whole = size
  while (size > 0) {
    const start = lineStart(fd, size)
    if (isRecord(fd, start, size)) break
    size = start
  }
  if (size < whole) ftruncateSync(fd, size)
}

/** Where the last line before `end` begins: behind the newline before its own. */
function lineStart(fd: number, end: number): number {
  const block = Buffer.allocUnsafe(READ_BYTES)
  for (let at = end - 1; at > 0; ) {
    const from = Math.max(0, at - block.length)
    readSync(fd, block, 0, at - from, from)
    const newline = block.lastIndexOf(NEWLINE, at - from - 1)
    if (newline >= 0) return from + newline + 1
    at = from
  }
  return 0
}

function isRecord(fd: number, start: number, end: number): boolean {
  const line = Buffer.alloc(end - start)
  readSync(fd, line, 0, line.length, start)
  if (line.at(-1) !== NEWLINE) return false
  try {
    return typeof (JSON.parse(line.toString()) as { log?: unknown }).log === 'string'
  } catch {
    return false
  }
}

function* linesOf(
  fd: number,
  base: number,
  from: number,
  size: number
): Generator<{ at: number; line: Buffer }> {
  let block = Buffer.allocUnsafe(READ_BYTES)
  for (let at = from; at < size; ) {
    const bytes = readSync(fd, block, 0, Math.min(block.length, size - at), at)
    let start = 0
    for (;;) {
      const end = block.subarray(0, bytes).indexOf(NEWLINE, start) + 1
      if (end === 0) break
      yield { at: base + at + start, line: block.subarray(start, end) }
      start = end
    }
    if (bytes === 0) return
    if (start === 0) {
      if (bytes < block.length) return
      block = Buffer.allocUnsafe(block.length * 2)
    }
    at += start
  }
}
