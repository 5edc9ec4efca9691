/** A deploy is begun once, whoever asks again, and beside no other of its app and environment. */
import { expect, test } from 'vitest'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { BY, begun, definition, ended, Scene, startHub } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }

test('two deploys of one app and environment never overlap', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene, { rollout: { breakpoint: 'first' } })
  const { deploys } = hub.parts
  const both = await Promise.allSettled(['2', '2'].map((image) => deploys.begin({ ...asked, image })))
  const [first] = both.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const [refused] = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(refused).toMatchObject({
    code: 'DRIFTLOG_DEPLOYING',
    message: expect.stringContaining(first?.id ?? '?')
  })
  expect(await deploys.list({ limit: 10 })).toHaveLength(2)
  // Elsewhere it is another matter.
  const elsewhere = await deploys.begin({ ...asked, environment: 'production', image: '1' })
  expect(await ended(hub, elsewhere.id, ['paused'])).toBeTruthy()
})

test('a caller that asks again with the same key gets the same deploy, and not for another question', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene)
  const { deploys } = hub.parts
  const ids = await Promise.all([1, 2, 3].map(() => deploys.begin({ ...asked, image: '2' }, 'k1')))
  expect(new Set(ids.map(({ id }) => id)).size).toBe(1)
  await expect(deploys.begin({ ...asked, image: '1' }, 'k1')).rejects.toMatchObject({
    code: 'DRIFTLOG_REPEAT'
  })
  // A key whose question was refused is free again.
  await expect(deploys.begin({ ...asked, app: 'none' }, 'k2')).rejects.toMatchObject({ statusCode: 404 })
  await ended(hub, ids[0]?.id ?? '')
  expect(await deploys.begin({ ...asked, image: '1' }, 'k2')).toMatchObject({ app: 'orders' })
})

/** The next write of a deploy is done, and its answer is lost on the way. */
function loseAnswer(state: MemoryStateStore): void {
  const { update } = state
  state.update = async (key, change) => {
    const value = await update.call(state, key, change as never)
    if (!key.startsWith('deploy/')) return value as never
    state.update = update
    throw new Error('the state did not answer')
  }
}

test('a caller whose question the hub stumbled over asks again and gets the deploy that was begun', async () => {
  await using scene = new Scene()
  const state = new MemoryStateStore()
  await using hub = await startHub(scene, { state })
  scene.startAgents(hub)
  await hub.parts.definitions.put('orders', definition(), BY)
  loseAnswer(state)
  const begin = () => hub.parts.deploys.begin({ ...asked, image: '1' }, 'k')
  await expect(begin()).rejects.toThrow('the state did not answer')
  const { id } = await begin()
  expect(await ended(hub, id)).toMatchObject({ state: 'succeeded' })
  expect(await state.list('deploy/')).toHaveLength(1)
})

test('what was written goes on, also where the hub does not know that it was', async () => {
  await using scene = new Scene()
  const state = new MemoryStateStore()
  await using hub = await startHub(scene, { state })
  scene.startAgents(hub)
  const { deploys, definitions } = hub.parts
  await definitions.put('orders', definition({ rollout: { approval: true } }), BY)
  const { id } = await deploys.begin({ ...asked, image: '1' })
  loseAnswer(state)
  await expect(deploys.approve(id, BY)).rejects.toThrow('the state did not answer')
  expect(await ended(hub, id)).toMatchObject({ state: 'succeeded', approvedBy: BY })
  // And one that was refused is as it was.
  await expect(deploys.approve(id, BY)).rejects.toMatchObject({ code: 'DRIFTLOG_DEPLOY_STATE' })
  expect(await deploys.list({ limit: 9 })).toMatchObject([{ id, state: 'succeeded' }])
})
