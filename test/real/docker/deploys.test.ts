/** Deploys on three real hosts, with a real registry, the built hub and the built agents. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Deploy, DeployStep } from '../../../server/deploys/deploy.ts'
import type { EndpointsAnswer } from '../../../server/deploys/endpoints.ts'
import { freePort } from '../../ports.ts'
import { Hub, type Program, startAgent } from '../../system/programs.ts'
import { type DockerHost, dockerHost, HUB_ADDRESS } from './hosts.ts'

const run = promisify(execFile)
const REGISTRY = fileURLToPath(new URL('../../services/registry', import.meta.url))
const IMAGE = `${HUB_ADDRESS}:5000/shop/orders`
/** The image says whether it is well. */
const APP = `
trap 'exit 0' TERM
mkdir -p /www && [ "$VERSION" != bad ] && echo "$VERSION" > /www/well
httpd -p "$PORT" -h /www
while :; do sleep 0.1; done`

const definition = {
  image: IMAGE,
  command: ['sh', '-c', APP],
  health: { http: { path: '/well' }, everySeconds: 0.2, timeoutSeconds: 2, withinSeconds: 5 },
  replicas: 3,
  stopGraceSeconds: 5,
  environments: { staging: {}, production: { rollout: { from: 'staging', checks: ['tests'] } } }
}
const hosts: DockerHost[] = [dockerHost(1), dockerHost(2), dockerHost(3)]
const agents = new Map<string, Program>()
let folder: string
let hub: Hub
let admin: string

beforeAll(async () => {
  await run(REGISTRY, ['up'])
  for (const version of ['1', '2', '3', '4', 'bad']) await publish(version)
  folder = await mkdtemp(join(tmpdir(), 'driftlog-deploys-'))
  hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort(), host: HUB_ADDRESS }).start()
  admin = await hub.token('admin')
  for (const host of hosts) await start(host)
  await ask('POST', '/api/apps/orders', definition)
  for (;;) {
    const { hosts: known } = await ask<{ hosts: { live: boolean }[] }>('GET', '/api/hosts')
    if (known.filter(({ live }) => live).length === hosts.length) break
    await sleep(100)
  }
})

afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await hub?.[Symbol.asyncDispose]()
  for (const host of hosts) {
    const left = await host.docker('ps', '-aq', '--filter', 'label=driftlog.order')
    if (left) await host.docker('rm', '-f', ...left.split('\n'))
  }
  await run(REGISTRY, ['down'])
  await rm(folder, { recursive: true, force: true })
})

test('an app comes to staging, and the very same image to production once its checks are green', async () => {
  const staging = await deploy('staging', '1')
  expect(staging).toMatchObject({ state: 'succeeded', image: { digest: expect.stringMatching(/^sha256:/) } })
  expect(new Set(staging.slots.map(({ hostName }) => hostName)).size).toBe(3)
  const refused = await ask<{ code: string }>('POST', '/api/deploys', {
    app: 'orders',
    environment: 'production'
  })
  expect(refused.code).toBe('DRIFTLOG_PROMOTE_ONLY')
  const promote = () =>
    ask<{ code?: string; deploy: Deploy }>('POST', `/api/deploys/${staging.id}/promote`, {
      environment: 'production'
    })
  expect((await promote()).code).toBe('DRIFTLOG_CHECKS')
  await ask('POST', `/api/deploys/${staging.id}/checks`, { name: 'tests', passed: true })
  // The tag means another image by now.
  await publish('1', 'other')
  const production = await ended((await promote()).deploy.id)
  expect(production).toMatchObject({ state: 'succeeded', promotedFrom: staging.id })
  expect(production.image?.digest).toBe(staging.image?.digest)
  for (const environment of ['staging', 'production']) {
    const there = await instances(environment)
    expect(there.map(({ slot, version }) => [slot, version])).toEqual([
      [1, '1'],
      [2, '1'],
      [3, '1']
    ])
    expect(new Set(there.map(({ image }) => image))).toEqual(new Set([staging.image?.digest]))
  }
})

test('endpoints are where it answers', async () => {
  await until(async () => (await endpoints()).endpoints.length === 3)
  const { endpoints: there } = await endpoints()
  for (const { address, port } of there)
    expect((await (await fetch(`http://${address}:${port}/well`)).text()).trim()).toBe('1')
  expect(new Set(there.map(({ address }) => address))).toEqual(new Set(hosts.map(({ address }) => address)))
  const text = await fetch(`${hub.url}/api/apps/orders/endpoints?environment=staging&format=text`, {
    headers: { authorization: `Bearer ${admin}` }
  })
  expect((await text.text()).trim().split('\n')).toEqual(
    there.map(({ address, port }) => `${address}:${port}`)
  )
})

test('a version that is not healthy goes back by itself', async () => {
  const before = await instances('staging')
  const bad = await deploy('staging', 'bad')
  expect(bad).toMatchObject({ state: 'rolled-back', why: expect.stringContaining('DRIFTLOG_UNHEALTHY') })
  expect(await instances('staging')).toEqual(before)
})

test('what has switched already goes back, too', async () => {
  // Healthy in the first slot alone, because the port of the others is not its own.
  await ask('POST', '/api/apps/orders', {
    ...definition,
    command: ['sh', '-c', `[ "$(hostname)" = host-1 ] || VERSION=bad\n${APP}`]
  })
  const bad = await deploy('staging', '2')
  expect(bad.state).toBe('rolled-back')
  const { steps } = await ask<{ steps: DeployStep[] }>('GET', `/api/deploys/${bad.id}`)
  expect(steps.some(({ step, state }) => step === 'switch' && state === 'done')).toBe(true)
  const there = await instances('staging')
  expect(there.map(({ slot, version }) => [slot, version])).toEqual([
    [1, '1'],
    [2, '1'],
    [3, '1']
  ])
  await ask('POST', '/api/apps/orders', definition)
})

test.each(['pull', 'lease', 'create', 'start', 'check', 'switch', 'stop'])(
  'a hub that is killed at %s goes on where it was',
  async (at) => {
    const version = (await instances('staging'))[0]?.version === '3' ? '4' : '3'
    const { id } = await begin('staging', version)
    await until(async () => {
      const { steps } = await ask<{ steps: DeployStep[] }>('GET', `/api/deploys/${id}`)
      return steps.some(({ slot, step }) => slot === 2 && step === at)
    })
    await hub.program.kill()
    await hub.start()
    expect(await ended(id)).toMatchObject({ state: 'succeeded' })
    const there = await instances('staging')
    expect(there.map(({ slot, version: now }) => [slot, now])).toEqual(
      [1, 2, 3].map((slot) => [slot, version])
    )
  }
)

test('an agent that is killed while it carries an order out goes on where it was', async () => {
  const version = (await instances('staging'))[0]?.version === '3' ? '4' : '3'
  const { id, slots } = await begin('staging', version)
  const name = slots[1]?.hostName ?? ''
  await until(async () => (await get(id)).slots[1]?.state === 'changing')
  await agents.get(name)?.kill()
  await sleep(500)
  const host = hosts.find((one) => one.name === name)
  if (!host) throw new Error(`no host ${name}`)
  await start(host)
  expect(await ended(id)).toMatchObject({ state: 'succeeded' })
  const there = await instances('staging')
  expect(there.map(({ slot, version: now }) => [slot, now])).toEqual([1, 2, 3].map((slot) => [slot, version]))
})

test('what it wrote is found as the logs of the app, whichever deploy it was of', async () => {
  const { instances: told } = await ask<{ instances: { environment: string; app: string }[] }>(
    'GET',
    '/api/instances?app=orders'
  )
  expect(new Set(told.map(({ environment }) => environment))).toEqual(new Set(['staging', 'production']))
})

/** An image of its own, under this tag in the registry. */
async function publish(tag: string, version = tag): Promise<void> {
  const [host] = hosts
  if (!host) throw new Error('no host')
  const made = await host.docker('create', 'busybox:local', 'true')
  await host.docker('commit', '-c', `ENV VERSION=${version}`, made, `${IMAGE}:${tag}`)
  await host.docker('rm', made)
  await host.docker('push', '-q', `${IMAGE}:${tag}`)
  await host.docker('rmi', `${IMAGE}:${tag}`)
}

async function start(host: DockerHost): Promise<void> {
  const agent = startAgent({
    ...{ hubUrl: hub.url, socket: host.socket, stateDir: join(folder, host.name), name: host.name },
    ...{ join: await hub.token('join'), prefix: host.inside },
    env: {
      DRIFTLOG_ORDERS: 'deploy',
      DRIFTLOG_DEPLOY_IMAGES: `${HUB_ADDRESS}:5000/shop/*`,
      DRIFTLOG_HOST_ADDRESS: host.address
    }
  })
  agents.set(host.name, agent)
}

async function ask<T>(method: string, path: string, body?: object): Promise<T> {
  const headers = {
    authorization: `Bearer ${admin}`,
    ...(body ? { 'content-type': 'application/json' } : {})
  }
  const answer = await fetch(hub.url + path, {
    method,
    headers,
    ...(body ? { body: JSON.stringify(body) } : {})
  })
  return (await answer.json()) as T
}

async function get(id: string): Promise<Deploy> {
  return (await ask<{ deploy: Deploy }>('GET', `/api/deploys/${id}`)).deploy
}

async function begin(environment: string, image: string): Promise<Deploy> {
  const { deploy, ...more } = await ask<{ deploy: Deploy }>('POST', '/api/deploys', {
    app: 'orders',
    environment,
    image
  })
  if (!deploy) throw new Error(JSON.stringify(more))
  return deploy
}

async function deploy(environment: string, image: string): Promise<Deploy> {
  return ended((await begin(environment, image)).id)
}

async function ended(id: string): Promise<Deploy> {
  for (;;) {
    const found = await get(id)
    if (['succeeded', 'rolled-back', 'failed', 'cancelled'].includes(found.state)) return found
    await sleep(100)
  }
}

function endpoints(): Promise<EndpointsAnswer> {
  return ask('GET', '/api/apps/orders/endpoints?environment=staging')
}

/** What really runs, by slot: the version that it answers as, and the digest of its image. */
async function instances(environment: string) {
  const found: { slot: number; host: string; version: string; image: string }[] = []
  for (const host of hosts) {
    const filters = ['--filter', 'label=driftlog.order', '--filter', `label=driftlog.env=${environment}`]
    const ids = await host.docker('ps', '-q', ...filters)
    for (const id of ids.split('\n').filter(Boolean)) {
      const [inspected] = JSON.parse(await host.docker('inspect', id))
      const [image] = JSON.parse(await host.docker('image', 'inspect', inspected.Image))
      const env: string[] = inspected.Config.Env
      found.push({
        slot: Number(inspected.Config.Labels['driftlog.slot']),
        host: host.name,
        version: env.find((one) => one.startsWith('VERSION='))?.slice('VERSION='.length) ?? '',
        image: String(image.RepoDigests[0]).split('@')[1] ?? ''
      })
    }
  }
  return found.sort((a, b) => a.slot - b.slot)
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(50)
}
