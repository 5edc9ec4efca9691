import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../../collector/store/memory-state.ts'
import { keepWaiting, type WaitingOptions } from '../../../../server/deploys/triggers/waiting.ts'
import { call, openPlace, type Place, withToken } from './place.ts'

const STAGING = { app: 'orders', environment: 'staging', image: '{{tag}}' }
const BY = { kind: 'person' as const, name: 'test' }

/** A hub with the trigger `generic`, and a way to push to it. */
async function hub(state = new MemoryStateStore(), nowMs = Date.now) {
  const place = await openPlace({ state, nowMs })
  const secret = await place.make('generic', [STAGING])
  const push = async (tag: string) => {
    const { body } = await call(place, 'generic', withToken(`Bearer ${secret}`, { event: 'tag', tag }))
    await sleep(5)
    return body.decided[0]
  }
  return { place, push, state, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() }
}

/** While it is there, what waits is looked at. */
function looking({ orders, automatic }: Place, state: MemoryStateStore, more: Partial<WaitingOptions> = {}) {
  const { triggers, deliveries } = automatic
  const log = pino({ level: 'silent' })
  const stopping = new AbortController()
  const parts = { state, triggers, deliveries, deploys: orders, log, nowMs: Date.now }
  const done = keepWaiting({ ...parts, lookMs: 20, freeAfterMs: 500, ...more }, stopping.signal)
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await done
    }
  }
}

async function told(place: Place): Promise<string[]> {
  const rows = await place.deliveries('generic')
  return rows.reverse().map(({ verdict, event, deploy = '' }) => `${event} ${verdict} ${deploy}`.trim())
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('it does not come about')
    await sleep(20)
  }
}

test('of what is pushed while a deploy is under way, the last is deployed when that has ended', async () => {
  await using there = await hub()
  const { place, push, state } = there
  await using _ = looking(place, state)
  expect(await push('1')).toMatchObject({ verdict: 'deployed', deploy: 'd0001' })
  for (const tag of ['2', '3', '4'])
    expect(await push(tag)).toMatchObject({ verdict: 'waiting', why: expect.stringContaining('d0001') })
  await sleep(100)
  expect(place.orders.asked).toHaveLength(1)
  place.orders.become('d0001', { state: 'failed' })
  await until(() => place.orders.asked.length === 2)
  expect(place.orders.asked.map(({ image }) => image)).toEqual(['1', '4'])
  expect(place.orders.asked[1]).toMatchObject({ by: { kind: 'hook', name: 'generic' } })
  await until(async () => (await state.list('hook-waiting/')).length === 0)
  const rows = await told(place)
  expect(rows.filter((row) => row.includes('refused'))).toHaveLength(2)
  expect(rows.at(-1)).toMatch(/deployed d0002$/)
  expect(rows).toHaveLength(7)
})

test('what a person deployed since is newer than what waited', async () => {
  await using there = await hub()
  const { place, push, state } = there
  await push('1')
  await push('2')
  place.orders.become('d0001', { state: 'succeeded' })
  await place.orders.begin({ app: 'orders', environment: 'staging', image: '0', by: BY }, 'mine')
  place.orders.become('d0002', { state: 'succeeded' })
  await using _ = looking(place, state)
  await until(async () => (await state.list('hook-waiting/')).length === 0)
  const [last] = await place.deliveries('generic')
  expect(last).toMatchObject({ verdict: 'refused', why: expect.stringContaining('deploy d0002 was begun') })
  expect(place.orders.asked).toHaveLength(2)
})

test('each environment has its own; a refusal that comes later is told', async () => {
  await using there = await hub()
  const { place, push, state } = there
  const production = { ...STAGING, environment: 'production', goOn: true }
  await place.post('/api/triggers', { name: 'generic', kind: 'generic', rules: [production, STAGING] })
  await push('1')
  await push('2')
  expect((await state.list('hook-waiting/')).map(({ key }) => key)).toEqual([
    'hook-waiting/production/orders',
    'hook-waiting/staging/orders'
  ])
  await using _ = looking(place, state)
  place.orders.become('d0001', { state: 'succeeded' })
  await until(() => place.orders.asked.length === 3)
  expect(place.orders.asked[2]).toMatchObject({ environment: 'production', image: '2' })
  place.orders.fault = Object.assign(new Error('not that one'), { code: 'TEST_NO', statusCode: 403 })
  place.orders.become('d0002', { state: 'succeeded' })
  await until(async () => (await place.deliveries('generic'))[0]?.why === 'TEST_NO: not that one')
  expect(await state.list('hook-waiting/')).toEqual([])
})

test('a hub that died behind its beginning: another one writes down the same deploy', async () => {
  const share = new MemoryShare()
  await using there = await hub(new MemoryStateStore(share))
  const { place, push, state } = there
  await push('1')
  await push('2')
  place.orders.become('d0001', { state: 'succeeded' })
  const dying = looking(place, state, {
    deliveries: { add: () => Promise.reject(new Error('its end')) }
  })
  await until(() => place.orders.asked.length === 2)
  await dying[Symbol.asyncDispose]()
  place.orders.become('d0002', { state: 'succeeded' })
  await using _ = looking(place, new MemoryStateStore(share))
  await until(async () => (await state.list('hook-waiting/')).length === 0)
  expect((await told(place)).at(-1)).toMatch(/deployed d0002$/)
  expect(place.orders.asked).toHaveLength(2)
})

test('the store is away: it is tried again; the trigger is deleted: it goes with it', async () => {
  await using there = await hub()
  const { place, push, state } = there
  await push('1')
  await push('2')
  place.orders.become('d0001', { state: 'succeeded' })
  place.orders.fault = new Error('the store is away')
  await using _ = looking(place, state)
  await sleep(100)
  expect(await state.list('hook-waiting/')).toHaveLength(1)
  await place.automatic.triggers.delete('generic')
  await until(async () => (await state.list('hook-waiting/')).length === 0)
  expect(place.orders.asked).toHaveLength(1)
})

test('a trigger that was changed meanwhile: what its rules before said is not deployed any more', async () => {
  await using there = await hub()
  const { place, push, state } = there
  await push('1')
  await push('2')
  await place.post('/api/triggers', {
    name: 'generic',
    kind: 'generic',
    rules: [{ ...STAGING, branch: 'x' }]
  })
  place.orders.become('d0001', { state: 'succeeded' })
  await using _ = looking(place, state)
  await until(async () => (await state.list('hook-waiting/')).length === 0)
  const [last] = await place.deliveries('generic')
  expect(last).toMatchObject({ verdict: 'refused', why: expect.stringContaining('trigger was changed') })
  expect(place.orders.asked).toHaveLength(1)
})

test('the store was away when its turn came, and a person deployed first when it was back', async () => {
  await using there = await hub()
  const { place, push, state } = there
  await push('1')
  await push('2')
  place.orders.become('d0001', { state: 'succeeded' })
  place.orders.fault = new Error('the store is away')
  {
    await using _ = looking(place, state)
    await until(
      async () => (await state.list<{ isTried?: true }>('hook-waiting/'))[0]?.value.isTried === true
    )
  }
  delete place.orders.fault
  await place.orders.begin({ app: 'orders', environment: 'staging', image: '0', by: BY }, 'mine')
  place.orders.become('d0002', { state: 'succeeded' })
  await using _ = looking(place, state)
  await until(async () => (await state.list('hook-waiting/')).length === 0)
  const [last] = await place.deliveries('generic')
  expect(last).toMatchObject({ verdict: 'refused', why: expect.stringContaining('deploy d0002 was begun') })
  expect(place.orders.asked).toHaveLength(2)
})

test('nothing waits for longer than a day', async () => {
  let nowMs = Date.now() - 86_500_000
  await using there = await hub(new MemoryStateStore(), () => nowMs)
  const { place, push, state } = there
  await push('1')
  await push('2')
  place.orders.become('d0001', { createdMs: nowMs - 1000 })
  nowMs = Date.now()
  await using _ = looking(place, state)
  await until(async () => (await state.list('hook-waiting/')).length === 0)
  expect((await place.deliveries('generic'))[0]).toMatchObject({
    verdict: 'refused',
    why: expect.stringContaining('within a day')
  })
})
