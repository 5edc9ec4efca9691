/** What `driftlog dashboards status` finds, and what it says to do. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dashboards } from '../../../dashboards/all.ts'
import type { Check } from '../../../server/check.ts'
import { GrafanaApi } from '../../../server/grafana/api.ts'
import { checkGrafana } from '../../../server/grafana/checks.ts'
import { writeDashboards } from '../../../server/grafana/folder.ts'
import { publish } from '../../../server/grafana/publish.ts'
import type { GrafanaSettings } from '../../../server/grafana/settings.ts'
import { ensureSources } from '../../../server/grafana/sources.ts'
import { type FakeGrafana, startGrafana, TOKEN } from './fake.ts'

const FILES = dashboards({ groupName: 'Driftlog', elasticsearch: true, brokenAfterMs: 180_000 })
const UIDS = FILES.map(({ uid }) => uid)
const PLACE = { url: 'http://127.0.0.1:9', secret: 'x' }

test('a Grafana that has all of it is well', async () => {
  await using grafana = await well()
  grafana.annotations.push({ time: 0, timeEnd: 0, tags: ['driftlog'], text: '' })
  const checks = await checked(grafana)
  expect(checks.filter(({ ok }) => !ok)).toEqual([])
  expect(checks.map(({ name }) => name)).toEqual([
    ...['Grafana', 'token', 'plugin', 'driftlog-zabbix', 'driftlog-logs', 'folder', ...UIDS, 'marks']
  ])
  expect(foundIn(checks, 'Grafana')).toContain('Grafana 12.1.0')
  expect(foundIn(checks, 'token')).toBe('may save dashboards, post marks')
  expect(foundIn(checks, 'driftlog-zabbix')).toBe('answers: 7.0.1')
  expect(foundIn(checks, 'marks')).toBe('the newest of 1970-01-01T00:00:00.000Z')
})

test.each<[name: string, what: string, change: (grafana: FakeGrafana) => void]>([
  ['Grafana', 'upgrade it', (grafana) => Object.assign(grafana, { version: '10.4.2' })],
  ['plugin', 'plugins install', (grafana) => Object.assign(grafana, { plugin: undefined })],
  ['plugin', 'Switch it on', ({ plugin }) => Object.assign(plugin ?? {}, { enabled: false })],
  ['plugin', 'upgrade it', ({ plugin }) => Object.assign(plugin?.info ?? {}, { version: '4.5.7' })],
  ['driftlog-zabbix', 'docs/grafana.md', ({ sources }) => sources.delete('driftlog-zabbix')],
  ['driftlog-zabbix', 'another uid', (grafana) => alter(grafana, 'driftlog-zabbix', { type: 'loki' })],
  ['driftlog-zabbix', 'cache TTL', (grafana) => alter(grafana, 'driftlog-zabbix', { jsonData: {} })],
  [
    'driftlog-zabbix',
    'cache TTL',
    (grafana) => alter(grafana, 'driftlog-zabbix', { jsonData: { cacheTTL: '10m' } })
  ],
  ['driftlog-zabbix', 'its secret', ({ healthy }) => healthy.delete('driftlog-zabbix')],
  ['driftlog-logs', '@timestamp', (grafana) => alter(grafana, 'driftlog-logs', { jsonData: {} })],
  ['folder', 'publish', ({ folders }) => folders.clear()],
  ['driftlog-app', 'publish', (grafana) => grafana.dashboards.delete('driftlog-app')],
  ['driftlog-host', '--overwrite', (grafana) => grafana.edit('driftlog-host', 'My host')]
])('%s: what is wrong is named alone, with the way out (%s)', async (name, what, change) => {
  await using grafana = await well()
  change(grafana)
  const wrong = (await checked(grafana)).filter(({ ok }) => !ok)
  expect(wrong.map((check) => check.name)).toEqual([name])
  expect(wrong[0]?.remedy).toContain(what)
})

test('dashboards of other settings are older ones, not edited ones', async () => {
  await using grafana = await well()
  const others = dashboards({ groupName: 'Others', elasticsearch: true, brokenAfterMs: 180_000 })
  const checks = await checked(grafana, {}, others)
  for (const uid of UIDS) expect(foundIn(checks, uid)).toBe('as it was drawn earlier')
})

test('a token that may too little, or nothing, is told with what it needs', async () => {
  await using grafana = await well('Editor')
  const byEditor = await checked(grafana, { makeSources: true })
  expect(byEditor.filter(({ ok }) => !ok)).toEqual([
    { name: 'token', ok: false, found: 'may not make data sources', remedy: expect.stringContaining('Admin') }
  ])
  expect(foundIn(byEditor, 'driftlog-zabbix')).toBe('answers: 7.0.1; its settings are not for this token')
  await using strict = await startGrafana({ role: 'Viewer' })
  expect(foundIn(await checked(strict), 'token')).toBe('may not save dashboards, post marks')
  const api = { url: grafana.url, token: 'wrong' }
  const [, stranger, ...more] = await checked(grafana, { api })
  expect(more).toEqual([])
  expect(stranger).toMatchObject({ name: 'API', ok: false, found: expect.stringContaining('401') })
  grafana.away = true
  expect(await checked(grafana)).toEqual([
    {
      ...{ name: 'API', ok: false, found: expect.stringContaining('does not answer') },
      remedy: expect.stringContaining('DRIFTLOG_GRAFANA_URL')
    }
  ])
})

test('with a folder alone its files are looked at', async () => {
  await using folder = await tempFolder()
  const settings = { dashboardsDir: folder.path, refreshCron: '* * * * *', makeSources: false }
  const checks = () => checkGrafana({ settings, files: FILES, withLogs: true })
  const missing = await checks()
  expect(missing.map(({ name, ok }) => [name, ok])).toEqual(UIDS.map((uid) => [`${uid}.json`, false]))
  expect(missing[0]).toMatchObject({
    ...{ found: expect.stringContaining('is missing'), remedy: expect.stringContaining('dashboards export') }
  })
  for await (const _ of writeDashboards(folder.path, FILES));
  expect((await checks()).filter(({ ok }) => !ok)).toEqual([])
  await writeFile(join(folder.path, 'driftlog-app.json'), '{}')
  expect((await checks()).filter(({ ok }) => !ok)).toMatchObject([{ name: 'driftlog-app.json' }])
})

test('with a folder and an address it is seen whether Grafana reads the folder', async () => {
  await using grafana = await well()
  await using folder = await tempFolder()
  for await (const _ of writeDashboards(folder.path, FILES));
  for (const uid of UIDS.slice(1)) grafana.dashboards.set(uid, { ...keptOf(grafana, uid), provisioned: true })
  grafana.dashboards.delete('driftlog-itself')
  const wrong = (await checked(grafana, { dashboardsDir: folder.path })).filter(({ ok }) => !ok)
  expect(wrong.map(({ name, found }) => [name, found])).toEqual([
    ['driftlog-fleet', 'there, but not from a file'],
    ['driftlog-itself', 'missing']
  ])
})

function keptOf(grafana: FakeGrafana, uid: string) {
  const kept = grafana.dashboards.get(uid)
  if (!kept) throw new Error(`no dashboard ${uid}`)
  return kept
}

/** With everything made by an administrator. */
async function well(role?: 'Editor'): Promise<FakeGrafana> {
  const grafana = await startGrafana(role ? { role } : {})
  grafana.plugin = { enabled: true, info: { version: '6.6.0' } }
  const api = new GrafanaApi({ url: grafana.url, token: TOKEN })
  for await (const _ of publish(api, FILES, { overwrite: false }));
  if (role === undefined) for await (const _ of ensureSources(api, { zabbix: PLACE, logs: PLACE }));
  for (const uid of ['driftlog-zabbix', 'driftlog-logs']) {
    if (role !== undefined) grafana.sources.set(uid, {})
    grafana.healthy.set(uid, '7.0.1')
  }
  return grafana
}

function alter({ sources }: FakeGrafana, uid: string, change: object): void {
  sources.set(uid, { ...sources.get(uid), ...change })
}

async function checked(
  { url }: FakeGrafana,
  settings: Partial<GrafanaSettings> = {},
  files = FILES
): Promise<Check[]> {
  const usual = { api: { url, token: TOKEN }, refreshCron: '* * * * *', makeSources: false }
  return await checkGrafana({ settings: { ...usual, ...settings }, files, withLogs: true })
}

function foundIn(checks: readonly Check[], name: string): string | undefined {
  return checks.find((check) => check.name === name)?.found
}

async function tempFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-dashboards-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
