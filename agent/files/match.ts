/** Which file on the disk is which generation that the hub knows. Pure. */
import type { Position } from '../protocol.ts'

export interface OnDisk {
  /** `dev:inode:birth` */
  file: string
  /** Of the file's first record. */
  hash: string
  /** Uncompressed bytes; of a packed file modulo 4 GiB. */
  size: number
  packed: boolean
  /** The log whose file it is by its name; absent where only files of one log are looked at. */
  stream?: string
  /** Whether it begins as the file that was told so. */
  agrees?: (told: string | undefined) => boolean
}

/** What the hub knows of a file as a whole. */
export type Known = Pick<Position, 'generation' | 'file' | 'next' | 'committed' | 'ended'> & {
  stream?: string
}

export interface Matched<K> {
  /** For each file, oldest first: where the hub stands in it. */
  positions: (K | undefined)[]
  /** Generations that the hub has not got to the end and that lie nowhere any more. */
  missing: K[]
}

/**
 * The same first record and the same `dev:inode:birth` are the same generation. Where only the record is the
 * same, the file counts as the same generation when it cannot have kept its `dev:inode:birth`: it was
 * compressed, lies on another device now, or is the copy that logrotate's `copytruncate` made of a file that
 * has begun anew. Otherwise it is another file with an equal beginning: all pieces of one long line are equal.
 */
export function match<K extends Known>(files: readonly OnDisk[], known: readonly K[]): Matched<K> {
  const positions: (K | undefined)[] = files.map(() => undefined)
  const left = new Set(known)
  const take = (index: number, position: K) => {
    positions[index] = position
    left.delete(position)
  }
  files.forEach((file, index) => {
    const same = known.find((position) => left.has(position) && isSame(file, position))
    if (same) take(index, same)
  })
  // Newest first: of several equal beginnings the hub's newest is the one most likely still there.
  for (let index = files.length - 1; index >= 0; index--) {
    const file = files[index]
    if (!file || positions[index]) continue
    const moved = known.findLast((position) => left.has(position) && isMoved(file, position, files))
    if (moved) take(index, moved)
  }
  return { positions, missing: known.filter((position) => left.has(position) && !position.ended) }
}

/** The hash within a generation's id: `<hash>` or, for another file with an equal beginning, `<hash>-<n>`. */
export function hashOf(generation: string): string {
  return generation.split('-', 1)[0] ?? ''
}

/** `dev:inode:birth` of what was told of a file; its proof may stand behind. */
export function fileOf(told: string | undefined): string | undefined {
  return told?.split('/', 1)[0]
}

function isSame(file: OnDisk, position: Known): boolean {
  return (
    fileOf(position.file) === file.file &&
    hashOf(position.generation) === file.hash &&
    position.next <= file.size &&
    (file.agrees?.(position.file) ?? true)
  )
}

function isMoved(file: OnDisk, position: Known, files: readonly OnDisk[]): boolean {
  if (hashOf(position.generation) !== file.hash) return false
  if (file.stream !== undefined && file.stream !== position.stream) return false
  if (file.agrees && !file.agrees(position.file)) return false
  if (position.ended ? position.committed % 2 ** 32 !== file.size % 2 ** 32 : position.next > file.size)
    return false
  const told = fileOf(position.file)
  if (file.packed || told === undefined || deviceOf(told) !== deviceOf(file.file)) return true
  return files.some((other) => other.file === told && !isSame(other, position))
}

function deviceOf(file: string): string {
  return file.split(':', 1)[0] ?? ''
}
