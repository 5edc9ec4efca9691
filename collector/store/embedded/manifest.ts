/** Which files make up the store right now; files that are no longer part of it are unlinked when no question reads them. */
import { unlink } from 'node:fs/promises'
import type { JournalFile } from './journal.ts'
import type { PartSummary } from './part.ts'
import type { SnapshotData } from './snapshot.ts'

export interface Part {
  path: string
  bytes: number
  summary: PartSummary
}

export interface SealedJournal extends JournalFile {
  /** When it was sealed, or written last, milliseconds since 1970. */
  sealedMs: number
}

export interface UnreadablePart {
  path: string
  reason: string
  /** Range of the day it belongs to. */
  minMs: number
  maxMs: number
}

export class Manifest {
  readonly #root: string
  readonly parts = new Map<string, Part>()
  readonly unreadable: UnreadablePart[] = []
  /** Not sealed yet, oldest first; the last is being written. */
  unsealed: JournalFile[] = []
  /** Sealed and kept for followers, oldest first. */
  sealed: SealedJournal[] = []
  readonly #asking = new Set<Promise<unknown>>()
  readonly #onUnlinked: (paths: string[]) => void

  constructor(root: string, onUnlinked: (paths: string[]) => void) {
    this.#root = root
    this.#onUnlinked = onUnlinked
  }

  /** All journals, and the parts that a question must see; of unreadable ones only the day is known. */
  snapshot(
    isSeen: (part: Pick<PartSummary, 'minMs' | 'maxMs'> & Partial<PartSummary>) => boolean
  ): SnapshotData {
    const parts: string[] = []
    for (const { path, summary } of this.parts.values()) if (isSeen(summary)) parts.push(path)
    return {
      root: this.#root,
      journals: this.unsealed.map(({ number, path, bytes }) => ({ number, path, bytes })),
      parts,
      unreadable: this.unreadable
        .filter(({ minMs, maxMs }) => isSeen({ minMs, maxMs }))
        .map(({ path, reason }) => ({ path, reason }))
    }
  }

  /** Files of snapshots that were taken so far stay until this settles. */
  async holding<T>(asking: Promise<T>): Promise<T> {
    this.#asking.add(asking)
    try {
      return await asking
    } finally {
      this.#asking.delete(asking)
    }
  }

  /** Takes parts out at once, and unlinks them when no question reads them any more. */
  async retire(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.parts.delete(path)
    await this.unlinkLater([...paths])
  }

  /** A part's file was replaced by one that holds less. Resolves when no question reads the old one any more. */
  async replace(part: Part): Promise<void> {
    this.parts.set(part.path, part)
    await Promise.allSettled([...this.#asking])
    this.#onUnlinked([part.path])
  }

  async unlinkLater(paths: string[]): Promise<void> {
    if (paths.length === 0) return
    await Promise.allSettled([...this.#asking])
    this.#onUnlinked(paths)
    for (const path of paths) await unlink(path).catch(() => undefined)
  }

  /** Bytes on disk. */
  get bytes(): number {
    let bytes = 0
    for (const part of this.parts.values()) bytes += part.bytes
    for (const journal of this.unsealed) bytes += journal.bytes
    for (const journal of this.sealed) bytes += journal.bytes
    return bytes
  }
}
