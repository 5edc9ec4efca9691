/** Requests to the hub over one kept connection. Node's own client: fetch would cost the agent 10 MB of memory. */
import { type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { agentFor, type Trust } from './trust.ts'

export interface Reply {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Post {
  path: string
  headers: OutgoingHttpHeaders
  body: Buffer
  /** From the first byte sent to the last one received; a half-open connection ends here. */
  deadlineMs: number
  signal: AbortSignal
}

/** A connection that does not come about within this long is tried anew: a network that is back is used at once. */
const CONNECT_MS = 3000
/** An answer longer than this is not one of a hub. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024

export class Connection {
  readonly #base: URL
  readonly #agent: Agent
  readonly #request: typeof request

  constructor(base: URL, trust: Trust) {
    this.#base = base
    this.#agent = agentFor(base, trust, { keepAlive: true, maxSockets: 2, noDelay: true })
    this.#request = base.protocol === 'https:' ? secureRequest : request
  }

  /** Rejects where no whole answer came in time. */
  post({ path, headers, body, deadlineMs, signal }: Post): Promise<Reply> {
    const { protocol, hostname, port, pathname } = this.#base
    return new Promise((resolve, reject) => {
      const call = this.#request({
        protocol,
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port,
        method: 'POST',
        path: pathname.replace(/\/$/, '') + path,
        agent: this.#agent,
        headers: { ...headers, 'content-length': body.length }
      })
      // A call that still waits for its connection does not tell of its end.
      const give = (error: Error) => {
        clean()
        call.destroy(error)
        reject(error)
      }
      const stop = () => give(new Error('stopped'))
      const late = () => give(new Error(`the hub did not answer within ${deadlineMs / 1000} s`))
      const timer = setTimeout(late, deadlineMs)
      const away = () => call.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`))
      let connecting: NodeJS.Timeout | undefined
      call.once('socket', (socket) => {
        if (!socket.connecting) return
        connecting = setTimeout(away, CONNECT_MS)
        socket.once('connect', () => clearTimeout(connecting))
      })
      const clean = () => {
        clearTimeout(timer)
        clearTimeout(connecting)
        signal.removeEventListener('abort', stop)
      }
      call.on('error', (error) => {
        clean()
        reject(error)
      })
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      call.once('response', (response) => {
        const pieces: Buffer[] = []
        let bytes = 0
        response.on('data', (piece: Buffer) => {
          bytes += piece.length
          if (bytes > MAX_REPLY_BYTES) call.destroy(new Error('the answer is too long for a hub'))
          else pieces.push(piece)
        })
        response.once('error', (error) => {
          clean()
          reject(error)
        })
        response.once('close', () => {
          clean()
          if (!response.complete) return reject(new Error('the hub hung up'))
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(pieces)
          })
        })
      })
      call.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
