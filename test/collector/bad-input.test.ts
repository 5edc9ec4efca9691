import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ParsePool } from '../../collector/parse/pool.ts'
import { frame, type HubParts, startHub as startAnyHub, TestAgent, textsIn } from './hub.ts'
import { dockerLine } from './parse/lines.ts'

let pool: ParsePool
beforeAll(async () => {
  pool = await ParsePool.open({ threads: 1 })
})
afterAll(() => pool[Symbol.asyncDispose]())

function startHub(parts: HubParts = {}) {
  return startAnyHub({ pool, ...parts })
}

const STREAM = { container: 'c1', stream: 'docker', generation: 'g1' }

function head(agent: TestAgent, more: object = {}) {
  return { session: agent.session, events: [], chunks: [], losses: [], behindBytes: 0, ...more }
}

function chunk(bytes: number) {
  return { ...STREAM, offset: 0, bytes }
}

function short(agent: TestAgent) {
  return frame(head(agent, { chunks: [chunk(10)] }), Buffer.from('12345'))
}

describe('a body that is no delivery is refused by its code', () => {
  const cases: [name: string, code: string, body: (agent: TestAgent) => Buffer][] = [
    ['empty', 'DRIFTLOG_BODY', () => Buffer.alloc(0)],
    ['three bytes', 'DRIFTLOG_BODY', () => Buffer.alloc(3)],
    ['a head longer than the body', 'DRIFTLOG_BODY', () => Buffer.from([255, 255, 255, 255, 123])],
    ['chunks longer than the body', 'DRIFTLOG_BODY', short],
    [
      'bytes that belong to no chunk',
      'DRIFTLOG_BODY',
      (agent) => Buffer.concat([frame(head(agent)), Buffer.alloc(9)])
    ],
    ['a head that is no JSON', 'DRIFTLOG_HEAD', () => frame('{"session":')],
    ['a head of nulls', 'DRIFTLOG_HEAD', () => frame('null')],
    ['a head without session', 'DRIFTLOG_HEAD', () => frame({ chunks: [] })],
    ['a head 200 deep', 'DRIFTLOG_HEAD', () => frame(`${'['.repeat(200)}${']'.repeat(200)}`)],
    [
      'unknown fields 200 deep',
      'DRIFTLOG_HEAD',
      (agent) => frame(head(agent, { x: JSON.parse(`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`) as unknown }))
    ],
    ['a million brackets', 'DRIFTLOG_HEAD', () => frame('['.repeat(1_000_000))],
    [
      'an offset that is negative',
      'DRIFTLOG_HEAD',
      (agent) => frame(head(agent, { chunks: [{ ...chunk(0), offset: -1 }] }))
    ],
    ['lengths that overflow', 'DRIFTLOG_BODY', (agent) => frame(head(agent, { chunks: [chunk(1e300)] }))],
    [
      'another stream',
      'DRIFTLOG_STREAM',
      (agent) => frame(head(agent, { chunks: [{ ...chunk(0), stream: 'x' }] }))
    ],
    ['a session that is none', 'DRIFTLOG_SESSION', (agent) => frame(head(agent, { session: 'nobody' }))]
  ]

  test('and nothing else is disturbed', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    using other = await TestAgent.joined(hub.url, 'c1', 'web-2')
    const stop = new AbortController()
    const flow = keepDelivering(other, stop.signal)
    for (const [name, code, body] of cases) {
      const reply = await agent.deliverBytes(body(agent))
      expect([name, reply.body.code, reply.body.statusCode]).toEqual([name, code, reply.status])
      expect(reply.body.message.length).toBeGreaterThan(10)
    }
    const delivered = await agent.deliver([{ ...STREAM, offset: 0, data: dockerLine('still here\n') }])
    expect(delivered.status).toBe(200)
    stop.abort()
    const written = await flow
    expect(written).toBeGreaterThan(0)
    expect(await textsIn(hub.store)).toHaveLength(written + 1)
    const refused = /refused_total\{code="DRIFTLOG_HEAD"\} (\d+)/.exec(await hub.registry.metrics())
    expect(Number(refused?.[1])).toBe(cases.filter(([, code]) => code === 'DRIFTLOG_HEAD').length)
  })
})

describe('wrong lengths and codings', () => {
  test('are refused before or after decompression', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const body = frame(head(agent))
    const codes = async (
      headers: Record<string, string | number>,
      codec: 'identity' | 'gzip' = 'identity'
    ) => {
      const reply = await agent.deliverBytes(body, codec, headers)
      return [reply.status, reply.body.code]
    }
    expect(await codes({ 'driftlog-length': body.length + 1 })).toEqual([400, 'DRIFTLOG_BODY'])
    expect(await codes({ 'driftlog-length': body.length - 1 })).toEqual([400, 'DRIFTLOG_BODY'])
    expect(await codes({ 'driftlog-length': 5 }, 'gzip')).toEqual([400, 'DRIFTLOG_BODY'])
    expect(await codes({ 'driftlog-length': 'much' })).toEqual([411, 'DRIFTLOG_LENGTH'])
    expect(await codes({ 'driftlog-length': 999_999_999 })).toEqual([413, 'DRIFTLOG_BODY_TOO_LARGE'])
    expect(await codes({ 'content-encoding': 'gzip' })).toEqual([400, 'DRIFTLOG_BODY'])
    expect(await codes({ 'content-encoding': 'br' })).toEqual([400, 'DRIFTLOG_BODY'])
    expect(await codes({ 'content-encoding': 'lzma' })).toEqual([415, 'DRIFTLOG_MEDIA_TYPE'])
    expect(await codes({ 'content-type': 'text/html' })).toEqual([415, 'DRIFTLOG_MEDIA_TYPE'])
    expect(await codes({ 'content-type': 'application/json' })).toEqual([400, 'DRIFTLOG_BODY'])
    expect((await agent.deliver([])).status).toBe(200)
  })

  test('a bomb is not blown up', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const bomb = gzipSync(Buffer.alloc(300_000_000))
    const before = process.memoryUsage().rss
    for (const length of [1000, 2_000_000]) {
      const reply = await agent.deliverBytes(bomb, 'identity', {
        'content-encoding': 'gzip',
        'driftlog-length': length
      })
      expect(reply.body.code).toBe('DRIFTLOG_BODY')
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000)
  })

  test.each(['br', 'zstd', 'gzip'] as const)('damaged %s is refused', async (codec) => {
    if (!pool.codecs.includes(codec)) return
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    for (const bytes of [
      Buffer.from('garbage garbage'),
      Buffer.alloc(0),
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x24])
    ]) {
      const reply = await agent.deliverBytes(bytes, 'identity', {
        'content-encoding': codec,
        'driftlog-length': 100
      })
      expect(reply.body.code).toBe('DRIFTLOG_BODY')
    }
  })
})

test('a body that does not arrive in time is given up, another host is served meanwhile', async () => {
  await using hub = await startHub({ limits: { bodyMs: 400 } })
  using agent = await TestAgent.joined(hub.url, 'c1')
  using other = await TestAgent.joined(hub.url, 'c1', 'web-2')
  const slow = slowDelivery(hub.url, agent.key)
  expect((await other.deliver([{ ...STREAM, offset: 0, data: dockerLine('quick\n') }])).status).toBe(200)
  expect(await slow).toMatch(/^HTTP\/1\.1 408 .*DRIFTLOG_REQUEST_SLOW/s)
  expect((await agent.deliver([])).status).toBe(200)
})

test('a client that hangs up in the middle of a body leaves nothing behind', async () => {
  await using hub = await startHub()
  using agent = await TestAgent.joined(hub.url, 'c1')
  for (let i = 0; i < 5; i++) {
    const socket = connect(Number(new URL(hub.url).port), '127.0.0.1')
    socket.write(deliverHead(agent.key, 1000, 1000))
    await sleep(20)
    socket.destroy()
  }
  await sleep(50)
  expect(await hub.registry.metrics()).toMatch(/in_work_bytes 0\n/)
  expect((await agent.deliver([])).status).toBe(200)
})

test('more than may be in work is refused with a time to come again', async () => {
  await using hub = await startHub({ limits: { maxInWorkBytes: 3000, bodyMs: 2000 } })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const socket = connect(Number(new URL(hub.url).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.write(deliverHead(agent.key, 1400, 1400))
  await sleep(100)
  const reply = await agent.deliver([{ ...STREAM, offset: 0, data: dockerLine(`${'x'.repeat(500)}\n`) }])
  expect(reply).toMatchObject({ status: 503, body: { code: 'DRIFTLOG_OVERLOADED' } })
  expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
  socket.destroy()
  await sleep(100)
  expect((await agent.deliver([])).status).toBe(200)
})

test.each([
  ['enrol', '{"protocol":1,'],
  ['enrol', '{"protocol":1,"version":"1","facts":{}}'],
  ['enrol', '[]'],
  ['enrol', 'null'],
  ['enrol', `${'['.repeat(200)}${']'.repeat(200)}`],
  ['hello', '{"protocol":1}'],
  ['hello', '{"protocol":1,"version":"1","place":"p","facts":{"name":"n"},"codecs":[],"clockMs":0}'],
  ['positions', '{"session":"x","streams":[{"container":1}]}'],
  ['positions', '{"__proto__":{"a":1}}']
])('%s with %s is refused', async (path, text) => {
  await using hub = await startHub()
  using agent = await TestAgent.joined(hub.url, 'c1')
  const response = await fetch(`${hub.url}/agent/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${agent.key}` },
    body: text
  })
  expect(await response.json()).toMatchObject({ code: 'DRIFTLOG_BODY', statusCode: 400 })
})

test('facts too large for a greeting are refused', async () => {
  await using hub = await startHub()
  using agent = new TestAgent(hub.url)
  const reply = await agent.enrol('x'.repeat(300_000))
  expect(reply).toMatchObject({ status: 413, body: { code: 'DRIFTLOG_BODY_TOO_LARGE' } })
})

async function keepDelivering(agent: TestAgent, signal: AbortSignal): Promise<number> {
  let offset = 0
  let count = 0
  while (!signal.aborted) {
    const data = dockerLine(`line ${count}\n`)
    const reply = await agent.deliver([{ ...STREAM, offset, data }])
    expect(reply.status).toBe(200)
    offset += data.length
    count++
    await sleep(2)
  }
  return count
}

function deliverHead(key: string, wire: number, length: number): string {
  return (
    'POST /agent/v1/deliver HTTP/1.1\r\nHost: 127.0.0.1\r\n' +
    `Authorization: Bearer ${key}\r\nContent-Type: application/vnd.driftlog.delivery\r\n` +
    `Content-Length: ${wire}\r\nDriftlog-Length: ${length}\r\n\r\nabc`
  )
}

/** Sends the beginning of a delivery and waits for what the hub says to that. */
function slowDelivery(url: string, key: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (piece) => {
      answer += piece.toString()
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
    socket.write(deliverHead(key, 1000, 1000))
  })
}
