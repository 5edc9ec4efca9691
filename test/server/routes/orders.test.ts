import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Order, OrdersAsked, OrdersGiven, Report } from '../../../agent/protocol-orders.ts'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { Scene, startHub, type TestHub } from '../deploys/scene.ts'

const WAIT_MS = 30_000

/** A hub and one host; orders are put into its book as by a deploy. */
async function open(scene: Scene, share?: MemoryShare) {
  const state = new MemoryStateStore(share)
  const hub = await startHub(scene, { state })
  await state.put('deploy/d1', {
    ...{ term: 0, wanted: {}, image: {}, lastSeq: 0, unsaved: [] },
    deploy: { id: 'd1', app: 'orders', environment: 'staging', state: 'waiting' },
    work: { orders: Object.fromEntries(['o1', 'o2', 'o3'].map((id) => [id, { id }])), slots: [] }
  })
  return hub
}

function order(id: string, deploy = 'd1'): Order {
  return { id, deploy, kind: 'pull', image: { reference: 'shop/orders:1' } }
}

function report(id: string, seq: number, more: Partial<Report> = {}): Report {
  return { order: id, seq, atMs: 1, step: 'pull', state: 'begun', ...more }
}

const done = (id: string, seq: number) => report(id, seq, { state: 'ended', end: { kind: 'done' } })

function ask({ url }: TestHub, scene: Scene, asked: Partial<OrdersAsked> = {}, signal?: AbortSignal) {
  const { key } = scene.host('web-1')
  return fetch(`${url}/agent/v1/orders`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ held: [], reports: [], waitMs: WAIT_MS, ...asked }),
    ...(signal ? { signal } : {})
  }).then(async (answer) => ({
    status: answer.status,
    body: (await answer.json()) as OrdersGiven & { code?: string }
  }))
}

test('who waits is told the moment that there is something to do', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  const waiting = ask(hub, scene)
  while (hub.parts.book.waiting === 0) await sleep(1)
  await hub.parts.book.add('web-1', order('o1'))
  expect((await waiting).body).toEqual({ orders: [order('o1')], withdrawn: [], ended: [], reported: {} })
  expect(hub.parts.book.waiting).toBe(0)
})

test('reports are taken once each and in their order, whichever way they come', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  await hub.parts.book.add('web-1', order('o1'))
  await ask(hub, scene)
  const held = ['o1']
  const tell = async (...reports: Report[]) => (await ask(hub, scene, { held, reports, waitMs: 0 })).body
  expect(await tell(report('o1', 3), report('o1', 1))).toMatchObject({ reported: { o1: 1 } })
  expect(await tell(report('o1', 1), report('o1', 2))).toMatchObject({ reported: { o1: 2 } })
  const going = report('o1', 4, { state: 'going', text: 'b' })
  expect(await tell(report('o1', 3, { state: 'going', text: 'a' }), going)).toMatchObject({
    reported: { o1: 4 },
    ended: []
  })
  expect(await tell(done('o1', 5), done('o1', 5))).toMatchObject({ reported: { o1: 5 }, ended: ['o1'] })
  const kept = await hub.parts.book.read('web-1', 'o1')
  // What goes on is kept in its newest form alone.
  expect(kept?.reports.map(({ seq }) => seq)).toEqual([1, 2, 4, 5])
  expect(kept?.end).toEqual({ kind: 'done' })
})

test('orders are given to who waits, not to who only reports; again while they are not held', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  await hub.parts.book.add('web-1', order('o1'))
  expect((await ask(hub, scene, { waitMs: 0 })).body.orders).toEqual([])
  for (let i = 0; i < 2; i++) expect((await ask(hub, scene)).body.orders).toEqual([order('o1')])
  const ending = new AbortController()
  const waiting = ask(hub, scene, { held: ['o1'] }, ending.signal).catch(() => 'gone')
  while (hub.parts.book.waiting === 0) await sleep(1)
  ending.abort()
  expect(await waiting).toBe('gone')
  while (hub.parts.book.waiting > 0) await sleep(1)
})

test('an order that nobody can have yet is over when it is withdrawn', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  await hub.parts.book.add('web-1', order('o1'))
  await hub.parts.book.withdraw('web-1', 'o1')
  expect(await hub.parts.book.read('web-1', 'o1')).toMatchObject({
    end: { kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' }
  })
  // One that comes later stays away, too: it was withdrawn before it was written.
  await hub.parts.book.add('web-1', order('o2'), true)
  await hub.parts.book.add('web-1', order('o2'))
  await hub.parts.book.add('web-1', order('o3'))
  expect((await ask(hub, scene)).body.orders).toEqual([order('o3')])
})

test('an order that was given is withdrawn by who holds it, and over where it has never come', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  const { book } = hub.parts
  for (const id of ['o1', 'o2']) await book.add('web-1', order(id))
  expect((await ask(hub, scene)).body.orders).toHaveLength(2)
  await sleep(5)
  for (const id of ['o1', 'o2']) await book.withdraw('web-1', id)
  expect((await book.read('web-1', 'o1'))?.end).toBeUndefined()
  expect((await ask(hub, scene, { held: ['o1'] })).body).toMatchObject({ orders: [], withdrawn: ['o1'] })
  expect((await book.read('web-1', 'o2'))?.end).toMatchObject({ kind: 'undone' })
  const undone = report('o1', 1, { state: 'ended', end: { kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' } })
  expect((await ask(hub, scene, { held: ['o1'], reports: [undone] })).body.ended).toEqual(['o1'])
})

test('of orders that nobody knows, what has ended may be forgotten, and the rest is to be undone', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  const reports = [report('x1', 1), done('x1', 2), report('x2', 1)]
  const { body } = await ask(hub, scene, { held: ['x1', 'x2'], reports, waitMs: 0 })
  expect(body).toMatchObject({ ended: ['x1'], withdrawn: ['x2'], reported: { x1: 2, x2: 1 } })
})

test('an order behind which no deploy stands is not given', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  await hub.parts.book.add('web-1', order('ghost', 'gone'))
  await hub.parts.book.add('web-1', order('o1'))
  expect((await ask(hub, scene)).body.orders).toEqual([order('o1')])
  expect(await hub.parts.book.read('web-1', 'ghost')).toMatchObject({ end: { kind: 'undone' } })
})

test('a hub that ends sends everybody away at once, with an answer', async () => {
  await using scene = new Scene(1)
  const hub = await open(scene)
  const waiting = ask(hub, scene)
  while (hub.parts.book.waiting === 0) await sleep(1)
  await hub[Symbol.asyncDispose]()
  expect(await waiting).toMatchObject({ status: 200, body: { orders: [] } })
})

test('an agent that was started anew asks in place of the one before', async () => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  const before = ask(hub, scene)
  while (hub.parts.book.waiting === 0) await sleep(1)
  const after = ask(hub, scene)
  expect((await before).body.orders).toEqual([])
  await hub.parts.book.add('web-1', order('o1'))
  expect((await after).body.orders).toHaveLength(1)
})

test('what one hub orders is given by another, and what that one is told is known to both', async () => {
  const share = new MemoryShare()
  await using scene = new Scene(1)
  await using a = await open(scene, share)
  await using b = await open(scene, share)
  const waiting = ask(b, scene)
  while (b.parts.book.waiting === 0) await sleep(1)
  await a.parts.book.add('web-1', order('o1'))
  expect((await waiting).body.orders).toEqual([order('o1')])
  await ask(b, scene, { held: ['o1'], reports: [done('o1', 1)] })
  while (a.parts.book.size > 0) await sleep(1)
  expect(await a.parts.book.read('web-1', 'o1')).toMatchObject({ end: { kind: 'done' } })
})

test('thousands that wait cost the state nothing', async () => {
  const counted = new MemoryStateStore()
  const asked: string[] = []
  const { get } = counted
  counted.get = (key) => {
    asked.push(key)
    return get.call(counted, key) as never
  }
  await using scene = new Scene(1)
  await using hub = await startHub(scene, { state: counted })
  const over = new AbortController()
  setMaxListeners(0, over.signal)
  const waiting = Array.from({ length: 5000 }, (_, i) => hub.parts.book.change(`host-${i}`, over.signal))
  await sleep(300)
  expect([hub.parts.book.waiting, asked]).toEqual([5000, []])
  over.abort()
  await Promise.all(waiting)
  expect(hub.parts.book.waiting).toBe(0)
})

test('only a host may ask, and only for itself', async () => {
  await using scene = new Scene(2)
  await using hub = await open(scene)
  await hub.parts.book.add('web-2', order('o1'))
  expect(
    (await ask(hub, scene, { held: ['o1'], reports: [done('o1', 1)], waitMs: 0 })).body.withdrawn
  ).toEqual([])
  expect((await hub.parts.book.read('web-2', 'o1'))?.end).toBeUndefined()
  scene.host('web-1').key = 'dlk_web-1_00000000000000000000000000000000'
  expect(await ask(hub, scene)).toMatchObject({ status: 401, body: { code: 'DRIFTLOG_KEY' } })
})
