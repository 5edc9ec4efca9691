/** Agents that are only their conversation with the hub: they deliver buffers that are handed to them. */
import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import {
  DELIVERY_TYPE,
  type Delivery,
  type InstanceEvent,
  PROTOCOL,
  type Receipt,
  type Welcome
} from '../../agent/protocol.ts'
import { framed } from './frame.ts'
import { encoder } from './zstd.ts'

export interface Host {
  name: string
  key: string
  session: string
  containers: string[]
  offsets: number[]
  /** As the hub asked for last. */
  gatherMs: number
}

export class Speaker {
  readonly #url: string
  readonly #http: Agent
  readonly #compress = encoder()

  /** A kept connection for each host that speaks at the same time. */
  constructor(url: string, connections = Number.POSITIVE_INFINITY) {
    this.#url = url
    this.#http = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** Enrols a host, says hello, and tells its containers. */
  async join(name: string, containerCount: number): Promise<Host> {
    const facts = { name, os: 'Linux', arch: 'x64' }
    const common = { protocol: PROTOCOL, version: '0.1.0', facts }
    const { key } = await this.#ask<{ key: string }>('enrol', common)
    const hello = { ...common, place: `bench:${name}`, codecs: ['zstd'], clockMs: Date.now() }
    const { session, gatherMs } = await this.#ask<Welcome>('hello', hello, key)
    const containers = Array.from({ length: containerCount }, (_, index) =>
      createHash('sha256').update(`${name} ${index}`).digest('hex')
    )
    const host: Host = { name, key, session, containers, offsets: containers.map(() => 0), gatherMs }
    const events = containers.map((container, index) => seen(container, `app${index}`))
    await this.#send(host, framed({ session, events, chunks: [], losses: [], behindBytes: 0 }, NOTHING))
    return host
  }

  /** One buffer of whole lines for each container. */
  async deliver(host: Host, buffers: readonly Buffer[]): Promise<void> {
    const { session, containers, offsets } = host
    const filled = [...buffers.entries()].filter(([, { length }]) => length > 0)
    const head: Delivery = {
      session,
      events: [],
      chunks: filled.map(([at, { length: bytes }]) => {
        const offset = offsets[at] ?? 0
        offsets[at] = offset + bytes
        return { container: containers[at] ?? '', stream: 'docker', generation: 'g', offset, bytes }
      }),
      losses: [],
      behindBytes: 0
    }
    const body = framed(head, Buffer.concat(filled.map(([, buffer]) => buffer)))
    host.gatherMs = (await this.#send(host, body)).gatherMs
  }

  #send({ key }: Host, body: Buffer): Promise<Receipt> {
    return this.#post('deliver', this.#compress(body), {
      'content-type': DELIVERY_TYPE,
      'content-encoding': 'zstd',
      'driftlog-length': String(body.length),
      authorization: `Bearer ${key}`
    })
  }

  #ask<T>(path: string, body: object, key?: string): Promise<T> {
    const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` }
    const headers = { 'content-type': 'application/json', ...authorization }
    return this.#post(path, Buffer.from(JSON.stringify(body)), headers)
  }

  #post<T>(path: string, body: Buffer, headers: Record<string, string>): Promise<T> {
    return new Promise((resolve, reject) => {
      const all = { ...headers, 'content-length': body.length }
      const options = { agent: this.#http, method: 'POST', headers: all }
      const asked = request(`${this.#url}/agent/v1/${path}`, options, (answer) => {
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (more: string) => {
          text += more
        })
        answer.on('end', () => {
          if (answer.statusCode === 200) resolve(JSON.parse(text) as T)
          else reject(new Error(`${path}: ${answer.statusCode} ${text}`))
        })
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }
}

const NOTHING = new Uint8Array()

function seen(container: string, app: string): InstanceEvent {
  return {
    kind: 'seen',
    atMs: Date.now(),
    instance: {
      ...{ container, name: app, app, environment: 'default', identity: 'name' },
      ...{ image: `${app}:1`, labels: {}, state: 'running' }
    }
  }
}
