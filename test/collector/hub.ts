/** A real HTTP server with the collector on it, and an agent that speaks to it byte by byte. */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { createRequire } from 'node:module'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { fastify } from 'fastify'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import type {
  Chunk,
  Codec,
  Delivery,
  Enrolled,
  InstanceEvent,
  InstanceFacts,
  Positions,
  Problem,
  Receipt,
  Welcome
} from '../../agent/protocol.ts'
import { type Access, openAccess } from '../../collector/access.ts'
import { type CollectorLimits, collector } from '../../collector/collector.ts'
import { type Fleet, openFleet } from '../../collector/fleet/fleet.ts'
import type { ParsePool } from '../../collector/parse/pool.ts'
import type { RedactionConfig } from '../../collector/parse/redact-rules.ts'
import { keepUp } from '../../collector/peers.ts'
import { parse } from '../../collector/query/grammar.ts'
import type { LogRecord } from '../../collector/record.ts'
import { MemoryLogStore } from '../../collector/store/memory.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import type { LogStore } from '../../collector/store/store.ts'

export interface HubParts {
  store?: LogStore
  state?: MemoryStateStore
  open?: boolean
  /** Threads take a second to start from sources: tests share them where they can. */
  pool?: ParsePool
  limits?: Partial<CollectorLimits>
  redaction?: RedactionConfig
  nowMs?: () => number
}

export interface TestHub extends AsyncDisposable {
  url: string
  store: LogStore
  fleet: Fleet
  access: Access
  registry: Registry
}

export async function startHub(parts: HubParts = {}): Promise<TestHub> {
  const store = parts.store ?? new MemoryLogStore()
  const state = parts.state ?? new MemoryStateStore()
  const access = await openAccess(state)
  const fleet = await openFleet(state, parts.nowMs)
  const registry = new Registry()
  const app = fastify({ loggerInstance: pino({ level: 'silent' }), forceCloseConnections: true })
  await app.register(collector, {
    store,
    fleet,
    state,
    access,
    registry,
    open: parts.open ?? true,
    threads: 1,
    ...(parts.pool && { pool: parts.pool }),
    ...(parts.limits && { limits: parts.limits }),
    ...(parts.redaction && { redaction: parts.redaction }),
    ...(parts.nowMs && { nowMs: parts.nowMs })
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const stopping = new AbortController()
  const { shared } = state
  const peers = shared && keepUp({ state, shared, fleet, keepers: [access], log: app.log }, stopping.signal)
  return {
    url,
    store,
    fleet,
    access,
    registry,
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await peers
      await app.close()
      await fleet[Symbol.asyncDispose]()
    }
  }
}

export interface Reply<T> {
  status: number
  headers: IncomingHttpHeaders
  body: T
}

const keepAlive = { keepAlive: true, maxSockets: 4 }

/** Any request, with whatever headers and bytes. */
export function post<T>(
  url: string,
  headers: Record<string, string | number>,
  body: Uint8Array,
  agent?: Agent
): Promise<Reply<T>> {
  return new Promise((resolve, reject) => {
    const call = httpRequest(url, { method: 'POST', headers, ...(agent && { agent }) }, (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(pieces).toString()
        try {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: JSON.parse(text) as T
          })
        } catch {
          reject(new Error(`no JSON: ${text.slice(0, 200)}`))
        }
      })
    })
    call.on('error', reject)
    call.end(body)
  })
}

export function frame(head: unknown, ...chunks: Uint8Array[]): Buffer {
  const json = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head))
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  return Buffer.concat([length, json, ...chunks])
}

export function facts(container: string, more: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    container,
    name: `orders-${container.slice(0, 4)}`,
    app: 'orders',
    environment: 'production',
    identity: 'compose',
    image: 'orders:1',
    labels: {},
    state: 'running',
    startedMs: Date.UTC(2026, 10, 23),
    ...more
  }
}

export interface Part extends Omit<Chunk, 'bytes'> {
  data: Uint8Array
}

/** Speaks the protocol; keeps nothing but its key and session. */
export class TestAgent implements Disposable {
  url: string
  readonly http = new Agent(keepAlive)
  host = ''
  key = ''
  session = ''
  codec: Codec = 'identity'

  constructor(url: string) {
    this.url = url
  }

  async enrol(name: string, join?: string): Promise<Reply<Enrolled & Problem>> {
    const reply = await this.ask<Enrolled & Problem>('enrol', {
      protocol: 1,
      version: '0.1.0',
      facts: { name },
      ...(join !== undefined && { join })
    })
    this.host = reply.body.host
    this.key = reply.body.key
    return reply
  }

  async hello(more: Record<string, unknown> = {}): Promise<Reply<Welcome & Problem>> {
    const reply = await this.ask<Welcome & Problem>('hello', {
      protocol: 1,
      version: '0.1.0',
      place: 'place-1',
      facts: { name: 'web-1' },
      codecs: ['identity'],
      clockMs: Date.now(),
      ...more
    })
    if (reply.status === 200) {
      this.session = reply.body.session
      this.codec = reply.body.codec
    }
    return reply
  }

  ask<T>(path: string, body: unknown): Promise<Reply<T>> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.key}` }
    return post(`${this.url}/agent/v1/${path}`, headers, Buffer.from(JSON.stringify(body)), this.http)
  }

  async positions(container: string): Promise<Positions['positions']> {
    const streams = [{ container, stream: 'docker' }]
    return (await this.ask<Positions>('positions', { session: this.session, streams })).body.positions
  }

  deliver(
    parts: readonly Part[],
    more: Partial<Delivery> = {},
    codec: Codec = this.codec
  ): Promise<Reply<Receipt & Problem>> {
    const head: Delivery = {
      session: this.session,
      events: [],
      chunks: parts.map(({ data, ...chunk }) => ({ ...chunk, bytes: data.length })),
      losses: [],
      behindBytes: 0,
      ...more
    }
    return this.deliverBytes(frame(head, ...parts.map(({ data }) => data)), codec)
  }

  deliverBytes(
    body: Uint8Array,
    codec: Codec = 'identity',
    headers: Record<string, string | number> = {}
  ): Promise<Reply<Receipt & Problem>> {
    const wire = compressed(body, codec)
    return post(
      `${this.url}/agent/v1/deliver`,
      {
        'content-type': 'application/vnd.driftlog.delivery',
        'content-length': wire.length,
        'driftlog-length': body.length,
        authorization: `Bearer ${this.key}`,
        ...(codec !== 'identity' && { 'content-encoding': codec }),
        ...headers
      },
      wire,
      this.http
    )
  }

  /** Enrolled, greeted, and with an instance told. */
  static async joined(url: string, container: string, name = 'web-1', join?: string): Promise<TestAgent> {
    const agent = new TestAgent(url)
    await agent.enrol(name, join)
    await agent.hello({ facts: { name } })
    const event: InstanceEvent = { kind: 'seen', atMs: Date.now(), instance: facts(container) }
    await agent.deliver([], { events: [event], present: [container] })
    return agent
  }

  [Symbol.dispose](): void {
    this.http.destroy()
  }
}

/** Whether this machine can write zstd. */
export const hasZstd = zstdEncoder() !== undefined

function compressed(body: Uint8Array, codec: Codec): Uint8Array {
  if (codec === 'gzip') return gzipSync(body)
  if (codec === 'br') return brotliCompressSync(body)
  if (codec === 'zstd') return zstdEncoder()?.encodeSync(Buffer.from(body)) ?? body
  return body
}

function zstdEncoder() {
  try {
    const { Encoder } = createRequire(import.meta.url)(
      '@toondepauw/node-zstd'
    ) as typeof import('@toondepauw/node-zstd')
    return new Encoder(1)
  } catch {
    return undefined
  }
}

/** Texts of all records, in their order. */
export async function textsIn(store: LogStore): Promise<string[]> {
  return (await recordsIn(store)).map((record) => record.text)
}

export async function recordsIn(store: LogStore): Promise<LogRecord[]> {
  const parsed = parse('')
  if (!parsed.ok) throw new Error('the empty query is one')
  const page = await store.search(
    { where: parsed.expression, from: 0n, to: 1n << 62n },
    { limit: 100_000, direction: 'newer' },
    { budgetMs: 10_000 }
  )
  return page.records
}
