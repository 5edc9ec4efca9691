/** Requests to the hub over one kept connection. Node's own client: fetch would cost the agent 10 MB of memory. */
import { Agent as HttpAgent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { Agent as HttpsAgent, request as secureRequest } from 'node:https'

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

/** An answer longer than this is not one of a hub. */
const MAX_REPLY_BYTES = 32 * 1024 * 1024

export class Connection {
  readonly #base: URL
  readonly #agent: HttpAgent
  readonly #request: typeof request

  constructor(base: URL) {
    this.#base = base
    const options = { keepAlive: true, maxSockets: 2, noDelay: true }
    const secure = base.protocol === 'https:'
    this.#agent = secure ? new HttpsAgent(options) : new HttpAgent(options)
    this.#request = secure ? secureRequest : request
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
      const stop = () => call.destroy(new Error('stopped'))
      const late = () => call.destroy(new Error(`the hub did not answer within ${deadlineMs / 1000} s`))
      const timer = setTimeout(late, deadlineMs)
      const clean = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', stop)
      }
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop, { once: true })
      call.once('error', (error) => {
        clean()
        reject(error)
      })
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
