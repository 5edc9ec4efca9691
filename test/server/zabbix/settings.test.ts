import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readConfig } from '../../../server/config.ts'

const URL_AND_TOKEN = { DRIFTLOG_ZABBIX_URL: 'http://zabbix.test/zabbix/', DRIFTLOG_ZABBIX_TOKEN: 'abc' }

test('without an address there is no Zabbix; with one and a token the rest has defaults', () => {
  expect(readConfig({}).zabbix).toBeUndefined()
  const { zabbix } = readConfig(URL_AND_TOKEN)
  expect(zabbix?.api.url.href).toBe('http://zabbix.test/zabbix/api_jsonrpc.php')
  expect(zabbix).toMatchObject({
    trapper: { host: 'zabbix.test', port: 10_051 },
    ...{ group: 'Driftlog', registration: 'api', intervalMs: 60_000, leaveAfterMs: 7 * 86_400_000 }
  })
})

test('links lead where browsers find the frontend; a token may stand in a file', () => {
  expect(readConfig(URL_AND_TOKEN).zabbix?.pages.href).toBe('http://zabbix.test/zabbix/')
  const { DRIFTLOG_ZABBIX_TOKEN: _, ...without } = URL_AND_TOKEN
  const { zabbix } = readConfig({
    ...{ ...without, DRIFTLOG_ZABBIX_TOKEN_FILE: '/run/zabbix/token' },
    DRIFTLOG_ZABBIX_PUBLIC_URL: 'https://zabbix.example.org'
  })
  expect(zabbix).toMatchObject({ tokenFile: '/run/zabbix/token', api: { timeoutMs: 30_000 } })
  expect(zabbix?.api).not.toHaveProperty('token')
  expect(zabbix?.pages.href).toBe('https://zabbix.example.org/')
})

test.each([
  ['zabbix', { host: 'zabbix', port: 10_051 }],
  ['10.0.0.7:20051', { host: '10.0.0.7', port: 20_051 }],
  ['[::1]:10052', { host: '::1', port: 10_052 }]
])('the server %s', (server, expected) => {
  const { zabbix } = readConfig({ ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_SERVER: server })
  expect(zabbix?.trapper).toMatchObject(expected)
})

test.each([
  [{ DRIFTLOG_ZABBIX_URL: 'http://zabbix.test' }, 'needs a token'],
  [{ ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_URL: 'zabbix.test' }, 'no plain http or https address'],
  [{ ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_PUBLIC_URL: 'zabbix' }, 'DRIFTLOG_ZABBIX_PUBLIC_URL="zabbix"'],
  [{ ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_TOKEN_FILE: '/x' }, 'Set one of them'],
  [{ ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_PSK_IDENTITY: 'hub' }, 'belong together'],
  [{ ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_CA_FILE: '/nowhere/ca.pem' }, "can't be read"],
  [{ ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_REGISTRATION: 'magic' }, 'must be one of api, autoregistration']
])('%j is refused with what to do', (env, reason) => {
  expect(() => readConfig(env)).toThrow(reason)
})

test('a pre-shared key is read from its file, and has to be one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-psk-'))
  const file = join(folder, 'key')
  const env = { ...URL_AND_TOKEN, DRIFTLOG_ZABBIX_PSK_IDENTITY: 'hub', DRIFTLOG_ZABBIX_PSK_FILE: file }
  await writeFile(file, `${'0f'.repeat(32)}\n`)
  expect(readConfig(env).zabbix?.trapper.psk).toEqual({ identity: 'hub', key: '0f'.repeat(32) })
  await writeFile(file, 'secret')
  expect(() => readConfig(env)).toThrow('openssl rand -hex 32')
  await rm(folder, { recursive: true })
})
