/**
 * A small hub that keeps what it is told in memory, over real HTTP: enough of the protocol to test agents, with
 * faults to order. Positions move only with bytes that fit, as in the real one.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type {
  Chunk,
  Codec,
  Delivery,
  Hello,
  InstanceFacts,
  Loss,
  Position,
  PositionsAsked,
  Welcome
} from '../../agent/protocol.ts'
import type { OrdersAsked } from '../../agent/protocol-orders.ts'
import { OrderDesk } from './order-desk.ts'

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

interface Generation {
  id: string
  file: string | undefined
  next: number
  committed: number
  ended: boolean
  pieces: Buffer[]
}

/** What one request meets: nothing, an answer without effect, an effect without answer, or silence. */
export type Fault = 'none' | 'busy' | 'lose-answer' | 'lose-request' | 'hang'

const decodeZstd = () => {
  const { Decoder } = createRequire(import.meta.url)('@toondepauw/node-zstd')
  return new Decoder() as { decodeSync: (data: Buffer) => Buffer }
}

let handedOut = 0

/**
 * Below the ports that the system hands out by itself, and another range for each worker: nobody takes a hub's port
 * while it is away.
 */
function nextPort(): number {
  const worker = Number(process.env['VITEST_POOL_ID'] ?? 0) % 6
  return 12_000 + worker * 3000 + (handedOut++ % 3000)
}

export class FakeHub {
  readonly streams = new Map<string, Generation[]>()
  readonly orders = new OrderDesk()
  readonly instances = new Map<string, InstanceFacts>()
  readonly events: Delivery['events'] = []
  losses: Loss[] = []
  present: string[] | undefined
  hellos: Hello[] = []
  deliveries = 0
  bytes = 0
  wireBytes = 0
  lastBehindBytes = 0
  /** What came, in the order of its coming. */
  readonly arrivals: { container: string; generation: string; offset: number; bytes: number }[] = []
  /** Problems that a real hub would not forgive. */
  complaints: string[] = []
  /** Asked before each delivery. */
  fault: () => Fault = () => 'none'
  /** Set to refuse hellos with this code. */
  refuse: string | undefined
  readonly #options: HubOptions
  readonly #keys = new Map<string, string>()
  readonly #linesIn = new WeakMap<Buffer, number>()
  #server: Server | undefined
  #session = ''
  #sessions = 0
  #port = 0
  #zstd: ReturnType<typeof decodeZstd> | undefined

  constructor(options: HubOptions = {}) {
    this.#options = options
  }

  get url(): string {
    return `http://${this.#options.host ?? '127.0.0.1'}:${this.#port}`
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response))
    const listen = (port: number) =>
      new Promise<boolean>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) =>
          error.code === 'EADDRINUSE' ? resolve(false) : reject(error)
        )
        server.listen(port, this.#options.host ?? '127.0.0.1', () => resolve(true))
      })
    let port = this.#port || nextPort()
    // Somebody else may have a port for the first time, and nobody one that this hub has had.
    while (!(await listen(port))) {
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
    for (const generations of this.streams.values()) {
      for (const generation of generations) {
        generation.pieces = [Buffer.concat(generation.pieces).subarray(0, generation.committed)]
        generation.next = generation.committed
      }
    }
    if (!server) return undefined
    this.orders.close()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Everything of a stream in order. */
  text(container: string, stream = 'docker'): string {
    const generations = this.streams.get(`${container} ${stream}`) ?? []
    return Buffer.concat(generations.flatMap(({ pieces }) => pieces)).toString()
  }

  /** How many whole lines of a stream there are. Tests ask again and again: each piece is looked through once. */
  lines(container: string, stream = 'docker'): number {
    let lines = 0
    for (const piece of this.generations(container, stream).flatMap(({ pieces }) => pieces)) {
      const known = this.#linesIn.get(piece) ?? linesIn(piece)
      this.#linesIn.set(piece, known)
      lines += known
    }
    return lines
  }

  /** The text of a stream's last whole record; '' where there is none. */
  lastText(container: string, stream = 'docker'): string {
    let end = ''
    const pieces = this.generations(container, stream).flatMap((generation) => generation.pieces)
    for (const piece of pieces.reverse()) {
      end = piece.toString('latin1') + end
      if (linesIn(piece) > 1) break
    }
    const line = Buffer.from(end.split('\n').at(-2) ?? '', 'latin1').toString()
    return line === '' ? '' : (JSON.parse(line) as { log: string }).log
  }

  generations(container: string, stream = 'docker'): readonly Generation[] {
    return this.streams.get(`${container} ${stream}`) ?? []
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
    for (const generations of this.streams.values()) {
      for (const generation of generations) generation.next = generation.committed
    }
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
    const whole = asked.containers ?? []
    const names = [...this.streams.keys()].map((key) => {
      const [container = '', ...stream] = key.split(' ')
      return { container, stream: stream.join(' ') }
    })
    const wanted = [
      ...asked.streams.filter(({ container }) => !whole.includes(container)),
      ...names.filter(({ container }) => whole.includes(container))
    ]
    const positions = wanted.flatMap(({ container, stream }) =>
      this.generations(container, stream).map((generation) => positionOf(container, stream, generation))
    )
    return json(response, 200, { positions })
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
    const wrong = this.#wrongOf(head.chunks)
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
    const positions = this.#take(head.chunks, plain.subarray(4 + headBytes))
    if (fault === 'lose-answer') return response.socket?.destroy()
    return json(response, 200, { positions, hubMs: Date.now(), gatherMs: this.#options.gatherMs ?? 20 })
  }

  #wrongOf(chunks: readonly Chunk[]): Position[] {
    const next = new Map<string, number>()
    const wrong: Position[] = []
    for (const { container, stream, generation, offset, bytes } of chunks) {
      const known = this.generations(container, stream).find(({ id }) => id === generation)
      const key = `${container} ${stream} ${generation}`
      if ((next.get(key) ?? known?.next ?? 0) !== offset) {
        wrong.push(
          known
            ? positionOf(container, stream, known)
            : { container, stream, generation, committed: 0, next: 0 }
        )
      }
      next.set(key, offset + bytes)
    }
    return wrong
  }

  #take(chunks: readonly Chunk[], bytes: Buffer): Position[] {
    let at = 0
    return chunks.map((chunk) => {
      const { container, stream, generation: id, file, last = false } = chunk
      this.arrivals.push({ container, generation: id, offset: chunk.offset, bytes: chunk.bytes })
      if (!this.instances.has(container)) this.complaints.push(`chunk of an untold instance ${container}`)
      const key = `${container} ${stream}`
      const generations = this.streams.get(key) ?? []
      this.streams.set(key, generations)
      let generation = generations.find((one) => one.id === id)
      if (!generation) {
        generation = { id, file, next: 0, committed: 0, ended: false, pieces: [] }
        generations.push(generation)
      }
      if (generation.ended && chunk.bytes > 0) this.complaints.push(`bytes after the end of ${id}`)
      const piece = bytes.subarray(at, at + chunk.bytes)
      at += chunk.bytes
      if (this.#options.keep !== false) generation.pieces.push(Buffer.from(piece))
      generation.file = file
      generation.next += piece.length
      // Up to the last whole line, as a parser would: the rest comes again after a crash.
      const whole = last ? piece.length : piece.lastIndexOf(10) + 1
      if (whole > 0 || last) generation.committed = generation.next - piece.length + whole
      generation.ended ||= last
      this.bytes += piece.length
      return positionOf(container, stream, generation)
    })
  }

  #unpack(body: Buffer, encoding: string | undefined): Buffer {
    if (encoding === 'gzip') return gunzipSync(body)
    if (encoding === 'br') return brotliDecompressSync(body)
    if (encoding !== 'zstd') return body
    this.#zstd ??= decodeZstd()
    return this.#zstd.decodeSync(body)
  }
}

function positionOf(container: string, stream: string, generation: Generation): Position {
  const { id, file, next, committed, ended } = generation
  return {
    container,
    stream,
    generation: id,
    ...(file !== undefined && { file }),
    next,
    committed,
    ...(ended && { ended })
  }
}

function linesIn(piece: Buffer): number {
  let lines = 0
  for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++
  return lines
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
