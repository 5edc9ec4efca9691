/**
 * How far the journal is in the spools: the cursor of an entry, and where each spool ended then. What stands in a
 * spool behind that place came after that entry, and will come again. Written after the spools are on the disk, so
 * that it is never ahead of them.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import type { SpoolMark } from '../spool/spool.ts'

export interface CursorState {
  cursor: string
  /** By the instance's id. */
  ends: Record<string, SpoolMark>
}

/** Undefined where there is none yet. */
export function readCursor(path: string): CursorState | undefined {
  try {
    const { cursor, ends } = JSON.parse(readFileSync(path, 'utf8')) as Partial<CursorState>
    return typeof cursor === 'string' && ends ? { cursor, ends } : undefined
  } catch {
    return undefined
  }
}

export function writeCursor(path: string, state: CursorState): void {
  const fd = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeSync(fd, JSON.stringify(state))
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(`${path}.new`, path)
}
