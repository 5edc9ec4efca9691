/** Settings of the Grafana that dashboards are published in. */
import { type Static, Type } from 'typebox'
import { ConfigError } from '../errors.ts'

export const GRAFANA_OPTIONS = {
  DRIFTLOG_GRAFANA_URL: Type.Optional(
    Type.String({
      maxLength: 2000,
      description:
        'Address of Grafana, such as https://grafana.example.org, for `driftlog dashboards publish`.'
    })
  ),
  DRIFTLOG_GRAFANA_TOKEN: Type.Optional(
    Type.String({
      maxLength: 1000,
      description:
        'Token of a service account of Grafana with the role Editor, or Admin where data sources are to be made.'
    })
  ),
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
  /** Ends with a slash. */
  url: URL
  token: string
  zabbixToken?: string
  elasticsearchKey?: string
}

/** Undefined where no Grafana is named. Throws a ConfigError that names what is missing or wrong. */
export function grafanaOf(values: Static<typeof ALL>): GrafanaSettings | undefined {
  const { DRIFTLOG_GRAFANA_URL: address, DRIFTLOG_GRAFANA_TOKEN: token } = values
  const { DRIFTLOG_GRAFANA_ZABBIX_TOKEN: zabbixToken, DRIFTLOG_GRAFANA_ELASTICSEARCH_API_KEY: key } = values
  if (address === undefined) return undefined
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
  return {
    ...{ url, token },
    ...(zabbixToken === undefined ? {} : { zabbixToken }),
    ...(key === undefined ? {} : { elasticsearchKey: key })
  }
}
