import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import type { InstanceEvent, InstanceFacts } from '../../../agent/protocol.ts'
import { instanceId, openFleet } from '../../../collector/fleet/fleet.ts'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { AppsAnswer, HostsAnswer, InstancesAnswer, MovesAnswer } from '../../../server/api/fleet.ts'
import { StatusAnswer } from '../../../server/api/status.ts'
import { fleetView } from '../../../server/fleet-view.ts'
import { batch, origin } from '../../collector/store/corpus.ts'
import { openFace } from '../face.ts'

const MINUTE_MS = 60_000

test('an app that moved from one host to the other is one app with one move', async () => {
  await using scene = await openScene()
  const { face, one, two, startedMs } = scene

  const { hosts } = (await face.get('/api/hosts')).body
  expect(Check(HostsAnswer, { hosts }), JSON.stringify(hosts)).toBe(true)
  expect(hosts).toMatchObject([
    { host: one, name: 'fra-1', live: true, instances: 0, running: 0, pretended: false },
    { host: two, name: 'fra-2', live: true, instances: 1, running: 1, behindBytes: 5000 }
  ])

  const { apps } = (await face.get('/api/apps')).body
  expect(Check(AppsAnswer, { apps }), JSON.stringify(apps)).toBe(true)
  expect(apps).toMatchObject([
    { app: 'legacy', instances: 1, running: 0, hosts: ['web-h9'], moves: 0, records: 1 },
    {
      app: 'orders',
      environment: 'production',
      instances: 2,
      running: 1,
      hosts: ['fra-2'],
      moves: 1,
      records: 3
    }
  ])

  const { moves } = (await face.get('/api/moves')).body
  expect(Check(MovesAnswer, { moves }), JSON.stringify(moves)).toBe(true)
  expect(moves).toMatchObject([
    {
      app: 'orders',
      fromHostName: 'fra-1',
      toHostName: 'fra-2',
      exitCode: 137,
      sameImage: true,
      awayMs: 1000,
      at: new Date(startedMs + 11_000).toISOString().replace('Z', '000000Z')
    }
  ])

  const { instances } = (await face.get('/api/instances?app=orders')).body
  expect(Check(InstancesAnswer, { instances }), JSON.stringify(instances)).toBe(true)
  expect(instances).toMatchObject([
    { hostName: 'fra-2', state: 'running', container: 'c2', records: 1 },
    { hostName: 'fra-1', state: 'removed', container: 'c1', exitCode: 137, records: 2 }
  ])
})

test('instances that no agent remembers are known by their records', async () => {
  await using scene = await openScene()
  const { instances } = (await scene.face.get('/api/instances?app=legacy')).body
  expect(instances).toMatchObject([
    { state: 'removed', hostName: 'web-h9', containerName: 'legacy-1', records: 1 }
  ])
  expect(instances[0].started).toBeUndefined()
})

test('filters by host, environment, time and number', async () => {
  await using scene = await openScene()
  const { face, one, startedMs } = scene
  const count = async (path: string) => Object.values((await face.get(path)).body)[0] as unknown[]
  expect(await count(`/api/instances?host=${one}`)).toHaveLength(1)
  expect(await count('/api/instances?environment=staging')).toHaveLength(0)
  expect(await count('/api/instances?limit=1')).toHaveLength(1)
  expect(await count(`/api/instances?app=orders&from=${startedMs + 10_500}`)).toHaveLength(1)
  expect(await count(`/api/moves?to=${startedMs + 11_000}`)).toHaveLength(0)
  expect(await count(`/api/moves?from=${startedMs + 11_000}&host=${one}`)).toHaveLength(1)
})

test('the status sums up, and tells admins of a guarded hub how to join', async () => {
  await using scene = await openScene({ demo: { reason: 'no engine answers' } })
  const { body } = await scene.face.get('/api/status')
  expect(Check(StatusAnswer, body), JSON.stringify(body)).toBe(true)
  expect(body).toMatchObject({
    version: '0.0.0-test',
    demo: true,
    demoReason: 'no engine answers',
    open: true,
    hosts: 2,
    liveHosts: 2,
    apps: 2,
    store: { engine: 'memory', records: 4, writable: true }
  })
  expect(body.join).toBeUndefined()
})

test('answers say which hosts have not delivered everything', async () => {
  await using scene = await openScene()
  scene.clock.ms += 3000
  const { body } = await scene.face.get('/api/logs?from=now-1d')
  expect(body.page.coverage.behind).toMatchObject([{ host: scene.two, hostName: 'fra-2', behindMs: 3000 }])
})

async function openScene(parts: { demo?: { reason?: string } } = {}) {
  const clock = { ms: Date.now() }
  const nowMs = () => clock.ms
  const startedMs = clock.ms - 5 * MINUTE_MS
  const fleet = await openFleet(new MemoryStateStore(), nowMs)
  const [one, two] = await Promise.all(
    ['fra-1', 'fra-2'].map(async (name) => {
      const { host } = await fleet.enrol({ name }, '0.1.0')
      fleet.hello(host, { facts: { name }, agentVersion: '0.1.0', clockOffsetMs: 0 })
      return host
    })
  )
  if (!one || !two) throw new Error('no hosts')
  fleet.tell(one, [event('start', startedMs, facts('c1', { state: 'running', startedMs }))])
  const ended = { state: 'exited', startedMs, finishedMs: startedMs + 10_000, exitCode: 137 }
  fleet.tell(one, [event('die', startedMs + 10_000, facts('c1', ended))])
  fleet.tell(one, [event('remove', startedMs + 10_100, facts('c1', ended))])
  fleet.tell(two, [
    event('start', startedMs + 11_000, facts('c2', { state: 'running', startedMs: startedMs + 11_000 }))
  ])
  fleet.heard(two, 5000)

  const logs = new MemoryLogStore()
  const time = BigInt(startedMs) * 1_000_000n
  const at = (host: string, container: string) =>
    origin('orders', host, container, { instance: instanceId(host, container) })
  const line = { text: 'hello', time }
  const face = await openFace({
    logs,
    batches: [
      batch(at(one, 'c1'), [line, line]),
      batch(at(two, 'c2'), [line]),
      batch(origin('legacy', 'h9'), [line])
    ],
    parts: { ...parts, nowMs, fleet: fleetView(fleet, logs, nowMs) }
  })
  return {
    face,
    one,
    two,
    startedMs,
    clock,
    async [Symbol.asyncDispose]() {
      await face[Symbol.asyncDispose]()
      await fleet[Symbol.asyncDispose]()
    }
  }
}

function facts(container: string, more: Partial<InstanceFacts>): InstanceFacts {
  return {
    container,
    name: container,
    app: 'orders',
    environment: 'production',
    identity: 'compose',
    image: 'orders:1',
    labels: {},
    state: 'created',
    ...more
  }
}

function event(kind: InstanceEvent['kind'], atMs: number, instance: InstanceFacts): InstanceEvent {
  return { kind, atMs, instance }
}
