/** The files that a query thread has open: parts, and journals as far as they were read. */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Codec } from './codec.ts'
import { CorruptError, systemCode } from './fault.ts'
import { FILE_HEAD, isJournalHead, readFrames } from './frame.ts'
import { PartReader } from './part.ts'
import { BlockSegment, FrameSegment, type Segment } from './segment.ts'
import type { Shelf } from './shelf.ts'
import type { JournalSeen } from './snapshot.ts'

/** Parts kept open between questions. A question that needs more keeps all of them open until it ends. */
const OPEN_PARTS = 512

export interface JournalRead {
  frames: readonly FrameSegment[]
  /** What was damaged in it, in words. */
  damage: readonly string[]
}

interface KnownJournal {
  bytes: number
  frames: FrameSegment[]
  damage: string[]
}

export class Library {
  readonly #codec: Codec
  readonly #shelf: Shelf
  /** Least recently used first. */
  readonly #parts = new Map<string, PartReader>()
  readonly #journals = new Map<number, KnownJournal>()

  constructor(codec: Codec, shelf: Shelf) {
    this.#codec = codec
    this.#shelf = shelf
  }

  /** The part's blocks. Throws what PartReader throws. */
  part(path: string): Segment[] {
    let part = this.#parts.get(path)
    if (part) this.#parts.delete(path)
    else part = new PartReader(path, this.#codec)
    this.#parts.set(path, part)
    const reader = part
    return reader.blocks.map((info) => new BlockSegment(reader, info, this.#shelf))
  }

  /** The journal's frames up to `bytes`; what was read before is not read again. */
  journal({ number, path, bytes }: JournalSeen): JournalRead {
    let known = this.#journals.get(number)
    if (!known) {
      known = { bytes: 0, frames: [], damage: [] }
      this.#journals.set(number, known)
    }
    if (known.bytes < bytes) {
      readOn(known, path, bytes)
      known.bytes = bytes
    }
    if (known.bytes === bytes) return known
    return { frames: known.frames.filter((frame) => frame.next <= bytes), damage: known.damage }
  }

  /** To be called while no question runs: lets go of journals other than these, and of parts beyond `parts`. */
  tidy(journals: ReadonlySet<number>, parts = OPEN_PARTS): void {
    for (const number of this.#journals.keys()) if (!journals.has(number)) this.#journals.delete(number)
    this.forget([...this.#parts.keys()].slice(0, Math.max(0, this.#parts.size - parts)))
  }

  /** Closes parts that are no more. */
  forget(paths: readonly string[]): void {
    for (const path of paths) {
      this.#parts.get(path)?.close()
      this.#parts.delete(path)
    }
  }
}

function readOn(known: KnownJournal, path: string, end: number): void {
  const start = known.bytes
  const bytes = readRange(path, start, end)
  if (start === 0 && !isJournalHead(bytes, path))
    throw new CorruptError(path, 'the beginning is not that of a journal')
  for (const read of readFrames(bytes, start === 0 ? FILE_HEAD : 0)) {
    if (read.kind === 'frame') known.frames.push(new FrameSegment(path, read.frame, start))
    else known.damage.push(`bytes ${start + read.from} to ${start + read.to} are damaged`)
  }
}

function readRange(path: string, start: number, end: number): Buffer {
  const file = openEither(path)
  try {
    const bytes = Buffer.allocUnsafeSlow(end - start)
    let read = 0
    while (read < bytes.length) {
      const more = readSync(file, bytes, read, bytes.length - read, start + read)
      if (more === 0) break
      read += more
    }
    return bytes.subarray(0, read)
  } finally {
    closeSync(file)
  }
}

function openEither(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    return openSync(path.replace(/\.wal$/, '.sealed'), 'r')
  }
}
