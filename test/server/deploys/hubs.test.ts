/** Hubs that share a state: any request may reach any of them, and whoever dies is followed by another. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import type { DeployChange } from '../../../server/deploys/archive.ts'
import { BY, definition, digest, ended, Scene, startHub } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }
const FREE_AFTER_MS = 400
const all = (digit: string) => ({ 1: [digest(digit)], 2: [digest(digit)], 3: [digest(digit)] })

test('agents at another hub than the one that deploys, and steps that are told at both', async () => {
  const share = new MemoryShare()
  await using scene = new Scene()
  await using a = await startHub(scene, { state: new MemoryStateStore(share) })
  await using b = await startHub(scene, { state: new MemoryStateStore(share) })
  scene.startAgents(b, {}, ['web-1', 'web-2'])
  scene.startAgents(a, {}, ['web-3'])
  await a.parts.definitions.put('orders', definition(), BY)
  const following = new AbortController()
  const seen: DeployChange[] = []
  const follow = (async () => {
    for await (const change of b.parts.deploys.changes(following.signal)) seen.push(change)
  })()
  const { id } = await b.parts.deploys.begin({ ...asked, image: '1' })
  expect(await ended(b, id)).toMatchObject({ state: 'succeeded' })
  expect(scene.running()).toEqual(all('1'))
  while (!seen.some(({ deploy }) => deploy.state === 'succeeded')) await sleep(5)
  expect(seen.some(({ step }) => step?.step === 'switch')).toBe(true)
  await expect(a.parts.deploys.begin({ ...asked, image: '2' }, 'k')).resolves.toMatchObject({
    state: 'running'
  })
  await expect(b.parts.deploys.begin({ ...asked, image: '2' })).rejects.toMatchObject({
    code: 'DRIFTLOG_DEPLOYING'
  })
  following.abort()
  await follow
})

test('a hub that dies on duty is followed by another, which goes on', async () => {
  const share = new MemoryShare()
  await using scene = new Scene()
  const a = await startHub(scene, { state: new MemoryStateStore(share), freeAfterMs: FREE_AFTER_MS })
  await sleep(50)
  await using b = await startHub(scene, { state: new MemoryStateStore(share), freeAfterMs: FREE_AFTER_MS })
  await b.parts.definitions.put('orders', definition(), BY)
  let switched = 0
  scene.startAgents(b, {
    fault: (_, step) => {
      if (step === 'switch' && ++switched === 2) a.kill()
      return undefined
    }
  })
  const first = await b.parts.deploys.begin({ ...asked, image: '1' })
  expect(await ended(b, first.id)).toMatchObject({ state: 'succeeded' })
  expect(scene.running()).toEqual(all('1'))
  expect((await b.state.get<{ term: number }>(`deploy/${first.id}`))?.term).toBe(2)
})

test('a hub that was overtaken writes nothing more', async () => {
  const share = new MemoryShare()
  await using scene = new Scene()
  const state = new MemoryStateStore(share)
  await using hub = await startHub(scene, { state, freeAfterMs: FREE_AFTER_MS })
  scene.startAgents(hub)
  await hub.parts.definitions.put('orders', definition({ rollout: { breakpoint: 'first' } }), BY)
  const { id } = await hub.parts.deploys.begin({ ...asked, image: '1' })
  await ended(hub, id, ['paused'])
  // Another hub has it, with a higher term.
  await new MemoryStateStore(share).update<{ term: number }>(
    `deploy/${id}`,
    (old) => old && { ...old, term: 99 }
  )
  await hub.parts.deploys.resume(id, BY)
  const before = JSON.stringify(await state.get(`deploy/${id}`))
  await sleep(300)
  expect(JSON.stringify(await state.get(`deploy/${id}`))).toBe(before)
  expect(scene.running()).toEqual({ 1: [digest('1')] })
})
