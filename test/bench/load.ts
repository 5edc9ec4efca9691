/**
 * Agents of some hosts in one process: deliver prepared lines to a hub at a steady rate. argv: hub's address, hosts,
 * containers per host, lines to prepare. Message {rate} begins; the answer {took, lines, timesMs} comes at the end.
 */
import { createHash } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { DELIVERY_TYPE, type Delivery, type InstanceEvent, PROTOCOL } from '../../agent/protocol.ts'
import { framed } from './frame.ts'
import { dockerRecord, workload } from './generator.ts'
import { encoder } from './zstd.ts'

export interface LoadFigures {
  lines: number
  seconds: number
  /** From the request to the receipt. */
  timesMs: number[]
}

const [url = '', hostCount = '4', containerCount = '25', lineCount = '1500000'] = process.argv.slice(2)
/** About 1 MiB of Docker's JSON. */
const LINES_PER_DELIVERY = 4500
const compress = encoder()
const keepAlive = new Agent({ keepAlive: true })

interface Host {
  name: string
  key: string
  session: string
  containers: string[]
  offsets: number[]
}

const hosts: Host[] = []
for (let index = 0; index < Number(hostCount); index++) hosts.push(await join(`bench-${index + 1}`))
const chunks = prepare()
process.send?.({ ready: true })
process.on('message', ({ rate }: { rate: number }) => void deliverAll(rate))
process.on('disconnect', () => process.exit(0))

/** Each delivery: the lines of every container of a host, in one buffer per container. */
function prepare(): { lines: number; buffers: Buffer[] }[] {
  const startMs = Date.now() - 60_000
  const count = Number(lineCount)
  const found: { lines: number; buffers: Buffer[] }[] = []
  let texts: string[] = []
  let lines = 0
  for (const line of workload(count, { startMs, spanMs: 60_000 }).lines()) {
    const at = line.container % Number(containerCount)
    const record = dockerRecord(line.text, line.error ? 'stderr' : 'stdout', line.timeMs, lines)
    texts[at] = (texts[at] ?? '') + record
    if (++lines < LINES_PER_DELIVERY) continue
    found.push({ lines, buffers: Array.from(texts, (text) => Buffer.from(text ?? '')) })
    texts = []
    lines = 0
  }
  return found
}

async function deliverAll(rate: number): Promise<void> {
  const startedMs = performance.now()
  const everyMs = (LINES_PER_DELIVERY / rate) * 1000
  const timesMs: number[] = []
  let lines = 0
  const work = hosts.map(async (host, index) => {
    for (let turn = index; turn < chunks.length; turn += hosts.length) {
      await sleep(Math.max(0, startedMs + turn * everyMs - performance.now()))
      const chunk = chunks[turn]
      if (!chunk) return
      const askedMs = performance.now()
      await deliver(host, chunk.buffers)
      timesMs.push(performance.now() - askedMs)
      lines += chunk.lines
    }
  })
  await Promise.all(work)
  const figures: LoadFigures = { lines, seconds: (performance.now() - startedMs) / 1000, timesMs }
  process.send?.(figures)
}

async function deliver(host: Host, buffers: Buffer[]): Promise<void> {
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
  await send(host, framed(head, Buffer.concat(filled.map(([, buffer]) => buffer))))
}

async function join(name: string): Promise<Host> {
  const facts = { name, os: 'Linux', arch: 'x64' }
  const { key } = await ask<{ key: string }>('enrol', { protocol: PROTOCOL, version: '0.1.0', facts })
  const hello = {
    protocol: PROTOCOL,
    version: '0.1.0',
    place: `bench:${name}`,
    facts,
    codecs: ['zstd'],
    clockMs: Date.now()
  }
  const { session } = await ask<{ session: string }>('hello', hello, key)
  const containers = Array.from({ length: Number(containerCount) }, (_, index) =>
    createHash('sha256').update(`${name} ${index}`).digest('hex')
  )
  const host: Host = { name, key, session, containers, offsets: containers.map(() => 0) }
  const events: InstanceEvent[] = containers.map((container, index) => ({
    kind: 'seen',
    atMs: Date.now(),
    instance: {
      container,
      name: `app${index}`,
      app: `app${index}`,
      environment: 'default',
      identity: 'name',
      image: 'app:1',
      labels: {},
      state: 'running'
    }
  }))
  await send(host, framed({ session, events, chunks: [], losses: [], behindBytes: 0 }, new Uint8Array()))
  return host
}

function send({ key }: Host, body: Buffer): Promise<unknown> {
  return post('deliver', compress(body), {
    'content-type': DELIVERY_TYPE,
    'content-encoding': 'zstd',
    'driftlog-length': String(body.length),
    authorization: `Bearer ${key}`
  })
}

async function ask<T>(path: string, body: object, key?: string): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(key ? { authorization: `Bearer ${key}` } : {}) }
  return (await post(path, Buffer.from(JSON.stringify(body)), headers)) as T
}

function post(path: string, body: Buffer, headers: Record<string, string>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = {
      agent: keepAlive,
      method: 'POST',
      headers: { ...headers, 'content-length': body.length }
    }
    const asked = request(`${url}/agent/v1/${path}`, options, (answer) => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (more: string) => {
        text += more
      })
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text))
        else reject(new Error(`${path}: ${answer.statusCode} ${text}`))
      })
    })
    asked.on('error', reject)
    asked.end(body)
  })
}
