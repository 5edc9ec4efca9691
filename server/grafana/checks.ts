/** Everything that dashboards need of Grafana, looked at one after the other, each with what to do where it is missing. */
import type { DashboardFile } from '../../dashboards/all.ts'
import { TAG } from '../../dashboards/links.ts'
import { LOGS, ZABBIX } from '../../dashboards/sources.ts'
import type { Check } from '../check.ts'
import { GrafanaApi } from './api.ts'
import { GrafanaAnswerError } from './errors.ts'
import { contentsOf, pathOf } from './folder.ts'
import { FOLDER, type Standing, standingOf } from './publish.ts'
import type { GrafanaSettings } from './settings.ts'
import { checkPlugin, checkSource } from './source-checks.ts'
import { isOlder } from './version.ts'

export interface Checked {
  settings: GrafanaSettings
  files: readonly DashboardFile[]
  /** Dashboards have lines in them. */
  withLogs: boolean
}

const OLDEST = '11.6'
const PUBLISH = 'The hub brings it at its next look. At once: driftlog dashboards publish'
const PROVIDER = 'See that the provisioning of Grafana names this folder (docs/grafana.md).'
const RIGHTS = {
  'dashboards:create': 'save dashboards',
  'annotations:create': 'post marks',
  'datasources:create': 'make data sources'
} as const
type Right = keyof typeof RIGHTS
/** Everybody may post annotations to single dashboards; marks belong to none. */
const OF_MARKS = ['*', 'annotations:*', 'annotations:type:*', 'annotations:type:organization']

/** Never rejects. */
export async function checkGrafana(asked: Checked): Promise<Check[]> {
  const { api, dashboardsDir: dir } = asked.settings
  const checks: Check[] = dir === undefined ? [] : await checksOfFiles(dir, asked.files)
  if (!api) return checks
  try {
    for await (const check of checksOfApi(new GrafanaApi(api), api.url, asked)) checks.push(check)
  } catch (error) {
    const remedy =
      'See that Grafana runs, and that DRIFTLOG_GRAFANA_URL and DRIFTLOG_GRAFANA_TOKEN are right.'
    checks.push({ name: 'API', ok: false, found: (error as Error).message, remedy })
  }
  return checks
}

async function* checksOfApi(
  api: GrafanaApi,
  url: URL,
  { settings, files, withLogs }: Checked
): AsyncGenerator<Check> {
  const byFiles = settings.dashboardsDir !== undefined
  yield await ofVersion(api, url)
  yield await ofToken(api, [
    ...(byFiles ? [] : (['dashboards:create'] as const)),
    'annotations:create',
    ...(settings.makeSources ? (['datasources:create'] as const) : [])
  ])
  yield await checkPlugin(api)
  yield await checkSource(api, ZABBIX)
  if (withLogs) yield await checkSource(api, LOGS)
  if (!byFiles) yield await ofFolder(api)
  for (const file of files) {
    const standing = await standingOf(api, file)
    yield { name: file.uid, ...(byFiles ? PROVISIONED : PUBLISHED)[standing] }
  }
  yield await ofMarks(api)
}

async function ofVersion(api: GrafanaApi, url: URL): Promise<Check> {
  const health = await api.get<{ version?: string }>('api/health')
  if (health === undefined) throw new GrafanaAnswerError(url.href, 'nothing is said about its health')
  const { version = '' } = health
  const name = 'Grafana'
  if (version === '') return { name, ok: true, found: `answers at ${url.href} and hides its version` }
  if (!isOlder(version, OLDEST)) return { name, ok: true, found: `Grafana ${version} at ${url.href}` }
  const remedy = `Dashboards are drawn for Grafana ${OLDEST} and later: upgrade it.`
  return { name, ok: false, found: `Grafana ${version}`, remedy }
}

async function ofToken(api: GrafanaApi, needed: readonly Right[]): Promise<Check> {
  const rights = (await api.get<Record<string, string[]>>('api/access-control/user/permissions')) ?? {}
  const name = 'token'
  const textOf = (list: readonly Right[]) => list.map((right) => RIGHTS[right]).join(', ')
  const has = (right: Right) =>
    right === 'annotations:create'
      ? rights[right]?.some((scope) => OF_MARKS.includes(scope))
      : rights[right] !== undefined
  const missing = needed.filter((right) => !has(right))
  if (missing.length === 0) return { name, ok: true, found: `may ${textOf(needed)}` }
  const role = missing.includes('datasources:create') ? 'Admin' : 'Editor'
  const remedy = `Give the service account the role ${role}.`
  return { name, ok: false, found: `may not ${textOf(missing)}`, remedy }
}

async function ofFolder(api: GrafanaApi): Promise<Check> {
  const there = await api.get(`api/folders/${FOLDER.uid}`)
  return there === undefined
    ? { name: 'folder', ok: false, found: 'missing', remedy: PUBLISH }
    : { name: 'folder', ok: true, found: FOLDER.title }
}

async function ofMarks(api: GrafanaApi): Promise<Check> {
  const query = new URLSearchParams({ tags: TAG, type: 'annotation', limit: '1' })
  const [newest] = (await api.get<{ time: number }[]>(`api/annotations?${query}`)) ?? []
  const found = newest === undefined ? 'none yet' : `the newest of ${new Date(newest.time).toISOString()}`
  return { name: 'marks', ok: true, found }
}

type Found = Omit<Check, 'name'>

const PUBLISHED: Readonly<Record<Standing, Found>> = {
  same: { ok: true, found: 'as it was drawn' },
  missing: { ok: false, found: 'missing', remedy: PUBLISH },
  outdated: { ok: false, found: 'as it was drawn earlier', remedy: PUBLISH },
  edited: {
    ...{ ok: false, found: 'somebody has changed it, and it stays so' },
    remedy:
      'Save it in Grafana under another name, then throw the change away: driftlog dashboards publish --overwrite'
  },
  provisioned: { ok: true, found: 'comes from a file' }
}

const NOT_BY_FILE = { ok: false, found: 'there, but not from a file', remedy: PROVIDER }

const PROVISIONED: Readonly<Record<Standing, Found>> = {
  provisioned: { ok: true, found: 'comes from a file' },
  missing: { ok: false, found: 'missing', remedy: PROVIDER },
  ...{ same: NOT_BY_FILE, outdated: NOT_BY_FILE, edited: NOT_BY_FILE }
}

async function checksOfFiles(dir: string, files: readonly DashboardFile[]): Promise<Check[]> {
  const remedy = `The hub writes it at its next look. At once: driftlog dashboards export --dir ${dir}`
  const checks: Check[] = []
  for (const { uid, text } of files) {
    const path = pathOf(dir, uid)
    try {
      const there = await contentsOf(path)
      const well = there === text
      const found = well ? path : `${path} is ${there === undefined ? 'missing' : 'not as it is drawn'}`
      checks.push({ name: `${uid}.json`, ok: well, found, ...(well ? {} : { remedy }) })
    } catch (error) {
      const { message } = error as Error
      checks.push({ name: `${uid}.json`, ok: false, found: message, remedy: `See that ${dir} may be read.` })
    }
  }
  return checks
}
