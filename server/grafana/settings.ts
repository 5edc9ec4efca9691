/** Settings of the Grafana that dashboards are brought into. */
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { type Static, Type } from 'typebox'
import { ConfigError } from '../errors.ts'
import type { GrafanaAddress } from './api.ts'

const USUAL_CRON = '*/10 * * * *'

export const GRAFANA_OPTIONS = {
  DRIFTLOG_GRAFANA_URL: Type.Optional(
    Type.String({
      maxLength: 2000,
      description:
        'Address of Grafana, such as https://grafana.example.org. With it the hub keeps dashboards there and marks when apps moved. Absent: nothing is told to Grafana.'
    })
  ),
  DRIFTLOG_GRAFANA_TOKEN: Type.Optional(
    Type.String({
      maxLength: 1000,
      description:
        'Token of a service account of Grafana with the role Editor, or Admin where data sources are to be made.'
    })
  ),
  DRIFTLOG_GRAFANA_DASHBOARDS_DIR: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'Folder that Grafana reads dashboards from (its provisioning), where the hub can write to it. With it the hub keeps dashboards there instead of saving them by the API.'
    })
  ),
  DRIFTLOG_GRAFANA_REFRESH_CRON: Type.String({
    default: USUAL_CRON,
    minLength: 1,
    maxLength: 200,
    description:
      'When the hub looks whether dashboards are as they should be, in the five fields of cron and the time zone of the hub; it also looks when it starts, and when a host or an app is new.'
  }),
  DRIFTLOG_GRAFANA_SOURCES: Type.Union([Type.Literal('leave'), Type.Literal('make')], {
    default: 'leave',
    description:
      'Whether the hub switches the plugin on and makes data sources that are missing ("make"; the token needs the role Admin, and the two below say with what), or leaves that to others ("leave").'
  }),
  DRIFTLOG_GRAFANA_ZABBIX_TOKEN: Type.Optional(
    Type.String({
      maxLength: 1000,
      description:
        "Token by which Grafana is to read Zabbix, where the data source is to be made; not the hub's own, which may write."
    })
  ),
  DRIFTLOG_GRAFANA_ELASTICSEARCH_API_KEY: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        "API key by which Grafana is to read Elasticsearch, where the data source is to be made; not the hub's own, which may write."
    })
  )
}

const ALL = Type.Object(GRAFANA_OPTIONS)

export interface GrafanaSettings {
  /** Absent where dashboards are written into a folder and nothing else is done. */
  api?: GrafanaAddress
  /** Absolute path. */
  dashboardsDir?: string
  /** As cron has it, valid. */
  refreshCron: string
  makeSources: boolean
  zabbixToken?: string
  elasticsearchKey?: string
}

/** Undefined where no Grafana is named. Throws a ConfigError that names what is missing or wrong. */
export function grafanaOf(values: Static<typeof ALL>): GrafanaSettings | undefined {
  const { DRIFTLOG_GRAFANA_URL: address, DRIFTLOG_GRAFANA_DASHBOARDS_DIR: folder } = values
  const { DRIFTLOG_GRAFANA_ZABBIX_TOKEN: zabbixToken, DRIFTLOG_GRAFANA_ELASTICSEARCH_API_KEY: key } = values
  const { DRIFTLOG_GRAFANA_REFRESH_CRON: refreshCron, DRIFTLOG_GRAFANA_SOURCES: sources } = values
  const problems = cronProblems(refreshCron)
  if (problems.length > 0)
    throw new ConfigError(
      `DRIFTLOG_GRAFANA_REFRESH_CRON="${refreshCron}" is no schedule: ${problems.join(', ')}. Write it like "*/10 * * * *": minute, hour, day, month, day of the week.`
    )
  if (address === undefined && folder === undefined) return undefined
  if (sources === 'make' && address === undefined)
    throw new ConfigError(
      'DRIFTLOG_GRAFANA_SOURCES="make" needs Grafana\'s API. Set DRIFTLOG_GRAFANA_URL, or leave data sources to others.'
    )
  return {
    ...(address === undefined ? {} : { api: addressOf(address, values.DRIFTLOG_GRAFANA_TOKEN) }),
    ...(folder === undefined ? {} : { dashboardsDir: resolve(folder) }),
    ...{ refreshCron, makeSources: sources === 'make' },
    ...(zabbixToken === undefined ? {} : { zabbixToken }),
    ...(key === undefined ? {} : { elasticsearchKey: key })
  }
}

/** The package is loaded where there is something to look at: it would cost every command that reads the settings 10 ms. */
function cronProblems(text: string): string[] {
  if (text === USUAL_CRON) return []
  const { validateDetailed } = createRequire(import.meta.url)('node-cron') as typeof import('node-cron')
  return validateDetailed(text).errors.map(({ message }) => message)
}

function addressOf(address: string, token: string | undefined): GrafanaAddress {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search)
    throw new ConfigError(
      `DRIFTLOG_GRAFANA_URL="${address}" is no plain http or https address. Write it like https://grafana.example.org.`
    )
  if (token === undefined)
    throw new ConfigError(
      'DRIFTLOG_GRAFANA_URL needs a token: make a service account in Grafana, and set DRIFTLOG_GRAFANA_TOKEN to its token.'
    )
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return { url, token }
}
