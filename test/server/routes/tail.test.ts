import { request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import type { MoveJson } from '../../../server/api/fleet.ts'
import type { RecordJson } from '../../../server/api/logs.ts'
import closing from '../../../server/plugins/closing.ts'
import tailRoutes from '../../../server/routes/tail.ts'
import type { Tail } from '../../../server/tail.ts'
import { batch, DAY, type Line, origin, random } from '../../collector/store/corpus.ts'
import { definition, Scene, startHub } from '../deploys/scene.ts'
import { changesOf, type Face, noFleet, openFace } from '../face.ts'

const CUTS = 50

interface TailEvent {
  event: string
  id?: string
  /** `records` hold records, `skipped` a count; other events hold other things. */
  data: { records: RecordJson[]; count: number } & Record<string, unknown>
}

test('a tail gives its place at once, then lines as they arrive, and the fleet as it changes', async () => {
  const source = new EventTarget()
  const fleet = {
    ...noFleet,
    delivery: () => [{ host: 'h1', hostName: 'web-h1', behindMs: 1200 }],
    changes: (signal: AbortSignal) => changesOf(source, signal)
  }
  await using face = await openFace({ parts: { fleet } })
  await using tail = await follow(face, 'app=orders&q=line')
  expect(tail.status).toBe(200)
  expect(tail.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  expect(tail.headers['x-accel-buffering']).toBe('no')
  expect(tail.headers['content-security-policy']).toContain("default-src 'none'")
  expect(await tail.next()).toMatchObject({
    event: 'beat',
    id: expect.stringMatching(/./),
    data: { hubTime: expect.any(String), hosts: [{ host: 'h1', behindMs: 1200 }] }
  })

  await face.logs.append([batch(origin('billing'), lines(3)), batch(origin('orders'), lines(2))])
  const { event, data } = await tail.next()
  expect([event, data.records.map((record: RecordJson) => record.app)]).toEqual([
    'records',
    ['orders', 'orders']
  ])

  const tell = (app: string) =>
    source.dispatchEvent(
      new CustomEvent('change', {
        detail: { event: 'move', data: { app, environment: 'production' } as MoveJson }
      })
    )
  tell('billing')
  tell('orders')
  expect(await tail.next()).toMatchObject({ event: 'move', data: { app: 'orders' } })
})

test('many lines come in events of at most 500, gathered for a moment', async () => {
  await using face = await openFace()
  await using tail = await follow(face)
  await tail.next()
  await face.logs.append([batch(origin('orders'), lines(1700))])
  const sizes: number[] = []
  while (sizes.reduce((a, b) => a + b, 0) < 1700) sizes.push((await tail.next()).data.records.length)
  expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
  let offset = 1_000_000
  for (let i = 0; i < 20; i++) {
    const one = batch(origin('orders'), [{ text: `single ${i}`, time: DAY }], offset)
    offset += 100
    await face.logs.append([one])
  }
  let events = 0
  for (let count = 0; count < 20; events++) count += (await tail.next()).data.records.length
  expect(events).toBeLessThan(20)
})

test.each(['memory', 'embedded'] as const)(
  '%s: a tail that is cut 50 times loses no line and gets none twice',
  async (engine) => {
    await using face = await openFace({ engine })
    let cursor = await placeOf(face)
    const chance = random(7)
    let written = 0
    let offset = 0
    let cuts = 0
    const writer = (async () => {
      while (cuts < CUTS) {
        const count = 1 + Math.floor(chance() * 20)
        const next = batch(
          origin('orders'),
          Array.from({ length: count }, (_, i) => ({ text: `line ${written + i}`, time: DAY })),
          offset
        )
        offset = next.state.stored
        written += count
        await face.logs.append([next])
        await sleep(2)
      }
    })()
    const seen: string[] = []
    while (cuts < CUTS || seen.length < written) {
      await using tail = await follow(face, '', { 'last-event-id': cursor })
      const events = 1 + Math.floor(chance() * 3)
      for (let read = 0; read < events; read++) {
        const { event, id, data } = await tail.next()
        if (event === 'records') seen.push(...data.records.map((record: RecordJson) => record.text))
        cursor = id ?? cursor
        // Behind the last line only a beat would come, in ten seconds.
        if (cuts >= CUTS && seen.length >= written) break
      }
      cuts++
    }
    await writer
    expect(seen).toEqual(Array.from({ length: written }, (_, index) => `line ${index}`))
  }
)

test('a cursor that can not be followed any more is told by a reset', async () => {
  await using face = await openFace()
  await using tail = await follow(face, 'after=m-999999')
  expect(await tail.next()).toMatchObject({ event: 'reset', id: 'm-0' })
})

test('a client that does not read holds up nobody and is told what it missed', async () => {
  const logs = new MemoryLogStore({ followKeeps: 200 })
  await using face = await openFace({ logs })
  await using slow = await follow(face, '')
  await using quick = await follow(face, '')
  await slow.next()
  await quick.next()
  slow.response.pause()
  const text = 'x'.repeat(20_000)
  let offset = 0
  let read = 0
  for (let round = 0; round < 12; round++) {
    const next = batch(
      origin('orders'),
      Array.from({ length: 100 }, () => ({ text, time: DAY })),
      offset
    )
    offset = next.state.stored
    await logs.append([next])
    const before = read
    while (read < before + 100) read += (await quick.next()).data.records?.length ?? 0
  }
  expect(read).toBe(1200)

  slow.response.resume()
  let got = 0
  let skipped = 0
  while (got + skipped < 1200) {
    const { event, data } = await slow.next()
    if (event === 'records') got += data.records.length
    if (event === 'skipped') skipped += data.count
  }
  expect(skipped).toBeGreaterThan(0)
  expect(got + skipped).toBe(1200)
})

test('a beat comes now and then, and a client that takes nothing for long is cut off', async () => {
  const logs = new MemoryLogStore()
  const app = fastify()
  await app.register(closing)
  // Everybody stays welcome.
  app.decorate('onDeparture', () => () => {})
  app.decorateRequest('caller', {
    getter: () => ({ kind: 'anyone' as const, isAdmin: true, mayDeploy: true, isWelcome: () => true })
  })
  const open = new Set<Tail>()
  await app.register(tailRoutes, {
    prefix: '/api',
    ...{ logs, open, fleet: noFleet, limit: 2, nowMs: Date.now, beatMs: 30, stuckMs: 200 }
  })
  const face = { url: await app.listen({ host: '127.0.0.1', port: 0 }) }
  try {
    await using tail = await follow(face)
    expect([(await tail.next()).event, (await tail.next()).event, (await tail.next()).event]).toEqual(
      Array(3).fill('beat')
    )
    tail.response.pause()
    const many = Array.from({ length: 500 }, () => ({ text: 'x'.repeat(100_000), time: DAY }))
    await logs.append([batch(origin('orders'), many)])
    while (open.size > 0) await sleep(20)
    expect(logs.health().records).toBe(500)
  } finally {
    await app.close()
  }
})

test('the hub that stops says goodbye', async () => {
  await using face = await openFace()
  await using tail = await follow(face)
  await tail.next()
  const closed = face.app.close()
  expect(await tail.next()).toMatchObject({ event: 'end', data: { reason: 'closing' } })
  expect(await tail.ended).toBe(true)
  await closed
})

test('one tail too many is refused, and a place is free again when one leaves', async () => {
  await using face = await openFace({ env: { DRIFTLOG_TAIL_CLIENTS: '2' } })
  await using first = await follow(face)
  {
    await using second = await follow(face)
    await Promise.all([first.next(), second.next()])
    expect(await face.get('/api/tail')).toMatchObject({ status: 429, body: { code: 'DRIFTLOG_TAIL_LIMIT' } })
  }
  let status = 429
  for (let attempt = 0; attempt < 100 && status === 429; attempt++) {
    await sleep(20)
    await using third = await follow(face)
    status = third.status
  }
  expect(status).toBe(200)
})

test('a query that can not be read is refused before the stream begins', async () => {
  await using face = await openFace()
  expect(await face.get('/api/tail?q=(')).toMatchObject({ status: 400, body: { code: 'DRIFTLOG_QUERY' } })
})

interface Followed extends AsyncDisposable {
  status: number
  headers: IncomingMessage['headers']
  response: IncomingMessage
  next(): Promise<TailEvent>
  ended: Promise<boolean>
}

/** A client of its own connection, as HTTP/1.1 has it. */
function follow(
  face: Pick<Face, 'url'>,
  query = '',
  headers: Record<string, string> = {}
): Promise<Followed> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${face.url}/api/tail?${query}`, { headers, agent: false }, (response) => {
      const events = eventsOf(response)
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        response,
        ended: new Promise((ended) =>
          response.once('end', () => ended(true)).once('error', () => ended(false))
        ),
        async next() {
          const { value, done } = await events.next()
          if (done) throw new Error('the tail ended')
          return value
        },
        async [Symbol.asyncDispose]() {
          request.destroy()
        }
      })
    })
    request.on('error', reject)
    request.end()
  })
}

async function* eventsOf(response: IncomingMessage): AsyncGenerator<TailEvent, undefined> {
  let rest = ''
  const waiting: string[] = []
  let wake = () => {}
  let over = false
  response.setEncoding('utf8')
  response.on('data', (text: string) => {
    rest += text
    const blocks = rest.split('\n\n')
    rest = blocks.pop() ?? ''
    waiting.push(...blocks)
    wake()
  })
  const end = () => {
    over = true
    wake()
  }
  response.on('end', end).on('error', end)
  for (;;) {
    const block = waiting.shift()
    if (block === undefined) {
      if (over) return undefined
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      continue
    }
    const fields = new Map(block.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]))
    const event = fields.get('event')
    if (!event) continue
    const id = fields.get('id')
    yield { event, ...(id === undefined ? {} : { id }), data: JSON.parse(fields.get('data') ?? 'null') }
  }
}

/** Where a tail begins that is opened now. */
async function placeOf(face: Face): Promise<string> {
  await using tail = await follow(face)
  return (await tail.next()).id ?? ''
}

function lines(count: number): Line[] {
  return Array.from({ length: count }, (_, index) => ({ text: `line ${index}`, time: DAY }))
}

test('deploys of what is followed are told as often as they stand otherwise', async () => {
  await using scene = new Scene(1)
  await using hub = await startHub(scene)
  const { definitions, deploys } = hub.parts
  const by = { kind: 'person', name: 'ann' } as const
  for (const app of ['orders', 'web']) await definitions.put(app, definition({ replicas: 1 }), by)
  await using tail = await follow(hub.face, 'app=orders&environment=staging')
  await tail.next()
  scene.startAgents(hub)
  for (const app of ['web', 'orders']) await deploys.begin({ app, environment: 'staging', image: '1', by })
  const told: [string, string][] = []
  while (told.at(-1)?.[1] !== 'succeeded') {
    const { event, data } = await tail.next()
    if (event === 'deploy') told.push([String(data['app']), String(data['state'])])
  }
  expect(new Set(told.map(([app]) => app))).toEqual(new Set(['orders']))
  // It was asked for, it touched the first instance, it ended.
  expect(told.map(([, state]) => state)).toEqual(['running', 'running', 'succeeded'])
})
