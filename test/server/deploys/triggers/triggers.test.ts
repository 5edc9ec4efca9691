import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../../collector/store/memory-state.ts'
import { call, fromGithub, openPlace, sample, withToken } from './place.ts'

const STAGING = { app: 'orders', environment: 'staging' }
const PUSH = sample('github/push-new-branch')

test('a secret is shown once, is kept nowhere, and is another one after it was renewed or the trigger made anew', async () => {
  const share = new MemoryShare()
  await using place = await openPlace({ state: new MemoryStateStore(share) })
  const secret = await place.make('github', [STAGING])
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/)
  const again = await place.post('/api/triggers', { name: 'github', kind: 'github', rules: [STAGING] })
  expect([again.status, again.body.secret]).toEqual([200, undefined])
  expect(JSON.stringify((await place.face.get('/api/triggers')).body)).not.toContain(secret)
  expect(JSON.stringify([...share.values])).not.toContain(secret.slice('whsec_'.length))

  const renewed = await place.post('/api/triggers/github/secret', {})
  expect(renewed.body.secret).not.toBe(secret)
  expect((await call(place, 'github', fromGithub(secret, 'push', PUSH))).status).toBe(401)
  expect((await call(place, 'github', fromGithub(renewed.body.secret, 'push', PUSH))).status).toBe(202)

  const { status } = await fetch(`${place.face.url}/api/triggers/github`, { method: 'DELETE' })
  expect(status).toBe(200)
  expect([...share.values].filter(([key, { text }]) => /^hook-(seen|deliv)/.test(key) && text)).toEqual([])
  const made = await place.make('github', [STAGING])
  expect([secret, renewed.body.secret]).not.toContain(made)
  expect((await place.face.get('/api/triggers/unknown')).body.code).toBe('DRIFTLOG_TRIGGER_NOT_FOUND')
})

test.each<[string, object, string]>([
  ['cron without a schedule', { cron: '* * * * *' }, 'Only a trigger of the kind schedule'],
  ['an unknown place', { rules: [{ ...STAGING, image: '{{host}}' }] }, 'has {{host}}; known are tag, branch'],
  ['half a place', { rules: [{ ...STAGING, reason: '{{tag' }] }, 'brackets that are no place'],
  ['an image that is none', { rules: [{ ...STAGING, image: '$(id)' }] }, 'is no tag'],
  ['a registry without a repository', { kind: 'registry' }, 'rules[0]: repository is missing']
])('a trigger with %s is refused', async (_name, change, told) => {
  await using place = await openPlace()
  const asked = { name: 'main', kind: 'github', rules: [STAGING], ...change }
  const { status, body } = await place.post('/api/triggers', asked)
  expect([status, body.code, body.message]).toEqual([400, 'DRIFTLOG_TRIGGER', expect.stringContaining(told)])
})

test.each<[string, object]>([
  ['a name with a path', { name: '../x' }],
  ['a name with a slash', { name: 'a/b' }],
  ['an app with signs', { rules: [{ app: 'Orders!', environment: 'staging' }] }],
  ['no rules', { rules: [] }],
  ['a kind that is none', { kind: 'svn' }],
  ['something more', { secret: 'mine' }]
])('%s is no trigger', async (_name, change) => {
  await using place = await openPlace()
  const asked = { name: 'main', kind: 'github', rules: [STAGING], ...change }
  expect((await place.post('/api/triggers', asked)).body.code).toBe('DRIFTLOG_VALIDATION')
})

test('a trigger does not become one of another product', async () => {
  await using place = await openPlace()
  await place.make('github', [STAGING], 'main')
  const { status, body } = await place.post('/api/triggers', {
    name: 'main',
    kind: 'gitlab',
    rules: [STAGING]
  })
  expect([status, body.code]).toEqual([409, 'DRIFTLOG_TRIGGER_KIND'])
})

test('the first rule that fits decides, and those that it leads to', async () => {
  await using place = await openPlace()
  const secret = await place.make('generic', [
    { ...STAGING, branch: 'release/*', image: '{{slug}}' },
    { ...STAGING, branch: 'main', image: 'edge', goOn: true },
    { app: 'orders', environment: 'production', branch: '**' },
    STAGING
  ])
  const push = (branch: string) =>
    call(place, 'generic', withToken(`Bearer ${secret}`, { event: 'push', branch }))
  expect((await push('main')).body.decided).toMatchObject([
    { environment: 'staging' },
    { environment: 'production' }
  ])
  expect(place.orders.asked).toMatchObject([{ image: 'edge' }, { environment: 'production' }])
  for (const { id } of place.orders.deploys) place.orders.become(id, { state: 'succeeded' })
  await push('release/1.4')
  await push('feature/a/b')
  expect(place.orders.asked.slice(2)).toMatchObject([{ image: 'release-1-4' }, { environment: 'production' }])
})

test('the log of deliveries is bounded, and what is ignored does not hide what was done', async () => {
  let nowMs = 1_700_000_000_000
  await using place = await openPlace({ nowMs: () => nowMs })
  const secret = await place.make('generic', [{ ...STAGING, branch: 'main' }])
  const push = (branch: string, by: number) =>
    call(place, 'generic', withToken(`Bearer ${secret}`, { event: 'push', branch, by: String(by) }))
  await push('main', 0)
  for (let i = 1; i <= 141; i++) {
    nowMs += 1000
    await push('other', i)
  }
  const deliveries = await place.deliveries('generic')
  expect(deliveries.filter(({ verdict }) => verdict === 'ignored').length).toBeLessThanOrEqual(120)
  expect(deliveries.at(-1)).toMatchObject({ verdict: 'deployed' })
  const metrics = await (await fetch(`${place.face.url}/metrics`)).text()
  expect(metrics).toContain('driftlog_hook_events_ignored_total 141\n')
})
