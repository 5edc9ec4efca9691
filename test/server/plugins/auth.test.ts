import { request } from 'node:http'
import { expect, test } from 'vitest'
import { openAccess } from '../../../collector/access.ts'
import { openFleet } from '../../../collector/fleet/fleet.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { readConfig } from '../../../server/config.ts'
import { Automatic } from '../../../server/deploys/automatic.ts'
import { openDeploys } from '../../../server/deploys/open.ts'
import { type Face, openFace } from '../face.ts'
import { BODIES, ID, NOBODY, TABLE } from './auth-table.ts'

test('every route demands its scope, and the table knows every route', async () => {
  await using face = await openGuarded()
  const { tokens } = face
  const callers = [undefined, tokens.host, tokens.join, tokens.read, tokens.deploy, tokens.admin]
  const { unknown, revoked, expired } = await badTokens(face)
  for (const [route, ...expected] of TABLE) {
    const got = await Promise.all(callers.map((token) => statusOf(face, route, token)))
    expect([route, ...got]).toEqual([route, ...expected])
    // A token that is none opens as much as nothing does.
    const none = await Promise.all([unknown, revoked, expired].map((token) => statusOf(face, route, token)))
    expect([route, ...none]).toEqual([route, expected[0], expected[0], expected[0]])
    if (route.startsWith('POST /api/session') || route.includes('/agent/')) continue
    // A login opens what its token opens, to the page alone.
    const logins = await Promise.all(
      [tokens.read, tokens.deploy, tokens.admin].map((token) => loginOf(face, token))
    )
    const page = await Promise.all(
      logins.map((cookie) => statusOf(face, route, undefined, { cookie, ...PAGE }))
    )
    expect([route, ...page]).toEqual([route, ...expected.slice(3)])
    const changes = !route.startsWith('/') && expected[0] === 401
    const bare = await Promise.all(logins.map((cookie) => statusOf(face, route, undefined, { cookie })))
    const fails = changes ? [403, 403, 403] : expected.slice(3)
    if (!route.endsWith('/session')) expect([route, ...bare]).toEqual([route, ...fails])
  }
  const known = TABLE.map(([route]) => route.replace(ID, ':id'))
  for (const route of routesOf(face)) expect(known).toContain(route)
})

test('the status says who may change what runs', async () => {
  await using face = await openGuarded()
  const { read, deploy, admin } = face.tokens
  const told = [read, deploy, admin].map(async (token) => {
    const { body } = await face.get('/api/status', { authorization: `Bearer ${token}` })
    return body.mayDeploy
  })
  expect(await Promise.all(told)).toEqual([false, true, true])
  await using open = await openFace()
  expect((await open.get('/api/status')).body.mayDeploy).toBe(true)
})

test('HEAD demands what GET does', async () => {
  await using face = await openGuarded()
  for (const [route, nobody] of TABLE.filter(([path]) => path.startsWith('/'))) {
    const head = await statusOf(face, `HEAD ${route}`, undefined)
    // Where there is no HEAD there is nothing to see either.
    expect([route, head === 404 ? nobody : head]).toEqual([route, nobody])
  }
})

test('wrong tokens are refused with a code, and too many of them with 429', async () => {
  await using face = await openGuarded()
  for (const header of ['Basic YTpi', 'Bearer ', `Bearer ${'x'.repeat(600)}`]) {
    const { status, body, headers } = await face.get('/api/status', { authorization: header })
    expect([status, body.code]).toEqual([401, 'DRIFTLOG_TOKEN_MISSING'])
    expect(headers.get('www-authenticate')).toBe('Bearer')
  }
  const wrong = { authorization: `Bearer dlr_${'0'.repeat(16)}_${'x'.repeat(32)}` }
  const codes: string[] = []
  for (let attempt = 0; attempt < 25; attempt++) codes.push((await face.get('/api/status', wrong)).body.code)
  expect(codes[0]).toBe('DRIFTLOG_TOKEN_UNKNOWN')
  expect(codes.at(-1)).toBe('DRIFTLOG_TOKEN_FAILURES')
  // A good token still passes.
  expect(await statusOf(face, '/api/status', face.tokens.read)).toBe(200)
})

test('wrong secrets are counted together wherever they are shown, and right ones pass', async () => {
  await using face = await openGuarded()
  const { tokens } = face
  const post = async (path: string, body: object, token?: string) => {
    const headers = {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {})
    }
    const answer = await fetch(face.url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    return { answer, body: (await answer.json()) as { code?: string } }
  }
  const enrol = (join: string) => ({ protocol: 1, version: '0.1.0', join, facts: { name: 'web-1' } })
  for (let i = 0; i < 5; i++) {
    await face.get('/api/status', { authorization: `Bearer ${NOBODY}` })
    await post('/api/session', { token: NOBODY })
    await post('/agent/v1/enrol', enrol(NOBODY))
    await post('/agent/v1/hello', {}, NOBODY)
  }
  const limited = await Promise.all([
    fetch(`${face.url}/api/status`, { headers: { authorization: `Bearer ${NOBODY}` } }),
    ...[
      post('/api/session', { token: NOBODY }),
      post('/agent/v1/enrol', enrol(NOBODY)),
      post('/agent/v1/hello', {}, NOBODY)
    ].map(async (asked) => (await asked).answer)
  ])
  for (const { status, headers } of limited) {
    expect([status, Number(headers.get('retry-after'))]).toEqual([429, expect.any(Number)])
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(30)
  }
  expect((await post('/agent/v1/enrol', enrol(tokens.join))).answer.status).toBe(200)
  expect((await post('/api/session', { token: tokens.read })).answer.status).toBe(200)
  expect((await post('/agent/v1/hello', {}, tokens.host)).body.code).toBe('DRIFTLOG_BODY')
  const metrics = await fetch(`${face.url}/metrics`, { headers: { authorization: `Bearer ${tokens.read}` } })
  const figures = await metrics.text()
  for (const place of ['api', 'login', 'join', 'key']) {
    expect(figures).toContain(`driftlog_token_failures_wrong_total{place="${place}"} 6\n`)
    expect(figures).toContain(`driftlog_token_failures_limited_total{place="${place}"} 1\n`)
  }
  // A neighbour behind the same proxy has a count of its own.
  const neighbour = { authorization: `Bearer ${NOBODY}`, 'x-forwarded-for': '203.0.113.9' }
  expect((await face.get('/api/status', neighbour)).body.code).toBe('DRIFTLOG_TOKEN_UNKNOWN')
})

test('nobody but a trusted proxy says where a request comes from', async () => {
  await using face = await openGuarded({ DRIFTLOG_TRUSTED_PROXIES: '10.0.0.0/8' })
  const codes: string[] = []
  for (let i = 0; i < 21; i++) {
    const headers = { authorization: `Bearer ${NOBODY}`, 'x-forwarded-for': `203.0.113.${i}` }
    codes.push((await face.get('/api/status', headers)).body.code)
  }
  expect(codes.at(-1)).toBe('DRIFTLOG_TOKEN_FAILURES')
})

test('a revoked token is unknown', async () => {
  await using face = await openGuarded()
  const issued = await face.access.issue({ name: 'ci', scopes: ['read'] })
  expect(await statusOf(face, '/api/status', issued.token)).toBe(200)
  await face.access.revoke(issued.id)
  expect(await statusOf(face, '/api/status', issued.token)).toBe(401)
})

test.each<[string, Record<string, string>, string | undefined]>([
  ['its own name', { host: 'localhost' }, undefined],
  ['its own address with a port', { host: '127.0.0.1:7400' }, undefined],
  ['IPv6', { host: '[::1]:7400' }, undefined],
  ['a rebound name', { host: 'evil.example:7400' }, 'DRIFTLOG_HOST_HEADER'],
  ['a name that looks alike', { host: 'localhost.evil.example' }, 'DRIFTLOG_HOST_HEADER'],
  ['an empty name', { host: '' }, 'DRIFTLOG_HOST_HEADER'],
  ['a proxy', { host: 'localhost', 'x-forwarded-for': '203.0.113.9' }, 'DRIFTLOG_PROXY'],
  ['a proxy of the standard kind', { host: 'localhost', forwarded: 'for=203.0.113.9' }, 'DRIFTLOG_PROXY'],
  [
    'a script of another site',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' },
    'DRIFTLOG_CROSS_ORIGIN'
  ],
  [
    'a script of another port',
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' },
    'DRIFTLOG_CROSS_ORIGIN'
  ],
  ['another origin', { origin: 'https://evil.example' }, 'DRIFTLOG_CROSS_ORIGIN'],
  ['a hidden origin', { origin: 'null' }, 'DRIFTLOG_CROSS_ORIGIN'],
  ['a link from another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, undefined],
  ['its own page', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, undefined]
])('on loopback without tokens, asked by %s', async (_name, headers, code) => {
  await using face = await openFace()
  const { status, body } = await asked(`${face.url}/api/status`, headers)
  expect([status, body.code]).toEqual(code ? [403, code] : [200, undefined])
})

test('an address for the public closes the hub even when it listens on loopback', async () => {
  await using face = await openFace({ env: { DRIFTLOG_PUBLIC_URL: 'https://logs.example.org' } })
  const { status, body } = await asked(`${face.url}/api/status`, {
    host: 'logs.example.org',
    'x-forwarded-for': '::1'
  })
  expect([status, body.code]).toEqual([401, 'DRIFTLOG_TOKEN_MISSING'])
})

const PAGE = { 'sec-fetch-site': 'same-origin' }

/** Every route of the hub as the table writes it, hidden ones too. */
function routesOf({ app }: Face): string[] {
  const path: string[] = []
  return app
    .printRoutes({ commonPrefix: false })
    .split('\n')
    .flatMap((line) => {
      const [, indent = '', own = '', methods] = /^([│ ]*[├└]── )(\S+)(?: \((.*)\))?$/.exec(line) ?? []
      if (own === '') return []
      const depth = indent.length / 4 - 1
      path.length = depth
      path.push(own)
      const whole = path.join('')
      return (methods ?? '')
        .split(', ')
        .filter((method) => method !== '' && method !== 'HEAD')
        .map((method) => (method === 'GET' ? whole : `${method} ${whole}`))
    })
}

async function badTokens({ access }: Face) {
  const revoked = await access.issue({ name: 'revoked', scopes: ['admin'] })
  await access.revoke(revoked.id)
  const expired = await access.issue({ name: 'expired', scopes: ['admin'], expiresMs: Date.now() - 1 })
  return { unknown: NOBODY, revoked: revoked.token, expired: expired.token }
}

/** The cookie that a browser would send. */
async function loginOf(face: Face, token: string): Promise<string> {
  const answer = await fetch(`${face.url}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token })
  })
  expect(answer.status).toBe(200)
  return answer.headers.get('set-cookie')?.split(';', 1)[0] ?? ''
}

async function openGuarded(more: Record<string, string> = {}) {
  const state = new MemoryStateStore()
  const access = await openAccess(state)
  const issue = async (scope: 'admin' | 'deploy' | 'read' | 'agent') =>
    (await access.issue({ name: scope, scopes: [scope] })).token
  const tokens = {
    admin: await issue('admin'),
    read: await issue('read'),
    deploy: await issue('deploy'),
    join: await issue('agent'),
    host: await access.issueHostKey('h1')
  }
  const fleet = await openFleet(state)
  // Each request counts as one from an address of its own, see statusOf().
  const env = { DRIFTLOG_LISTEN_HOST: '0.0.0.0', DRIFTLOG_TRUSTED_PROXIES: '127.0.0.1', ...more }
  const { deploy: settings } = readConfig({ DRIFTLOG_DATA_DIR: '/nowhere' })
  const log = { info() {}, warn() {}, error() {} }
  const deploys = await openDeploys({ state, fleet, access, settings, log, nowMs: Date.now })
  const automatic = await Automatic.open({ state, deploys: deploys.deploys, log, nowMs: Date.now })
  const face = await openFace({ env, parts: { access, agents: { fleet }, deploys, automatic } })
  return { ...face, access, tokens, [Symbol.asyncDispose]: () => face[Symbol.asyncDispose]() }
}

let addresses = 0

async function statusOf(
  face: Face,
  route: string,
  token: string | undefined,
  more: Record<string, string> = {}
): Promise<number> {
  const controller = new AbortController()
  const [path = '', method = 'GET'] = route.split(' ').reverse()
  const body = BODIES[route]?.(token ?? NOBODY)
  const response = await fetch(face.url + path, {
    method,
    headers: {
      'x-forwarded-for': `2001:db8:${(addresses++).toString(16)}::1`,
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(method === 'GET' || method === 'HEAD' || method === 'DELETE'
        ? {}
        : { 'content-type': 'application/json' }),
      ...more
    },
    ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
    signal: controller.signal
  })
  // A tail would go on for ever.
  controller.abort()
  return response.status
}

/** fetch() would not send a Host header of our choice. */
function asked(
  url: string,
  headers: Record<string, string>
): Promise<{ status: number; body: { code?: string } }> {
  return new Promise((resolve, reject) => {
    request(url, { headers, setHost: headers['host'] === undefined }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }))
    })
      .on('error', reject)
      .end()
  })
}
