/** Settings of the Elasticsearch cluster that the hub may keep its records in. */
import { resolve } from 'node:path'
import { type Static, Type } from 'typebox'
import type { Cluster } from '../collector/store/open.ts'
import { ConfigError } from './errors.ts'

export const CLUSTER_OPTIONS = {
  DRIFTLOG_ELASTICSEARCH_URL: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'Addresses of the cluster with DRIFTLOG_STORE=elasticsearch, such as https://es-1:9200, separated by commas.'
    })
  ),
  DRIFTLOG_ELASTICSEARCH_API_KEY: Type.Optional(
    Type.String({ maxLength: 4096, description: 'API key for the cluster, as the cluster encodes it.' })
  ),
  DRIFTLOG_ELASTICSEARCH_USER: Type.Optional(
    Type.String({ maxLength: 1000, description: 'User for the cluster, where there is no API key.' })
  ),
  DRIFTLOG_ELASTICSEARCH_PASSWORD: Type.Optional(
    Type.String({ maxLength: 4096, description: 'Password of that user.' })
  ),
  DRIFTLOG_ELASTICSEARCH_CA_FILE: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        "PEM file of the authority that signed the cluster's certificate, where it is a private one."
    })
  ),
  DRIFTLOG_ELASTICSEARCH_SHARDS: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 1024,
    description: 'Shards of each new index (one per environment and day).'
  }),
  DRIFTLOG_ELASTICSEARCH_REPLICAS: Type.Integer({
    default: 1,
    minimum: 0,
    maximum: 100,
    description: 'Copies of each shard; 0 on a cluster of one node.'
  })
}

const ALL = Type.Object(CLUSTER_OPTIONS)

/** Throws a ConfigError that names what is missing or wrong. */
export function clusterOf(values: Static<typeof ALL>): Cluster {
  const { DRIFTLOG_ELASTICSEARCH_URL: urls, DRIFTLOG_ELASTICSEARCH_API_KEY: apiKey } = values
  const { DRIFTLOG_ELASTICSEARCH_USER: name, DRIFTLOG_ELASTICSEARCH_PASSWORD: password } = values
  const { DRIFTLOG_ELASTICSEARCH_CA_FILE: caFile } = values
  if (urls === undefined)
    throw new ConfigError(
      'DRIFTLOG_STORE=elasticsearch needs the address of the cluster: set DRIFTLOG_ELASTICSEARCH_URL.'
    )
  if (apiKey !== undefined && name !== undefined)
    throw new ConfigError(
      'DRIFTLOG_ELASTICSEARCH_API_KEY and DRIFTLOG_ELASTICSEARCH_USER are two ways in. Set one of them.'
    )
  if ((name === undefined) !== (password === undefined))
    throw new ConfigError(
      `DRIFTLOG_ELASTICSEARCH_USER and DRIFTLOG_ELASTICSEARCH_PASSWORD belong together. Set both, or none.`
    )
  return {
    settings: {
      urls: urls.split(',').map((url) => checkedUrl(url.trim())),
      ...(apiKey === undefined ? {} : { apiKey }),
      ...(name === undefined || password === undefined ? {} : { user: { name, password } }),
      ...(caFile === undefined ? {} : { caFile: resolve(caFile) })
    },
    layout: {
      shards: values.DRIFTLOG_ELASTICSEARCH_SHARDS,
      replicas: values.DRIFTLOG_ELASTICSEARCH_REPLICAS
    }
  }
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.username || url?.password)
    throw new ConfigError(
      'DRIFTLOG_ELASTICSEARCH_URL holds a user or a password. Set DRIFTLOG_ELASTICSEARCH_USER and DRIFTLOG_ELASTICSEARCH_PASSWORD.'
    )
  if (url && /^https?:$/.test(url.protocol) && !url.search) return text
  throw new ConfigError(
    `DRIFTLOG_ELASTICSEARCH_URL has "${text}", which is no http or https address. Write it like https://es-1:9200.`
  )
}
