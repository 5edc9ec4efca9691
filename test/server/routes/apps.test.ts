import { readFile } from 'node:fs/promises'
import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { openAccess } from '../../../collector/access.ts'
import { openFleet } from '../../../collector/fleet/fleet.ts'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { ErrorJson } from '../../../server/api/error.ts'
import { readConfig } from '../../../server/config.ts'
import {
  AppAnswer,
  DefinitionsAnswer,
  DiffAnswer,
  PostedAnswer,
  VersionsAnswer
} from '../../../server/deploys/apps-api.ts'
import { openDeploys } from '../../../server/deploys/open.ts'
import { type Body, openFace } from '../face.ts'

const ORDERS = await readFile(new URL('../../fixtures/compose/orders.yaml', import.meta.url), 'utf8')
const YAML = 'application/yaml'
const JSON_TYPE = 'application/json'

test('what is posted is kept in versions, in either language, and read again', async () => {
  await using hub = await openHub()
  const first = await hub.post('orders', ORDERS, 'text/yaml')
  expect([first.status, first.body]).toMatchObject([201, { app: 'orders', version: 1, changed: true }])
  expect(Check(PostedAnswer, first.body)).toBe(true)
  // The same in JSON is the same.
  const same = await hub.post('orders', JSON.stringify(parse(ORDERS)), JSON_TYPE)
  expect([same.status, same.body]).toEqual([
    200,
    { app: 'orders', version: 1, changed: false, diff: [], text: '' }
  ])
  const next = ORDERS.replace('replicas: 3', 'replicas: 5').replace('LOG_LEVEL: info', 'LOG_FORMAT: json')
  const tried = await hub.post('orders', next, YAML, '?dryRun=true')
  expect([tried.status, tried.body]).toMatchObject([200, { version: 1, changed: true }])
  const second = await hub.post('orders', next, YAML)
  expect(second.body).toEqual({
    ...{ app: 'orders', version: 2, changed: true },
    diff: [
      { path: 'env.LOG_FORMAT', kind: 'added', to: 'json' },
      { path: 'env.LOG_LEVEL', kind: 'removed', from: 'info' },
      { path: 'environments.production.replicas', kind: 'changed', from: 3, to: 5 }
    ],
    text: '+ env.LOG_FORMAT: "json"\n- env.LOG_LEVEL: "info"\n~ environments.production.replicas: 3 → 5\n'
  })
  expect(tried.body.diff).toEqual(second.body.diff)
  const { body: kept } = await hub.get('/api/apps/orders')
  expect(Check(AppAnswer, kept)).toBe(true)
  expect(kept).toMatchObject({
    ...{ app: 'orders', version: 2, by: { kind: 'person', name: 'anyone' } },
    definition: parse(next),
    wanted: {
      staging: { replicas: 1 },
      production: { replicas: 5, env: { WORKERS: 16, LOG_FORMAT: 'json' } }
    }
  })
  expect((await hub.get('/api/apps/orders?version=1')).body.definition).toEqual(parse(ORDERS))
  const versions = await hub.get('/api/apps/orders/versions')
  expect(Check(VersionsAnswer, versions.body)).toBe(true)
  expect(versions.body.versions.map(({ version }: { version: number }) => version)).toEqual([2, 1])
  await hub.post('billing', 'image: shop/billing\nenvironments: { staging: }', YAML)
  const all = await hub.get('/api/definitions')
  expect(Check(DefinitionsAnswer, all.body)).toBe(true)
  expect(all.body.definitions).toMatchObject([
    { app: 'billing', version: 1, environments: ['staging'] },
    {
      app: 'orders',
      version: 2,
      image: 'registry.example.org/shop/orders',
      environments: ['staging', 'production']
    }
  ])
})

test('versions and environments are compared', async () => {
  await using hub = await openHub()
  await hub.post('orders', ORDERS, YAML)
  await hub.post(
    'orders',
    ORDERS.replace('orders-db', 'orders-db-2').replace('target: /srv/data', 'target: /data'),
    YAML
  )
  const diff = async (query: string) => {
    const { body } = await hub.get(`/api/apps/orders/diff${query}`)
    expect(Check(DiffAnswer, body)).toBe(true)
    return body
  }
  const newest = await diff('')
  expect(newest).toMatchObject({ from: { version: 1 }, to: { version: 2 } })
  expect(newest.diff).toEqual([
    { path: 'secrets.DB_PASSWORD_FILE.file', kind: 'changed', from: 'orders-db', to: 'orders-db-2' },
    { path: 'volumes[0].target', kind: 'changed', from: '/srv/data', to: '/data' }
  ])
  expect(await diff('?from=2&to=1&environment=staging')).toMatchObject({
    from: { version: 2, environment: 'staging' },
    to: { version: 1, environment: 'staging' },
    diff: [{ from: 'orders-db-2' }, { from: '/data' }]
  })
  const across = await diff('?environment=staging&toEnvironment=production')
  expect(across).toMatchObject({ from: { version: 2, environment: 'staging' }, to: { version: 2 } })
  expect(across.text.split('\n')).toEqual([
    '~ env.LOG_LEVEL: "debug" → "info"',
    '~ env.WORKERS: 4 → 16',
    '+ placement.onePerHost: true',
    '~ replicas: 1 → 3',
    '~ resources.memoryMiB: 256 → 1024',
    '+ rollout: {"maxUnavailable":1,"breakpoint":"first","from":"staging","checks":["tests","sonar"],"approval":true}',
    ''
  ])
})

test('compose files are of an environment, a version and an image', async () => {
  await using hub = await openHub()
  await hub.post('orders', ORDERS, YAML)
  const file = async (query: string) => {
    const answer = await fetch(`${hub.url}/api/apps/orders/compose${query}`)
    expect(answer.headers.get('content-type')).toBe('application/yaml; charset=utf-8')
    return parse(await answer.text())
  }
  expect(await file('?environment=staging')).toMatchObject({
    name: 'orders-staging',
    services: { orders: { image: 'registry.example.org/shop/orders:latest' } }
  })
  const { services } = await file('?environment=production&kind=compose&version=1&image=1.4.2')
  expect(services.orders.image).toBe('registry.example.org/shop/orders:1.4.2')
  expect(await file('?environment=production&kind=rancher')).toMatchObject({
    services: { orders: { scale: 3 } }
  })
})

test.each<[path: string, status: number, code: string]>([
  ['/api/apps/absent', 404, 'DRIFTLOG_DEFINITION_NOT_FOUND'],
  ['/api/apps/absent?version=1', 404, 'DRIFTLOG_DEFINITION_NOT_FOUND'],
  ['/api/apps/absent/versions', 404, 'DRIFTLOG_DEFINITION_NOT_FOUND'],
  ['/api/apps/orders?version=9', 404, 'DRIFTLOG_VERSION_NOT_FOUND'],
  ['/api/apps/orders?version=0', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/apps/Orders', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/apps/..%2Forders', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/apps/orders/diff?to=7', 404, 'DRIFTLOG_VERSION_NOT_FOUND'],
  ['/api/apps/orders/diff?environment=x', 404, 'DRIFTLOG_ENVIRONMENT_NOT_FOUND'],
  ['/api/apps/orders/diff?toEnvironment=staging', 400, 'DRIFTLOG_ENVIRONMENTS'],
  ['/api/apps/orders/compose', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/apps/orders/compose?environment=constructor', 404, 'DRIFTLOG_ENVIRONMENT_NOT_FOUND'],
  ['/api/apps/orders/compose?environment=staging&kind=swarm', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/apps/orders/compose?environment=staging&image=$(id)', 400, 'DRIFTLOG_IMAGE_REFERENCE']
])('%s answers %i %s', async (path, status, code) => {
  await using hub = await openHub()
  await hub.post('orders', ORDERS, YAML)
  const answer = await hub.get(path)
  expect([answer.status, answer.body.code]).toEqual([status, code])
})

test('a definition is refused as a whole, with all that is wrong', async () => {
  await using hub = await openHub({ DRIFTLOG_DEPLOY_IMAGES: 'registry.example.org/shop/*' })
  const { status, body } = await hub.post(
    'orders',
    'image: evil.org/x\nenvs: {}\nenvironments: {a: {replicas: x}}',
    YAML
  )
  expect(Check(ErrorJson, body)).toBe(true)
  expect([status, body.code]).toEqual([400, 'DRIFTLOG_DEFINITION'])
  expect(body.problems).toEqual([
    { path: 'envs', message: 'is unknown; "env" is meant?', line: 2, column: 1 },
    {
      path: 'replicas',
      environment: 'a',
      message: 'must be a whole number, and is "x"',
      line: 3,
      column: 20
    },
    { path: 'image', message: expect.stringContaining('evil.org/x may not be deployed'), line: 1, column: 1 }
  ])
  expect(body.message.split('\n')).toHaveLength(3)
  expect((await hub.get('/api/apps/orders')).status).toBe(404)
  for (const [text, type, code, wanted] of [
    ['', YAML, 'DRIFTLOG_DEFINITION', 400],
    ['', JSON_TYPE, 'DRIFTLOG_DEFINITION', 400],
    ['image: x', 'text/plain', 'DRIFTLOG_MEDIA_TYPE', 415],
    ['x'.repeat(200_000), YAML, 'DRIFTLOG_DEFINITION', 400],
    ['x'.repeat(400_000), YAML, 'DRIFTLOG_BODY_TOO_LARGE', 413],
    ['? '.repeat(60_000), YAML, 'DRIFTLOG_DEFINITION', 400]
  ] as const) {
    const refused = await hub.post('orders', text, type)
    expect([refused.status, refused.body.code]).toEqual([wanted, code])
  }
})

test('the description of the API has the words of a definition, in both languages', async () => {
  await using hub = await openHub()
  const { content } = (await hub.get('/openapi.json')).body.paths['/api/apps/{app}'].post.requestBody
  for (const type of [YAML, JSON_TYPE])
    expect(content[type].schema.properties.image).toMatchObject({ type: 'string' })
})

test('two hubs that take definitions at once keep both, and both know them', async () => {
  const share = new MemoryShare()
  await using one = await openHub({}, new MemoryStateStore(share))
  await using other = await openHub({}, new MemoryStateStore(share))
  const posts = await Promise.all(
    [one, other, one, other].map((hub, at) => hub.post('orders', ORDERS.replace('0.5', `${at + 1}`), YAML))
  )
  expect(posts.map(({ body }) => body.version).sort()).toEqual([1, 2, 3, 4])
  for (const hub of [one, other])
    expect((await hub.get('/api/apps/orders/versions')).body.versions).toHaveLength(4)
})

test('an app that is deployed is not removed, and one that is not is', async () => {
  const state = new MemoryStateStore()
  await using hub = await openHub({}, state)
  await hub.post('orders', ORDERS, YAML)
  const remove = async (app: string) => {
    const answer = await fetch(`${hub.url}/api/apps/${app}`, { method: 'DELETE' })
    const body = (await answer.json()) as { code?: string; removed?: string }
    return [answer.status, body.code ?? body.removed]
  }
  await state.put('deploying/staging/orders', { deploy: 'd1' })
  expect(await remove('orders')).toEqual([409, 'DRIFTLOG_APP_IN_USE'])
  await state.delete('deploying/staging/orders')
  expect(await remove('orders')).toEqual([200, 'orders'])
  expect(await remove('orders')).toEqual([404, 'DRIFTLOG_DEFINITION_NOT_FOUND'])
  expect((await hub.post('orders', ORDERS, YAML)).body).toMatchObject({ version: 2, changed: true })
})

async function openHub(env: Record<string, string> = {}, state = new MemoryStateStore()) {
  const access = await openAccess(state)
  const fleet = await openFleet(state)
  const { deploy: settings } = readConfig({ DRIFTLOG_DATA_DIR: '/nowhere', ...env })
  const log = { info() {}, warn() {} }
  const deploys = await openDeploys({ state, fleet, access, settings, log, nowMs: Date.now })
  const face = await openFace({ env, parts: { access, deploys } })
  const post = async (app: string, body: string, type: string, query = '') => {
    const answer = await fetch(`${face.url}/api/apps/${app}${query}`, {
      method: 'POST',
      headers: { 'content-type': type },
      body
    })
    return { status: answer.status, body: (await answer.json()) as Body }
  }
  return {
    ...face,
    post,
    async [Symbol.asyncDispose]() {
      await face[Symbol.asyncDispose]()
      await fleet[Symbol.asyncDispose]()
    }
  }
}
