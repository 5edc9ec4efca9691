import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../../collector/store/memory-state.ts'
import type { StateStore } from '../../../../collector/store/state.ts'
import { Deliveries } from '../../../../server/deploys/triggers/deliveries.ts'
import { keepSchedules } from '../../../../server/deploys/triggers/schedules.ts'
import { Triggers } from '../../../../server/deploys/triggers/triggers.ts'
import { Orders } from '../orders.ts'
import { openPlace } from './place.ts'

const STAGING = { app: 'orders', environment: 'staging' }
const BY = { kind: 'person' as const, name: 'anna' }
const EVERY_SECOND = { name: 'nightly', kind: 'schedule' as const, cron: '* * * * * *', rules: [STAGING] }
const YEARLY = { ...EVERY_SECOND, cron: '0 6 1 1 *', zone: 'Europe/Berlin' }

async function hub(state: StateStore, orders: Orders) {
  const triggers = await Triggers.open(state, Date.now)
  const deliveries = new Deliveries(state)
  const log = pino({ level: 'silent' })
  const stopping = new AbortController()
  const parts = { state, triggers, deliveries, deploys: orders, log, nowMs: Date.now }
  let done: Promise<void> | undefined
  return {
    ...{ triggers, deliveries },
    start() {
      done = keepSchedules({ ...parts, lookMs: 50, freeAfterMs: 1000 }, stopping.signal)
    },
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await done
    }
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 500) throw new Error('it does not come about')
    await sleep(20)
  }
}

test('a beat is carried out once, by one of two hubs, and again after the first one has gone', async () => {
  const share = new MemoryShare()
  const states = [new MemoryStateStore(share), new MemoryStateStore(share)] as const
  const orders = await Orders.open(states[0])
  const first = await hub(states[0], orders)
  await using second = await hub(states[1], orders)
  await second.triggers.put(EVERY_SECOND, BY)
  first.start()
  second.start()
  await until(() => orders.asked.length >= 1)
  expect(orders.asked).toMatchObject([{ ...STAGING, by: { kind: 'schedule', name: 'nightly' } }])
  orders.become('d0001', { state: 'succeeded' })
  await until(() => orders.asked.length >= 2)
  await first[Symbol.asyncDispose]()
  orders.become('d0002', { state: 'succeeded' })
  await until(() => orders.asked.length >= 3)
  const deployed = (await second.deliveries.list('nightly')).filter(({ verdict }) => verdict === 'deployed')
  const beats = deployed.map(({ event }) => event)
  expect(new Set(beats).size).toBe(beats.length)
})

test('a beat whose deploy before is under way is skipped, and that is told', async () => {
  const state = new MemoryStateStore()
  const orders = await Orders.open(state)
  await using only = await hub(state, orders)
  await only.triggers.put(EVERY_SECOND, BY)
  only.start()
  await until(async () => (await only.deliveries.list('nightly')).length >= 2)
  expect(orders.asked).toHaveLength(1)
  const [skipped] = await only.deliveries.list('nightly')
  expect(skipped).toMatchObject({ verdict: 'refused', why: expect.stringContaining('by deploy d0001') })
  // A schedule that was deleted fires no more.
  await only.triggers.delete('nightly')
  await until(async () => (await state.list('trigger-beat/')).length === 0)
})

test('a beat that passed while no hub ran is told and not made up', async () => {
  const state = new MemoryStateStore()
  const orders = await Orders.open(state)
  await using later = await hub(state, orders)
  const { trigger } = await later.triggers.put(YEARLY, BY)
  const missedMs = Date.now() - 3_600_000
  await state.put('trigger-beat/nightly', { changedMs: trigger.changedMs, nextMs: missedMs })
  later.start()
  await until(async () => (await later.deliveries.list('nightly')).length > 0)
  expect(await later.deliveries.list('nightly')).toMatchObject([
    { verdict: 'ignored', why: expect.stringContaining(new Date(missedMs).toISOString()) }
  ])
  expect(orders.asked).toEqual([])
})

test('a beat that is late by seconds, since the hub was restarted, is done', async () => {
  const state = new MemoryStateStore()
  const orders = await Orders.open(state)
  await using later = await hub(state, orders)
  const { trigger } = await later.triggers.put(YEARLY, BY)
  const dueMs = Date.now() - 5000
  await state.put('trigger-beat/nightly', { changedMs: trigger.changedMs, nextMs: dueMs })
  later.start()
  await until(() => orders.asked.length > 0)
  const [delivery] = await later.deliveries.list('nightly')
  expect(delivery).toMatchObject({
    verdict: 'deployed',
    event: `beat of ${new Date(dueMs).toISOString()}`
  })
  expect(await state.get('trigger-beat/nightly')).toMatchObject({ firedMs: dueMs })
})

test.each<[string, object, string]>([
  ['no cron', { cron: undefined }, 'needs cron'],
  ['a cron that is none', { cron: '61 * * * *' }, 'cron "61 * * * *" can not be read: minute: 61'],
  ['a day that never comes', { cron: '0 0 30 2 *' }, 'impossible day of month'],
  ['a zone that is none', { zone: 'Mars/Olympus' }, 'IANA'],
  ['a condition', { rules: [{ ...STAGING, branch: 'main' }] }, 'rules[0]: branch has no meaning'],
  ['a place', { rules: [{ ...STAGING, image: '{{tag}}' }] }, 'nothing can be filled in'],
  ['an image that is none', { rules: [{ ...STAGING, image: 'a b' }] }, 'is no tag']
])('a schedule with %s is refused', async (_name, change, told) => {
  await using place = await openPlace()
  const { status, body } = await place.post('/api/triggers', { ...EVERY_SECOND, ...change })
  expect([status, body.code, body.message]).toEqual([400, 'DRIFTLOG_TRIGGER', expect.stringContaining(told)])
})
