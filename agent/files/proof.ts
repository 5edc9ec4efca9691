/**
 * What tells two text files apart that begin with the same line: a hash of their first bytes, told with
 * `dev:inode:birth` as `…/<bytes>.<hash>`. It covers twice as much each time the file has doubled, up to 64 KiB.
 */
import { createHash } from 'node:crypto'
import type { ReadAt } from './head.ts'

export interface Proof {
  bytes: number
  hash: string
}

const LEAST_BYTES = 512
const MOST_BYTES = 64 * 1024

/** Undefined while the file is short. `before`: the last one of this file, which may still do. */
export function prove(read: ReadAt, size: number, before: Proof | undefined): Proof | undefined {
  if (size < LEAST_BYTES) return undefined
  const bytes = Math.min(MOST_BYTES, 2 ** Math.floor(Math.log2(size)))
  if (before?.bytes === bytes) return before
  const hash = hashOf(read, bytes)
  return hash === undefined ? before : { bytes, hash }
}

/** Of all that is in a file that is too short for the other. */
export function proveShort(read: ReadAt, size: number): Proof | undefined {
  const hash = size > 0 && size < LEAST_BYTES ? hashOf(read, size) : undefined
  return hash === undefined ? undefined : { bytes: size, hash }
}

/** False only where the file certainly is another one. */
export function agrees(read: ReadAt, proof: Proof | undefined): boolean {
  return !proof || hashOf(read, proof.bytes) === proof.hash
}

export function proofIn(told: string | undefined): Proof | undefined {
  const [, bytes, hash] = /\/(\d{1,6})\.([0-9a-f]{20})$/.exec(told ?? '') ?? []
  return hash === undefined || Number(bytes) > MOST_BYTES ? undefined : { bytes: Number(bytes), hash }
}

/** Undefined where there are not so many bytes. */
function hashOf(read: ReadAt, bytes: number): string | undefined {
  const buffer = Buffer.allocUnsafe(bytes)
  if (read(buffer, 0) < bytes) return undefined
  return createHash('sha256').update(buffer).digest('hex').slice(0, 20)
}
