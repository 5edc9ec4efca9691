import { request } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../../collector/store/memory-state.ts'
import { Orders } from '../orders.ts'
import {
  call,
  fromGithub,
  fromGitlab,
  openPlace,
  type Place,
  type Sample,
  sample,
  signedByGitlab,
  withToken
} from './place.ts'

const STAGING = { app: 'orders', environment: 'staging' }
const PUSH = sample('github/push-new-branch')
const REFUSED = { status: 401, body: { code: 'DRIFTLOG_HOOK_SECRET' } }

test('who brings no proof, or a wrong one, is refused, counted and listed, and nothing is done', async () => {
  await using place = await openPlace()
  const secret = await place.make('github', [STAGING])
  const right = fromGithub(secret, 'push', PUSH)
  const { 'x-hub-signature-256': signature = '', ...unsigned } = right.headers
  const wrong: Record<string, string>[] = [
    unsigned,
    { ...unsigned, 'x-hub-signature-256': '' },
    { ...unsigned, 'x-hub-signature-256': signature.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')) },
    { ...unsigned, 'x-hub-signature-256': signature.slice('sha256='.length) },
    { ...unsigned, 'x-hub-signature': signature },
    { ...unsigned, authorization: `Bearer ${secret}` }
  ]
  for (const headers of wrong)
    expect(await call(place, 'github', { ...right, headers })).toMatchObject(REFUSED)
  expect(await call(place, 'github', { ...right, body: `${right.body} ` })).toMatchObject(REFUSED)
  expect(await call(place, 'unknown', right)).toMatchObject(REFUSED)
  expect(place.orders.asked).toEqual([])
  const { body } = await place.face.get('/api/triggers/github/deliveries')
  expect(body.deliveries).toEqual([])
  expect(body.strangers).toMatchObject({ count: 1, last: [{ address: '127.0.0.1' }] })
  const metrics = await (await fetch(`${place.face.url}/metrics`)).text()
  expect(metrics).toContain('driftlog_token_failures_wrong_total{place="hook"} 8\n')
  // A right one still passes.
  expect((await call(place, 'github', right)).status).toBe(202)
})

test('wrong tokens of every product that shows one', async () => {
  await using place = await openPlace()
  const rules = [{ ...STAGING, repository: '**' }]
  for (const kind of ['gitlab', 'jenkins', 'registry', 'harbor', 'generic', 'dockerhub'] as const) {
    const secret = await place.make(kind, rules)
    const other = secret.replace(/^whsec_./, 'whsec_-')
    const basic = `Basic ${Buffer.from(`user:${other}`).toString('base64')}`
    for (const authorization of [other, `Bearer ${other}`, basic, 'Bearer ', 'Basic %'])
      expect([401, 429]).toContain((await call(place, kind, withToken(authorization, {}))).status)
    if (kind === 'dockerhub') continue
    // What stands in the address ends in the logs of proxies: it is taken where there is no other way alone.
    const query = `?token=${encodeURIComponent(secret)}`
    const { status } = await call(place, kind, { ...withToken('x', {}), query })
    expect([401, 429]).toContain(status)
  }
  expect(place.orders.asked).toEqual([])
})

test('a signature of GitLab is held to its time, its name and its body, and a token does not heal it', async () => {
  await using place = await openPlace()
  const secret = await place.make('gitlab', [STAGING])
  const body = sample('gitlab/push')
  const old = signedByGitlab(secret, 'Push Hook', body, Date.now() - 6 * 60_000)
  const early = signedByGitlab(secret, 'Push Hook', body, Date.now() + 6 * 60_000)
  const good = signedByGitlab(secret, 'Push Hook', body, Date.now())
  const renamed = { ...good, headers: { ...good.headers, 'webhook-id': 'msg-other' } }
  const altered = { ...good, body: good.body.replace('refs/heads/master', 'refs/heads/mastes') }
  const withSecret = { ...altered, headers: { ...altered.headers, 'x-gitlab-token': secret } }
  for (const sent of [old, early, renamed, altered, withSecret])
    expect(await call(place, 'gitlab', sent)).toMatchObject(REFUSED)
  expect((await call(place, 'gitlab', good)).status).toBe(202)
})

test('what came before is refused, also under another name and at another hub', async () => {
  const share = new MemoryShare()
  const orders = await Orders.open(new MemoryStateStore(share))
  await using here = await openPlace({ state: new MemoryStateStore(share), orders })
  await using there = await openPlace({ state: new MemoryStateStore(share), orders })
  const secret = await here.make('github', [STAGING])
  const sent = fromGithub(secret, 'push', PUSH)
  expect((await call(here, 'github', sent)).status).toBe(202)
  orders.become('d0001', { state: 'succeeded' })
  const replayed = { status: 409, body: { code: 'DRIFTLOG_HOOK_REPLAYED' } }
  expect(await call(here, 'github', sent)).toMatchObject(replayed)
  expect(await call(there, 'github', sent)).toMatchObject(replayed)
  // GitHub does not sign the name of a delivery.
  const renamed = { ...sent, headers: { ...sent.headers, 'x-github-delivery': 'another' } }
  expect(await call(there, 'github', renamed)).toMatchObject(replayed)

  const token = await there.make('gitlab', [STAGING])
  const push = fromGitlab(token, 'Push Hook', sample('gitlab/push'))
  expect((await call(there, 'gitlab', push)).status).toBe(202)
  orders.become('d0002', { state: 'succeeded' })
  expect(await call(here, 'gitlab', push)).toMatchObject(replayed)
  expect(orders.asked).toHaveLength(2)
})

test('without a name of its own a body is known again for ten minutes', async () => {
  let nowMs = Date.now()
  await using place = await openPlace({ nowMs: () => nowMs })
  const secret = await place.make('generic', [STAGING])
  const sent = withToken(`Bearer ${secret}`, { event: 'push', branch: 'main' })
  expect((await call(place, 'generic', sent)).status).toBe(202)
  nowMs += 9 * 60_000
  expect((await call(place, 'generic', sent)).status).toBe(409)
  nowMs += 2 * 60_000
  expect((await call(place, 'generic', sent)).status).toBe(202)
})

test('what the hub could not do may be sent again; what it refuses is refused for good', async () => {
  await using place = await openPlace()
  const secret = await place.make('github', [STAGING])
  const sent = fromGithub(secret, 'push', PUSH)
  place.orders.fault = Object.assign(new Error('the store is away'), { code: 'DRIFTLOG_STORE_AWAY' })
  expect(await call(place, 'github', sent)).toMatchObject({
    status: 503,
    body: { code: 'DRIFTLOG_HOOK_FAILED', message: expect.stringContaining('the store is away') }
  })
  delete place.orders.fault
  expect(await call(place, 'github', sent)).toMatchObject({
    status: 202,
    body: { decided: [{ verdict: 'deployed' }] }
  })
  const next = fromGithub(secret, 'push', { ...PUSH, after: 'a'.repeat(40) })
  expect(await call(place, 'github', next)).toMatchObject({
    status: 202,
    body: { decided: [{ verdict: 'waiting', why: expect.stringContaining('by deploy d0001') }] }
  })
  expect((await place.deliveries('github')).map(({ verdict }) => verdict)).toEqual([
    'waiting',
    'deployed',
    'failed'
  ])
})

test('a hub that died before it wrote down what it did: the delivery may come again, and begins the same deploy', async () => {
  const state = new MemoryStateStore()
  await using place = await openPlace({ state })
  const secret = await place.make('github', [STAGING])
  const sent = fromGithub(secret, 'push', PUSH)
  const first = await call(place, 'github', sent)
  for (const { key, value } of await state.list<object>('hook-seen/'))
    await state.put(key, { ...value, isDone: false, atMs: Date.now() - 61_000 })
  const again = await call(place, 'github', sent)
  expect(again.body.decided).toMatchObject([{ deploy: first.body.decided[0].deploy }])
  expect(place.orders.asked).toHaveLength(1)
  expect((await call(place, 'github', sent)).status).toBe(409)
})

test.each<[string, object, string]>([
  ['another branch', { ...STAGING, branch: 'main' }, 'ignored: no rule is for this'],
  ['another repository', { ...STAGING, repository: 'codertocat/*' }, 'ignored: no rule is for this'],
  ['another kind of event', { ...STAGING, on: ['release'] }, 'ignored: no rule is for this'],
  ['an app that is not there', { ...STAGING, app: 'ghost' }, 'refused: DRIFTLOG_DEFINITION_NOT_FOUND'],
  ['an environment that is not there', { ...STAGING, environment: 'moon' }, 'refused: DRIFTLOG_ENVIRONMENT'],
  [
    'an image that is not on the list',
    { ...STAGING, image: 'evil.example.org/miner:{{sha}}' },
    'refused: DRIFTLOG_IMAGE_NOT_ALLOWED'
  ],
  [
    'a place that the event does not fill',
    { ...STAGING, image: '{{tag}}' },
    'refused: the image "{{tag}}" needs'
  ]
])('a push that meets %s', async (_name, rule, told) => {
  await using place = await openPlace()
  const secret = await place.make('github', [rule as never])
  const { status, body } = await call(place, 'github', fromGithub(secret, 'push', PUSH))
  const [{ verdict, why }] = body.decided
  expect([status, `${verdict}: ${why}`]).toEqual([202, expect.stringContaining(told)])
  expect(place.orders.asked).toEqual([])
})

const EVIL = [
  '$(touch pwned)',
  '`id`',
  'main;id',
  'main&&id',
  'main|id',
  'main\nid',
  'main\u0000',
  'main"x',
  "main'x",
  '../../etc/passwd',
  'a/../../b',
  '/etc/passwd',
  '-rf',
  'a//b',
  '\u202egnp',
  'x'.repeat(300)
]

test.each(EVIL)('names that could stumble a shell, a path or a key are refused (%j)', async (name) => {
  await using place = await openPlace()
  const secret = await place.make('github', [{ ...STAGING, branch: '**', image: '{{slug}}' }, STAGING])
  const branch = { ...PUSH, ref: `refs/heads/${name}` }
  const tag = { ...PUSH, ref: `refs/tags/${name}` }
  const repository = { ...PUSH, repository: { ...PUSH.repository, full_name: name } }
  const commit = { ...PUSH, after: name }
  for (const body of [branch, tag, repository, commit]) {
    const answer = await call(place, 'github', fromGithub(secret, 'push', body))
    expect(answer.body.decided).toMatchObject([{ verdict: 'refused' }])
  }
  expect(place.orders.asked).toEqual([])
})

test('a job whose name no pattern could be tried on in good time is refused', async () => {
  await using place = await openPlace()
  const secret = await place.make('generic', [{ ...STAGING, job: '**a*b'.repeat(40) }])
  const body = { event: 'pipeline', job: 'ab'.repeat(100_000) }
  const answer = await call(place, 'generic', withToken(`Bearer ${secret}`, body))
  expect(answer.body.decided).toMatchObject([
    { verdict: 'refused', why: expect.stringContaining('more than 255 characters') }
  ])
})

test.each<[string, string, string]>([
  ['a branch with a slash', 'refs/heads/evil/image', '{{branch}}'],
  ['a tag that is a reference', 'refs/tags/evil/image@sha', '{{tag}}'],
  ['a tag that is a part of another registry', 'refs/tags/evil.example.org/x', 'main-{{tag}}'],
  ['a branch in a reference', 'refs/heads/a/b', 'registry.example.org/shop/{{branch}}:1']
])('%s never becomes another image', async (_name, ref, image) => {
  await using place = await openPlace()
  const secret = await place.make('github', [{ ...STAGING, image }])
  const { body } = await call(place, 'github', fromGithub(secret, 'push', { ...PUSH, ref }))
  expect(body.decided).toMatchObject([{ verdict: 'refused', why: expect.stringContaining("can't be part") }])
  expect(place.orders.asked).toEqual([])
})

test('bodies that are too large, too deep, no JSON or of another shape', async () => {
  await using place = await openPlace()
  const secret = await place.make('generic', [STAGING])
  const authorization = `Bearer ${secret}`
  const headers = { 'content-type': 'application/json', authorization }
  const tell = async (body: string) => (await call(place, 'generic', { headers, body })).body.code
  expect(await tell(JSON.stringify({ event: 'push', branch: 'x'.repeat(1024 * 1024) }))).toBe(
    'DRIFTLOG_BODY_TOO_LARGE'
  )
  expect(await tell('['.repeat(100_000))).toBe('DRIFTLOG_HOOK_BODY')
  expect(await tell(`{"event":${'{"a":'.repeat(65)}1${'}'.repeat(65)}}`)).toBe('DRIFTLOG_HOOK_BODY')
  expect(await tell('{"event":')).toBe('DRIFTLOG_HOOK_BODY')
  expect(await tell('null')).toBe('DRIFTLOG_HOOK_BODY')
  expect(await tell('{"__proto__":{"event":"push"}}')).toBe('DRIFTLOG_HOOK_BODY')
  expect(await tell('')).toBe('DRIFTLOG_HOOK_BODY')
  for (const kind of ['github', 'gitlab', 'jenkins', 'registry', 'harbor', 'dockerhub'] as const) {
    const own = await place.make(kind, [{ ...STAGING, repository: '**' }])
    const odd: Sample = { object_kind: 'push', type: 'PUSH_ARTIFACT', events: [{}] }
    const sent = {
      github: fromGithub(own, 'push', odd),
      gitlab: fromGitlab(own, 'Push Hook', odd),
      dockerhub: { ...withToken('', odd), query: `?token=${encodeURIComponent(own)}` }
    }[kind as 'github']
    const answer = await call(place, kind, sent ?? withToken(`Bearer ${own}`, odd))
    expect([kind, answer.status, answer.body.code]).toEqual([kind, 400, 'DRIFTLOG_HOOK_BODY'])
  }
  expect(place.orders.asked).toEqual([])
})

test('nothing is read of whom brings no proof: the answer comes before the body', async () => {
  await using place = await openPlace()
  await place.make('jenkins', [STAGING])
  const { port } = new URL(place.face.url)
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.write(
      'POST /api/hooks/jenkins HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n' +
        'Authorization: Bearer wrong\r\nContent-Length: 1000000\r\n\r\n'
    )
    socket.once('data', (data) => {
      resolve(String(data))
      socket.destroy()
    })
  })
  expect(answer).toContain('HTTP/1.1 401')
  expect(answer.toLowerCase()).toContain('connection: close')
})

test('a body that does not come ends with 408, and one address has so many at a time', async () => {
  await using place = await openPlace({ bodyMs: 300 })
  const secret = await place.make('jenkins', [STAGING])
  const slow = Array.from({ length: 40 }, () => slowly(place, secret))
  const statuses = (await Promise.all(slow)).sort()
  expect(statuses).toEqual([...Array(32).fill(408), ...Array(8).fill(503)])
})

function slowly({ face }: Place, secret: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${face.url}/api/hooks/jenkins`, {
      method: 'POST',
      headers: {
        ...{ 'content-type': 'application/json', 'content-length': 100 },
        authorization: `Bearer ${secret}`
      }
    })
    sent.on('response', ({ statusCode = 0 }) => {
      resolve(statusCode)
      sent.destroy()
    })
    sent.on('error', reject)
    sent.write('{"name":')
  })
}
