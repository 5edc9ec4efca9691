import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openAccess } from '../../../collector/access.ts'
import { MemoryStateStore } from '../../../collector/store/memory.ts'
import { firstTokens } from '../../../server/tokens.ts'
import { type Face, openFace } from '../face.ts'

const ID = `${'0'.repeat(16)}.0.0.0`
/** What each route answers to a caller with nothing, a host's key, and a token of each scope. */
const TABLE: [route: string, nobody: number, host: number, agent: number, read: number, admin: number][] = [
  ['/healthz', 200, 200, 200, 200, 200],
  ['/readyz', 200, 200, 200, 200, 200],
  ['/metrics', 401, 403, 403, 200, 200],
  ['/openapi.json', 401, 403, 403, 200, 200],
  ['/api/logs', 401, 403, 403, 200, 200],
  ['/api/logs/export', 401, 403, 403, 200, 200],
  ['/api/logs/histogram', 401, 403, 403, 200, 200],
  ['/api/logs/facets', 401, 403, 403, 200, 200],
  [`/api/logs/${ID}`, 401, 403, 403, 404, 404],
  [`/api/logs/${ID}/context`, 401, 403, 403, 404, 404],
  ['/api/tail', 401, 403, 403, 200, 200],
  ['/api/apps', 401, 403, 403, 200, 200],
  ['/api/hosts', 401, 403, 403, 200, 200],
  ['/api/instances', 401, 403, 403, 200, 200],
  ['/api/moves', 401, 403, 403, 200, 200],
  ['/api/status', 401, 403, 403, 200, 200],
  ['/%61pi/status', 401, 403, 403, 200, 200],
  ['/', 404, 404, 404, 404, 404],
  ['/api/unknown', 404, 404, 404, 404, 404]
]

test('every route demands its scope, and the table knows every route', async () => {
  await using face = await openGuarded()
  const { tokens } = face
  const callers = [undefined, tokens.host, tokens.join, tokens.read, tokens.admin]
  for (const [route, ...expected] of TABLE) {
    const got = await Promise.all(callers.map((token) => statusOf(face, route, token)))
    expect([route, ...got]).toEqual([route, ...expected])
  }
  const { body } = await face.get('/openapi.json', { authorization: `Bearer ${tokens.read}` })
  const known = TABLE.map(([route]) => route.replace(ID, '{id}'))
  for (const path of Object.keys(body.paths)) expect(known).toContain(path)
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

test('first tokens are files for their owner alone, and stay the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-tokens-'))
  try {
    const access = await openAccess(new MemoryStateStore())
    const first = await firstTokens(access, join(folder, 'tokens'))
    expect((await stat(join(folder, 'tokens', 'admin'))).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'tokens'))).mode & 0o777).toBe(0o700)
    expect(await readFile(join(folder, 'tokens', 'read'), 'utf8')).toBe(`${first.read}\n`)
    expect(await firstTokens(access, join(folder, 'tokens'))).toEqual(first)
    const other = await firstTokens(await openAccess(new MemoryStateStore()), join(folder, 'tokens'))
    expect(other.admin).not.toBe(first.admin)
    expect(access.check(first.join)).toEqual({ scopes: ['agent'] })
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function openGuarded() {
  const access = await openAccess(new MemoryStateStore())
  const issue = async (scope: 'admin' | 'read' | 'agent') =>
    (await access.issue({ name: scope, scopes: [scope] })).token
  const tokens = {
    admin: await issue('admin'),
    read: await issue('read'),
    join: await issue('agent'),
    host: await access.issueHostKey('h1')
  }
  const face = await openFace({ env: { DRIFTLOG_LISTEN_HOST: '0.0.0.0' }, parts: { access } })
  return { ...face, access, tokens, [Symbol.asyncDispose]: () => face[Symbol.asyncDispose]() }
}

async function statusOf(face: Face, path: string, token: string | undefined): Promise<number> {
  const controller = new AbortController()
  const response = await fetch(face.url + path, {
    headers: token ? { authorization: `Bearer ${token}` } : {},
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
