/** What a question sees: every record that was acknowledged when it was asked, none twice. */
import { relative } from 'node:path'

export interface JournalSeen {
  number: number
  /** The `.wal`; it may have become `.sealed` meanwhile. */
  path: string
  /** Durable bytes. */
  bytes: number
}

export interface SnapshotData {
  root: string
  journals: JournalSeen[]
  /** Paths of parts. */
  parts: string[]
  /** Parts that could not be opened at the start. */
  unreadable: { path: string; reason: string }[]
}

export class Snapshot {
  readonly journals: readonly JournalSeen[]
  readonly parts: readonly string[]
  readonly unreadable: SnapshotData['unreadable']
  readonly #root: string

  constructor(data: SnapshotData) {
    this.journals = data.journals
    this.parts = data.parts
    this.unreadable = data.unreadable
    this.#root = data.root
  }

  /** The file's name within the data folder. */
  nameOf(path: string): string {
    return relative(this.#root, path)
  }
}
