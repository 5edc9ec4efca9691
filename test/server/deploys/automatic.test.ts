/** From a product's call over three hosts to a chat's message. */
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { Automatic } from '../../../server/deploys/automatic.ts'
import { openFace } from '../face.ts'
import { type Receiver, type SlackBody, slack } from './messages/receivers.ts'
import { BY, definition, digest, ended, Scene, startHub, type TestHub } from './scene.ts'
import { fromGitlab, sample, send } from './triggers/place.ts'

const RULE = { app: 'orders', environment: 'staging', branch: 'master', image: '{{slug}}' }

async function openAutomatic(hub: TestHub) {
  const log = pino({ level: 'silent' })
  const { state, parts } = hub
  const automatic = await Automatic.open({
    ...{ state, deploys: parts.deploys, log, nowMs: Date.now, noticeHosts: ['127.0.0.1'] },
    hub: new URL('https://hub.example.org')
  })
  const face = await openFace({ parts: { deploys: parts, automatic } })
  const stopping = new AbortController()
  const running = automatic.run(stopping.signal)
  const headers = { 'content-type': 'application/json' }
  return {
    post: (path: string, body: unknown) =>
      send(`${face.url}/api/${path}`, { headers, body: JSON.stringify(body) }),
    call: (secret: string, body: unknown) =>
      send(`${face.url}/api/hooks/gitlab`, fromGitlab(secret, 'Push Hook', body)),
    async [Symbol.asyncDispose]() {
      await face[Symbol.asyncDispose]()
      stopping.abort()
      await running
    }
  }
}

async function until(receiver: Receiver<SlackBody>, count: number): Promise<string[]> {
  for (let tries = 0; receiver.taken.length < count; tries++) {
    if (tries > 800) throw new Error('no message came')
    await sleep(20)
  }
  return receiver.taken.map(({ json }) => json.blocks[0].text.text)
}

test('a push deploys, a second one that is not healthy goes back, and a chat is told both', async () => {
  await using scene = new Scene()
  await using hub = await startHub(scene)
  scene.registry.set('shop/orders:master', digest('1'))
  scene.startAgents(hub, {
    isHealthy: ({ slot, image }) => slot !== 2 || image.digest !== digest('2')
  })
  await hub.parts.definitions.put('orders', definition(), BY)
  await using chat = await slack()
  await using automatic = await openAutomatic(hub)
  const { body: made } = await automatic.post('triggers', { name: 'gitlab', kind: 'gitlab', rules: [RULE] })
  const notice = await automatic.post('notices', { name: 'ops', kind: 'slack', url: chat.url })
  expect([notice.status, JSON.stringify(notice.body).includes('/services/')]).toEqual([200, false])

  const first = await automatic.call(made.secret, sample('gitlab/push'))
  expect(first).toMatchObject({ status: 202, body: { decided: [{ verdict: 'deployed' }] } })
  const [{ deploy }] = first.body.decided
  expect(await ended(hub, deploy)).toMatchObject({
    ...{ state: 'succeeded', by: { kind: 'hook', name: 'gitlab' } },
    image: { digest: digest('1') }
  })
  expect(scene.running()).toEqual({ 1: [digest('1')], 2: [digest('1')], 3: [digest('1')] })

  scene.registry.set('shop/orders:master', digest('2'))
  const second = await automatic.call(made.secret, { ...sample('gitlab/push'), before: '1'.repeat(40) })
  const [{ deploy: next }] = second.body.decided
  expect(await ended(hub, next)).toMatchObject({ state: 'rolled-back' })
  expect(scene.running()).toEqual({ 1: [digest('1')], 2: [digest('1')], 3: [digest('1')] })
  const told = await until(chat, 2)
  expect(told[0]).toContain('orders in staging: deployed\nshop/orders:master, version 1, by gitlab')
  expect(told[0]).toContain(`https://hub.example.org/staging/orders/deploys/${deploy}`)
  expect(told[1]).toContain('orders in staging: went wrong, all is as it was before')
  expect(told[1]).toContain('DRIFTLOG_UNHEALTHY')
})

test('what the hub refuses is in the answer and in the log: no such app, no host, another image; one under way is waited for', async () => {
  await using scene = new Scene(1)
  await using hub = await startHub(scene, { env: { DRIFTLOG_DEPLOY_IMAGES: 'shop/*' } })
  await using automatic = await openAutomatic(hub)
  const whyOf = async (rule: object) => {
    const name = 'gitlab'
    const { body } = await automatic.post('triggers', { name, kind: name, rules: [{ ...RULE, ...rule }] })
    const renewed = body.secret ?? (await automatic.post(`triggers/${name}/secret`, {})).body.secret
    const answer = await automatic.call(renewed, sample('gitlab/push'))
    const [{ verdict, why }] = answer.body.decided
    return `${verdict}: ${why}`
  }
  expect(await whyOf({})).toContain('refused: DRIFTLOG_DEFINITION_NOT_FOUND')
  await hub.parts.definitions.put('orders', definition({ replicas: 1 }), BY)
  expect(await whyOf({ environment: 'moon' })).toContain('refused: DRIFTLOG_ENVIRONMENT_NOT_FOUND')
  expect(await whyOf({ image: 'evil/orders:1' })).toContain('refused: DRIFTLOG_IMAGE_NOT_ALLOWED')
  // No agent takes the order, so that the first one stays under way.
  expect(await whyOf({})).toContain('deployed')
  expect(await whyOf({})).toContain('waiting: orders is being deployed to staging already')
})

test('a push during a deploy waits for its end, and is deployed over the same hosts then', async () => {
  await using scene = new Scene()
  await using hub = await startHub(scene)
  scene.registry.set('shop/orders:master', digest('1'))
  let isHealthy = false
  scene.startAgents(hub, { isHealthy: () => isHealthy })
  await hub.parts.definitions.put('orders', definition(), BY)
  await using automatic = await openAutomatic(hub)
  const { body: made } = await automatic.post('triggers', { name: 'gitlab', kind: 'gitlab', rules: [RULE] })
  const push = async (before: string) => {
    const sent = { ...sample('gitlab/push'), before: before.repeat(40) }
    return (await automatic.call(made.secret, sent)).body.decided[0]
  }
  const first = await push('1')
  expect([await push('2'), await push('3')]).toMatchObject([{ verdict: 'waiting' }, { verdict: 'waiting' }])
  scene.registry.set('shop/orders:master', digest('2'))
  expect(await ended(hub, first.deploy)).toMatchObject({ state: 'rolled-back' })
  isHealthy = true
  const next = await nextOf(hub, first.deploy)
  expect(await ended(hub, next)).toMatchObject({ state: 'succeeded', image: { digest: digest('2') } })
  expect(scene.running()).toEqual({ 1: [digest('2')], 2: [digest('2')], 3: [digest('2')] })
  expect(await hub.parts.deploys.list({ limit: 10 })).toHaveLength(2)
})

async function nextOf({ parts }: TestHub, before: string): Promise<string> {
  for (let tries = 0; tries < 800; tries++) {
    const [newest] = await parts.deploys.list({ limit: 1 })
    if (newest && newest.id !== before) return newest.id
    await sleep(20)
  }
  throw new Error('nothing was deployed after it')
}
