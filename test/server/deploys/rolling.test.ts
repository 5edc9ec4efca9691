import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Order, Report, Step } from '../../../agent/protocol-orders.ts'
import type { AppDefinition } from '../../../server/deploys/definition.ts'
import { BY, begun, definition, digest, ended, restart, Scene } from './scene.ts'

const asked = { app: 'orders', environment: 'staging', by: BY }
const OLD = { 1: [digest('1')], 2: [digest('1')], 3: [digest('1')] }
const NEW = { 1: [digest('2')], 2: [digest('2')], 3: [digest('2')] }

/** Notes which steps are under way at the same time. */
function watcher() {
  const begun: string[] = []
  const fault = (order: Order, step: Step) => {
    begun.push(`${order.kind} ${step}`)
    return undefined
  }
  return { begun, fault }
}

test('every host has the image before the first instance is touched', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene)
  const { begun: steps, fault } = watcher()
  await restart(scene, hub, { fault })
  await ended(hub, (await hub.parts.deploys.begin({ ...asked, image: '2' })).id)
  const lastPull = steps.lastIndexOf('pull pull')
  expect(steps.filter((step) => step === 'pull pull')).toHaveLength(3)
  expect(lastPull).toBeLessThan(steps.findIndex((step) => step.startsWith('replace')))
})

test.each([1, 2])('at most %i slots are replaced at a time, and as many as may', async (maxUnavailable) => {
  await using scene = new Scene()
  await using hub = await begun(scene, { rollout: { maxUnavailable } })
  const { deploys } = hub.parts
  const open = new Set<string>()
  let most = 0
  const fault = (order: Order, step: Step) => {
    if (order.kind !== 'replace') return undefined
    open.add(order.id)
    most = Math.max(most, open.size)
    if (step === 'stop') open.delete(order.id)
    return undefined
  }
  await restart(scene, hub, { fault })
  const over = new AbortController()
  const told: number[] = []
  const follow = (async () => {
    for await (const { deploy } of deploys.changes(over.signal))
      told.push(deploy.slots.filter(({ state }) => state === 'changing').length)
  })()
  await ended(hub, (await deploys.begin({ ...asked, image: '2' })).id)
  over.abort()
  await follow
  expect(scene.running()).toEqual(NEW)
  expect(most).toBeLessThanOrEqual(maxUnavailable)
  // Agents may be quicker than that two of them are seen at it; the record is not.
  expect(Math.max(...told)).toBe(maxUnavailable)
})

test('a port that a stranger has is set aside, and another one is leased', async () => {
  await using scene = new Scene(1)
  const env = { DRIFTLOG_DEPLOY_PORTS: '21000-21003' }
  for (const port of [21000, 21001]) scene.host('web-1').machine.strangers.add(port)
  await using hub = await begun(scene, { replicas: 1 }, env)
  const [{ spec } = { spec: undefined }] = scene.host('web-1').machine.running('orders', 'staging')
  expect(spec?.port).toBe(21002)
  const ports = await hub.state.get<{ strangers: { port: number }[] }>('port/web-1')
  expect(ports?.strangers.map(({ port }) => port)).toEqual([21000, 21001])
})

test('without a free port the deploy goes back and says so', async () => {
  await using scene = new Scene(1)
  await using hub = await begun(scene, { replicas: 2 }, { DRIFTLOG_DEPLOY_PORTS: '21000-21002' })
  const { definitions, deploys } = hub.parts
  await definitions.put('orders', definition({ replicas: 4 }), BY)
  const deploy = await ended(hub, (await deploys.begin({ ...asked, image: '1' })).id)
  expect(deploy).toMatchObject({ state: 'rolled-back', why: expect.stringContaining('DRIFTLOG_NO_PORT') })
  expect(Object.keys(scene.running())).toEqual(['1', '2'])
})

test.each(['pull', 'create', 'start', 'check', 'switch', 'stop'] as const)(
  'an agent that dies at %s and comes back ends what it was at',
  async (at) => {
    await using scene = new Scene()
    await using hub = await begun(scene)
    let died = false
    const fault = (order: Order, step: Step) => {
      if (died || order.kind !== 'replace' || order.spec.slot !== 2 || step !== at) return undefined
      died = true
      return 'die'
    }
    await restart(scene, hub, { fault })
    const { id } = await hub.parts.deploys.begin({ ...asked, image: '2' })
    while (!died) await sleep(5)
    const { host } = (await hub.parts.deploys.get(id)).slots[1] ?? { host: '' }
    await scene.stopAgents([host])
    scene.startAgents(hub, { fault }, [host])
    expect(await ended(hub, id)).toMatchObject({ state: 'succeeded' })
    expect(scene.running()).toEqual(NEW)
  }
)

test('reports that come twice and in disorder become each step once, in order', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene)
  const mail = (reports: Report[]) => [...reports, ...reports].reverse()
  await restart(scene, hub, { mail })
  const deploy = await ended(hub, (await hub.parts.deploys.begin({ ...asked, image: '2' })).id)
  expect(scene.running()).toEqual(NEW)
  const steps = await hub.parts.deploys.steps(deploy.id)
  const ofSlot = steps.filter(({ slot, state }) => slot === 1 && state === 'done').map(({ step }) => step)
  expect(ofSlot).toEqual(['lease', 'pull', 'create', 'start', 'check', 'switch', 'stop'])
})

test('a host that never answers fails the deploy; its slot is unknown until it tells, and then all is old', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene, {}, { DRIFTLOG_DEPLOY_TIMEOUT_SECONDS: '1' })
  let hung = ''
  const fault = (order: Order, step: Step) => {
    if (order.kind !== 'replace' || order.spec.slot !== 2 || step !== 'start') return undefined
    hung = order.id
    return 'die'
  }
  const health = { tcp: true, everySeconds: 0.1, timeoutSeconds: 0.1, withinSeconds: 1 } as const
  await hub.parts.definitions.put('orders', definition({ health, stopGraceSeconds: 0 }), BY)
  await restart(scene, hub, { fault })
  const { id, slots } = await hub.parts.deploys.begin({ ...asked, image: '2' })
  const host = slots[1]?.host ?? ''
  while (hung === '') await sleep(5)
  // From here on nothing is heard of it at all: it was not for a minute.
  hub.forget(host)
  const failed = await ended(hub, id)
  expect(failed).toMatchObject({ state: 'failed', why: expect.stringContaining(host) })
  expect(failed.slots.map(({ state }) => state)).toEqual(['old', 'unknown', 'old'])
  await scene.stopAgents([host])
  scene.startAgents(hub, {}, [host])
  expect(await ended(hub, id, ['rolled-back'])).toMatchObject({ slots: [{}, { state: 'old' }, {}] })
  expect(scene.running()).toEqual(OLD)
})

test('breakpoints: it pauses behind the first slot until somebody lets it go on', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene, { rollout: { breakpoint: 'first', maxUnavailable: 3 } })
  const { deploys } = hub.parts
  const { id } = await deploys.begin({ ...asked, image: '2' })
  const paused = await ended(hub, id, ['paused'])
  expect(paused.slots.map(({ state }) => state)).toEqual(['new', 'old', 'old'])
  expect(scene.running()).toEqual({ ...OLD, 1: [digest('2')] })
  await deploys.resume(id, BY)
  expect(await ended(hub, id)).toMatchObject({ state: 'succeeded' })
})

test('breakpoints behind each slot, and a roll-back from there', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene, { rollout: { breakpoint: 'each' } })
  const { deploys } = hub.parts
  const { id } = await deploys.begin({ ...asked, image: '2' })
  await ended(hub, id, ['paused'])
  await deploys.resume(id, BY)
  await ended(hub, id, ['running'])
  const paused = await ended(hub, id, ['paused'])
  expect(paused.slots.map(({ state }) => state)).toEqual(['new', 'new', 'old'])
  await deploys.rollBack(id, BY)
  expect(await ended(hub, id)).toMatchObject({ state: 'rolled-back', why: 'rolled back by ann' })
  expect(scene.running()).toEqual(OLD)
})

test('one that is stopped lets come to its end what has begun, and goes on when it is told', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene)
  const { deploys } = hub.parts
  let id = ''
  let isStopped = false
  const fault = (order: Order, step: Step) => {
    if (order.kind === 'replace' && step === 'create' && !isStopped) {
      isStopped = true
      void deploys.stop(id, BY)
    }
    return undefined
  }
  await restart(scene, hub, { fault })
  id = (await deploys.begin({ ...asked, image: '2' })).id
  await ended(hub, id, ['paused'])
  while ((await deploys.get(id)).slots[0]?.state !== 'new') await sleep(5)
  await sleep(100)
  expect(scene.running()).toEqual({ ...OLD, 1: [digest('2')] })
  await expect(deploys.stop(id, BY)).rejects.toMatchObject({ code: 'DRIFTLOG_DEPLOY_STATE' })
  await deploys.resume(id, BY)
  expect(await ended(hub, id)).toMatchObject({ state: 'succeeded' })
})

test('a deploy that has succeeded is taken back by one with what ran before, and that can not be promoted', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene, { env: { COLOUR: 'blue' } })
  const { deploys, definitions } = hub.parts
  await definitions.put('orders', definition({ env: { COLOUR: 'green' } }), BY)
  const second = await ended(hub, (await deploys.begin({ ...asked, image: '2' })).id)
  expect(second.slots[0]?.differs).toEqual(['image', 'env COLOUR'])
  const back = await ended(hub, (await deploys.rollBack(second.id, BY)).id)
  expect(back).toMatchObject({
    state: 'succeeded',
    takesBack: second.id,
    version: 1,
    image: { digest: digest('1') }
  })
  expect(scene.running()).toEqual(OLD)
  const [container] = scene.host('web-1').machine.running('orders', 'staging')
  expect(container?.spec.env['COLOUR']).toBe('blue')
  await expect(deploys.promote(second.id, { environment: 'production', by: BY })).rejects.toMatchObject({
    code: 'DRIFTLOG_PROMOTE_FROM',
    message: expect.stringContaining('has taken it back')
  })
  await expect(deploys.rollBack(second.id, BY)).rejects.toMatchObject({ code: 'DRIFTLOG_DEPLOY_STATE' })
})

test('nothing that differs: nothing is touched, and the newest version is what runs', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene)
  const before = scene.hosts.map(({ machine }) => [...machine.containers.keys()])
  const deploy = await ended(hub, (await hub.parts.deploys.begin({ ...asked, image: '1' })).id)
  expect(deploy).toMatchObject({
    state: 'succeeded',
    slots: [{ kind: 'same' }, { kind: 'same' }, { kind: 'same' }]
  })
  expect(scene.hosts.map(({ machine }) => [...machine.containers.keys()])).toEqual(before)
  // The same tag, another image.
  scene.registry.set('shop/orders:1', digest('2'))
  const moved = await ended(hub, (await hub.parts.deploys.begin({ ...asked, image: '1' })).id)
  expect(moved.slots.map(({ kind }) => kind)).toEqual(['replace', 'replace', 'replace'])
  expect(scene.running()).toEqual(NEW)
})

test('an image that is not to be had touches nothing', async () => {
  await using scene = new Scene()
  await using hub = await begun(scene)
  const deploy = await ended(hub, (await hub.parts.deploys.begin({ ...asked, image: '9' })).id)
  expect(deploy).toMatchObject({ state: 'rolled-back', why: expect.stringContaining('DRIFTLOG_IMAGE') })
  expect(deploy.startedMs).toBeUndefined()
  const again = await ended(hub, (await hub.parts.deploys.retry(deploy.id, BY)).id)
  expect(again).toMatchObject({ state: 'rolled-back', reference: 'shop/orders:9' })
})

test('where no host will do, the caller is told which are there and what they lack', async () => {
  await using scene = new Scene(2, () => ({ zone: 'a' }))
  await using hub = await begun(scene, { replicas: 1 })
  const { deploys, definitions } = hub.parts
  const refusals: [AppDefinition, string, string][] = [
    [definition({ placement: { labels: { zone: 'c' } } }), 'DRIFTLOG_NO_HOST', 'zone=c (web-1, web-2)'],
    [definition({ placement: { onePerHost: true } }), 'DRIFTLOG_TOO_FEW_HOSTS', '3 hosts']
  ]
  for (const [wrong, code, words] of refusals) {
    await definitions.put('orders', wrong, BY)
    await expect(deploys.begin({ ...asked, image: '1' })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(words)
    })
  }
  expect(await deploys.list({ limit: 9 })).toHaveLength(1)
})
