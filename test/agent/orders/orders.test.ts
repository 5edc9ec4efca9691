/** Orders by what can go wrong between hub, agent and engine. */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Order } from '../../../agent/protocol-orders.ts'
import { until } from '../scene.ts'
import { IMAGE_ID, OrdersScene, replacing } from './orders-scene.ts'

const STRANGE = {
  ...{ id: 'f', image: IMAGE_ID, labels: {}, env: [], status: 'created' as const, policy: 'no' },
  ...{ startedAt: '', exitCode: 0, server: undefined }
}
const DIGEST = `sha256:${'d'.repeat(64)}`

test('an order is carried out once and forgotten when the hub has its end', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const order = await replacing()
  const end = await scene.carriedOut(order)
  expect(end).toMatchObject({ kind: 'done', image: { reference: 'shop/app:1', imageId: IMAGE_ID } })
  expect(scene.engine.running).toEqual([order.id])
  const [made] = scene.engine.containers.values()
  expect(made).toMatchObject({ name: `shop-test-1-${order.id}`, policy: 'unless-stopped' })
  expect(made?.env).toEqual([`PORT=${order.spec.port}`, 'HOST_IP=127.0.0.1'])
  await until(() => readdirSync(join(scene.folder, 'orders')).length === 0)
  await sleep(50)
  expect(scene.engine.acts.filter((act) => act.endsWith('/create'))).toHaveLength(1)
  expect(scene.hub.orders.complaints).toEqual([])
})

test('reports that were lost on the way come again, in their order, also after a restart', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const order = await replacing()
  scene.hub.orders.give(order)
  await until(() => scene.engine.acts.length > 0)
  await scene.hub.stop()
  await until(() => scene.engine.running.length === 1)
  await scene.stop()
  scene.start()
  await sleep(100)
  await scene.hub.start()
  expect(await scene.ended(order)).toMatchObject({ kind: 'done' })
  expect(scene.hub.orders.reports(order.id).map(({ seq }) => seq)).toEqual(
    scene.hub.orders.reports(order.id).map((_, index) => index + 1)
  )
  expect(scene.hub.orders.complaints).toEqual([])
})

test('an answer of the engine that is lost does not make a second container', async () => {
  await using scene = await OrdersScene.open()
  scene.engine.faults.push(
    { call: 'POST /containers/create', status: 0 },
    { call: 'POST /containers/', status: 0 }
  )
  scene.start()
  const order = await replacing()
  expect(await scene.carriedOut(order)).toMatchObject({ kind: 'done' })
  expect(scene.engine.containers.size).toBe(1)
})

test('what the engine refuses is undone, and what ran before runs on', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const old = await replacing()
  const { container } = (await scene.carriedOut(old)) ?? {}
  scene.engine.faults.push({ call: 'POST /containers/create', status: 500 })
  const order = await replacing()
  expect(await scene.carriedOut(order)).toEqual({ kind: 'undone', code: 'DRIFTLOG_ENGINE', container })
  expect(scene.hub.orders.text(order.id)).toContain('ordered by the test')
  expect(scene.engine.running).toEqual([old.id])
})

test('behind the switch the engine is asked until it has done it', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const old = await replacing()
  const { container } = (await scene.carriedOut(old)) ?? {}
  scene.engine.faults.push(
    { call: `POST /containers/${container}/stop`, status: 500 },
    { call: `DELETE /containers/${container}`, status: 500 }
  )
  const order = await replacing()
  expect(await scene.carriedOut(order)).toMatchObject({ kind: 'done' })
  expect(scene.engine.running).toEqual([order.id])
  expect(scene.engine.containers.size).toBe(1)
})

test('a stranger’s container of the same name is no container of the order', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const order = await replacing()
  const name = `shop-test-1-${order.id}`
  scene.engine.containers.set('f', { ...STRANGE, name })
  expect(await scene.carriedOut(order)).toEqual({ kind: 'undone', code: 'DRIFTLOG_ENGINE' })
  expect([...scene.engine.containers.keys()]).toEqual(['f'])
})

test('two orders for one slot come one after the other, those of other slots beside them', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const all = [await replacing(), await replacing(), await replacing({ slot: 2 })]
  for (const order of all) scene.hub.orders.give(order)
  for (const order of all) expect(await scene.ended(order)).toMatchObject({ kind: 'done' })
  expect(scene.engine.running.sort()).toEqual([all[1]?.id, all[2]?.id])
})

test('two orders in hand never get one port', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const one = await replacing({ health: { everyMs: 300, timeoutMs: 300, withinMs: 3000, successes: 2 } })
  const other = await replacing({ slot: 2, port: one.spec.port })
  scene.hub.orders.give(one)
  await until(() => scene.hub.orders.steps(one.id).includes('check begun'))
  expect(await scene.carriedOut(other)).toEqual({ kind: 'undone', code: 'DRIFTLOG_PORT_TAKEN' })
  expect(await scene.ended(one)).toMatchObject({ kind: 'done' })
})

test('the image of the digest is pulled, and no other one counts', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const name = 'registry.example/shop/app'
  const image = { reference: `${name}:1`, digest: DIGEST }
  const refused = await scene.carriedOut({ id: 'far', deploy: 'd', kind: 'pull', image })
  expect(refused).toEqual({ kind: 'refused', code: 'DRIFTLOG_IMAGE_NOT_ALLOWED' })
  const pull: Order = {
    id: 'near',
    deploy: 'd',
    kind: 'pull',
    image: { reference: 'shop/app', digest: DIGEST }
  }
  expect(await scene.carriedOut(pull)).toEqual({ kind: 'undone', code: 'DRIFTLOG_IMAGE' })
  const id = `sha256:${'2'.repeat(64)}`
  scene.engine.registry.set(`shop/app@${DIGEST}`, { id, tags: [], digests: [`shop/app@${DIGEST}`] })
  const found = { reference: 'shop/app', digest: DIGEST, imageId: id }
  expect(await scene.carriedOut({ ...pull, id: 'again' })).toEqual({ kind: 'done', image: found })
})

test('an id that is another image’s is refused by that image’s name', async () => {
  await using scene = await OrdersScene.open()
  const imageId = `sha256:${'3'.repeat(64)}`
  scene.engine.images.push({ id: imageId, tags: ['private/vault:1'], digests: [] })
  scene.start()
  const order: Order = { id: 'o', deploy: 'd', kind: 'pull', image: { reference: 'shop/app:1', imageId } }
  expect(await scene.carriedOut(order)).toEqual({ kind: 'undone', code: 'DRIFTLOG_IMAGE_NOT_ALLOWED' })
})

test('what is no order is refused, whatever its id, and touches nothing', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const odd = [
    {
      id: '../../etc/passwd',
      deploy: 'd',
      kind: 'remove',
      app: 'a',
      environment: 'b',
      slot: 1,
      stopGraceMs: 0
    },
    { id: 'unknown', deploy: 'd', kind: 'reboot' },
    { id: 'empty', kind: 'replace' }
  ] as Order[]
  for (const order of odd)
    expect(await scene.carriedOut(order)).toEqual({ kind: 'refused', code: 'DRIFTLOG_ORDER' })
  expect(scene.engine.acts).toEqual([])
})

test('a host that may not take orders refuses them all', async () => {
  await using scene = await OrdersScene.open()
  scene.barred = { code: 'DRIFTLOG_ENGINE_REMOTE', text: 'far away' }
  scene.start()
  const end = await scene.carriedOut(await replacing())
  expect(end).toEqual({ kind: 'refused', code: 'DRIFTLOG_ENGINE_REMOTE' })
  expect(scene.engine.acts).toEqual([])
})

test('a damaged journal keeps nobody from his work', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  await scene.stop()
  writeFileSync(join(scene.folder, 'orders', 'torn.json'), '{"order":')
  scene.start()
  expect(await scene.carriedOut(await replacing())).toMatchObject({ kind: 'done' })
  expect(readdirSync(join(scene.folder, 'orders'))).toContain('torn.json')
})

test('withdrawn while the engine cannot be asked whether it would be refused, an order is not begun', async () => {
  await using scene = await OrdersScene.open()
  scene.barred = new Error('connect ENOENT /var/run/docker.sock')
  scene.start()
  const order = await replacing()
  scene.hub.orders.give(order)
  await until(() => readdirSync(join(scene.folder, 'orders')).length === 1)
  scene.hub.orders.withdraw(order.id)
  expect(await scene.ended(order)).toEqual({ kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' })
  expect(scene.engine.acts).toEqual([])
})

test('withdrawn before its turn, an order is not begun', async () => {
  await using scene = await OrdersScene.open()
  scene.start()
  const first = await replacing({ health: { everyMs: 300, timeoutMs: 300, withinMs: 3000, successes: 2 } })
  const second = await replacing()
  scene.hub.orders.give(first)
  scene.hub.orders.give(second)
  scene.hub.orders.withdraw(second.id)
  expect(await scene.ended(second)).toEqual({ kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' })
  expect(scene.hub.orders.steps(second.id)).toEqual(['ended'])
  expect(scene.engine.running).toEqual([first.id])
})
