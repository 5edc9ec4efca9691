import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type Body, type Face, openFace } from '../face.ts'

const GUARDED = { DRIFTLOG_LISTEN_HOST: '0.0.0.0' }

test('a token is issued once, listed without its secret, and revoked', async () => {
  await using hub = await openGuarded()
  const made = await hub.ask('POST', '/api/tokens', {
    name: 'grafana',
    scopes: ['read', 'read'],
    expiresDays: 30
  })
  expect(made.status).toBe(201)
  expect(made.body).toMatchObject({
    name: 'grafana',
    scopes: ['read'],
    token: expect.stringMatching(/^dlr_/)
  })
  const days = (Date.parse(made.body.expires) - Date.parse(made.body.created)) / 86_400_000
  expect(Math.round(days)).toBe(30)
  const secret = made.body.token
  expect((await hub.face.get('/api/status', { authorization: `Bearer ${secret}` })).status).toBe(200)

  const listed = await hub.ask('GET', '/api/tokens')
  const known = listed.body.tokens.find(({ id }: { id: string }) => id === made.body.id)
  expect(known).toMatchObject({ name: 'grafana', scopes: ['read'], lastUsed: expect.any(String) })
  expect(JSON.stringify(listed.body)).not.toContain(secret.slice(-32))
  const gone = await hub.ask('DELETE', `/api/tokens/${made.body.id}`)
  expect([gone.status, gone.body]).toEqual([200, { revoked: made.body.id, name: 'grafana' }])
  expect((await hub.face.get('/api/status', { authorization: `Bearer ${secret}` })).status).toBe(401)
  expect(await hub.ask('DELETE', `/api/tokens/${made.body.id}`)).toMatchObject({
    status: 404,
    body: { code: 'DRIFTLOG_TOKEN_NOT_FOUND' }
  })
})

test('who issued and revoked what stands in the log, and no secret does', async () => {
  await using hub = await openGuarded()
  const { body } = await hub.ask('POST', '/api/tokens', { name: 'ci', scopes: ['agent'] })
  await hub.ask('DELETE', `/api/tokens/${body.id}`)
  const key = await hub.face.access.issueHostKey('h1')
  await hub.ask('DELETE', '/api/host-keys/h1')
  const said = hub.said().filter(({ msg }) => /token|key/.test(msg))
  const by = { kind: 'token', id: hub.id, name: 'boss', address: '127.0.0.1' }
  expect(said).toMatchObject([
    { msg: 'a token was issued', by, id: body.id, name: 'ci', scopes: ['agent'] },
    { msg: 'a token was revoked', by, id: body.id, name: 'ci' },
    { msg: "a host's key was revoked", by, host: 'h1' }
  ])
  for (const secret of [body.token, key, hub.token])
    expect(JSON.stringify(hub.said())).not.toContain(secret.slice(-32))
})

test("hosts' keys are listed and revoked", async () => {
  await using hub = await openGuarded()
  const key = await hub.face.access.issueHostKey('h1')
  const { body } = await hub.ask('GET', '/api/host-keys')
  expect(body).toEqual({ keys: [{ host: 'h1', name: '', created: expect.any(String) }] })
  expect((await hub.ask('DELETE', '/api/host-keys/h1')).status).toBe(200)
  expect(hub.face.access.check(key)).toBeUndefined()
  expect((await hub.ask('DELETE', '/api/host-keys/h1')).body.code).toBe('DRIFTLOG_HOST_KEY_NOT_FOUND')
})

test.each<[string, object]>([
  ['without a name', { scopes: ['read'] }],
  ['with an empty name', { name: '', scopes: ['read'] }],
  ['with a name of two lines', { name: 'a\nb', scopes: ['read'] }],
  ['with a name beyond measure', { name: 'x'.repeat(101), scopes: ['read'] }],
  ['without a scope', { name: 'x', scopes: [] }],
  ['with an unknown scope', { name: 'x', scopes: ['root'] }],
  ['that was over before it began', { name: 'x', scopes: ['read'], expiresDays: 0 }],
  ['that lasts for ever and a day', { name: 'x', scopes: ['read'], expiresDays: 36_501 }],
  ['with a wish that the hub does not know', { name: 'x', scopes: ['read'], expires: 5 }]
])('no token is issued %s', async (_name, body) => {
  await using hub = await openGuarded()
  const answer = await hub.ask('POST', '/api/tokens', body)
  expect([answer.status, answer.body.code]).toEqual([400, 'DRIFTLOG_VALIDATION'])
  expect(hub.face.access.list()).toHaveLength(1)
})

test('a hub keeps a thousand tokens, and says what to do then', async () => {
  await using hub = await openGuarded()
  for (let i = 1; i < 1000; i++) await hub.face.access.issue({ name: 'x', scopes: ['read'] })
  const answer = await hub.ask('POST', '/api/tokens', { name: 'x', scopes: ['read'] })
  expect(answer).toMatchObject({ status: 409, body: { code: 'DRIFTLOG_TOKEN_LIMIT' } })
})

interface Said {
  msg: string
}

async function openGuarded() {
  const lines: string[] = []
  const out = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    }
  })
  const face = await openFace({ env: GUARDED, parts: { log: pino({ level: 'trace' }, out) } })
  const { token, id } = await face.access.issue({ name: 'boss', scopes: ['admin'] })
  return {
    face,
    token,
    id,
    said: () => lines.map((line) => JSON.parse(line) as Said),
    ask: (method: string, path: string, body?: object) => asked(face, method, path, token, body),
    [Symbol.asyncDispose]: () => face[Symbol.asyncDispose]()
  }
}

async function asked(face: Face, method: string, path: string, token: string, body?: object) {
  const answer = await fetch(face.url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {})
  })
  return { status: answer.status, body: (await answer.json()) as Body }
}
