/** Slots that move from host to host. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Order, Step } from '../../../agent/protocol-orders.ts'
import { BY, begun, definition, digest, ended, restart, Scene } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }
const NEW = { 1: [digest('2')], 2: [digest('2')], 3: [digest('2')] }

test('a host that is gone: its slot moves, and what runs there goes when it is back', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene)
  const { deploys, book } = hub.parts
  const gone = scene.host('web-2')
  await scene.stopAgents(['web-2'])
  hub.forget('web-2')
  const plan = await deploys.plan({ ...asked, image: '2' })
  expect(plan[1]).toMatchObject({
    slot: 2,
    kind: 'move',
    fromHost: 'web-2',
    differs: ['image'],
    state: 'old'
  })
  const deploy = await ended(hub, (await deploys.begin({ ...asked, image: '2' })).id)
  expect(deploy).toMatchObject({ state: 'succeeded' })
  expect(deploy.slots[1]).toMatchObject({ kind: 'move', reason: expect.stringContaining('web-2 is away') })
  expect(scene.running()).toEqual({ ...NEW, 2: [digest('2'), digest('1')].sort().reverse() })
  gone.isHeard = true
  scene.startAgents(hub, {}, ['web-2'])
  while (gone.machine.containers.size > 0 || book.size > 0) await sleep(5)
  expect(scene.running()).toEqual(NEW)
})

test('a slot that moves is new on its next host before it goes from the last one', async () => {
  await using scene = new Scene(3, (i) => ({ zone: i === 0 ? 'a' : 'b' }))
  await using hub = await begun(scene)
  const order: string[] = []
  const fault = ({ kind }: Order, step: Step) => {
    if (step === 'switch' || kind === 'remove') order.push(kind)
    return undefined
  }
  await restart(scene, hub, { fault })
  await hub.parts.definitions.put(
    'orders',
    definition({ replicas: 2, placement: { labels: { zone: 'b' } } }),
    BY
  )
  const deploy = await ended(hub, (await hub.parts.deploys.begin({ ...asked, image: '2' })).id)
  expect(deploy.slots.map(({ kind }) => kind)).toEqual(['move', 'replace', 'remove'])
  expect(order).toEqual(['replace', 'remove', 'replace', 'remove'])
  expect(scene.running()).toEqual({ 1: [digest('2')], 2: [digest('2')] })
})
