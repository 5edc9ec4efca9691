import { get } from 'node:http'
import { expect, test } from 'vitest'
import { openAccess } from '../../../collector/access.ts'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { openLogins } from '../../../server/logins.ts'
import { type Body, type Face, openFace } from '../face.ts'

const GUARDED = { DRIFTLOG_LISTEN_HOST: '0.0.0.0' }
const PAGE = { 'sec-fetch-site': 'same-origin' }
const HOUR_MS = 3_600_000

test('a token is exchanged for a cookie that no script can read, and that opens what the token opens', async () => {
  await using face = await openFace({ env: GUARDED })
  const { token } = await face.access.issue({ name: 'anna', scopes: ['read'] })
  const { status, body, cookie, setCookie } = await login(face, token)
  expect([status, body]).toEqual([200, { name: 'anna', scopes: ['read'], expires: expect.any(String) }])
  expect(setCookie).toMatch(
    /^driftlog-[0-9a-f]{8}=[\w-]{32}; Max-Age=604[78]\d\d; Path=\/; HttpOnly; SameSite=Strict$/
  )
  expect(setCookie).not.toContain(token.slice(-32))
  const about = await face.get('/api/status', { cookie })
  expect([about.status, about.body.login.name]).toEqual([200, 'anna'])
  expect((await face.get('/api/status', { authorization: `Bearer ${token}` })).body.login).toBeUndefined()
})

test('where browsers come by https, no plain one can send or set the cookie', async () => {
  await using face = await openFace({ env: { DRIFTLOG_PUBLIC_URL: 'https://logs.example.org' } })
  const { token } = await face.access.issue({ name: 'anna', scopes: ['read'] })
  const { setCookie, cookie } = await login(face, token)
  expect(setCookie).toMatch(/^__Host-driftlog-[0-9a-f]{8}=.*; Path=\/; HttpOnly; SameSite=Strict; Secure$/)
  expect((await face.get('/api/status', { cookie })).status).toBe(200)
  expect((await face.get('/api/status', { cookie: cookie.replace('__Host-', '') })).status).toBe(401)
})

test.each<[string, Record<string, string>, string | undefined]>([
  ['the page', PAGE, undefined],
  ['the page of an old browser', { origin: 'http://HOST' }, undefined],
  ['the page behind a proxy that says another Host', { origin: 'http://logs.example.org' }, undefined],
  ['nobody knows whom', {}, 'DRIFTLOG_SAME_ORIGIN'],
  [
    'a form of another site',
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    'DRIFTLOG_CROSS_ORIGIN'
  ],
  [
    'a form of another port',
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate' },
    'DRIFTLOG_CROSS_ORIGIN'
  ],
  ['a form without origin', { origin: 'null' }, 'DRIFTLOG_CROSS_ORIGIN'],
  ['an old browser for another site', { origin: 'https://evil.example' }, 'DRIFTLOG_CROSS_ORIGIN'],
  ['a bookmark', { 'sec-fetch-site': 'none' }, 'DRIFTLOG_SAME_ORIGIN']
])('by cookie things are changed from the page alone: %s', async (_name, headers, code) => {
  await using face = await openFace({ env: { ...GUARDED, DRIFTLOG_PUBLIC_URL: 'http://logs.example.org' } })
  const { token } = await face.access.issue({ name: 'boss', scopes: ['admin'] })
  const { cookie } = await login(face, token)
  const sent = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('HOST', new URL(face.url).host)])
  )
  const made = await post(face, '/api/tokens', { name: 'ci', scopes: ['read'] }, { cookie, ...sent })
  expect([made.status, made.body.code]).toEqual(code ? [403, code] : [201, undefined])
  expect(face.access.list()).toHaveLength(code ? 1 : 2)
  // A program with the token itself needs none of it.
  const bearer = { authorization: `Bearer ${token}` }
  expect((await post(face, '/api/tokens', { name: 'ci', scopes: ['read'] }, bearer)).status).toBe(201)
})

test('another site reads nothing by cookie, and logs nobody in', async () => {
  await using face = await openFace({ env: GUARDED })
  const { token } = await face.access.issue({ name: 'anna', scopes: ['read'] })
  const { cookie } = await login(face, token)
  const foreign = { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }
  expect((await face.get('/api/logs', { cookie, ...foreign })).body.code).toBe('DRIFTLOG_CROSS_ORIGIN')
  const there = await post(face, '/api/session', { token }, { origin: 'https://evil.example' })
  expect([there.status, there.headers.get('set-cookie')]).toEqual([403, null])
})

test.each<[string, string[], number, string]>([
  ['that only joins hosts', ['agent'], 403, 'DRIFTLOG_SCOPE'],
  ['that nobody knows', [], 401, 'DRIFTLOG_TOKEN_UNKNOWN']
])('a token %s logs nobody in', async (_name, scopes, status, code) => {
  await using face = await openFace({ env: GUARDED })
  const [scope] = scopes
  const { token } =
    scope === 'agent' ? await face.access.issue({ name: 'x', scopes: [scope] }) : { token: 'dlr_wrong' }
  const answer = await login(face, token)
  expect([answer.status, answer.body.code, answer.setCookie]).toEqual([status, code, ''])
})

test('an open hub needs no login and says so', async () => {
  await using face = await openFace()
  expect(await login(face, 'x')).toMatchObject({ status: 400, body: { code: 'DRIFTLOG_LOGIN_NEEDLESS' } })
})

test('logout ends the login and its live tail, and takes the cookie away', async () => {
  await using face = await openFace({ env: GUARDED })
  const { token } = await face.access.issue({ name: 'anna', scopes: ['read'] })
  const [mine, other] = [await login(face, token), await login(face, token)]
  const tail = openTail(face, { cookie: mine.cookie })
  await tail.begun
  const gone = await fetch(`${face.url}/api/session`, {
    method: 'DELETE',
    headers: { cookie: mine.cookie, ...PAGE }
  })
  expect([gone.status, gone.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')])
  expect(await tail.text).toContain('event: end\ndata: {"reason":"login"}')
  const refused = await face.get('/api/status', { cookie: mine.cookie })
  expect([refused.status, refused.body.code]).toEqual([401, 'DRIFTLOG_LOGIN_OVER'])
  expect(refused.headers.get('set-cookie')).toContain('Max-Age=0')
  expect((await face.get('/api/status', { cookie: other.cookie })).status).toBe(200)
})

test('revoking a token ends its logins and every tail that it opened', async () => {
  await using face = await openFace({ env: GUARDED })
  const { token, id } = await face.access.issue({ name: 'anna', scopes: ['read'] })
  const { token: stays } = await face.access.issue({ name: 'ben', scopes: ['read'] })
  const { cookie } = await login(face, token)
  const tails = [{ cookie }, { authorization: `Bearer ${token}` }].map((headers) => openTail(face, headers))
  const neighbour = openTail(face, { authorization: `Bearer ${stays}` })
  await Promise.all([...tails, neighbour].map(({ begun }) => begun))
  await face.access.revoke(id)
  for (const { text } of tails) expect(await text).toContain('event: end\ndata: {"reason":"login"}')
  expect((await face.get('/api/status', { cookie })).body.code).toBe('DRIFTLOG_LOGIN_OVER')
  expect(neighbour.ended()).toBe(false)
  neighbour.close()
})

test('a login ends at its time, at that of its token, and outlives a restart without its secret being kept', async () => {
  let nowMs = Date.now()
  const state = new MemoryStateStore()
  const access = await openAccess(state, () => nowMs)
  const open = () => openLogins({ state, access, maxAgeMs: 8 * HOUR_MS, nowMs: () => nowMs })
  const logins = await open()
  const long = await access.issue({ name: 'long', scopes: ['read'] })
  const short = await access.issue({ name: 'short', scopes: ['read'], expiresMs: nowMs + HOUR_MS })
  const [one, two] = [await logins.begin(long), await logins.begin(short)]
  expect([one.expiresMs - nowMs, two.expiresMs - nowMs]).toEqual([8 * HOUR_MS, HOUR_MS])
  const again = await open()
  expect(again.cookie).toBe(logins.cookie)
  expect(again.check(one.secret)).toMatchObject({ id: long.id, name: 'long' })
  expect(JSON.stringify(await state.list(''))).not.toContain(one.secret)
  nowMs += HOUR_MS
  expect([again.check(one.secret)?.name, again.check(two.secret)]).toEqual(['long', undefined])
  nowMs += 7 * HOUR_MS
  expect(again.check(one.secret)).toBeUndefined()
  await open()
  expect(await state.list('login/')).toEqual([])
})

test('of one token a hundred logins stand, the oldest goes first', async () => {
  const state = new MemoryStateStore()
  const access = await openAccess(state)
  const logins = await openLogins({ state, access, maxAgeMs: HOUR_MS, nowMs: Date.now })
  const token = await access.issue({ name: 'x', scopes: ['read'] })
  const secrets: string[] = []
  for (let i = 0; i < 101; i++) secrets.push((await logins.begin(token)).secret)
  expect(secrets.map((secret) => logins.check(secret) !== undefined)).toEqual([
    false,
    ...Array(100).fill(true)
  ])
  expect(await state.list('login/')).toHaveLength(100)
})

test('of hubs that share a state each knows the logins of the other at once, and those that ended a moment later', async () => {
  const share = new MemoryShare()
  const open = async () => {
    const state = new MemoryStateStore(share)
    const access = await openAccess(state)
    const logins = await openLogins({ state, access, maxAgeMs: HOUR_MS, nowMs: Date.now })
    const stop = new AbortController()
    const heard = (async () => {
      for await (const entries of state.shared?.changes(stop.signal) ?? [])
        for (const keeper of [access, logins]) keeper.apply(entries)
    })()
    return { access, logins, close: () => [stop.abort(), heard] }
  }
  const [a, b] = [await open(), await open()]
  expect(b.logins.cookie).toBe(a.logins.cookie)
  const token = await a.access.issue({ name: 'anna', scopes: ['read'] })
  const { secret } = await a.logins.begin(token)
  expect(await b.logins.learn(secret)).toMatchObject({ name: 'anna' })
  expect(await b.logins.learn('made-up')).toBeUndefined()
  const ended = new Promise<void>((resolve) => b.logins.onEnded(resolve))
  await a.logins.end(secret)
  await ended
  expect(b.logins.check(secret)).toBeUndefined()
  const other = await b.logins.begin(token)
  // This one has not heard of it yet.
  await a.logins.end(other.secret)
  expect(await a.logins.learn(other.secret)).toBeUndefined()
  for (const hub of [a, b]) await Promise.all(hub.close())
})

async function post(face: Face, path: string, body: object, headers: Record<string, string> = {}) {
  const answer = await fetch(face.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body)
  })
  return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Body }
}

async function login(face: Face, token: string) {
  const { status, body, headers } = await post(face, '/api/session', { token })
  const setCookie = headers.get('set-cookie') ?? ''
  return { status, body, setCookie, cookie: setCookie.split(';', 1)[0] ?? '' }
}

function openTail(face: Face, headers: Record<string, string>) {
  let text = ''
  let ended = false
  let began: () => void = () => {}
  const begun = new Promise<void>((resolve) => {
    began = resolve
  })
  const request = get(`${face.url}/api/tail`, { headers })
  const whole = new Promise<string>((resolve) => {
    request.on('error', () => resolve(text))
    request.on('response', (response) => {
      response.setEncoding('utf8').on('data', (part) => {
        text += part
        if (text.includes('event: beat')) began()
      })
      response.on('close', () => {
        ended = true
        resolve(text)
      })
    })
  })
  return { begun, text: whole, ended: () => ended, close: () => request.destroy() }
}
