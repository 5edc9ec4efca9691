/** An opened log file. A held descriptor outlives renaming and removal of the file. */
import { closeSync, fstatSync, openSync, read, readlinkSync, readSync } from 'node:fs'
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { constants, createGunzip, gunzipSync } from 'node:zlib'
import type { ReadAt } from './head.ts'

export interface FileFacts {
  dev: number
  ino: number
  size: number
  /** Names that still lead to the file; 0: only the descriptor keeps it. */
  links: number
  birthMs: number
  /** When its name or contents were last changed. */
  changedMs: number
}

/** File systems stamp by a clock that moves in steps: what is stamped before a moment by less may have come after it. */
export const STEP_MS = 20

/** `dev:inode:birth` of an opened file; inodes are used again soon, births are not. */
export function fileId(fd: number): string {
  const { dev, ino, birthtimeNs } = fstatSync(fd, { bigint: true })
  return `${dev}:${ino}:${birthtimeNs}`
}

/** A file as the writer left it. Reads are synchronous: they come from the page cache and take microseconds. */
export class PlainFile {
  readonly packed = false
  readonly fd: number
  readonly file: string
  readonly dev: number
  readonly ino: number
  readonly birthMs: number
  #open = true

  constructor(path: string) {
    this.fd = openSync(path, 'r')
    this.file = fileId(this.fd)
    const { dev, ino, birthMs } = this.facts()
    this.dev = dev
    this.ino = ino
    this.birthMs = birthMs
  }

  readonly readAt: ReadAt = (into, at) => readSync(this.fd, into, 0, into.length, at)

  read(into: Buffer, at: number): number {
    return readSync(this.fd, into, 0, into.length, at)
  }

  /** Whether it had a rotated file's name, such as `x.log.1`, when it was deleted. The kernel remembers the last one. */
  wasRotated(): boolean {
    return /\.\d+ \(deleted\)$/.test(readlinkSync(`/proc/self/fd/${this.fd}`))
  }

  /** Whether its last name was this one. False: it was renamed since it was found by it. */
  isNamed(name: string): boolean {
    const now = basename(readlinkSync(`/proc/self/fd/${this.fd}`))
    return now === name || now === `${name} (deleted)`
  }

  facts(): FileFacts {
    const { dev, ino, size, nlink, birthtimeMs, ctimeMs } = fstatSync(this.fd)
    return { dev, ino, size, links: nlink, birthMs: birthtimeMs, changedMs: ctimeMs }
  }

  close(): void {
    if (this.#open) closeSync(this.fd)
    this.#open = false
  }
}

/** A rotated file that Docker compressed; places in it are those of the bytes before compression. */
export class PackedFile {
  readonly packed = true
  readonly file: string
  readonly birthMs: number
  readonly #fd: number
  #size: number | undefined
  /** The last byte has been read; only then `size` is certain. */
  atEnd = false
  #unpacking: Unpacking | undefined
  #at = 0
  #rest: Buffer = Buffer.alloc(0)
  #open = true

  constructor(path: string) {
    this.#fd = openSync(path, 'r')
    this.file = fileId(this.#fd)
    this.birthMs = fstatSync(this.#fd).birthtimeMs
  }

  /**
   * Bytes before compression, as the file's last four bytes say it (modulo 4 GiB). Not to be asked for before it
   * is certain that the file is finished: it may be opened while Docker still writes it.
   */
  get size(): number {
    if (this.#size === undefined) {
      const { size } = fstatSync(this.#fd)
      const trailer = Buffer.alloc(4)
      if (size >= 18) readSync(this.#fd, trailer, 0, 4, size - 4)
      this.#size = trailer.readUInt32LE(0)
    }
    return this.#size
  }

  /** Reads only within the beginning of the file, as far as its head needs it. */
  readonly readAt: ReadAt = (into, at) => {
    for (const packedBytes of [16 * 1024, 256 * 1024, 1024 * 1024]) {
      const input = Buffer.allocUnsafe(packedBytes)
      const n = readSync(this.#fd, input, 0, packedBytes, 0)
      const plain = gunzipSync(input.subarray(0, n), { finishFlush: constants.Z_SYNC_FLUSH })
      if (plain.length >= at + into.length || n < packedBytes) return plain.copy(into, 0, at)
    }
    return 0
  }

  /** 0 only at the end of the file. Going back begins to unpack anew. */
  async read(into: Buffer, at: number): Promise<number> {
    if (!this.#unpacking || at < this.#at) this.#begin()
    while (this.#at + this.#rest.length <= at) {
      this.#at += this.#rest.length
      this.#rest = Buffer.alloc(0)
      const next = await this.#unpacking?.chunks.next()
      if (!next || next.done) {
        this.atEnd = true
        this.#size = at
        return 0
      }
      this.#rest = next.value
    }
    const n = this.#rest.copy(into, 0, at - this.#at)
    this.#rest = this.#rest.subarray(at - this.#at + n)
    this.#at = at + n
    return n
  }

  close(): void {
    this.#unpacking?.end()
    if (this.#open) closeSync(this.#fd)
    this.#open = false
  }

  #begin(): void {
    this.#unpacking?.end()
    this.#unpacking = unpack(this.#fd)
    this.#at = 0
    this.#rest = Buffer.alloc(0)
  }
}

export type Source = PlainFile | PackedFile

interface Unpacking {
  chunks: AsyncIterator<Buffer>
  end: () => void
}

function unpack(fd: number): Unpacking {
  const packed = Readable.from(pieces(fd))
  const plain = packed.pipe(createGunzip({ chunkSize: 256 * 1024 }))
  packed.once('error', (error) => plain.destroy(error))
  return {
    chunks: (plain as Readable).iterator() as AsyncIterator<Buffer>,
    end: () => {
      plain.on('error', () => {})
      packed.destroy()
      plain.destroy()
    }
  }
}

/** Not a file stream: destroying one closes its descriptor, also one that it was only lent. */
async function* pieces(fd: number): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await readFrom(fd, Buffer.allocUnsafe(PIECE_BYTES), 0, PIECE_BYTES, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

const PIECE_BYTES = 128 * 1024
const readFrom = promisify(read)
