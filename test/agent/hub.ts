/**
 * A small hub that keeps what it is told in memory, over real HTTP: enough of the protocol to test agents, with
 * faults to order. Positions move only with bytes that fit, as in the real one.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Codec, Delivery, Hello, Loss, Position, PositionsAsked, Welcome } from '../../agent/protocol.ts'
import type { OrdersAsked } from '../../agent/protocol-orders.ts'
import { listens, nextPort } from '../ports.ts'
import { OrderDesk } from './order-desk.ts'
import { Received } from './received.ts'

export interface HubOptions {
  codecs?: Codec[]
  gatherMs?: number
  heartbeatMs?: number
  maxDeliveryBytes?: number
  joinToken?: string
  /** Address to listen on; 127.0.0.1 where it is absent. */
  host?: string
  /** Keep the bytes themselves (tests), or only count them (measurements). */
  keep?: boolean
}

const MAX_DELIVERY_BYTES = 1024 * 1024

/** What one request meets: nothing, an answer without effect, an effect without answer, or silence. */
export type Fault = 'none' | 'busy' | 'lose-answer' | 'lose-request' | 'hang'

const decodeZstd = () => {
  const { Decoder } = createRequire(import.meta.url)('@toondepauw/node-zstd')
  return new Decoder() as { decodeSync: (data: Buffer) => Buffer }
}

export class FakeHub extends Received {
  readonly orders = new OrderDesk()
  readonly events: Delivery['events'] = []
  losses: Loss[] = []
  present: string[] | undefined
  hellos: Hello[] = []
  deliveries = 0
  wireBytes = 0
  lastBehindBytes = 0
  /** Asked before each delivery. */
  fault: () => Fault = () => 'none'
  /** Set to refuse hellos with this code. */
  refuse: string | undefined
  readonly #options: HubOptions
  readonly #keys = new Map<string, string>()
  #server: Server | undefined
  #session = ''
  #sessions = 0
  #port = 0
  #zstd: ReturnType<typeof decodeZstd> | undefined

  constructor(options: HubOptions = {}) {
    super(options.keep !== false)
    this.#options = options
  }

  get url(): string {
    return `http://${this.#options.host ?? '127.0.0.1'}:${this.#port}`
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response))
    const host = this.#options.host ?? '127.0.0.1'
    let port = this.#port || nextPort()
    // Somebody else may have a port for the first time, and nobody one that this hub has had.
    while (!(await listens(server, port, host))) {
      if (this.#port) await sleep(20)
      else port = nextPort()
    }
    this.#port = port
    this.#server = server
    return this
  }

  /** Sessions, and whatever was not committed, are forgotten, as by a crash. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    this.#session = ''
    this.forgetUncommitted()
    if (!server) return undefined
    this.orders.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const body = await bodyOf(request)
    if (!body) return undefined
    const path = request.url ?? ''
    if (path === '/agent/v1/enrol') return this.#enrol(JSON.parse(body.toString()), response)
    const host = this.#keys.get((request.headers.authorization ?? '').replace('Bearer ', ''))
    if (host === undefined) return problem(response, 401, 'DRIFTLOG_KEY', 'unknown key')
    if (path === '/agent/v1/hello') return this.#hello(JSON.parse(body.toString()), host, response)
    if (path === '/agent/v1/positions') return this.#positions(JSON.parse(body.toString()), response)
    if (path === '/agent/v1/orders') return this.#orders(JSON.parse(body.toString()), response)
    if (path === '/agent/v1/deliver') return this.#deliver(request, body, response)
    return problem(response, 404, 'DRIFTLOG_NOT_FOUND', path)
  }

  async #orders(asked: OrdersAsked, response: ServerResponse): Promise<void> {
    const given = await this.orders.answer(asked)
    if (!response.destroyed) json(response, 200, given)
  }

  #enrol(enrol: { join?: string }, response: ServerResponse): unknown {
    if (this.#options.joinToken !== undefined && enrol.join !== this.#options.joinToken) {
      return problem(response, 403, 'DRIFTLOG_JOIN', 'the join token is wrong')
    }
    const host = `host-${this.#keys.size + 1}`
    const key = createHash('sha256').update(host).digest('hex')
    this.#keys.set(key, host)
    return json(response, 200, { host, key })
  }

  #hello(hello: Hello, host: string, response: ServerResponse): unknown {
    if (this.refuse) return problem(response, 409, this.refuse, 'refused by the test')
    this.hellos.push(hello)
    this.#session = `session-${++this.#sessions}`
    this.rewind()
    const codecs = this.#options.codecs ?? ['identity', 'zstd', 'br', 'gzip']
    const welcome: Welcome = {
      session: this.#session,
      host,
      codec: hello.codecs.find((codec) => codecs.includes(codec)) ?? 'identity',
      hubMs: Date.now(),
      heartbeatMs: this.#options.heartbeatMs ?? 10_000,
      gatherMs: this.#options.gatherMs ?? 20,
      maxDeliveryBytes: this.#options.maxDeliveryBytes ?? MAX_DELIVERY_BYTES
    }
    return json(response, 200, welcome)
  }

  #positions(asked: PositionsAsked, response: ServerResponse): unknown {
    if (asked.session !== this.#session) return problem(response, 409, 'DRIFTLOG_SESSION', 'say hello')
    return json(response, 200, { positions: this.positions(asked) })
  }

  #deliver(request: IncomingMessage, body: Buffer, response: ServerResponse): unknown {
    const fault = this.fault()
    if (fault === 'hang') return undefined
    if (fault === 'lose-request') return response.socket?.destroy()
    if (fault === 'busy') {
      response.setHeader('retry-after', '0')
      return problem(response, 503, 'DRIFTLOG_BUSY', 'later')
    }
    const plain = this.#unpack(body, request.headers['content-encoding'])
    if (plain.length !== Number(request.headers['driftlog-length'])) this.complaints.push('wrong length')
    const largest = this.#options.maxDeliveryBytes ?? MAX_DELIVERY_BYTES
    if (plain.length > largest) this.complaints.push(`a delivery of ${plain.length} bytes`)
    const headBytes = plain.readUInt32LE(0)
    const head = JSON.parse(plain.toString('utf8', 4, 4 + headBytes)) as Delivery
    if (head.session !== this.#session) return problem(response, 409, 'DRIFTLOG_SESSION', 'say hello')
    const wrong = this.wrongOf(head.chunks)
    if (wrong.length > 0) return problem(response, 409, 'DRIFTLOG_POSITION', 'elsewhere', wrong)
    this.deliveries++
    this.wireBytes += body.length
    for (const event of head.events) {
      this.events.push(event)
      this.instances.set(event.instance.container, event.instance)
    }
    this.losses.push(...head.losses)
    if (head.present) this.present = head.present
    this.lastBehindBytes = head.behindBytes
    const positions = this.take(head.chunks, plain.subarray(4 + headBytes))
    if (fault === 'lose-answer') return response.socket?.destroy()
    return json(response, 200, { positions, hubMs: Date.now(), gatherMs: this.#options.gatherMs ?? 20 })
  }

  #unpack(body: Buffer, encoding: string | undefined): Buffer {
    if (encoding === 'gzip') return gunzipSync(body)
    if (encoding === 'br') return brotliDecompressSync(body)
    if (encoding !== 'zstd') return body
    this.#zstd ??= decodeZstd()
    return this.#zstd.decodeSync(body)
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function problem(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  positions?: Position[]
): void {
  json(response, status, { code, message, statusCode: status, ...(positions && { positions }) })
}

async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = []
  try {
    for await (const piece of request) pieces.push(piece as Buffer)
  } catch {
    return undefined
  }
  return Buffer.concat(pieces)
}
