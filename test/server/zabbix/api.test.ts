import { expect, test } from 'vitest'
import { ZabbixApi } from '../../../server/zabbix/api.ts'
import { type Rpc, startApi } from './fakes.ts'

const TIMEOUT_MS = 2000
const TOKEN = 'f'.repeat(64)
const USER = { name: 'driftlog', password: 'secret' }

/** A Zabbix of this version. */
const zabbix =
  (version: string, answer: (rpc: Rpc) => unknown = () => []) =>
  (rpc: Rpc) =>
    rpc.method === 'apiinfo.version' ? version : answer(rpc)

test.each([
  ['6.0.14', { auth: TOKEN }],
  ['6.2.9', { auth: TOKEN }],
  ['6.4.0', { bearer: TOKEN }],
  ['7.0.3', { bearer: TOKEN }],
  ['7.4.0', { bearer: TOKEN }]
])('a token travels as version %s wants it', async (version, expected) => {
  await using fake = await startApi(zabbix(version))
  await using api = await ZabbixApi.open({ url: fake.url, token: TOKEN, timeoutMs: TIMEOUT_MS })
  expect(await api.call('host.get', { limit: 1 })).toEqual([])
  const [first, second] = fake.asked
  expect(first).not.toHaveProperty('auth')
  expect(first).not.toHaveProperty('bearer')
  const { auth, bearer } = second ?? {}
  expect({ ...(auth && { auth }), ...(bearer && { bearer }) }).toEqual(expected)
  expect(second).toMatchObject({ params: { limit: 1 }, type: 'application/json-rpc' })
})

// As real ones say it: 7.0.22 has other words for what is no session at all.
test.each([
  ['6.0.14', 'Session terminated, re-login, please.'],
  ['7.0.22', 'Session terminated, re-login, please.'],
  ['7.0.22', 'Not authorized.']
])(
  'a user of %s logs in by name, once for all who ask at the same time, and again at: %s',
  async (version, data) => {
    let session = 0
    let isOver = false
    const answer = ({ method, auth, bearer }: Rpc) => {
      const told = auth ?? bearer
      if (method === 'user.login') {
        isOver = false
        return `session-${++session}`
      }
      if (method === 'user.logout') return true
      return isOver || told !== `session-${session}`
        ? { error: { code: -32602, message: 'Invalid params.', data } }
        : [told]
    }
    await using fake = await startApi(zabbix(version, answer))
    {
      await using api = await ZabbixApi.open({ url: fake.url, user: USER, timeoutMs: TIMEOUT_MS })
      expect(await api.call('host.get', {})).toEqual(['session-1'])
      isOver = true
      const answers = await Promise.all(Array.from({ length: 5 }, () => api.call('host.get', {})))
      expect(answers).toEqual(Array(5).fill(['session-2']))
    }
    const logins = fake.asked.filter(({ method }) => method === 'user.login')
    expect(logins.map(({ params }) => params)).toEqual(
      Array(2).fill({ username: 'driftlog', password: 'secret' })
    )
    expect(fake.asked.at(-1)?.method).toBe('user.logout')
  }
)

test.each([
  ['an empty list', []],
  ['false', false],
  ['nothing', ''],
  ['zero', 0]
])('%s is a result like any other', async (_, result) => {
  await using fake = await startApi(zabbix('6.0.14', () => result))
  await using api = await ZabbixApi.open({ url: fake.url, token: TOKEN, timeoutMs: TIMEOUT_MS })
  expect(await api.call('x.get', {})).toEqual(result)
})

test('a refusal is told in Zabbix’s own words', async () => {
  const refusal = { error: { code: -32500, message: 'Application error.', data: 'No permissions.' } }
  await using fake = await startApi(zabbix('6.0.14', () => refusal))
  await using api = await ZabbixApi.open({ url: fake.url, token: TOKEN, timeoutMs: TIMEOUT_MS })
  const refused = api.call('host.create', {})
  await expect(refused).rejects.toMatchObject({
    ...{ code: 'DRIFTLOG_ZABBIX_REFUSED', method: 'host.create', number: -32500 },
    message: 'Zabbix refuses host.create: No permissions.'
  })
})

test.each([
  ['a page of a proxy', { raw: '<html>502', status: 502, type: 'text/html' }, 'it answers 502'],
  ['a page', { raw: '<html>hello', type: 'text/html' }, 'it sends text/html'],
  ['half an answer', { raw: '{"result":[' }, 'its JSON is broken'],
  ['another JSON', { raw: '{"ok":true}' }, 'it sends']
])('%s is an error that says so, and ends nothing', async (_, raw, reason) => {
  await using fake = await startApi(zabbix('6.0.14', () => raw))
  await using api = await ZabbixApi.open({ url: fake.url, token: TOKEN, timeoutMs: TIMEOUT_MS })
  const asked = api.call('host.get', {})
  await expect(asked).rejects.toMatchObject({
    code: 'DRIFTLOG_ZABBIX_ANSWER',
    message: expect.stringContaining(reason)
  })
})

test('whoever does not answer is away', async () => {
  await using fake = await startApi(() => new Promise(() => {}))
  const opened = ZabbixApi.open({ url: fake.url, token: TOKEN, timeoutMs: 100 })
  await expect(opened).rejects.toMatchObject({
    code: 'DRIFTLOG_ZABBIX_AWAY',
    message: expect.stringContaining('no answer in time')
  })
  const nowhere = new URL('http://user:word@127.0.0.1:1/api_jsonrpc.php')
  const error = await ZabbixApi.open({ url: nowhere, token: TOKEN, timeoutMs: 100 }).catch((e: Error) => e)
  expect(error).toMatchObject({ code: 'DRIFTLOG_ZABBIX_AWAY' })
  expect(String(error)).not.toContain('word')
})
