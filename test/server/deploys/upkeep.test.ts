import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import type { StateStore } from '../../../collector/store/state.ts'
import { openLmdbState } from '../../../collector/store/state-lmdb.ts'
import { Archive } from '../../../server/deploys/archive.ts'
import { Ports } from '../../../server/deploys/ports.ts'
import { Repeats } from '../../../server/deploys/repeats.ts'
import { upkeep } from '../../../server/deploys/upkeep.ts'
import { BY, definition, ended, Scene, startHub, type TestHub } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }
const DAY_MS = 86_400_000

/** Once through, as by the hub on duty, so much later. */
async function keep(
  { state, parts: { book } }: TestHub,
  more: { gone?: string[]; kept?: number; laterMs?: number } = {}
) {
  const nowMs = () => Date.now() + (more.laterMs ?? 0)
  const ports = new Ports(state, { from: 20_000, to: 29_999 }, nowMs)
  const mayReturn = (host: string) => more.gone?.includes(host) !== true
  const parts = { state, book, ports, archive: await Archive.open(state), repeats: new Repeats(state, nowMs) }
  await upkeep({ ...parts, mayReturn, kept: more.kept ?? 100, nowMs })
  return parts
}

async function begun(
  scene: Scene,
  count: number,
  state: StateStore = new MemoryStateStore()
): Promise<{ hub: TestHub; ids: string[] }> {
  const hub = await startHub(scene, { state })
  scene.startAgents(hub)
  await hub.parts.definitions.put('orders', definition(), BY)
  const ids: string[] = []
  for (let i = 0; i < count; i++) {
    const { id } = await hub.parts.deploys.begin({ ...asked, image: String(1 + (i % 2)) })
    await ended(hub, id)
    ids.push(id)
  }
  return { hub, ids }
}

const leases = async ({ state }: TestHub) =>
  (await state.list<{ leases: unknown[] }>('port/')).map(({ key, value }) => [key, value.leases.length])

test('leases that nothing needs end, those of what runs stay', async () => {
  await using scene = new Scene()
  const { hub } = await begun(scene, 2)
  await using _ = hub
  const ports = new Ports(hub.state, { from: 20_000, to: 29_999 }, Date.now)
  await ports.lease('web-1', { order: 'lost', app: 'orders', environment: 'staging' })
  await keep(hub)
  expect(await leases(hub)).toEqual([
    ['port/web-1', 1],
    ['port/web-2', 1],
    ['port/web-3', 1]
  ])
})

test("a host whose key was revoked is gone for good: its orders are over and its ports nobody's", async () => {
  await using scene = new Scene()
  const { hub } = await begun(scene, 1)
  await using _ = hub
  await hub.parts.book.add('web-9', { id: 'o', deploy: 'd', kind: 'pull', image: { reference: 'x:1' } })
  const { book } = await keep(hub, { gone: ['web-2', 'web-9'] })
  expect(await leases(hub)).toEqual([
    ['port/web-1', 1],
    ['port/web-3', 1]
  ])
  expect((await book.read('web-9', 'o'))?.end).toEqual({ kind: 'undone', code: 'DRIFTLOG_HOST_GONE' })
})

test('the newest deploys are kept, and always what runs and what ran before it', async () => {
  await using scene = new Scene()
  const { hub, ids } = await begun(scene, 5)
  await using _ = hub
  const broken = await hub.parts.deploys.begin({ ...asked, image: '9' })
  await ended(hub, broken.id)
  const { archive } = await keep(hub, { kept: 2 })
  // The last two are those that are kept by their number.
  expect(archive.ids(() => true)).toEqual([broken.id, ids[4], ids[3]])
  expect(await hub.state.list(`deploy-step/${ids[0]}/`)).toEqual([])
  expect(await hub.state.list(`deploy-step/${ids[3]}/`)).not.toEqual([])
})

test('what waits for an approval that never comes is cancelled once newer ones are too many, and then goes', async () => {
  await using scene = new Scene()
  const { hub } = await begun(scene, 0)
  await using _ = hub
  await hub.parts.definitions.put('orders', definition({ rollout: { approval: true } }), BY)
  const ids: string[] = []
  for (let i = 0; i < 3; i++) {
    ids.push((await hub.parts.deploys.begin({ ...asked, image: '1' })).id)
    await sleep(2)
  }
  const [first = '', ...newer] = ids
  const { archive } = await keep(hub, { kept: 2 })
  const why = 'nobody has approved it, and 2 newer ones were asked for'
  expect(await hub.parts.deploys.get(first)).toMatchObject({ state: 'cancelled', why })
  expect((await archive.steps(first)).at(-1)).toMatchObject({ step: 'end', by: { kind: 'hub' }, text: why })
  for (const id of newer) expect((await archive.read(id))?.deploy.state).toBe('waiting')
  expect((await keep(hub, { kept: 2 })).archive.ids(() => true)).toEqual(newer.reverse())
})

test('orders are forgotten a day after their end, keys of callers as well', async () => {
  await using scene = new Scene()
  const { hub } = await begun(scene, 1)
  await using _ = hub
  await hub.parts.deploys.begin({ ...asked, image: '1' }, 'k').then(({ id }) => ended(hub, id))
  await keep(hub)
  expect((await hub.state.list('order/')).length).toBeGreaterThan(3)
  expect(await hub.state.list('deploy-key/')).toHaveLength(1)
  await keep(hub, { laterMs: DAY_MS + 60_000 })
  expect(await hub.state.list('order/')).toEqual([])
  expect(await hub.state.list('deploy-key/')).toEqual([])
})

test('what should have gone from a host, and has not, is ordered anew until it is gone', async () => {
  // On disk, where writing takes as long as it does.
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-upkeep-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await using state = await openLmdbState(folder)
  await using scene = new Scene()
  const { hub } = await begun(scene, 1, state)
  await using _ = hub
  const { book } = hub.parts
  const host = scene.host('web-2')
  const [instance] = host.machine.running('orders', 'staging')
  await scene.stopAgents(['web-2'])
  const leftover = { slot: 9, host: 'web-2', made: 'old', port: 29_999, order: 'd-1' }
  await hub.state.update<object>('running/staging/orders', (old) => ({ ...old, leftovers: [leftover] }))
  if (instance)
    host.machine.containers.set('old', { ...instance, id: 'old', spec: { ...instance.spec, slot: 9 } })
  const order = { kind: 'remove', app: 'orders', environment: 'staging', slot: 9, stopGraceMs: 0 } as const
  await book.add('web-2', { id: 'd-1', deploy: 'gone', ...order })
  await book.withdraw('web-2', 'd-1')
  scene.startAgents(hub, {}, ['web-2'])
  while (book.waiting < 3) await sleep(1)
  await keep(hub, { laterMs: DAY_MS / 2 })
  expect(await hub.state.list('deploying/')).toEqual([])
  while (book.size > 0) await sleep(5)
  expect(host.machine.containers.has('old')).toBe(false)
  await keep(hub)
  expect(await hub.state.get('running/staging/orders')).toMatchObject({ leftovers: [] })
})
