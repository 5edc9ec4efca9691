/** Dashboards on the command line, with real processes. */
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { command } from '../../server/cli/command.ts'
import { startGrafana, TOKEN } from '../../server/grafana/fake.ts'

const PATIENCE = { timeout: 120_000 }
const LONG_AGO = new Date('2020-01-01T00:00:00Z')

test('print: one by its name, all without one, none by another', PATIENCE, async () => {
  const one = await command(['dashboards', 'print', 'fleet'])
  expect(one).toMatchObject({ code: 0, stderr: '' })
  expect(JSON.parse(one.stdout)).toMatchObject({ uid: 'driftlog-fleet', title: 'Driftlog / Fleet' })
  expect(one.stdout).not.toContain('driftlog-logs')

  const all = await command(['dashboards', 'print', '--elasticsearch'])
  const uids = (JSON.parse(all.stdout) as { uid: string }[]).map(({ uid }) => uid)
  expect(uids).toEqual(['fleet', 'host', 'app', 'container', 'itself'].map((name) => `driftlog-${name}`))
  expect(all.stdout).toContain('driftlog-logs')

  expect(await command(['dashboards', 'print', 'flet'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('There are: fleet, host, app, container, itself.')
  })
})

test("print follows the hub's settings, and flags win over them", PATIENCE, async () => {
  const settings = {
    DRIFTLOG_STORE: 'elasticsearch',
    DRIFTLOG_ELASTICSEARCH_URL: 'http://127.0.0.1:9',
    DRIFTLOG_PUBLIC_URL: 'https://logs.example.org',
    DRIFTLOG_ZABBIX_URL: 'https://zabbix.example.org',
    DRIFTLOG_ZABBIX_TOKEN: 'secret-of-zabbix',
    DRIFTLOG_ZABBIX_GROUP: 'Hosts of Driftlog',
    DRIFTLOG_ZABBIX_INTERVAL_SECONDS: '20'
  }
  const { stdout } = await command(['dashboards', 'print', 'host'], settings)
  expect(stdout).toContain('driftlog-logs')
  expect(stdout).toContain('https://logs.example.org/-/-/logs')
  expect(stdout).toContain('/^Hosts of Driftlog(')
  expect(stdout).toContain('"insertNulls": 60000')
  expect(stdout).not.toContain('secret-of-zabbix')

  const flags = ['--hub-url', 'https://other.example.org', '--group', 'Others']
  const other = await command(['dashboards', 'print', 'host', ...flags], settings)
  expect(other.stdout).toContain('https://other.example.org/-/-/logs')
  expect(other.stdout).toContain('/^Others(')

  expect(await command(['dashboards', 'print', '--hub-url', 'logs'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('is no plain http or https address')
  })
})

test('export writes what is not as it should be, and nothing else', PATIENCE, async () => {
  await using folder = await tempFolder()
  const dir = join(folder.path, 'dashboards', 'driftlog')
  const made = await command(['dashboards', 'export', '--dir', dir])
  expect(made).toMatchObject({ code: 0, stderr: '' })
  const files = ['app', 'container', 'fleet', 'host', 'itself'].map((name) => `driftlog-${name}.json`)
  expect((await readdir(dir)).sort()).toEqual(files)
  expect(wordsOf(made.stdout)).toEqual(Array(5).fill('made'))
  const printed = await command(['dashboards', 'print', 'app'])
  expect(await readFile(join(dir, 'driftlog-app.json'), 'utf8')).toBe(printed.stdout)

  await writeFile(join(dir, 'driftlog-host.json'), '{}')
  await writeFile(join(dir, 'of-somebody-else.json'), '{}')
  for (const name of files) await utimes(join(dir, name), LONG_AGO, LONG_AGO)
  const again = await command(['dashboards', 'export', '--dir', dir])
  expect(wordsOf(again.stdout).sort()).toEqual(['changed', 'same', 'same', 'same', 'same'])
  for (const name of files) {
    const { mtime } = await stat(join(dir, name))
    expect(mtime > LONG_AGO, name).toBe(name === 'driftlog-host.json')
  }
  expect((await readdir(dir)).sort()).toEqual([...files, 'of-somebody-else.json'])
  expect(await readFile(join(dir, 'of-somebody-else.json'), 'utf8')).toBe('{}')
})

test('export says where it may not write', PATIENCE, async () => {
  await using folder = await tempFolder()
  const file = join(folder.path, 'file')
  await writeFile(file, '')
  expect(await command(['dashboards', 'export', '--dir', join(file, 'below')])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('ENOTDIR')
  })
  expect(await command(['dashboards', 'export'])).toMatchObject({ code: 2 })
})

test(
  'publish brings them into Grafana, says what lacks, and keeps what a person has changed',
  PATIENCE,
  async () => {
    await using grafana = await startGrafana()
    const settings = { DRIFTLOG_GRAFANA_TOKEN: TOKEN }
    const published = (...more: string[]) =>
      command(['dashboards', 'publish', '--grafana-url', grafana.url.href, ...more], settings)
    const first = await published()
    expect(first).toMatchObject({ code: 0 })
    expect(wordsOf(first.stdout)).toEqual(Array(5).fill('made'))
    expect(first.stderr).toContain('plugin alexanderzobnin-zabbix-app: made')
    expect(first.stderr).toContain('data source driftlog-zabbix: missing; docs/grafana.md')
    expect(first.stdout + first.stderr).not.toContain(TOKEN)

    grafana.edit('driftlog-host', 'My host')
    const changed = await published('--group', 'Others')
    expect(changed).toMatchObject({ code: 1, stderr: expect.stringContaining('somebody has changed it') })
    expect(wordsOf(changed.stdout)).toEqual(['changed', 'kept', 'changed', 'changed', 'changed'])
    expect(wordsOf((await published('--group', 'Others', '--overwrite')).stdout)).toContain('changed')

    expect(await command(['dashboards', 'publish'])).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('--grafana-url') }
    })
    expect(await command(['dashboards', 'publish', '--grafana-url', 'http://127.0.0.1:9'])).toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('DRIFTLOG_GRAFANA_TOKEN') }
    })
  }
)

test('status says what is wrong and what to do, changes nothing, and ends with 1', PATIENCE, async () => {
  await using grafana = await startGrafana()
  const settings = { DRIFTLOG_GRAFANA_TOKEN: TOKEN, DRIFTLOG_GRAFANA_URL: grafana.url.href }
  const before = await command(['dashboards', 'status'], settings)
  expect(before).toMatchObject({ code: 1, stderr: '' })
  expect(before.stdout).toMatch(/^ok +Grafana +Grafana 12\.1\.0 at http/m)
  expect(before.stdout).toMatch(/^not +driftlog-app +missing\n +The hub brings it/m)
  expect(grafana.asked.filter((question) => !question.startsWith('GET '))).toEqual([])

  await command(['dashboards', 'publish'], settings)
  grafana.plugin = { enabled: true, info: { version: '6.6.0' } }
  grafana.sources.set('driftlog-zabbix', {
    ...{ type: 'alexanderzobnin-zabbix-datasource', jsonData: { cacheTTL: '1m' } }
  })
  grafana.healthy.set('driftlog-zabbix', '7.0.1')
  const after = await command(['dashboards', 'status', '--json'], settings)
  expect(after).toMatchObject({ code: 0, stderr: '' })
  const { checks } = JSON.parse(after.stdout) as { checks: { name: string; ok: boolean }[] }
  expect(checks.map(({ name }) => name)).toContain('driftlog-zabbix')
  expect(checks.every(({ ok }) => ok)).toBe(true)
  expect(await command(['dashboards', 'status'])).toMatchObject({
    ...{ code: 2, stderr: expect.stringContaining('DRIFTLOG_GRAFANA_DASHBOARDS_DIR') }
  })
})

/** The first word of each line. */
function wordsOf(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.split(' ', 1)[0] ?? '')
}

async function tempFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-dashboards-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
