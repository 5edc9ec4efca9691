/** Orders on a real engine: every kind of check, what goes wrong before the switch, and what is refused. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { HealthCheck } from '../../../agent/protocol-orders.ts'
import { APP, HEALTH, isWhole, OrderScene, replaceBy, type SpecOptions, specOf } from './orders-scene.ts'

let scene: OrderScene
let port = 21_000
const strangers: ChildProcess[] = []

beforeAll(async () => {
  scene = await OrderScene.open()
  await mkdir(join(scene.folder, 'secrets'))
  await mkdir(join(scene.folder, 'data', 'shop'), { recursive: true })
  await writeFile(join(scene.folder, 'secrets', 'db'), 'the password of a file\n')
  await symlink('/etc', join(scene.folder, 'data', 'way-out'))
  scene.start({
    DRIFTLOG_SECRETS_DIR: join(scene.folder, 'secrets'),
    DRIFTLOG_SECRET_API_KEY: 'the key of the agent',
    DRIFTLOG_DEPLOY_BINDS: join(scene.folder, 'data'),
    DRIFTLOG_HOST_LABELS: 'zone=a,disk=ssd'
  })
})

afterEach(async () => {
  for (const stranger of strangers.splice(0)) {
    stranger.kill('SIGKILL')
    await once(stranger, 'exit')
  }
  expect(scene.hub.orders.complaints).toEqual([])
  await scene.clear()
})

afterAll(async () => {
  await scene?.[Symbol.asyncDispose]()
})

/** An order that brings the slot to this, and what became of it. */
async function deployed(more: Partial<SpecOptions> = {}) {
  const order = replaceBy(specOf({ port: ++port, ...more }))
  const end = await scene.carriedOut(order)
  return { id: order.id, ...end, told: scene.hub.orders.text(order.id) }
}

const shell = (script: string) => ['sh', '-c', script]

test('the host tells its address, its labels, and that it takes orders', async () => {
  while (scene.hub.hellos.length === 0) await sleep(50)
  expect(scene.hub.hellos[0]?.facts).toMatchObject({
    address: scene.host.address,
    labels: { zone: 'a', disk: 'ssd' },
    takesOrders: true
  })
})

test('a slot gets its first instance, then another one in its place, and loses no line', async () => {
  const one = await deployed()
  expect(one.told).toContain('healthy')
  const beganMs = Date.now()
  const two = await deployed()
  const replacedMs = Date.now() - beganMs
  const back = await deployed({ command: shell('exit 3') })
  console.log(
    `replaced within ${replacedMs} ms, a failed one taken back within ${Date.now() - beganMs - replacedMs} ms`
  )
  expect(scene.hub.orders.steps(two.id)).toEqual([
    ...['pull begun', 'pull done', 'create begun', 'create done', 'start begun', 'start done'],
    ...['check begun', 'check done', 'switch begun', 'switch done', 'stop begun', 'stop done', 'ended']
  ])
  expect(two).toMatchObject({ kind: 'done', image: { reference: 'busybox:local' } })
  expect(back).toMatchObject({ kind: 'undone', code: 'DRIFTLOG_DIED', container: two.container })
  expect(await scene.running()).toEqual({ [two.id]: two.container })
  expect(Object.keys(await scene.all())).toHaveLength(1)
  expect(isWhole(scene.lines(one.container ?? ''))).toBe(true)
})

const GOOD: [string, Partial<HealthCheck>][] = [
  ['http', { http: { path: '/well' } }],
  ['http with a status', { http: { path: '/nothing', status: 404 } }],
  ['tcp', { tcp: true }],
  ['command', { command: shell('test -e /www/well') }],
  ['log', { log: '^counted [5-9]$' }],
  ['nothing', {}]
]

test.each(GOOD)('healthy by %s', async (_, asked) => {
  const health = { everyMs: 200, timeoutMs: 2000, withinMs: 60_000, successes: 2, ...asked }
  expect(await deployed({ health })).toMatchObject({ kind: 'done' })
})

const BAD: [string, Partial<HealthCheck>, string][] = [
  ['http', { http: { path: '/nothing' } }, 'GET /nothing answers 404'],
  ['http with a status', { http: { path: '/well', status: 204 } }, 'GET /well answers 200'],
  ['command', { command: shell('exit 7') }, 'the command ends with 7'],
  ['a command that hangs', { command: shell('sleep 60') }, 'no answer within 300 ms'],
  ['log', { log: 'never' }, 'no line of its log matches'],
  ['an expression that would take years', { log: '^(a+)+$' }, 'too slow'],
  ['an expression that is none', { log: '(' }, 'Unterminated group']
]

test.each(BAD)('not healthy by %s, and nothing is left of it', async (_, asked, why) => {
  const old = await deployed()
  const health = { everyMs: 200, timeoutMs: 300, withinMs: 1500, successes: 1, ...asked }
  const line = `echo ${'a'.repeat(60)}!`
  const bad = await deployed({ health, command: shell(`${line}; ${APP}`) })
  expect(bad).toMatchObject({ kind: 'undone', code: 'DRIFTLOG_UNHEALTHY', container: old.container })
  expect(bad.told).toContain(why)
  expect(await scene.running()).toEqual({ [old.id]: old.container })
  expect(Object.keys(await scene.all())).toHaveLength(1)
})

test('one that dies tells its exit code and its last lines, without the secrets of the agent', async () => {
  const dies = await deployed({
    command: shell('printf "\\033[31mno database\\033[0m, key is $KEY\\n"; exit 3'),
    secrets: [{ name: 'KEY', env: 'API_KEY' }]
  })
  expect(dies).toMatchObject({ kind: 'undone', code: 'DRIFTLOG_DIED' })
  expect(dies.told).toMatch(/ended with 3.*last lines:\nno database, key is \*\*\*/)
  expect(await scene.all()).toEqual({})
})

test('a port that a stranger has is left alone', async () => {
  const taken = ++port
  await stranger(taken)
  const refused = await deployed({ port: taken })
  expect(refused).toMatchObject({ kind: 'undone', code: 'DRIFTLOG_PORT_TAKEN' })
  expect(scene.hub.orders.steps(refused.id)).not.toContain('create done')
  expect(await scene.all()).toEqual({})
})

test('port and address are handed in, secrets and volumes are there', async () => {
  const folder = join(scene.folder, 'data', 'shop')
  const script = 'echo "$PORT $HOST_IP $URL $1 $KEY $FILE $(cat $FILE) $(cat /run/secrets/db)" > /data/told'
  const done = await deployed({
    ...{ env: { URL: 'http://${HOST_IP}:${PORT}/$${PORT}${OTHER}', PORT: '1' }, port: 21_900 },
    command: ['sh', '-c', `${script}; ${APP}`, 'sh', '${PORT}$$'],
    secrets: [
      { name: 'KEY', env: 'API_KEY' },
      { name: 'FILE', file: 'db' },
      { name: 'SAME', file: 'db' }
    ],
    volumes: [
      { source: folder, target: '/data', readOnly: false },
      { source: 'shop-volume', target: '/volume', readOnly: false }
    ],
    ...{ cpus: 0.5, memoryBytes: 64 * 2 ** 20, pidsLimit: 50, workingDir: '/tmp' }
  })
  expect(done).toMatchObject({ kind: 'done' })
  const { address } = scene.host
  expect(await readFile(join(folder, 'told'), 'utf8')).toBe(
    `21900 ${address} http://${address}:21900/\${PORT}\${OTHER} 21900$ the key of the agent /run/secrets/db the password of a file the password of a file\n`
  )
  const [found] = JSON.parse(await scene.host.docker('inspect', done.container ?? ''))
  expect(found.HostConfig).toMatchObject({
    ...{ NetworkMode: 'host', NanoCpus: 5e8, Memory: 64 * 2 ** 20, PidsLimit: 50 },
    RestartPolicy: { Name: 'unless-stopped' },
    LogConfig: { Type: 'json-file', Config: { 'max-size': String(2 ** 20), 'max-file': '3' } }
  })
  expect(found.Config).toMatchObject({ Image: 'busybox:local', WorkingDir: '/tmp', StopTimeout: 5 })
  expect(found.Config.Labels).toMatchObject({
    ...{ 'driftlog.app': 'shop', 'driftlog.env': 'test', 'driftlog.slot': '1', 'driftlog.order': done.id },
    ...{ 'driftlog.deploy': 'd-1', 'driftlog.port': '21900', 'driftlog.stop-grace-ms': '5000' }
  })
})

const REFUSED: [string, (folder: string) => Partial<SpecOptions>, string][] = [
  [
    'an image that is not allowed',
    () => ({ image: { reference: 'evil/busybox:local' } }),
    'DRIFTLOG_IMAGE_NOT_ALLOWED'
  ],
  ['a folder that is not allowed', () => bound('/etc'), 'DRIFTLOG_BIND_NOT_ALLOWED'],
  ['a way out of a folder', (folder) => bound(`${folder}/data/../secrets`), 'DRIFTLOG_BIND_NOT_ALLOWED'],
  ['a link out of a folder', (folder) => bound(`${folder}/data/way-out`), 'DRIFTLOG_BIND_NOT_ALLOWED'],
  ['a secret with a slash', () => ({ secrets: [{ name: 'S', file: '../x' }] }), 'DRIFTLOG_ORDER'],
  ['a secret that is not here', () => ({ secrets: [{ name: 'S', env: 'NO' }] }), 'DRIFTLOG_SECRET'],
  ['a name with a semicolon', () => ({ app: 'shop;reboot' }), 'DRIFTLOG_ORDER'],
  ['a port that is none', () => ({ port: 70_000 }), 'DRIFTLOG_ORDER']
]

test.each(REFUSED)('refused: %s', async (_, more, code) => {
  const end = await deployed(more(scene.folder))
  expect(end).toMatchObject({ kind: 'refused', code })
  expect(scene.hub.orders.steps(end.id)).toEqual(['ended'])
  expect(await scene.all()).toEqual({})
})

test('an image that is not here, and one by an id that is another', async () => {
  const imageId = `sha256:${'0'.repeat(64)}`
  const other = await deployed({ image: { reference: 'busybox:local', imageId } })
  expect(other).toMatchObject({ kind: 'undone', code: 'DRIFTLOG_IMAGE' })
  const [found] = JSON.parse(await scene.host.docker('inspect', 'busybox:local'))
  const same = await deployed({ image: { reference: 'busybox:local', imageId: found.Id } })
  expect(same).toMatchObject({ kind: 'done', image: { imageId: found.Id } })
})

test('withdrawn while it is checked, it is undone', async () => {
  const order = replaceBy(
    specOf({ port: ++port, health: { ...HEALTH, http: { path: '/nothing' }, withinMs: 60_000 } })
  )
  scene.hub.orders.give(order)
  while (!scene.hub.orders.steps(order.id).includes('check begun')) await sleep(20)
  scene.hub.orders.withdraw(order.id)
  expect(await scene.end(order.id)).toEqual({ kind: 'undone', code: 'DRIFTLOG_WITHDRAWN' })
  expect(await scene.all()).toEqual({})
})

test('a slot is emptied; of two orders for one slot the second waits', async () => {
  const first = replaceBy(specOf({ port: ++port }))
  const second = replaceBy(specOf({ port: ++port }))
  const other = replaceBy(specOf({ port: ++port, slot: 2 }))
  for (const order of [first, second, other]) scene.hub.orders.give(order)
  for (const { id } of [first, second, other]) expect(await scene.end(id)).toMatchObject({ kind: 'done' })
  expect(Object.keys(await scene.running())).toEqual([second.id])
  const slot = { app: 'shop', environment: 'test', slot: 1 }
  const gone = await scene.carriedOut({ id: 'gone', deploy: 'd', kind: 'remove', ...slot, stopGraceMs: 1000 })
  expect(gone).toEqual({ kind: 'done' })
  expect(Object.keys(await scene.all())).toEqual([`shop-test-2-${other.id}`])
})

test('the check goes on: its result is the health of the instance, also after a restart of the agent', async () => {
  const health = { http: { path: '/well' }, everyMs: 100, timeoutMs: 2000, withinMs: 10_000, successes: 2 }
  const { container = '' } = await deployed({ health })
  const told = () => scene.hub.instances.get(container)?.health
  while (told() !== 'healthy') await sleep(20)
  await scene.host.docker('exec', container, 'mv', '/www/well', '/www/ill')
  while (told() !== 'unhealthy') await sleep(20)
  await scene.host.docker('exec', container, 'mv', '/www/ill', '/www/well')
  while (told() !== 'healthy') await sleep(20)
  await scene.agent.kill()
  await scene.host.docker('exec', container, 'mv', '/www/well', '/www/ill')
  scene.startAgain()
  while (told() !== 'unhealthy') await sleep(20)
})

test('while the hub is away an order goes on, and is told when it is back', async () => {
  const order = replaceBy(specOf({ port: ++port, health: { ...HEALTH, log: '^counted 30$' } }))
  scene.hub.orders.give(order)
  while (!scene.hub.orders.steps(order.id).includes('check begun')) await sleep(20)
  await scene.hub.stop()
  const journal = join(scene.folder, 'state', 'orders', `${order.id}.json`)
  while (!(await readFile(journal, 'utf8')).includes('"at":"ended"')) await sleep(50)
  expect(Object.keys(await scene.running())).toEqual([order.id])
  await scene.hub.start()
  expect(await scene.end(order.id)).toMatchObject({ kind: 'done' })
})

/** Somebody who listens on a port inside the host. */
async function stranger(taken: number): Promise<void> {
  const script = `require('node:net').createServer().listen(${taken}, () => console.log('listens'))`
  const [command = '', ...rest] = [...scene.host.inside, process.execPath, '-e', script]
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  strangers.push(child)
  await once(child.stdout, 'data')
}

function bound(source: string): Partial<SpecOptions> {
  return { volumes: [{ source, target: '/data', readOnly: false }] }
}
