/** The plugin and the data sources that dashboards ask: made where they are missing, never changed. */
import type { JsonObject } from '../../dashboards/json.ts'
import { LOGS, ZABBIX } from '../../dashboards/sources.ts'
import type { Config } from '../config.ts'
import type { GrafanaApi } from './api.ts'
import { GrafanaRefusedError } from './errors.ts'

/** Where Grafana is to read, and with which secret. */
export interface Place {
  url: string
  secret: string
}

/** What is wanted; `missing` where there is nothing to make a data source with. */
export interface Wanted {
  zabbix: Place | 'missing'
  /** `unused`: the dashboards have no lines in them. */
  logs: Place | 'missing' | 'unused'
}

/** What dashboards ask, as far as the settings say where it is; `withLogs` where they have lines in them. */
export function wantedOf({ zabbix, cluster, grafana }: Config, withLogs: boolean): Wanted {
  return {
    zabbix: placeOf(zabbix?.api.url.href, grafana?.zabbixToken),
    logs: withLogs ? placeOf(cluster?.settings.urls[0], grafana?.elasticsearchKey) : 'unused'
  }
}

function placeOf(url: string | undefined, secret: string | undefined): Place | 'missing' {
  return url === undefined || secret === undefined ? 'missing' : { url, secret }
}

/** `unseen`: the token may not look. */
export interface Ensured {
  what: string
  kind: 'there' | 'made' | 'missing' | 'unseen'
}

export const PLUGIN = 'alexanderzobnin-zabbix-app'

export async function* ensureSources(api: GrafanaApi, { zabbix, logs }: Wanted): AsyncGenerator<Ensured> {
  yield await looked(`plugin ${PLUGIN}`, () => ensurePlugin(api))
  yield await looked(`data source ${ZABBIX.uid}`, () =>
    ensureSource(api, ZABBIX.uid, zabbix === 'missing' ? undefined : zabbixSource(zabbix))
  )
  if (logs === 'unused') return
  yield await looked(`data source ${LOGS.uid}`, () =>
    ensureSource(api, LOGS.uid, logs === 'missing' ? undefined : logsSource(logs))
  )
}

async function looked(what: string, look: () => Promise<Ensured['kind']>): Promise<Ensured> {
  try {
    return { what, kind: await look() }
  } catch (error) {
    if (error instanceof GrafanaRefusedError && error.httpStatus === 403) return { what, kind: 'unseen' }
    throw error
  }
}

/** Until it is switched on its kind of data source can't be used. */
async function ensurePlugin(api: GrafanaApi): Promise<Ensured['kind']> {
  const path = `api/plugins/${PLUGIN}/settings`
  const there = await api.get<{ enabled?: boolean }>(path)
  if (there === undefined) return 'missing'
  if (there.enabled === true) return 'there'
  await api.post(path, { enabled: true, pinned: false })
  return 'made'
}

async function ensureSource(
  api: GrafanaApi,
  uid: string,
  source: JsonObject | undefined
): Promise<Ensured['kind']> {
  if ((await api.get(`api/datasources/uid/${uid}`)) !== undefined) return 'there'
  if (source === undefined) return 'missing'
  await api.post('api/datasources', source)
  return 'made'
}

export function zabbixSource({ url, secret }: Place): JsonObject {
  return {
    ...{ ...ZABBIX, name: 'Zabbix (Driftlog)', access: 'proxy', url },
    jsonData: {
      ...{ authType: 'token', trends: true, trendsFrom: '7d', trendsRange: '4d', timeout: 30 },
      // An hour unless it is said: new hosts and containers would be invisible for so long.
      cacheTTL: '1m'
    },
    secureJsonData: { apiToken: secret }
  }
}

export function logsSource({ url, secret }: Place): JsonObject {
  return {
    ...{ ...LOGS, name: 'Driftlog logs', access: 'proxy', url },
    jsonData: {
      ...{ index: 'driftlog-*', timeField: '@timestamp', logMessageField: 'message' },
      ...{ logLevelField: 'log.level', httpHeaderName1: 'Authorization' }
    },
    secureJsonData: { httpHeaderValue1: `ApiKey ${secret}` }
  }
}
