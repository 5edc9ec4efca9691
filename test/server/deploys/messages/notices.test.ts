import { createHmac } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../../collector/store/memory-state.ts'
import type { StateStore } from '../../../../collector/store/state.ts'
import { keepTelling } from '../../../../server/deploys/messages/courier.ts'
import type { NoticeBody } from '../../../../server/deploys/messages/notice.ts'
import { Notices } from '../../../../server/deploys/messages/notices.ts'
import { MessageOutbox } from '../../../../server/deploys/messages/outbox.ts'
import { noticeJson } from '../../../../server/deploys/messages/standing.ts'
import { Orders } from '../orders.ts'
import { dingtalk, openReceiver, robot, slack, wecom } from './receivers.ts'

const BY = { kind: 'person' as const, name: 'anna' }
const EVIL = '<!channel> *bold* <@U123|x> @all & </b>\n@here \u202e[click](http://evil)'

interface Courier extends AsyncDisposable {
  notices: Notices
  outbox: MessageOutbox
  orders: Orders
  logged: string[]
  /** On a busy machine a receiver that answers at once needs its time, too. */
  start(timeoutMs?: number): void
  stop(): Promise<void>
  /** Moves the clock on. */
  pass(ms: number): void
  put(notice: Partial<NoticeBody> & Pick<NoticeBody, 'kind'>): Promise<unknown>
}

async function openCourier(state: StateStore = new MemoryStateStore(), orders?: Orders): Promise<Courier> {
  const hosts = ['127.0.0.1']
  const deploys = orders ?? (await Orders.open(state))
  let passedMs = 0
  const nowMs = () => Date.now() + passedMs
  const notices = new Notices({ state, nowMs, hosts })
  const outbox = new MessageOutbox(state, nowMs)
  const logged: string[] = []
  const log = pino({ level: 'info' }, { write: (line) => void logged.push(line) })
  const options = { state, deploys, notices, outbox, log, nowMs, hosts }
  const hub = new URL('https://hub.example.org')
  let stopping = new AbortController()
  let done: Promise<void> | undefined
  const stop = async () => {
    stopping.abort()
    await done
  }
  return {
    ...{ notices, outbox, orders: deploys, logged, stop },
    start(timeoutMs = 5000) {
      stopping = new AbortController()
      done = keepTelling({ ...options, hub, lookMs: 50, freeAfterMs: 1000, timeoutMs }, stopping.signal)
    },
    pass(ms) {
      passedMs += ms
    },
    put: (notice) => notices.put({ name: notice.kind, ...notice }, BY),
    [Symbol.asyncDispose]: stop
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('it does not come about')
    await sleep(20)
  }
}

let count = 0

async function deploy(orders: Orders, reason = 'for a test'): Promise<string> {
  const asked = { app: 'orders', environment: 'staging', by: BY, reason }
  return (await orders.begin(asked, `test/${count++}`)).id
}

test('each product is told as it wants it, and names bring neither markup nor calls', async () => {
  await using courier = await openCourier()
  const secret = 'SEC1234567890abcdef1234567890abcdef'
  await using s = await slack()
  await using d = await dingtalk(secret)
  await using w = await wecom()
  await using g = await openReceiver('/', () => ({ status: 204 }))
  await courier.put({ kind: 'slack', url: s.url })
  await courier.put({ kind: 'dingtalk', url: d.url, secret })
  await courier.put({ kind: 'wecom', url: w.url })
  await courier.put({ kind: 'generic', url: g.url, secret })
  courier.start()
  const id = await deploy(courier.orders, EVIL)
  const endedMs = Date.now() + 5000
  courier.orders.become(id, { state: 'succeeded', endedMs })
  await until(() => [s, d, w, g].every(({ taken }) => taken.length === 1))
  expect([s, d, w, g].map(({ received }) => received.length)).toEqual([1, 1, 1, 1])

  const { text, blocks } = s.taken[0]?.json ?? {}
  expect(text).toContain('orders in staging: deployed')
  expect(text).not.toMatch(/[<>]/)
  expect(text).toContain('&lt;!channel&gt;')
  expect(blocks?.[0].text).toMatchObject({ type: 'plain_text', emoji: false })
  expect(blocks?.[1].text).toEqual({
    type: 'mrkdwn',
    text: `<https://hub.example.org/staging/orders/deploys/${id}|Open>`
  })
  for (const chat of [d, w]) {
    const { content = '' } = chat.taken[0]?.json.text ?? {}
    expect(content).toContain(`https://hub.example.org/staging/orders/deploys/${id}`)
    expect(content).not.toMatch(/[<>\u202e]|@(all|here|U123)/)
    // A name does not begin a line of its own.
    expect(content.split('\n')).toHaveLength(4)
  }
  const letter = g.taken[0]
  expect(letter?.json).toMatchObject({
    ...{ id: `${id}.succeeded`, type: 'deploy.succeeded', timestamp: new Date(endedMs).toISOString() },
    data: { app: 'orders', environment: 'staging', state: 'succeeded', seconds: '5', by: 'anna' }
  })
  const {
    'webhook-id': name,
    'webhook-timestamp': time,
    'webhook-signature': signature
  } = letter?.headers ?? {}
  const mac = createHmac('sha256', secret).update(`${name}.${time}.${letter?.body}`).digest('base64')
  expect([name, signature]).toEqual([`${id}.succeeded`, `v1,${mac}`])
})

test('a notice is for the apps, environments and states that it names, with its own text', async () => {
  await using courier = await openCourier()
  await using s = await slack()
  const text = '{{app}}/{{environment}} {{state}}\n{{why}}\n{{approvedby}}\nask {{by}}'
  await courier.put({ kind: 'slack', url: s.url, on: ['failed', 'waiting'], environments: ['stag*'], text })
  await courier.put({ kind: 'wecom', url: s.url, apps: ['other'] })
  courier.start()
  const id = await deploy(courier.orders)
  courier.orders.become(id, { state: 'waiting' })
  await until(() => s.taken.length === 1)
  courier.orders.become(id, { state: 'failed', endedMs: Date.now(), why: 'no host answers' })
  await until(() => s.taken.length === 2)
  const next = await deploy(courier.orders)
  courier.orders.become(next, { state: 'succeeded', endedMs: Date.now() })
  await until(async () => (await courier.outbox.list()).every(({ end }) => end === 'sent'))
  expect(s.taken.map(({ json }) => json.blocks[0].text.text)).toEqual([
    'orders/staging waiting\nask anna',
    'orders/staging failed\nno host answers\nask anna'
  ])
})

test('what is not taken is tried again, each time with the same name, and told', async () => {
  await using courier = await openCourier()
  const answers = [503, 429, 500, 200]
  await using g = await openReceiver('/hook/secret-part', () => ({ status: answers.shift() ?? 200 }))
  await courier.put({ kind: 'generic', url: g.url })
  courier.start()
  courier.orders.become(await deploy(courier.orders), { state: 'succeeded', endedMs: Date.now() })
  await until(() => g.received.length === 1)
  const notice = async () => {
    const kept = await courier.notices.get('generic')
    return kept && noticeJson(kept, await courier.outbox.list('generic'))
  }
  await until(async () => (await notice())?.lastError !== undefined)
  expect(await notice()).toMatchObject({
    ...{ waiting: 1, sent: 0, address: `${new URL(g.url).origin}/…` },
    lastError: { deploy: 'd0001', text: 'it answered 503' }
  })
  for (let count = 2; count <= 4; count++) {
    courier.pass(60_000)
    await until(() => g.received.length === count)
    await until(async () => (await courier.outbox.list())[0]?.tries === count)
  }
  await until(async () => (await notice())?.sent === 1)
  expect((await notice())?.lastError).toBeUndefined()
  expect(new Set(g.received.map(({ headers }) => headers['webhook-id']))).toEqual(
    new Set(['d0001.succeeded'])
  )
  expect(courier.logged.join('')).not.toContain('secret-part')
  expect(courier.outbox.counts).toEqual({ sent: 1, failures: 3, givenUp: 0 })
})

test('what is refused for good, or for a day, is given up; another receiver does not wait for it', async () => {
  await using courier = await openCourier()
  await using gone = await openReceiver('/', () => ({ status: 404, body: 'no_service' }))
  await using wrong = await dingtalk('SEC-another-secret')
  await using busy = await openReceiver('/', () => robot(45009, 'api freq out of limit'))
  await using hangs = await openReceiver('/', () => new Promise(() => {}))
  await using moved = await openReceiver('/', () => ({ status: 307, headers: { location: gone.url } }))
  await using good = await slack()
  await courier.put({ name: 'gone', kind: 'slack', url: gone.url })
  await courier.put({ name: 'wrong', kind: 'dingtalk', url: wrong.url, secret: 'SEC-of-this-test' })
  await courier.put({ name: 'busy', kind: 'wecom', url: busy.url })
  await courier.put({ name: 'hangs', kind: 'generic', url: hangs.url })
  await courier.put({ name: 'moved', kind: 'generic', url: moved.url })
  await courier.put({ name: 'good', kind: 'slack', url: good.url })
  courier.start(500)
  courier.orders.become(await deploy(courier.orders), { state: 'rolled-back', endedMs: Date.now() })
  const standing = async () =>
    Object.fromEntries(
      (await courier.outbox.list()).map(({ notice, end, lastError }) => [notice, [end, lastError]])
    )
  await until(async () => Object.values(await standing()).filter(([end, error]) => end ?? error).length === 6)
  const lasting = {
    gone: ['given-up', '404 no_service'],
    wrong: ['given-up', 'errcode 310000 sign not match'],
    moved: ['given-up', 'it answered 307'],
    good: ['sent', undefined]
  }
  expect(await standing()).toEqual({
    ...lasting,
    busy: [undefined, 'errcode 45009 api freq out of limit'],
    hangs: [undefined, 'no answer within 0.5 s']
  })
  expect(gone.received).toHaveLength(1)
  courier.pass(25 * 3_600_000)
  await until(async () => (await standing())['busy']?.[0] === 'given-up')
  await until(async () => (await standing())['hangs']?.[0] === 'given-up')
  expect(good.received).toHaveLength(1)
})

test('a restart neither forgets nor repeats: what ended meanwhile is told, what was told is not', async () => {
  const share = new MemoryShare()
  const orders = await Orders.open(new MemoryStateStore(share))
  await using s = await slack()
  {
    await using before = await openCourier(new MemoryStateStore(share), orders)
    orders.become(await deploy(orders), { state: 'succeeded', endedMs: Date.now() - 1000 })
    // What ended before there was a notice is nobody's news.
    await before.put({ kind: 'slack', url: s.url })
    before.start()
    orders.become(await deploy(orders), { state: 'succeeded', endedMs: Date.now() + 10 })
    await until(() => s.taken.length === 1)
    await until(async () => (await before.outbox.list()).every(({ end }) => end === 'sent'))
  }
  const third = await deploy(orders)
  orders.become(third, { state: 'failed', endedMs: Date.now() + 10 })
  const fourth = await deploy(orders)
  await using here = await openCourier(new MemoryStateStore(share), orders)
  await using there = await openCourier(new MemoryStateStore(share), orders)
  here.start()
  there.start()
  await until(() => s.taken.length === 2)
  orders.become(fourth, { state: 'succeeded', endedMs: Date.now() + 10 })
  await until(() => s.taken.length === 3)
  // A hub that ends before it has written down that a message was taken sends it once more.
  await until(async () => (await here.outbox.list()).every(({ end }) => end === 'sent'))
  await here.stop()
  orders.become(await deploy(orders), { state: 'succeeded', endedMs: Date.now() + 10 })
  await until(() => s.taken.length === 4)
  await until(async () => (await there.outbox.list()).every(({ end }) => end === 'sent'))
  // Long after, what is behind the place is not looked at any more.
  there.pass(3_600_000)
  const state = new MemoryStateStore(share)
  await until(async () => (await state.get<{ id: string }>('notice-place'))?.id === 'd0005')
  expect(s.received.map(({ json }) => json.text.match(/deploys\/(d\d+)/)?.[1])).toEqual([
    'd0002',
    'd0003',
    'd0004',
    'd0005'
  ])
})

test('what is noticed days late, since no hub ran, is tried for a day as well', async () => {
  const dayMs = 86_400_000
  let nowMs = Date.now()
  const outbox = new MessageOutbox(new MemoryStateStore(), () => nowMs)
  const facts = { app: 'orders', state: 'succeeded' }
  await outbox.add('ops', { id: 'd0001.succeeded', facts, atMs: nowMs - 3 * dayMs })
  const ends: unknown[] = []
  for (const afterMs of [0, dayMs]) {
    nowMs += afterMs
    for (const message of await outbox.list())
      if (await outbox.attempt(message))
        ends.push(await outbox.settle(message, { kind: 'retry', reason: 'it answered 503' }))
  }
  expect(ends).toEqual([undefined, 'given-up'])
})

test('what was told long ago is not told again while an older deploy still waits for somebody', async () => {
  await using courier = await openCourier()
  await using s = await slack()
  await courier.put({ kind: 'slack', url: s.url })
  const end = async () =>
    courier.orders.become(await deploy(courier.orders), { state: 'succeeded', endedMs: Date.now() + 10 })
  courier.orders.become(await deploy(courier.orders), { state: 'waiting' })
  for (let ended = 0; ended < 52; ended++) await end()
  courier.start()
  await until(() => s.taken.length === 53)
  courier.pass(8 * 86_400_000)
  // Behind the first of these it is tidied up, and before the second what is missing is put in.
  for (const taken of [54, 55]) {
    await end()
    await until(() => s.taken.length >= taken)
  }
  expect(new Set(s.received.map(({ json }) => json.text)).size).toBe(s.received.length)
})

test('a hub that died after sending and before writing it down sends once more, under the same name', async () => {
  const state = new MemoryStateStore()
  await using courier = await openCourier(state)
  await using g = await openReceiver('/', () => ({ status: 200 }))
  await courier.put({ kind: 'generic', url: g.url })
  const facts = { app: 'orders', state: 'succeeded' }
  await courier.outbox.add('generic', { id: 'd0009.succeeded', facts, atMs: Date.now() })
  const [message] = await courier.outbox.list()
  // As the hub that died had left it.
  expect(message && (await courier.outbox.attempt(message))).toBe(true)
  expect(message && (await courier.outbox.attempt(message))).toBe(false)
  courier.start()
  courier.pass(31_000)
  await until(() => g.taken.length === 1)
  expect(g.taken[0]?.headers['webhook-id']).toBe('d0009.succeeded')
})
