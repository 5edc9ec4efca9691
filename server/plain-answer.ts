import type { Socket } from 'node:net'
import { PlainHttpError } from './errors.ts'

/** The client gets this long to take the answer. */
const GRACE_MS = 2000

/** Answers plain http on a port that speaks https. What was asked is not read: it may hold a token. */
export function answerPlain(socket: Socket): void {
  const { code, message, statusCode = 400 } = new PlainHttpError()
  const body = JSON.stringify({ code, message, statusCode })
  socket.on('error', () => socket.destroy())
  socket.setTimeout(GRACE_MS, () => socket.destroy())
  socket.end(
    `HTTP/1.1 ${statusCode} Bad Request\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`
  )
  // Unread bytes would reset the connection before the client has seen the answer.
  socket.resume()
}
