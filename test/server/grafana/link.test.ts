/** The hub's work for Grafana: dashboards and marks, on a small server that answers as Grafana does. */
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type Fleet, openFleet } from '../../../collector/fleet/fleet.ts'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { dashboards } from '../../../dashboards/all.ts'
import { GrafanaLink, type LinkOptions } from '../../../server/grafana/link.ts'
import type { GrafanaSettings } from '../../../server/grafana/settings.ts'
import type { Mark } from '../../../server/marks.ts'
import { type FakeGrafana, startGrafana, TOKEN } from './fake.ts'

const T0 = Date.UTC(2026, 10, 23, 12)
const HOUR_MS = 3_600_000
const LEAST = { groupName: 'Driftlog', elasticsearch: false, brokenAfterMs: 180_000 }
const NEVER = '0 0 1 1 *'
const EACH_SECOND = '* * * * * *'

test('dashboards are brought there at the start, and untouched from then on', async () => {
  await using grafana = await startGrafana()
  await using scene = await openScene(grafana, { refreshCron: EACH_SECOND })
  await until(() => grafana.dashboards.size === 5)
  const looks = () => grafana.asked.filter((question) => question === 'GET /api/folders/driftlog').length
  const before = looks()
  await until(() => looks() >= before + 2)
  expect(grafana.asked.filter((question) => question === 'POST /api/dashboards/db')).toHaveLength(5)
  expect(scene.told).toEqual([{ made: 5, changed: 0, words: 'dashboards in Grafana were brought into line' }])
  expect(scene.link.figures()).toMatchObject({
    ...{ grafana_dashboards_in_line: 1, grafana_dashboards_kept: 0, grafana_dashboards_written_total: 5 }
  })
  // Data sources are left to others.
  expect(grafana.asked.filter((question) => /plugins|datasources/.test(question))).toEqual([])
})

test('a dashboard that is gone comes back when a host or an app is new', async () => {
  await using grafana = await startGrafana()
  await using scene = await openScene(grafana)
  await until(() => grafana.dashboards.size === 5)
  grafana.dashboards.delete('driftlog-app')
  scene.appears('web-1', 'orders', 'a')
  await until(() => grafana.dashboards.size === 5)
})

test('what comes together is one look', async () => {
  await using grafana = await startGrafana()
  await using scene = await openScene(grafana)
  const looks = () => grafana.asked.filter((question) => question === 'GET /api/folders/driftlog').length
  await until(() => grafana.dashboards.size === 5)
  const before = looks()
  for (let n = 0; n < 50; n++) scene.appears('web-1', `app-${n}`, `c${n}`)
  await until(() => looks() > before)
  scene.appears('web-2', 'one-more', 'x')
  await until(() => looks() > before + 1)
  expect(looks()).toBe(before + 2)
})

test('a hub that ends does not wait for a Grafana that hangs', async () => {
  await using grafana = await startGrafana()
  grafana.hangs = true
  const scene = await openScene(grafana)
  await until(() => grafana.asked.length >= 1)
  await scene[Symbol.asyncDispose]()
  expect(scene.told).toEqual([])
})

test("a person's change is kept and told once", async () => {
  await using grafana = await startGrafana()
  {
    await using _first = await openScene(grafana)
    await until(() => grafana.dashboards.size === 5)
  }
  grafana.edit('driftlog-host', 'My host')
  const files = dashboards({ ...LEAST, brokenAfterMs: 60_000 })
  await using scene = await openScene(grafana, { refreshCron: EACH_SECOND }, { files })
  await until(() => scene.told.length === 2)
  const { length } = grafana.asked
  await until(() => grafana.asked.length > length + 10)
  expect(scene.told).toEqual([
    { made: 0, changed: 4, words: 'dashboards in Grafana were brought into line' },
    {
      kept: ['driftlog-host: somebody has changed it'],
      words: 'dashboards in Grafana stay as somebody else has made them'
    }
  ])
  expect(grafana.dashboards.get('driftlog-host')?.dashboard.title).toBe('My host')
  expect(scene.link.figures()).toMatchObject({ grafana_dashboards_kept: 1, grafana_dashboards_in_line: 1 })
})

test('a Grafana that is away is told once, and caught up with when it is back', async () => {
  await using grafana = await startGrafana()
  grafana.away = true
  await using scene = await openScene(grafana)
  scene.marks.push(mark('m1', T0 - HOUR_MS))
  await until(() => grafana.asked.length > 6)
  expect(scene.told.map(({ words }) => words).sort()).toEqual([
    'dashboards in Grafana can not be kept in line, will try again',
    'marks wait, Grafana does not take them'
  ])
  expect(scene.told[0]?.['reason']).toContain('Grafana does not answer')
  expect(scene.link.figures()).toMatchObject({
    ...{ grafana_dashboards_in_line: 0, grafana_takes_marks: 0, grafana_marks_waiting: 1 }
  })
  grafana.away = false
  await until(() => grafana.dashboards.size === 5 && grafana.annotations.length === 1)
  await until(() => scene.link.figures()['grafana_takes_marks'] === 1)
  // The last dashboard is there before its answer is.
  await until(() => scene.link.figures()['grafana_dashboards_in_line'] === 1)
  expect(scene.told.map(({ words }) => words)).toContain('dashboards in Grafana are kept in line again')
})

test('with a folder the files are written there, and the API serves marks alone', async () => {
  await using grafana = await startGrafana()
  await using folder = await tempFolder()
  await using scene = await openScene(grafana, { dashboardsDir: folder.path, refreshCron: EACH_SECOND })
  scene.marks.push(mark('m1', T0 - HOUR_MS))
  scene.moved()
  await until(() => grafana.annotations.length === 1)
  await until(async () => (await readdir(folder.path)).length === 5)
  const longAgo = new Date('2020-01-01T00:00:00Z')
  const path = (name: string) => join(folder.path, `driftlog-${name}.json`)
  await until(async () => (await readdir(folder.path)).every((name) => name.endsWith('.json')))
  await utimes(path('app'), longAgo, longAgo)
  await writeFile(path('host'), '{}')
  await until(async () => (await readFile(path('host'), 'utf8')) !== '{}')
  expect((await stat(path('app'))).mtime).toEqual(longAgo)
  expect(grafana.asked.filter((question) => /dashboards|folders/.test(question))).toEqual([])
})

test('data sources are made where the settings say so, and what lacks is told once', async () => {
  await using grafana = await startGrafana()
  const zabbix = { url: 'https://zabbix.example.org/api_jsonrpc.php', secret: 'secret' }
  const wanted = { zabbix, logs: 'missing' } as const
  await using scene = await openScene(grafana, { makeSources: true, refreshCron: EACH_SECOND }, { wanted })
  await until(() => grafana.dashboards.size === 5 && scene.told.length === 3)
  expect([...grafana.sources.keys()]).toEqual(['driftlog-zabbix'])
  const { length } = grafana.asked
  await until(() => grafana.asked.length > length + 10)
  expect(scene.told.filter(({ words }) => !/brought into line/.test(words))).toEqual([
    {
      made: ['plugin alexanderzobnin-zabbix-app', 'data source driftlog-zabbix'],
      words: 'what dashboards ask was made in Grafana'
    },
    {
      lacking: ['data source driftlog-logs: missing'],
      words: 'what dashboards ask is not there in Grafana, or was not seen'
    }
  ])
})

test('one hub of several does it, another takes it over, and no mark is there twice', async () => {
  await using grafana = await startGrafana()
  const share = new MemoryShare()
  const marks = [mark('m1', T0 - HOUR_MS), mark('m2', T0 - 1000)]
  const second = new MemoryStateStore(share)
  {
    await using first = await openScene(grafana, {}, { state: new MemoryStateStore(share), marks })
    await until(() => first.link.figures()['grafana_marks_posted_total'] === 2)
    await using other = await openScene(grafana, {}, { state: second, marks })
    await sleep(100)
    expect(other.link.figures()['grafana_marks_posted_total']).toBe(0)
  }
  await using after = await openScene(grafana, {}, { state: second, marks: [...marks, mark('m3', T0)] })
  await until(() => after.link.figures()['grafana_marks_posted_total'] === 1)
  expect(grafana.annotations.map(({ time }) => time)).toEqual([T0 - HOUR_MS, T0 - 1000, T0])
})

type Told = Record<string, unknown> & { words: string }

interface Scene extends AsyncDisposable {
  link: GrafanaLink
  fleet: Fleet
  told: Told[]
  marks: Mark[]
  /** A container of the app is seen on the host. */
  appears(host: string, app: string, container: string): void
  /** Any move at all. */
  moved(): void
}

async function openScene(
  grafana: FakeGrafana,
  settings: Partial<GrafanaSettings> = {},
  more: Partial<Pick<LinkOptions, 'files' | 'wanted' | 'state'>> & { marks?: Mark[] } = {}
): Promise<Scene> {
  const fleet = await openFleet(new MemoryStateStore())
  const hosts = new Map<string, string>()
  for (const name of ['web-1', 'web-2']) hosts.set(name, (await fleet.enrol({ name }, '0.1.0')).host)
  const told: Told[] = []
  const { marks = [] } = more
  const tell = (fields: object, words: string) => told.push({ ...fields, words })
  const log = {
    info: (fields: object | string, words = '') =>
      typeof fields === 'string' ? told.push({ words: fields }) : tell(fields, words),
    warn: tell
  } as unknown as LinkOptions['log']
  const link = new GrafanaLink({
    settings: {
      api: { url: grafana.url, token: TOKEN },
      refreshCron: NEVER,
      makeSources: false,
      ...settings
    },
    files: more.files ?? dashboards(LEAST),
    wanted: more.wanted ?? { zabbix: 'missing', logs: 'unused' },
    marks: [(sinceMs) => marks.filter(({ atMs }) => atMs >= sinceMs)],
    state: more.state ?? new MemoryStateStore(),
    ...{ fleet, log, nowMs: () => T0, gatherMs: 10, retryMs: 20 }
  })
  const stopping = new AbortController()
  const running = link.run(stopping.signal)
  const tellOf = (host: string, app: string, container: string, startedMs: number) => {
    const instance = {
      ...{ container, name: container, app, environment: 'production', identity: 'compose' as const },
      ...{ image: `${app}:1`, labels: {}, state: 'running', startedMs }
    }
    fleet.tell(hosts.get(host) ?? '', [{ kind: 'start', atMs: startedMs, instance }])
    return instance
  }
  return {
    ...{ link, fleet, told, marks },
    appears: (host, app, container) => tellOf(host, app, container, T0),
    moved() {
      const instance = tellOf('web-1', 'moving', 'm1', T0)
      const over = { ...instance, state: 'exited', finishedMs: T0 + 1000 }
      fleet.tell(hosts.get('web-1') ?? '', [{ kind: 'die', atMs: T0 + 1000, instance: over }])
      tellOf('web-2', 'moving', 'm2', T0 + 2000)
    },
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await running
      await fleet[Symbol.asyncDispose]()
    }
  }
}

function mark(id: string, atMs: number): Mark {
  return { id, kind: 'move', atMs, app: 'orders', environment: 'production', text: `${id} moved` }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(10)
}

async function tempFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-dashboards-'))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) }
}
