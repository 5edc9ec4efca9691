/**
 * Files of the kernel: small, never on a disk, made while they are read. Reading one takes some microseconds, less
 * than handing it to a thread would.
 */
import { closeSync, openSync, readSync } from 'node:fs'

/** The longest of them, memory.stat or net/dev of a busy host, has some thousand bytes. */
const ROOM = Buffer.allocUnsafe(256 * 1024)

/** Kernels count with 64 bits. */
const LARGEST = 2 ** 64

/** Undefined where it is not there or may not be read. */
export function readSmallFile(path: string): string | undefined {
  let fd: number | undefined
  try {
    fd = openSync(path, 'r')
    let length = 0
    for (;;) {
      const got = readSync(fd, ROOM, length, ROOM.length - length, -1)
      length += got
      if (got === 0 || length === ROOM.length) break
    }
    return ROOM.toString('latin1', 0, length)
  } catch {
    return undefined
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/** The number behind a key at the beginning of a line: `anon 4096`. */
export function numberIn(text: string | undefined, key: string): number | undefined {
  if (text === undefined) return undefined
  const wanted = `${key} `
  const at = text.startsWith(wanted) ? 0 : text.indexOf(`\n${wanted}`) + 1
  if (at === 0 && !text.startsWith(wanted)) return undefined
  return wholeNumber(text.slice(at + wanted.length, at + wanted.length + 24))
}

/** Undefined where the text does not begin with a number (`max`). Above 2^53 the last digits are rounded. */
export function wholeNumber(text: string | undefined): number | undefined {
  const digits = /^\s*(\d+)/.exec(text ?? '')?.[1]
  return digits === undefined ? undefined : Math.min(Number(digits), LARGEST)
}
