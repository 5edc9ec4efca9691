import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { dashboards } from '../../../dashboards/all.ts'
import type { Options } from '../../../dashboards/options.ts'
import { GrafanaApi } from '../../../server/grafana/api.ts'
import { publish } from '../../../server/grafana/publish.ts'
import { ensureSources } from '../../../server/grafana/sources.ts'
import { type FakeGrafana, startGrafana, TOKEN } from './fake.ts'

const OPTIONS: Options = { groupName: 'Driftlog', elasticsearch: false, brokenAfterMs: 180_000 }
const LATER: Options = { ...OPTIONS, brokenAfterMs: 60_000 }

test('a first time makes folder and dashboards, a second one saves nothing', async () => {
  await using grafana = await startGrafana()
  expect(await kinds(grafana, OPTIONS)).toEqual(Array(5).fill('made'))
  expect([...grafana.folders]).toEqual([['driftlog', expect.anything()]])
  for (const { folderUid } of grafana.dashboards.values()) expect(folderUid).toBe('driftlog')

  grafana.asked.length = 0
  expect(await kinds(grafana, OPTIONS)).toEqual(Array(5).fill('same'))
  expect(grafana.asked.filter((question) => question.startsWith('POST'))).toEqual([])
})

test.each([true, false])(
  'another drawing is saved where the old one lies (versions wrapped: %s)',
  async (wrapped) => {
    await using grafana = await startGrafana({ wrapped })
    await kinds(grafana, OPTIONS)
    const fleet = grafana.dashboards.get('driftlog-fleet')
    if (fleet) fleet.folderUid = 'moved-by-a-person'
    const after = await kinds(grafana, LATER)
    expect(after).toEqual(Array(5).fill('changed'))
    expect(grafana.dashboards.get('driftlog-fleet')).toMatchObject({
      folderUid: 'moved-by-a-person',
      dashboard: { version: 2 }
    })
    expect(await kinds(grafana, LATER)).toEqual(Array(5).fill('same'))
  }
)

test('what a person has changed is kept, told, and thrown away only when asked for', async () => {
  await using grafana = await startGrafana()
  await kinds(grafana, OPTIONS)
  grafana.edit('driftlog-host', 'My host')
  const api = apiOf(grafana)
  expect(await all(publish(api, dashboards(LATER), { overwrite: false }))).toContainEqual({
    ...{ uid: 'driftlog-host', kind: 'kept', reason: 'edited' }
  })
  expect(grafana.dashboards.get('driftlog-host')?.dashboard.title).toBe('My host')

  expect(await kinds(grafana, LATER, true)).toEqual(['same', 'changed', 'same', 'same', 'same'])
  expect(grafana.dashboards.get('driftlog-host')?.dashboard.title).toBe('Driftlog / Host')
})

test('an edit of what is as it was drawn is thrown away when asked for, too', async () => {
  await using grafana = await startGrafana()
  await kinds(grafana, OPTIONS)
  grafana.edit('driftlog-app', 'My app')
  expect(await kinds(grafana, OPTIONS)).toEqual(Array(5).fill('same'))
  expect(await kinds(grafana, OPTIONS, true)).toEqual(['same', 'same', 'changed', 'same', 'same'])
})

test('a person who saves between look and answer wins', async () => {
  await using grafana = await startGrafana()
  await kinds(grafana, OPTIONS)
  grafana.beforeSave = () => {
    grafana.beforeSave = () => {}
    grafana.edit('driftlog-fleet', 'My fleet')
  }
  expect(await kinds(grafana, LATER)).toEqual(['kept', 'changed', 'changed', 'changed', 'changed'])
  expect(grafana.dashboards.get('driftlog-fleet')?.dashboard.title).toBe('My fleet')
})

test('what comes from a file is left to the file', async () => {
  await using grafana = await startGrafana()
  await kinds(grafana, OPTIONS)
  for (const kept of grafana.dashboards.values()) kept.provisioned = true
  expect(await kinds(grafana, LATER)).toEqual(Array(5).fill('kept'))
})

test('plugin and data sources are made once, with what is given, and never changed', async () => {
  await using grafana = await startGrafana()
  const wanted = {
    zabbix: { url: 'https://zabbix.example.org/api_jsonrpc.php', secret: 'zabbix-secret' },
    logs: { url: 'https://es-1:9200', secret: 'es-secret' }
  }
  const ensured = () => kindsOf(ensureSources(apiOf(grafana), wanted))
  expect(await ensured()).toEqual(['made', 'made', 'made'])
  expect(grafana.plugin).toMatchObject({ enabled: true })
  expect(grafana.sources.get('driftlog-zabbix')).toMatchObject({
    type: 'alexanderzobnin-zabbix-datasource',
    jsonData: { cacheTTL: '1m', authType: 'token' },
    secureJsonData: { apiToken: 'zabbix-secret' }
  })
  expect(grafana.sources.get('driftlog-logs')).toMatchObject({
    secureJsonData: { httpHeaderValue1: 'ApiKey es-secret' }
  })
  expect(await ensured()).toEqual(['there', 'there', 'there'])
  expect(grafana.asked.filter((question) => question.startsWith('POST'))).toHaveLength(3)
})

test('what can not be made, or not be looked at, is told', async () => {
  await using grafana = await startGrafana()
  grafana.plugin = undefined
  const nothing = { zabbix: 'missing', logs: 'missing' } as const
  expect(await kindsOf(ensureSources(apiOf(grafana), nothing))).toEqual(['missing', 'missing', 'missing'])
  await using strict = await startGrafana({ role: 'Editor' })
  const unseen = ensureSources(apiOf(strict), { zabbix: 'missing', logs: 'unused' })
  expect(await kindsOf(unseen)).toEqual(['unseen', 'unseen'])
})

test('a wrong token, another program and nobody are told apart', async () => {
  await using grafana = await startGrafana()
  const asked = (url: URL, token = TOKEN) =>
    all(publish(new GrafanaApi({ url, token }), dashboards(OPTIONS), { overwrite: false }))
  await expect(asked(grafana.url, 'wrong')).rejects.toMatchObject({
    code: 'DRIFTLOG_GRAFANA_REFUSED',
    message: expect.stringContaining('DRIFTLOG_GRAFANA_TOKEN')
  })
  const login = createServer((_, response) => response.writeHead(302, { location: '/login' }).end('<html>'))
  login.listen(0, '127.0.0.1')
  await once(login, 'listening')
  const elsewhere = new URL(`http://127.0.0.1:${(login.address() as AddressInfo).port}/`)
  await expect(asked(elsewhere)).rejects.toMatchObject({ code: 'DRIFTLOG_GRAFANA_ANSWER' })
  login.closeAllConnections()
  login.close()
  await once(login, 'close')
  await expect(asked(elsewhere)).rejects.toMatchObject({ code: 'DRIFTLOG_GRAFANA_AWAY' })
})

function apiOf({ url }: FakeGrafana): GrafanaApi {
  return new GrafanaApi({ url, token: TOKEN })
}

async function kinds(grafana: FakeGrafana, options: Options, overwrite = false): Promise<string[]> {
  return await kindsOf(publish(apiOf(grafana), dashboards(options), { overwrite }))
}

async function kindsOf(steps: AsyncIterable<{ kind: string }>): Promise<string[]> {
  return (await all(steps)).map(({ kind }) => kind)
}

async function all<T>(steps: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const step of steps) list.push(step)
  return list
}
