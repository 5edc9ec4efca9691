/** What an administrator starts once, on the real Zabbix: users with the rights that they need, and tokens that find their way. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ZabbixApi } from '../../../server/zabbix/api.ts'
import { bootstrap, bootstrapReader } from '../../../server/zabbix/bootstrap.ts'
import { technicalName } from '../../../server/zabbix/registration.ts'
import { atLeast } from '../../../server/zabbix/version.ts'
import { command } from '../../server/cli/command.ts'
import { GROUP, historyOf, openScene, prepare, until } from './scene.ts'
import { ADMIN, API_URL, openAsAdmin } from './server.ts'

const ENV = { DRIFTLOG_ZABBIX_URL: API_URL.href, DRIFTLOG_ZABBIX_ADMIN_PASSWORD: ADMIN.password }
const PATIENCE = { timeout: 240_000 }
const HOST = 'read-by-grafana'

beforeAll(prepare, 120_000)

test(
  'the reader for Grafana reads what Driftlog tells, nothing else, and changes nothing',
  PATIENCE,
  async () => {
    await using admin = await openAsAdmin()
    await using scene = await openScene([HOST])
    const host = technicalName(scene.hosts[0] ?? '')
    const { token = '' } = await bootstrapReader(admin, { group: GROUP, newToken: true })
    await using reader = await ZabbixApi.open({ url: API_URL, token, timeoutMs: 30_000 })
    await until(async () => (await historyOf(reader, host, 'driftlog.host.cpu')).length >= 2, 120)
    const named = async (api: ZabbixApi) => {
      const hosts = await api.call<{ host: string }[]>('host.get', { output: ['host'] })
      return hosts.map((one) => one.host)
    }
    // Zabbix's own server is a host, too.
    expect(await named(admin)).toContain('Zabbix server')
    expect(await named(reader)).toEqual([host])
    expect(await reader.call('hostgroup.get', { output: ['name'] })).toMatchObject([{ name: GROUP }])
    expect(await reader.call('user.get', { output: ['username'] })).toMatchObject([
      { username: 'driftlog-grafana' }
    ])
    const [{ hostid, itemid } = { hostid: '', itemid: '' }] = await reader.call<
      { hostid: string; itemid: string }[]
    >('item.get', { host, output: ['hostid', 'itemid'], limit: 1 })
    const changes: [string, unknown][] = [
      ['host.update', { hostid, status: 1 }],
      ['host.create', { host: 'x', groups: [{ groupid: '1' }] }],
      ['item.update', { itemid, status: 1 }],
      ['event.acknowledge', { eventids: '1', action: 1 }],
      ['token.create', { name: 'more', userid: '1' }],
      ['user.update', { userid: '1', surname: 'x' }],
      ['configuration.import', { format: 'json', source: '{}', rules: {} }],
      ['script.execute', { scriptid: '1', hostid }]
    ]
    for (const [method, params] of changes)
      await expect(reader.call(method, params), method).rejects.toMatchObject({
        code: 'DRIFTLOG_ZABBIX_REFUSED'
      })
  }
)

test('rights that somebody has changed are mended; done again nothing changes', async () => {
  await using admin = await openAsAdmin()
  const asked = { group: GROUP, newToken: false }
  const [users] = await admin.call<{ usrgrpid: string }[]>('usergroup.get', {
    ...{ filter: { name: 'Driftlog Grafana' }, output: ['usrgrpid'], selectRights: 'extend' }
  })
  const all = await admin.call<{ groupid: string }[]>('hostgroup.get', { output: ['groupid'] })
  const rights = all.map(({ groupid: id }) => ({ id, permission: 3 }))
  await admin.call('usergroup.update', { usrgrpid: users?.usrgrpid, rights })
  expect(await bootstrapReader(admin, asked)).toEqual({ done: [] })
  expect(await bootstrap(admin, asked)).toEqual({ done: [] })
  const [mended] = await admin.call<{ rights: { permission: string }[] }[]>('usergroup.get', {
    ...{ usrgrpids: users?.usrgrpid, output: ['usrgrpid'], selectRights: 'extend' }
  })
  expect(mended?.rights).toMatchObject([{ permission: '2' }])
})

test(
  'tokens go to standard output as settings, or into files, where one that works is left',
  PATIENCE,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'driftlog-bootstrap-'))
    const [hub, grafana] = [join(folder, 'hub'), join(folder, 'grafana')]
    const run = (...more: string[]) => command(['zabbix', 'bootstrap', ...more], ENV)
    const printed = await run('--new-token')
    expect(printed).toMatchObject({ code: 0, stderr: expect.stringContaining('WARNING: "Admin" has') })
    expect(printed.stdout).toMatch(
      /^DRIFTLOG_ZABBIX_TOKEN=[0-9a-f]{64}\nDRIFTLOG_GRAFANA_ZABBIX_TOKEN=[0-9a-f]{64}\n$/
    )
    expect(await run()).toMatchObject({ code: 0, stdout: '' })

    const files = [`--token-file=${hub}`, `--grafana-token-file=${grafana}`]
    const written = await run(...files)
    expect(written).toMatchObject({ code: 0, stdout: '' })
    const secrets = await Promise.all([hub, grafana].map((file) => readFile(file, 'utf8')))
    for (const secret of secrets) {
      expect(secret).toMatch(/^[0-9a-f]{64}\n$/)
      expect(written.stderr).not.toContain(secret.trim())
    }
    for (const file of [hub, grafana]) expect((await stat(file)).mode & 0o777).toBe(0o600)
    const status = await command(['zabbix', 'status'], {
      ...{ DRIFTLOG_ZABBIX_URL: API_URL.href, DRIFTLOG_ZABBIX_TOKEN_FILE: hub }
    })
    expect(status.stdout).toMatch(/^ok {3}API.*^ok {3}hosts/ms)

    expect(await run(...files)).toMatchObject({ code: 0, stderr: expect.stringContaining('already') })
    // The administrator has another password by now.
    const other = { ...ENV, DRIFTLOG_ZABBIX_ADMIN_PASSWORD: 'not-the-one' }
    const unlooked = await command(['zabbix', 'bootstrap', ...files], other)
    expect(unlooked).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing was looked at') })
    expect(await Promise.all([hub, grafana].map((file) => readFile(file, 'utf8')))).toEqual(secrets)

    await writeFile(grafana, 'f'.repeat(64))
    expect((await run(...files)).stderr).toContain(`wrote it to ${grafana}`)
    expect(await readFile(hub, 'utf8')).toBe(secrets[0])
    expect(await readFile(grafana, 'utf8')).toMatch(/^(?!f{64})[0-9a-f]{64}\n$/)
    expect(await command(['zabbix', 'bootstrap', '--token-file', hub], other)).not.toMatchObject({ code: 0 })
    await rm(folder, { recursive: true })
  }
)

test('the password of a new Zabbix is replaced where that is asked for', PATIENCE, async () => {
  const other = { ...ENV, DRIFTLOG_ZABBIX_ADMIN_PASSWORD: 'quite-another-1' }
  try {
    const changed = await command(['zabbix', 'bootstrap', '--replace-first-password'], other)
    expect(changed).toMatchObject({ code: 0, stderr: expect.stringContaining('changed the first password') })
    expect(changed.stderr).not.toContain('WARNING')
    const again = await command(['zabbix', 'bootstrap', '--replace-first-password'], other)
    expect(again.stderr).not.toContain('changed the first password')
  } finally {
    const user = { name: ADMIN.name, password: other.DRIFTLOG_ZABBIX_ADMIN_PASSWORD }
    await using admin = await ZabbixApi.open({ url: API_URL, user, timeoutMs: 60_000 })
    // Not as people may choose it, but as every new Zabbix has it.
    await admin.call('authentication.update', { passwd_check_rules: 0, passwd_min_length: 6 })
    const current = atLeast(admin.version, 6, 4) ? { current_passwd: user.password } : {}
    await admin.call('user.update', { userid: '1', passwd: ADMIN.password, ...current })
  }
})

test('a Zabbix that is not up yet is waited for', PATIENCE, async () => {
  const nowhere = { ...ENV, DRIFTLOG_ZABBIX_URL: 'http://127.0.0.1:9/api_jsonrpc.php' }
  const waited = await command(['zabbix', 'bootstrap', '--wait', '4'], nowhere)
  expect(waited.code).not.toBe(0)
  expect(waited.stderr).toMatch(/waiting for Zabbix: Zabbix does not answer.*Zabbix does not answer/s)
})
