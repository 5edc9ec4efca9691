/** The beginning of a log file: what tells one generation from another. */
import { createHash } from 'node:crypto'

/** Reads at a place of a file into the buffer; returns how many bytes there were. */
export type ReadAt = (into: Buffer, at: number) => number

/** The first complete record of a file. */
export interface Head {
  /** 20 hex digits of SHA-256 over the record (at most its first HEAD_LIMIT bytes) and the place where it begins. */
  hash: string
  /** Where `bytes` stand in the file. */
  at: number
  /** The end of the record: with Docker's files it holds the time stamp, so a new beginning differs here. */
  bytes: Buffer
  /** The record's own time, milliseconds since 1970, where it is one of Docker's. */
  timeMs: number | undefined
}

/** A first record longer than this is known by its first 128 KiB: six times Docker's 16 KiB, every byte escaped. */
const HEAD_LIMIT = 128 * 1024
/** Most first records are shorter, and are read at once. */
const FIRST_READ = 4 * 1024
/** NUL bytes at the beginning (a file truncated under its writer is sparse there) are passed over up to here. */
const NUL_LIMIT = 64 * 1024 * 1024
const PROOF_BYTES = 512
const NEWLINE = 10

/**
 * Undefined while the first record is unfinished. `whole`: nothing will be appended, so that an unfinished
 * record is all there will ever be.
 */
export function readHead(read: ReadAt, whole = false): Head | undefined {
  const start = firstByte(read)
  if (start === undefined) return undefined
  let bytes = readFully(read, start, FIRST_READ)
  let end = bytes.indexOf(NEWLINE) + 1
  if (end === 0 && bytes.length === FIRST_READ) {
    bytes = readFully(read, start, HEAD_LIMIT)
    end = bytes.indexOf(NEWLINE) + 1
  }
  if (end === 0) {
    if (bytes.length === 0 || (bytes.length < HEAD_LIMIT && !whole)) return undefined
    end = bytes.length
  }
  const record = bytes.subarray(0, end)
  const from = Math.max(0, end - PROOF_BYTES)
  const digest = createHash('sha256').update(`${start}\n`).update(record).digest('hex')
  return {
    hash: digest.slice(0, 20),
    at: start + from,
    bytes: Buffer.from(record.subarray(from)),
    timeMs: timeOf(record)
  }
}

/** True while the file still begins as it did: nobody truncated it and began anew. */
export function stillBegins(read: ReadAt, head: Head, scratch: Buffer): boolean {
  const there = scratch.subarray(0, head.bytes.length)
  return read(there, head.at) === there.length && there.equals(head.bytes)
}

/** Time of the last record of one of Docker's files, milliseconds since 1970; undefined where it has none. */
export function lastTime(read: ReadAt, size: number): number | undefined {
  const bytes = Buffer.alloc(LAST_BYTES)
  const from = Math.max(0, size - LAST_BYTES)
  return timeOf(bytes.subarray(0, read(bytes, from)))
}

/** The time stands at the end of a record. */
const LAST_BYTES = 80

/** Size of the buffer that stillBegins() needs. */
export const SCRATCH_BYTES = PROOF_BYTES

function firstByte(read: ReadAt): number | undefined {
  const one = Buffer.alloc(1)
  if (read(one, 0) === 0) return undefined
  if (one[0] !== 0) return 0
  const block = Buffer.allocUnsafe(64 * 1024)
  for (let at = 0; at < NUL_LIMIT; at += block.length) {
    const n = read(block, at)
    const found = block.subarray(0, n).findIndex((byte) => byte !== 0)
    if (found >= 0) return at + found
    if (n < block.length) return undefined
  }
  return 0
}

function readFully(read: ReadAt, at: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes)
  return buffer.subarray(0, read(buffer, at))
}

/** `…,"time":"2026-11-23T09:30:00.123456789Z"}` */
function timeOf(record: Buffer): number | undefined {
  const match = /"time":"([^"]{20,40})"\}\s*$/.exec(
    record.toString('latin1', Math.max(0, record.length - 80))
  )
  const ms = Date.parse(match?.[1] ?? '')
  return Number.isNaN(ms) ? undefined : ms
}
