/** Reads the body of a request, of a known length, within a time. */
import type { IncomingMessage } from 'node:http'
import { ShapeError, SlowError } from './errors.ts'

/** A buffer of its own, so that it can be moved to a thread. The stream is left as it is when it is too slow. */
export function readBody(payload: IncomingMessage, length: number, deadlineMs: number): Promise<ArrayBuffer> {
  const buffer = new ArrayBuffer(length)
  const bytes = new Uint8Array(buffer)
  let filled = 0
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer)
      payload.off('data', take)
      payload.off('end', end)
      payload.off('close', broken)
      // Whoever listens for it no more must not be killed by it.
      payload.on('error', () => {})
      if (error) reject(error)
      else resolve(buffer)
    }
    const take = (piece: Buffer) => {
      if (filled + piece.length > length) return settle(new ShapeError('The body is longer than it says.'))
      bytes.set(piece, filled)
      filled += piece.length
    }
    const end = () =>
      settle(filled === length ? undefined : new ShapeError('The body is shorter than it says.'))
    const broken = () => settle(new ShapeError('The connection ended before the body did.'))
    const timer = setTimeout(() => {
      payload.pause()
      settle(new SlowError())
    }, deadlineMs)
    payload.on('data', take)
    payload.once('end', end)
    payload.once('close', broken)
    payload.once('error', broken)
  })
}
