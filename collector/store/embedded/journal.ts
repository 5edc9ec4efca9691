/**
 * The journal that is being written: appends wait for one fdatasync together; the next ones gather meanwhile.
 * A failed write takes back everything that waited, and the file is cut to its last good frame before the next.
 */
import { type FileHandle, open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { StoreFullError } from '../store.ts'
import { messageOf, StoreClosedError } from './fault.ts'
import { type Folder, journalName, syncFolder } from './folder.ts'
import { FILE_HEAD, journalHead } from './frame.ts'

export interface RotateAt {
  rows: number
  bytes: number
  /** Age of the first record. */
  ageMs: number
  /** Nothing was appended for this long, and there are at least `quietRows`. */
  quietMs: number
  quietRows: number
}

export const ROTATE_AT: RotateAt = {
  rows: 262_144,
  bytes: 64 << 20,
  ageMs: 600_000,
  quietMs: 60_000,
  quietRows: 16_384
}

/** A journal file that is not sealed yet. */
export interface JournalFile {
  number: number
  path: string
  /** Durable bytes. */
  bytes: number
  rows: number
}

export interface JournalFigures {
  fsyncs: number
  fsyncSeconds: number
  writeFailures: number
}

/** Opens files; tests hand in one that fails. */
export type OpenFile = (path: string, flags: string) => Promise<FileHandle>

export interface JournalOptions {
  folder: Folder
  rotateAt: RotateAt
  open?: OpenFile
  /** Goes on with this file; absent: begins `number`. */
  last?: JournalFile
  number: number
  /** Called before a group is written: makes the dictionary durable. */
  prepare: () => Promise<void>
  /** Resolves when another journal may be begun. Rejects with StoreFullError when none can be sealed. */
  room: () => Promise<void>
  /** The old file is complete; the new one is current. */
  onRotated: (old: JournalFile) => void
  /** A write failed; everything that waited is rejected after this. */
  onFailed: (reason: string) => void
}

interface Waiting {
  /** Absent for a task that must not run beside a write. */
  frame?: Buffer
  rows: number
  /** Runs when the frame is durable (for a task: the task), before the promise resolves. */
  done: (file: JournalFile) => void | Promise<void>
  resolve: () => void
  reject: (error: unknown) => void
}

export class Journal {
  readonly #options: JournalOptions
  readonly #open: OpenFile
  readonly figures: JournalFigures = { fsyncs: 0, fsyncSeconds: 0, writeFailures: 0 }
  #file: JournalFile
  #handle: FileHandle | undefined
  #waiting: Waiting[] = []
  #pump: Promise<void> | undefined
  #needsRepair = false
  /** After a failed fsync nobody knows what of the file reached the disk: go on in a new one. */
  #mustRotate = false
  #firstMs = 0
  #lastMs = 0
  #isClosed = false

  private constructor(options: JournalOptions, file: JournalFile) {
    this.#options = options
    this.#open = options.open ?? openFile
    this.#file = file
  }

  static async open(options: JournalOptions): Promise<Journal> {
    const fresh = { number: options.number, path: '', bytes: 0, rows: 0 }
    const journal = new Journal(options, options.last ?? fresh)
    if (options.last) journal.#handle = await journal.#open(options.last.path, 'r+')
    else await journal.#begin(options.number)
    if (journal.#file.rows > 0) journal.#firstMs = journal.#lastMs = Date.now()
    return journal
  }

  /** The file that is written to. */
  get current(): JournalFile {
    return this.#file
  }

  /** Resolves when the frame is durable and `done` ran. */
  append(frame: Buffer, rows: number, done: (file: JournalFile) => void): Promise<void> {
    return this.#enqueue({ frame, rows, done })
  }

  /** Runs a task between two writes. */
  between(task: () => void | Promise<void>): Promise<void> {
    return this.#enqueue({ rows: 0, done: task })
  }

  /** Ends the current file, unless it is empty, and begins the next. */
  rotate(): Promise<void> {
    return this.between(() => this.#rotate())
  }

  /** Rotates when age or quiet says so; to be called now and then. */
  async tick(nowMs: number): Promise<void> {
    const { ageMs, quietMs, quietRows } = this.#options.rotateAt
    if (this.#file.rows === 0 || this.#isClosed) return
    const isQuiet = nowMs - this.#lastMs >= quietMs && this.#file.rows >= quietRows
    if (isQuiet || nowMs - this.#firstMs >= ageMs) await this.rotate()
  }

  /** Waits for what was handed in; nothing more is taken. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pump
    await this.#handle?.close()
    this.#handle = undefined
  }

  #enqueue(waiting: Omit<Waiting, 'resolve' | 'reject'>): Promise<void> {
    if (this.#isClosed) return Promise.reject(new StoreClosedError())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...waiting, resolve, reject })
      this.#pump ??= this.#run().finally(() => {
        this.#pump = undefined
      })
    })
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#nextGroup()
      try {
        if (group[0]?.frame) await this.#write(group)
        for (const { done } of group) await done(this.#file)
      } catch (error) {
        // At once if possible, so that what is refused is not there after a crash either; else before the next write.
        await this.#repair().catch(() => undefined)
        this.#fail(group, error)
        continue
      }
      for (const { resolve } of group) resolve()
    }
  }

  /** One task, or all frames that wait in front of the next task. */
  #nextGroup(): Waiting[] {
    const task = this.#waiting.findIndex(({ frame }) => !frame)
    return this.#waiting.splice(0, task < 0 ? this.#waiting.length : Math.max(1, task))
  }

  /** What waits was made on top of what failed, so it fails too. */
  #fail(group: Waiting[], error: unknown): void {
    const rejected = [...group, ...this.#waiting]
    this.#waiting = []
    this.figures.writeFailures++
    const full = error instanceof StoreFullError ? error : new StoreFullError(messageOf(error))
    this.#options.onFailed(messageOf(error))
    for (const { reject } of rejected) reject(full)
  }

  async #write(group: Waiting[]): Promise<void> {
    await this.#options.prepare()
    await this.#repair()
    const { rows, bytes } = this.#options.rotateAt
    if (this.#mustRotate || this.#file.rows >= rows || this.#file.bytes >= bytes) await this.#rotate()
    const handle = this.#handle
    if (!handle) throw new StoreClosedError()
    const frames = group.flatMap(({ frame }) => frame ?? [])
    const total = frames.reduce((sum, frame) => sum + frame.length, 0)
    this.#needsRepair = true
    await writeAll(handle, frames, this.#file.bytes)
    this.#mustRotate = true
    const started = performance.now()
    await handle.datasync()
    this.figures.fsyncs++
    this.figures.fsyncSeconds += (performance.now() - started) / 1000
    this.#needsRepair = this.#mustRotate = false
    this.#lastMs = Date.now()
    if (this.#file.rows === 0) this.#firstMs = this.#lastMs
    this.#file.bytes += total
    this.#file.rows += group.reduce((sum, waiting) => sum + waiting.rows, 0)
  }

  /** Cuts off what a failed write left behind. */
  async #repair(): Promise<void> {
    if (!this.#needsRepair || !this.#handle) return
    await this.#handle.truncate(this.#file.bytes)
    await this.#handle.datasync()
    this.#needsRepair = false
  }

  async #rotate(): Promise<void> {
    const old = this.#file
    if (old.rows === 0 && old.bytes <= FILE_HEAD && !this.#mustRotate) return
    await this.#repair()
    await this.#options.room()
    const handle = this.#handle
    await this.#begin(old.number + 1)
    this.#mustRotate = false
    await handle?.close()
    this.#options.onRotated(old)
  }

  async #begin(number: number): Promise<void> {
    const { folder } = this.#options
    const path = join(folder.journal, journalName(number, 'wal'))
    const handle = await this.#open(path, 'w+')
    try {
      await writeAll(handle, [journalHead(number)], 0)
      await handle.datasync()
      await syncFolder(folder.journal)
    } catch (error) {
      await handle.close()
      throw error
    }
    this.#handle = handle
    this.#file = { number, path, bytes: FILE_HEAD, rows: 0 }
  }
}

async function writeAll(handle: FileHandle, chunks: Buffer[], position: number): Promise<void> {
  let at = position
  let rest = chunks
  while (rest.length > 0) {
    const { bytesWritten } = await handle.writev(rest, at)
    at += bytesWritten
    let written = bytesWritten
    while (rest[0] && written >= rest[0].length) {
      written -= rest[0].length
      rest = rest.slice(1)
    }
    if (rest[0] && written > 0) rest = [rest[0].subarray(written), ...rest.slice(1)]
  }
}
