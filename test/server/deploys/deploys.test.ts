import { expect, test } from 'vitest'
import { BY, definition, digest, ended, Scene, startHub } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }

test('a deploy brings every slot, a second one replaces them, and all hosts run the digest that the first has found', async () => {
  await using scene = new Scene()
  await using hub = await startHub(scene)
  scene.startAgents(hub)
  const { deploys, definitions } = hub.parts
  await definitions.put('orders', definition(), BY)
  const first = await ended(hub, (await deploys.begin({ ...asked, image: '1' })).id)
  expect(first).toMatchObject({ state: 'succeeded', image: { digest: digest('1') } })
  expect(scene.running()).toEqual({ 1: [digest('1')], 2: [digest('1')], 3: [digest('1')] })
  expect(new Set(first.slots.map(({ host }) => host)).size).toBe(3)
  const second = await ended(hub, (await deploys.begin({ ...asked, image: '2' })).id)
  expect(second).toMatchObject({ state: 'succeeded', before: { deploy: first.id, version: 1 } })
  expect(second.slots).toMatchObject(first.slots.map(({ host }) => ({ host, kind: 'replace', state: 'new' })))
  expect(scene.running()).toEqual({ 1: [digest('2')], 2: [digest('2')], 3: [digest('2')] })
  const steps = await deploys.steps(second.id)
  expect(steps.map(({ seq }) => seq)).toEqual(steps.map((_, i) => i + 1))
  expect(steps.at(-1)).toMatchObject({ step: 'end', state: 'done' })
})

test('a new version that is not healthy goes back by itself', async () => {
  await using scene = new Scene()
  await using hub = await startHub(scene)
  const isHealthy = ({ slot, image }: { slot: number; image: { digest?: string } }) =>
    slot !== 3 || image.digest !== digest('2')
  scene.startAgents(hub, { isHealthy })
  const { deploys, definitions } = hub.parts
  await definitions.put('orders', definition(), BY)
  await ended(hub, (await deploys.begin({ ...asked, image: '1' })).id)
  const second = await ended(hub, (await deploys.begin({ ...asked, image: '2' })).id)
  expect(second).toMatchObject({ state: 'rolled-back', why: expect.stringContaining('DRIFTLOG_UNHEALTHY') })
  expect(second.slots.map(({ state }) => state)).toEqual(['old', 'old', 'old'])
  expect(scene.running()).toEqual({ 1: [digest('1')], 2: [digest('1')], 3: [digest('1')] })
})
