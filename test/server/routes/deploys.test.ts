import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Deploy, DeployStep } from '../../../server/deploys/deploy.ts'
import type { EndpointsAnswer } from '../../../server/deploys/endpoints.ts'
import { BY, definition, digest, ended, Scene, startHub, type TestHub } from '../deploys/scene.ts'

interface Answer {
  code?: string
  message?: string
  deploy: Deploy
  deploys: Deploy[]
  steps: DeployStep[]
  plan: Deploy['slots']
}

async function open(scene: Scene, more: Parameters<typeof definition>[0] = {}): Promise<TestHub> {
  const hub = await startHub(scene)
  scene.startAgents(hub)
  await hub.parts.definitions.put('orders', definition(more), BY)
  return hub
}

async function ask({ url }: TestHub, method: string, path: string, body?: object, headers = {}) {
  const answer = await fetch(url + path, {
    method,
    headers: { ...(body ? { 'content-type': 'application/json' } : {}), ...headers },
    ...(body ? { body: JSON.stringify(body) } : {})
  })
  return { status: answer.status, body: (await answer.json()) as Answer }
}

interface SentEvent {
  event: string
  id: string | undefined
  data: Record<string, unknown>
}

/** All events until the stream ends, or `most` of them. */
async function eventsOf({ url }: TestHub, id: string, after?: string, most = Number.POSITIVE_INFINITY) {
  const over = new AbortController()
  const headers = after === undefined ? {} : { 'last-event-id': after }
  const answer = await fetch(`${url}/api/deploys/${id}/events`, { headers, signal: over.signal })
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const found: SentEvent[] = []
  let text = ''
  for await (const bytes of answer.body?.values({ preventCancel: true }) ?? []) {
    text += Buffer.from(bytes).toString()
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const field = (name: string) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1]
      const event = field('event')
      if (event) found.push({ event, id: field('id'), data: JSON.parse(field('data') ?? '{}') })
    }
    if (found.length < most) continue
    over.abort()
    return found
  }
  return found
}

test('a deploy over HTTP: planned, begun, listed, told, followed to its end', async () => {
  await using scene = new Scene()
  await using hub = await open(scene)
  const body = { app: 'orders', environment: 'staging', image: '1', reason: 'first' }
  const planned = await ask(hub, 'POST', '/api/deploys', { ...body, dryRun: true })
  expect(planned).toMatchObject({
    status: 200,
    body: { plan: [{ kind: 'add' }, { kind: 'add' }, { kind: 'add' }] }
  })
  expect((await ask(hub, 'GET', '/api/deploys')).body.deploys).toEqual([])
  const begun = await ask(hub, 'POST', '/api/deploys', body, { 'idempotency-key': 'k' })
  expect(begun).toMatchObject({ status: 201, body: { deploy: { reason: 'first', by: { name: 'anyone' } } } })
  const { id } = begun.body.deploy
  const again = await ask(hub, 'POST', '/api/deploys', body, { 'idempotency-key': 'k' })
  expect(again.body.deploy.id).toBe(id)
  const events = await eventsOf(hub, id)
  const { deploy, steps } = (await ask(hub, 'GET', `/api/deploys/${id}`)).body
  expect(deploy).toMatchObject({ state: 'succeeded', image: { digest: digest('1') } })
  const sent = events.filter(({ event }) => event === 'step')
  expect(sent.map(({ data }) => data)).toEqual(steps)
  expect(sent.map((event) => event.id)).toEqual(steps.map(({ seq }) => String(seq)))
  expect(events.at(-2)).toMatchObject({ event: 'deploy', data: { state: 'succeeded' } })
  expect(events.at(-1)).toMatchObject({ event: 'end', data: { reason: 'succeeded' } })
  const second = (await ask(hub, 'POST', '/api/deploys', { ...body, image: '2' })).body.deploy.id
  await ended(hub, second)
  const listed = async (query: string) =>
    (await ask(hub, 'GET', `/api/deploys?${query}`)).body.deploys.map((one) => one.id)
  expect(await listed('app=orders')).toEqual([second, id])
  expect(await listed('limit=1')).toEqual([second])
  expect(await listed(`before=${second}`)).toEqual([id])
  expect(await listed('environment=production')).toEqual([])
})

test('who lost the stream goes on behind the last event that it has seen', async () => {
  await using scene = new Scene()
  await using hub = await open(scene, { rollout: { breakpoint: 'first' } })
  const { id } = await hub.parts.deploys.begin({ app: 'orders', environment: 'staging', image: '1', by: BY })
  await ended(hub, id, ['paused'])
  const steps = await hub.parts.deploys.steps(id)
  const first = await eventsOf(hub, id, undefined, steps.length)
  expect(first.filter(({ event }) => event === 'step')).toHaveLength(steps.length)
  const rest = eventsOf(hub, id, String(steps.length - 2))
  await sleep(50)
  await hub.parts.deploys.resume(id, BY)
  const seqs = (await rest).flatMap(({ event, data }) => (event === 'step' ? [data['seq']] : []))
  const { lastSeq } = (await hub.state.get<{ lastSeq: number }>(`deploy/${id}`)) ?? { lastSeq: 0 }
  expect(seqs).toEqual(Array.from({ length: lastSeq - steps.length + 2 }, (_, i) => steps.length - 1 + i))
})

test('a hub that ends says so to who follows', async () => {
  await using scene = new Scene()
  const hub = await open(scene, { rollout: { breakpoint: 'first' } })
  const { id } = await hub.parts.deploys.begin({ app: 'orders', environment: 'staging', image: '1', by: BY })
  await ended(hub, id, ['paused'])
  const events = eventsOf(hub, id)
  await sleep(50)
  await hub[Symbol.asyncDispose]()
  expect((await events).at(-1)).toEqual({ event: 'end', id: undefined, data: { reason: 'closing' } })
})

test.each([
  ['POST', '/api/deploys', { app: 'orders', environment: 'none' }, 404, 'DRIFTLOG_ENVIRONMENT_NOT_FOUND'],
  ['POST', '/api/deploys', { app: 'none', environment: 'staging' }, 404, 'DRIFTLOG_DEFINITION_NOT_FOUND'],
  [
    'POST',
    '/api/deploys',
    { app: 'orders', environment: 'staging', version: 9 },
    404,
    'DRIFTLOG_VERSION_NOT_FOUND'
  ],
  ['POST', '/api/deploys', { app: '../x', environment: 'staging' }, 400, 'DRIFTLOG_VALIDATION'],
  ['POST', '/api/deploys', { app: 'orders', environment: '$(id)' }, 400, 'DRIFTLOG_VALIDATION'],
  [
    'POST',
    '/api/deploys',
    { app: 'orders', environment: 'staging', image: '; rm -rf /' },
    400,
    'DRIFTLOG_IMAGE_REFERENCE'
  ],
  [
    'POST',
    '/api/deploys',
    { app: 'orders', environment: 'staging', force: true },
    400,
    'DRIFTLOG_VALIDATION'
  ],
  ['POST', '/api/deploys/0none/approve', undefined, 404, 'DRIFTLOG_DEPLOY_NOT_FOUND'],
  ['POST', '/api/deploys/0none/promote', { environment: 'production' }, 404, 'DRIFTLOG_DEPLOY_NOT_FOUND'],
  ['POST', '/api/deploys/0none/checks', { name: '../x', passed: true }, 400, 'DRIFTLOG_VALIDATION'],
  ['GET', '/api/deploys/0none', undefined, 404, 'DRIFTLOG_DEPLOY_NOT_FOUND'],
  ['GET', '/api/deploys/0none/events', undefined, 404, 'DRIFTLOG_DEPLOY_NOT_FOUND'],
  ['GET', '/api/deploys/..%2Ftoken', undefined, 400, 'DRIFTLOG_VALIDATION']
])('%s %s %o is refused with %i %s', async (method, path, body, status, code) => {
  await using scene = new Scene(1)
  await using hub = await open(scene)
  expect(await ask(hub, method, path, body)).toMatchObject({ status, body: { code } })
})

test('endpoints are the healthy ones; of the others it is said why', async () => {
  await using scene = new Scene(2)
  await using hub = await open(scene, { replicas: 2 })
  const { id } = await hub.parts.deploys.begin({ app: 'orders', environment: 'staging', image: '1', by: BY })
  await ended(hub, id)
  const read = async () =>
    (await (
      await fetch(`${hub.url}/api/apps/orders/endpoints?environment=staging`)
    ).json()) as EndpointsAnswer
  expect((await read()).endpoints).toMatchObject([
    { address: '192.0.2.1', port: 20_000, hostName: 'web-1', deploy: id, version: 1 },
    { address: '192.0.2.2', port: 20_000, hostName: 'web-2', deploy: id, version: 1 }
  ])
  const text = async () =>
    (await fetch(`${hub.url}/api/apps/orders/endpoints?environment=staging&format=text`)).text()
  expect(await text()).toBe('192.0.2.1:20000\n192.0.2.2:20000\n')
  const [container] = scene.host('web-2').machine.running('orders', 'staging')
  hub.tell('web-2', container?.id ?? '', { state: 'running', health: 'unhealthy' })
  expect((await read()).others).toMatchObject([{ hostName: 'web-2', reason: 'it is unhealthy' }])
  hub.tell('web-2', container?.id ?? '', { state: 'exited' })
  expect((await read()).others).toMatchObject([{ reason: 'it is exited' }])
  expect(await text()).toBe('192.0.2.1:20000\n')
  // One that does not run is brought again, though nothing differs.
  const again = await ended(
    hub,
    (await hub.parts.deploys.begin({ app: 'orders', environment: 'staging', image: '1', by: BY })).id
  )
  expect(again.slots.map(({ kind, differs }) => [kind, differs])).toEqual([
    ['same', []],
    ['replace', ['it does not run']]
  ])
  expect((await read()).endpoints).toHaveLength(2)
})

test('figures for Prometheus', async () => {
  await using scene = new Scene()
  await using hub = await open(scene)
  await ended(
    hub,
    (await hub.parts.deploys.begin({ app: 'orders', environment: 'staging', image: '1', by: BY })).id
  )
  const text = await (await fetch(`${hub.url}/metrics`)).text()
  expect(text).toContain('driftlog_deploys_succeeded 1\n')
  expect(text).toMatch(/driftlog_orders_given_total \d/)
  expect(text).toContain('driftlog_orders_open 0\n')
})
