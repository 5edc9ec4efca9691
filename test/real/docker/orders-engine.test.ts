/** Orders while the engine is taken away, pulls from a real registry, and strangers who are quicker. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { ImageAsked, OrderEnd } from '../../../agent/protocol-orders.ts'
import { EngineProxy } from './engine-proxy.ts'
import { APP, HEALTH, isWhole, OrderScene, replaceBy, specOf } from './orders-scene.ts'

const REGISTRY_PORT = 5000
const REGISTRY = `127.0.0.1:${REGISTRY_PORT}`
const SHOP = `${REGISTRY}/shop/app`

let scene: OrderScene
let proxy: EngineProxy
let registry: ChildProcess
let port = 23_000

beforeAll(async () => {
  scene = await OrderScene.open()
  proxy = await EngineProxy.open(join(scene.folder, 'engine.sock'), scene.host.socket)
  const [command = '', ...rest] = [...scene.host.registry, String(REGISTRY_PORT)]
  registry = spawn(command, rest, { stdio: 'ignore' })
  await writeAuth('driftlog:let-me-in')
  scene.start(
    {
      DRIFTLOG_DEPLOY_IMAGES: `busybox, ${REGISTRY}/shop/*`,
      DRIFTLOG_REGISTRY_AUTH_FILE: join(scene.folder, 'auth.json')
    },
    proxy.path
  )
  await pushed('1')
})

afterEach(async () => {
  proxy.meet = async () => true
  expect(scene.hub.orders.complaints).toEqual([])
  await scene.clear()
})

afterAll(async () => {
  await scene?.agent.stop()
  registry?.kill('SIGTERM')
  await proxy?.[Symbol.asyncDispose]()
  await scene?.[Symbol.asyncDispose]()
})

test('a tag is pulled and becomes a digest; the digest is pulled anew where it is missing', async () => {
  await forgotten()
  const first = await pulled({ reference: `${SHOP}:1` })
  expect(first.end).toMatchObject({ kind: 'done', image: { reference: `${SHOP}:1` } })
  const { image } = first.end
  expect(image?.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
  await forgotten()
  const order = replaceBy(specOf({ port: ++port, image: image ?? { reference: '' } }))
  const end = await scene.carriedOut(order)
  expect(end).toMatchObject({ kind: 'done', image })
  const [found] = JSON.parse(await scene.host.docker('inspect', end.container ?? ''))
  expect(found.Config.Image).toBe(`${SHOP}:1@${image?.digest}`)
  expect(found.Image).toBe(image?.imageId)
})

test('a tag that was moved in the registry is another image, the digest stays the same', async () => {
  const before = (await pulled({ reference: `${SHOP}:1` })).end.image
  await pushed('1', 'moved')
  const after = (await pulled({ reference: `${SHOP}:1` })).end.image
  expect(after?.digest).not.toBe(before?.digest)
  const same = (await pulled({ reference: `${SHOP}:1`, digest: before?.digest ?? '' })).end.image
  expect(same).toEqual(before)
})

test('what the registry does not have or give is told', async () => {
  await forgotten()
  const missing = await pulled({ reference: `${SHOP}:2` })
  expect(missing.end).toEqual({ kind: 'undone', code: 'DRIFTLOG_IMAGE' })
  expect(missing.told).toMatch(/manifest for .* not found/)
  await writeAuth('driftlog:wrong')
  const refused = await pulled({ reference: `${SHOP}:1` })
  expect(refused.end).toEqual({ kind: 'undone', code: 'DRIFTLOG_IMAGE' })
  await writeFile(
    join(scene.folder, 'auth.json'),
    JSON.stringify({ credHelpers: { [REGISTRY]: 'ecr-login' } })
  )
  const helper = await pulled({ reference: `${SHOP}:1` })
  expect(helper.end).toEqual({ kind: 'undone', code: 'DRIFTLOG_REGISTRY_AUTH' })
  expect(helper.told).toContain('ecr-login')
  await writeAuth('driftlog:let-me-in')
})

test('a stranger who takes the port behind the creation is seen before the start', async () => {
  const taken = ++port
  let stranger: ChildProcess | undefined
  proxy.meet = async (call, moment) => {
    if (call === 'create' && moment === 'after') stranger = await listener(taken)
    return true
  }
  const order = replaceBy(specOf({ port: taken }))
  const end = await scene.carriedOut(order)
  stranger?.kill('SIGKILL')
  expect(end).toEqual({ kind: 'undone', code: 'DRIFTLOG_PORT_TAKEN' })
  expect(scene.hub.orders.steps(order.id)).toContain('start failed')
  expect(await scene.all()).toEqual({})
})

test('withdrawn behind the switch, it is done', async () => {
  const old = await scene.carriedOut(replaceBy(specOf({ port: ++port })))
  const order = replaceBy(specOf({ port: ++port }))
  proxy.meet = async (call, moment) => {
    if (call === 'update' && moment === 'before') {
      scene.hub.orders.withdraw(order.id)
      await sleep(500)
    }
    return true
  }
  expect(await scene.carriedOut(order)).toMatchObject({ kind: 'done' })
  expect(Object.keys(await scene.running())).toEqual([order.id])
  expect(isWhole(scene.lines(old.container ?? ''))).toBe(true)
})

test('an agent that is ended in order goes on with what it had in hand', async () => {
  const order = replaceBy(
    specOf({ port: ++port, health: { ...HEALTH, log: '^counted 60$', withinMs: 120_000 } })
  )
  scene.hub.orders.give(order)
  while (!scene.hub.orders.steps(order.id).includes('check begun')) await sleep(20)
  expect(await scene.agent.stop()).toBe(0)
  expect(scene.hub.orders.end(order.id)).toBeUndefined()
  scene.startAgain()
  await scene.end(order.id)
  expect(scene.hub.orders.text(order.id)).toMatch(/was started anew[\s\S]*healthy after/)
  expect(Object.keys(await scene.running())).toEqual([order.id])
})

test('an engine that does not answer for a while is waited for', async () => {
  const order = replaceBy(specOf({ port: ++port }))
  let away = 6
  proxy.meet = async (call) => call === 'other' || away-- <= 0
  const end = await scene.carriedOut(order)
  expect(end).toMatchObject({ kind: 'done' })
  expect(scene.hub.orders.text(order.id)).toContain('the engine does not answer')
  expect(Object.keys(await scene.running())).toEqual([order.id])
})

test('the engine is killed with all that runs while a new one is checked: what ran before runs', async () => {
  const old = replaceBy(specOf({ port: ++port }))
  await scene.carriedOut(old)
  const order = replaceBy(
    specOf({ port: ++port, health: { ...HEALTH, http: { path: '/nothing' }, withinMs: 120_000 } })
  )
  scene.hub.orders.give(order)
  while (!scene.hub.orders.steps(order.id).includes('check begun')) await sleep(20)
  await restarted()
  expect(await scene.end(order.id)).toMatchObject({ kind: 'undone', code: 'DRIFTLOG_DIED' })
  expect(Object.keys(await scene.running())).toEqual([old.id])
  expect(Object.keys(await scene.all())).toHaveLength(1)
})

test('the engine is killed while the old one has its grace: the new one runs, and it alone', async () => {
  const old = replaceBy(
    specOf({ port: ++port, command: ['sh', '-c', APP.replace(/echo "last/, 'sleep 3; echo "last')] })
  )
  await scene.carriedOut(old)
  const order = replaceBy(specOf({ port: ++port }))
  scene.hub.orders.give(order)
  while (!scene.hub.orders.steps(order.id).includes('stop begun')) await sleep(20)
  await sleep(500)
  await restarted()
  expect(await scene.end(order.id)).toMatchObject({ kind: 'done' })
  expect(Object.keys(await scene.running())).toEqual([order.id])
  expect(Object.keys(await scene.all())).toHaveLength(1)
})

/** The engine and all its containers are killed; then it starts those again that it ought to. The agent, too. */
async function restarted(): Promise<void> {
  await scene.host.crash()
  await scene.host.up()
  await scene.agent.kill()
  registry = spawn(scene.host.registry[0] ?? '', [...scene.host.registry.slice(1), String(REGISTRY_PORT)], {
    stdio: 'ignore'
  })
  scene.startAgain()
}

async function pulled(image: ImageAsked): Promise<{ end: OrderEnd; told: string }> {
  const id = `pull-${++port}`
  const end = await scene.carriedOut({ id, deploy: 'd-1', kind: 'pull', image })
  return { end, told: scene.hub.orders.text(id) }
}

/** Puts an image into the registry; `comment` makes it another one. */
async function pushed(tag: string, comment = ''): Promise<void> {
  const { host } = scene
  const made = await host.docker('create', 'busybox:local', 'true')
  await host.docker('commit', '--change', `LABEL comment=${comment || 'first'}`, made, `${SHOP}:${tag}`)
  await host.docker('rm', made)
  const config = ['--config', await loggedIn()]
  for (;;) {
    const isPushed = await host.dockerWith(config, 'push', `${SHOP}:${tag}`).then(
      () => true,
      () => false
    )
    if (isPushed) return
    await sleep(200)
  }
}

/** The engine has none of the registry's images. */
async function forgotten(): Promise<void> {
  const ids = await scene.host.docker('images', '-q', '--filter', `reference=${SHOP}`)
  const all = [...new Set(ids.split('\n').filter(Boolean))]
  if (all.length > 0) await scene.host.docker('rmi', '-f', ...all)
}

async function writeAuth(login: string): Promise<void> {
  const auths = { [REGISTRY]: { auth: Buffer.from(login).toString('base64') } }
  await writeFile(join(scene.folder, 'auth.json'), JSON.stringify({ auths }))
}

async function loggedIn(): Promise<string> {
  const auths = { [REGISTRY]: { auth: Buffer.from('driftlog:let-me-in').toString('base64') } }
  await writeFile(join(scene.folder, 'config.json'), JSON.stringify({ auths }))
  return scene.folder
}

async function listener(taken: number): Promise<ChildProcess> {
  const script = `require('node:net').createServer().listen(${taken}, () => console.log('listens'))`
  const [command = '', ...rest] = [...scene.host.inside, process.execPath, '-e', script]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return child
}
