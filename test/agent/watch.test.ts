import { expect, test } from 'vitest'
import { Scene, until } from './scene.ts'

const kinds = (scene: Scene, id: string) =>
  scene.hub.events.filter(({ instance }) => instance.container === id).map(({ kind }) => kind)

test('start, health, rename, OOM, exit code, restart and removal of a container are told', async () => {
  await using scene = await Scene.open()
  scene.agent()
  await until(() => scene.hub.present !== undefined)
  const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': 'orders' }
  const id = scene.engine.run({ name: 'shop-orders-1', image: 'orders:7', labels, health: 'starting' })
  await until(() => kinds(scene, id).includes('start'))
  expect(scene.hub.instances.get(id)).toMatchObject({ app: 'orders', image: 'orders:7', health: 'starting' })
  scene.engine.health(id, 'healthy')
  await until(() => scene.hub.instances.get(id)?.health === 'healthy')
  scene.engine.rename(id, 'shop-orders-9')
  await until(() => scene.hub.instances.get(id)?.name === 'shop-orders-9')
  scene.engine.restart(id, { exitCode: 137, oom: true, how: 'die' })
  await until(() => kinds(scene, id).includes('die'))
  const died = scene.hub.events.find(({ kind }) => kind === 'die')
  expect(died?.instance).toMatchObject({ exitCode: 137, state: 'exited' })
  await until(() => scene.hub.instances.get(id)?.state === 'running')
  expect(scene.hub.instances.get(id)?.restarts).toBe(1)
  scene.engine.remove(id)
  await until(() => kinds(scene, id).includes('remove'))
  expect(kinds(scene, id)).toEqual(
    expect.arrayContaining(['seen', 'start', 'health', 'rename', 'oom', 'die'])
  )
})

test('while the engine is away known logs are read on; what changed meanwhile is found by listing', async () => {
  await using scene = await Scene.open()
  const agent = scene.agent()
  const stays = scene.engine.run({ name: 'stays', image: 'x:1' })
  const goes = scene.engine.run({ name: 'goes', image: 'x:1' })
  await until(() => scene.hub.instances.size === 2)
  await scene.engine.goAway()
  const health = async () => (await fetch(`http://127.0.0.1:${await agent.port}/healthz`)).json()
  await until(async () => ((await health()) as { engine: string }).engine !== 'ok')
  scene.engine.write(stays, 'stdout', 'written while the engine is away\n')
  await until(() => scene.hub.lines(stays) === 1)
  scene.engine.remove(goes)
  const came = scene.engine.run({ name: 'came', image: 'x:1' })
  scene.engine.write(came, 'stdout', 'hello\n')
  await scene.engine.comeBack()
  await until(() => scene.hub.lines(came) === 1)
  await until(() => scene.hub.instances.get(goes)?.state === 'removed')
  await until(() => scene.hub.present?.length === 2)
  expect(await health()).toMatchObject({ ok: true, engine: 'ok', hub: 'ok' })
})

test('a host where no engine answers still greets the hub', async () => {
  await using scene = await Scene.open()
  await scene.engine.goAway()
  scene.agent({ DRIFTLOG_HOST_NAME: 'lonely' })
  await until(() => scene.hub.hellos.length > 0)
  expect(scene.hub.hellos[0]?.facts).toMatchObject({ name: 'lonely' })
  expect(scene.hub.hellos[0]?.facts.engineId).toBeUndefined()
  await scene.engine.comeBack()
  await until(() => scene.hub.hellos.at(-1)?.facts.engineId === 'ENGINE')
})

test('a log that nobody may see is told with the way out', async () => {
  await using scene = await Scene.open()
  const id = scene.engine.run({ name: 'a', image: 'x:1' })
  scene.agent({ DRIFTLOG_CONTAINERS_DIR: '/nowhere/containers', DRIFTLOG_LOG_ACCESS: 'files' })
  await until(() => scene.hub.instances.get(id)?.unread !== undefined)
  expect(scene.hub.instances.get(id)?.unread).toContain('DRIFTLOG_CONTAINERS_DIR')
})

test('a quiet agent sends an empty delivery before the hub misses it', async () => {
  await using scene = await Scene.open({ heartbeatMs: 200 })
  scene.agent({ DRIFTLOG_RESCAN_MS: '100000' })
  await until(() => scene.hub.deliveries > 4)
})
