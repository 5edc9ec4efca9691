/** Whether the plugin is switched on, and data sources are there, as dashboards need them, and get an answer. */
import { type Source, ZABBIX } from '../../dashboards/sources.ts'
import type { Check } from '../check.ts'
import type { GrafanaApi } from './api.ts'
import { GrafanaRefusedError } from './errors.ts'
import { PLUGIN } from './sources.ts'
import { isOlder } from './version.ts'

const OLDEST_PLUGIN = '6.0'
/** New hosts and containers are invisible for so long. */
const LONGEST_CACHE_SECONDS = 300
const USUAL_CACHE = '1h'
const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 }
const MAKE = 'Make it as docs/grafana.md shows, or let the hub: DRIFTLOG_GRAFANA_SOURCES=make'

interface There {
  type: string
  jsonData?: { cacheTTL?: string; timeField?: string }
}

export async function checkPlugin(api: GrafanaApi): Promise<Check> {
  const name = 'plugin'
  const settings = await seen(() =>
    api.get<{ enabled?: boolean; info?: { version?: string } }>(`api/plugins/${PLUGIN}/settings`)
  )
  if (settings === 'unseen') return { name, ok: true, found: 'this token may not look at plugins' }
  if (settings === undefined) {
    const remedy = `On the machine of Grafana: grafana cli plugins install ${PLUGIN}, and start Grafana again.`
    return { name, ok: false, found: `${PLUGIN} is not installed`, remedy }
  }
  const { enabled = false, info: { version = '' } = {} } = settings
  if (!enabled) {
    const remedy =
      'Switch it on under Administration → Plugins, or let the hub: DRIFTLOG_GRAFANA_SOURCES=make'
    return { name, ok: false, found: `${PLUGIN} is switched off`, remedy }
  }
  if (!isOlder(version, OLDEST_PLUGIN)) return { name, ok: true, found: `${PLUGIN} ${version}`.trim() }
  const remedy = `Dashboards are drawn for version ${OLDEST_PLUGIN} and later: upgrade it.`
  return { name, ok: false, found: `${PLUGIN} ${version}`, remedy }
}

export async function checkSource(api: GrafanaApi, source: Source): Promise<Check> {
  const name: string = source.uid
  const there = await seen(() => api.get<There>(`api/datasources/uid/${source.uid}`))
  if (there === undefined) return { name, ok: false, found: 'missing', remedy: MAKE }
  const wrong = there === 'unseen' ? undefined : problemOf(there, source)
  if (wrong) return { name, ok: false, ...wrong }
  const unseen = there === 'unseen' ? '; its settings are not for this token' : ''
  try {
    const health = await api.get<{ message?: string }>(`api/datasources/uid/${source.uid}/health`)
    return { name, ok: true, found: `answers: ${health?.message ?? 'well'}${unseen}` }
  } catch (error) {
    if (!(error instanceof GrafanaRefusedError)) throw error
    const remedy = 'See its address and its secret under Connections → Data sources.'
    return { name, ok: false, found: `Grafana gets no answer from it: ${error.reason}${unseen}`, remedy }
  }
}

function problemOf(
  { type, jsonData = {} }: There,
  source: Source
): { found: string; remedy: string } | undefined {
  if (type !== source.type)
    return {
      found: `is of the type ${type} instead of ${source.type}`,
      remedy: `Give it another uid. ${MAKE}`
    }
  if (source !== ZABBIX)
    return jsonData.timeField === '@timestamp'
      ? undefined
      : {
          found: `takes ${jsonData.timeField || 'nothing'} as the time`,
          remedy: 'Set its time field to @timestamp.'
        }
  const cache = jsonData.cacheTTL || USUAL_CACHE
  return secondsOf(cache) <= LONGEST_CACHE_SECONDS
    ? undefined
    : { found: `keeps for ${cache} what it knows of hosts and items`, remedy: 'Set its cache TTL to 1m.' }
}

function secondsOf(text: string): number {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(text) ?? []
  return Number(count ?? Number.POSITIVE_INFINITY) * (SECONDS[unit] ?? 1)
}

/** `unseen`: the token may not look. */
async function seen<T>(look: () => Promise<T>): Promise<T | 'unseen'> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof GrafanaRefusedError && error.httpStatus === 403) return 'unseen'
    throw error
  }
}
