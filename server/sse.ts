import { once } from 'node:events'
import type { FastifyReply } from 'fastify'

/** Milliseconds after which a browser that lost the stream asks again. */
const RETRY_MS = 1000

/** One answer of text/event-stream. It takes the reply over: hooks behind the handler do not see it. */
export class EventStream {
  readonly #reply: FastifyReply

  constructor(reply: FastifyReply) {
    this.#reply = reply
    reply.hijack()
    reply.headers({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      // Proxies of the nginx family would gather events before they pass them on.
      'x-accel-buffering': 'no'
    })
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) reply.raw.setHeader(name, value)
    }
    reply.raw.write(`retry: ${RETRY_MS}\n\n`)
  }

  /** True while the client does not take what was written; hold back then, see drained(). */
  get blocked(): boolean {
    return this.#reply.raw.writableNeedDrain
  }

  /** Events without an id leave the client's last id as it is. */
  send(event: string, data: unknown, id?: string): void {
    if (this.#reply.raw.destroyed || this.#reply.raw.writableEnded) return
    const head = id === undefined ? '' : `id: ${id}\n`
    this.#reply.raw.write(`event: ${event}\n${head}data: ${JSON.stringify(data)}\n\n`)
  }

  /** Resolves when the client has taken what was written; rejects when the signal aborts. */
  async drained(signal: AbortSignal): Promise<void> {
    if (this.blocked) await once(this.#reply.raw, 'drain', { signal })
  }

  end(): void {
    this.#reply.raw.end()
  }

  /** Ends without waiting for a client that takes nothing. */
  destroy(): void {
    this.#reply.raw.destroy()
  }
}
