import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { Definitions } from '../../../server/deploys/definitions.ts'

const BY = { kind: 'token', name: 'ci' } as const
const definition = (tag: string) => ({ image: `shop/orders:${tag}`, environments: { staging: null } })

test('unchanged content is no new version, also in another order of names', async () => {
  const definitions = await Definitions.open(new MemoryStateStore())
  expect(await definitions.put('orders', definition('1'), BY)).toEqual({ version: 1, changed: true })
  const same = { environments: { staging: null }, image: 'shop/orders:1' }
  expect(await definitions.put('orders', same, BY)).toEqual({ version: 1, changed: false })
  expect(await definitions.put('orders', definition('2'), BY)).toEqual({ version: 2, changed: true })
  // What it was before is a further version.
  expect(await definitions.put('orders', definition('1'), BY)).toEqual({ version: 3, changed: true })
  expect(await definitions.version('orders', 2)).toMatchObject({ app: 'orders', version: 2, by: BY })
  expect(await definitions.newest('orders')).toMatchObject({ version: 3, definition: definition('1') })
  expect(await definitions.newest('order')).toBeUndefined()
})

test('what hubs take at the same time are versions of their own', async () => {
  const share = new MemoryShare()
  const hubs = await Promise.all([1, 2, 3].map(() => Definitions.open(new MemoryStateStore(share))))
  const posts = hubs.flatMap((hub, at) =>
    Array.from({ length: 10 }, (_, post) => hub.put('orders', definition(`${at}-${post}`), BY))
  )
  const versions = (await Promise.all(posts)).map(({ version }) => version)
  expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1))
  for (const hub of hubs) expect(await hub.versions('orders')).toHaveLength(30)
})

test('a version that a hub wrote just before its end is found', async () => {
  const state = new MemoryStateStore()
  const definitions = await Definitions.open(state)
  await definitions.put('orders', definition('1'), BY)
  const lost = { app: 'orders', version: 2, atMs: 1, by: BY, definition: definition('2') }
  await state.put('app/orders/00000002', lost)
  expect(await definitions.newest('orders')).toEqual(lost)
  expect(await definitions.put('orders', definition('3'), BY)).toEqual({ version: 3, changed: true })
  // And is listed once it was posted again, though it is nothing new.
  await state.put('app/cart/00000001', { ...lost, app: 'cart', version: 1 })
  expect(await definitions.put('cart', definition('2'), BY)).toEqual({ version: 1, changed: false })
  expect((await definitions.list()).map(({ app }) => app)).toEqual(['cart', 'orders'])
})

test('old versions go, but for those that a deploy names or an instance runs', async () => {
  const state = new MemoryStateStore()
  const definitions = await Definitions.open(state)
  const put = async (from: number, to: number) => {
    for (let at = from; at <= to; at++) await definitions.put('orders', definition(`${at}`), BY)
  }
  await put(1, 5)
  const named = { app: 'orders', version: 2, before: { deploy: 'd0', version: 1 } }
  await state.put('deploy/d1', { deploy: named })
  await state.put('deploy/d2', { deploy: { app: 'other', version: 4 } })
  await state.put('running/staging/orders', { slots: [{ spec: { version: 3 } }], leftovers: [] })
  await put(6, 121)
  const kept = (await definitions.versions('orders')).map(({ version }) => version)
  expect(kept).toEqual([1, 2, 3, ...Array.from({ length: 100 }, (_, at) => at + 22)])
  expect((await definitions.newest('orders'))?.version).toBe(121)
})

test('an app is removed only where nothing needs it, and goes on counting', async () => {
  const state = new MemoryStateStore()
  const definitions = await Definitions.open(state)
  await expect(definitions.remove('orders')).rejects.toMatchObject({ code: 'DRIFTLOG_DEFINITION_NOT_FOUND' })
  await definitions.put('orders', definition('1'), BY)
  await definitions.put('orders', definition('2'), BY)
  await definitions.put('order', definition('2'), BY)
  const refused = (text: string) =>
    expect(definitions.remove('orders')).rejects.toMatchObject({
      code: 'DRIFTLOG_APP_IN_USE',
      statusCode: 409,
      message: expect.stringContaining(text)
    })
  await state.put('deploying/production/orders', { deploy: 'd7' })
  await refused('deploy d7 is under way in production')
  await state.delete('deploying/production/orders')
  await state.put('running/staging/orders', { slots: [{}], leftovers: [] })
  await refused('instances of it run in staging')
  await state.put('running/staging/orders', { slots: [], leftovers: [{}] })
  await refused('instances of it run in staging')
  await state.put('running/staging/orders', { slots: [], leftovers: [] })
  await state.put('running/staging/other', { slots: [{}], leftovers: [] })
  await definitions.remove('orders')
  expect(await definitions.newest('orders')).toBeUndefined()
  expect(await definitions.versions('orders')).toEqual([])
  expect((await definitions.list()).map(({ app }) => app)).toEqual(['order'])
  expect(await definitions.put('orders', definition('2'), BY)).toEqual({ version: 3, changed: true })
  expect((await definitions.list()).map(({ app, version }) => [app, version])).toEqual([
    ['order', 1],
    ['orders', 3]
  ])
})
