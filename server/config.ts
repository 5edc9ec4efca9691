/** The hub's settings: read once from the environment, checked, and handed on as one typed value. */
import { resolve } from 'node:path'
import envSchema from 'env-schema'
import { type Static, Type } from 'typebox'
import { expressionProblems, expressionsOf, type RedactionConfig } from '../collector/parse/redact-rules.ts'
import type { Cluster, Engine } from '../collector/store/open.ts'
import type { Options as DashboardOptions } from '../dashboards/options.ts'
import { CLUSTER_OPTIONS, clusterOf } from './cluster-config.ts'
import { NOTICE_OPTIONS, noticeHostsOf } from './deploys/messages/settings.ts'
import { DEPLOY_OPTIONS, type DeploySettings, deployOf } from './deploys/settings.ts'
import { ConfigError } from './errors.ts'
import { GRAFANA_OPTIONS, type GrafanaSettings, grafanaOf } from './grafana/settings.ts'
import { LISTEN_OPTIONS, type ListenSettings, listenOf } from './listen-config.ts'
import { ZABBIX_OPTIONS, type ZabbixSettings, zabbixOf } from './zabbix/settings.ts'

/** One variable per option; docs/configuration.md is made from this value. */
export const HubEnvironment = Type.Object({
  ...LISTEN_OPTIONS,
  DRIFTLOG_LOGIN_MAX_AGE_HOURS: Type.Number({
    default: 168,
    minimum: 0.01,
    maximum: 8760,
    description:
      'Hours after which whoever logged in on the page must log in again; never later than their token expires.'
  }),
  DRIFTLOG_DATA_DIR: Type.String({
    default: './data',
    minLength: 1,
    maxLength: 4096,
    description: 'Folder of the records, the state and the first tokens. One hub per folder.'
  }),
  DRIFTLOG_JOIN_TOKEN_FILE: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'File into which the hub writes its first join token once more, for agents that share a folder with it but not its data.'
    })
  ),
  DRIFTLOG_STORE: Type.Union(
    [Type.Literal('embedded'), Type.Literal('elasticsearch'), Type.Literal('memory')],
    {
      default: 'embedded',
      description:
        'Where records live: "embedded" in the data folder, "elasticsearch" in a cluster, "memory" nowhere (everything is gone at the end; to try things).'
    }
  ),
  ...CLUSTER_OPTIONS,
  ...ZABBIX_OPTIONS,
  ...GRAFANA_OPTIONS,
  ...NOTICE_OPTIONS,
  ...DEPLOY_OPTIONS,
  DRIFTLOG_RETENTION_MAX_AGE_DAYS: Type.Number({
    default: 30,
    minimum: 0,
    maximum: 36_500,
    description: 'Records older than this many days are dropped; 0 keeps them.'
  }),
  DRIFTLOG_RETENTION_MAX_BYTES: Type.Integer({
    default: 20 * 1024 ** 3,
    minimum: 0,
    description:
      'The oldest records are dropped while the store is larger than this many bytes; 0 sets no limit.'
  }),
  DRIFTLOG_STATS_SAMPLES_MAX_AGE_DAYS: Type.Number({
    default: 2,
    minimum: 0.1,
    maximum: 36_500,
    description: 'Samples of CPU, memory and the like are kept as they came for so many days.'
  }),
  DRIFTLOG_STATS_MINUTES_MAX_AGE_DAYS: Type.Number({
    default: 30,
    minimum: 0.1,
    maximum: 36_500,
    description: 'Their smallest, mean and largest values of each minute are kept for so many days.'
  }),
  DRIFTLOG_STATS_HOURS_MAX_AGE_DAYS: Type.Number({
    default: 400,
    minimum: 0.1,
    maximum: 36_500,
    description: 'Those of each hour are kept for so many days.'
  }),
  DRIFTLOG_QUERY_BUDGET_MS: Type.Integer({
    default: 10_000,
    minimum: 10,
    maximum: 600_000,
    description:
      'Milliseconds that one question may search; it then answers with what it found and says how far it came.'
  }),
  DRIFTLOG_QUERY_CONCURRENT: Type.Integer({
    default: 4,
    minimum: 1,
    maximum: 256,
    description: 'Questions that are searched for at the same time.'
  }),
  DRIFTLOG_QUERY_WAITING: Type.Integer({
    default: 64,
    minimum: 0,
    maximum: 10_000,
    description: 'Questions that may wait for their turn; one more is refused with 429.'
  }),
  DRIFTLOG_TAIL_CLIENTS: Type.Integer({
    default: 200,
    minimum: 1,
    maximum: 100_000,
    description: 'Live tails that are served at the same time; one more is refused with 429.'
  }),
  DRIFTLOG_REDACT: Type.Union([Type.Literal('on'), Type.Literal('off')], {
    default: 'on',
    description:
      'Whether passwords, tokens, keys and card numbers are taken out of lines before they are stored. The label driftlog.redact of a container overrules it.'
  }),
  DRIFTLOG_REDACT_PATTERNS: Type.String({
    default: '',
    maxLength: 20_000,
    description:
      'Regular expressions of what else is taken out: one a line, or a JSON list. A group (?<secret>…) takes out its part alone; (?i) in front ignores case.'
  }),
  DRIFTLOG_LOG_LEVEL: Type.Union(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'].map((level) => Type.Literal(level)),
    { default: 'info', description: 'How much the hub says of itself on standard error.' }
  )
})

export interface Config extends ListenSettings {
  loginMaxAgeMs: number
  /** Absolute path. */
  dataDir: string
  /** Absolute path. */
  joinTokenFile?: string
  store: Engine
  /** With the store `elasticsearch`. */
  cluster?: Cluster
  /** Absent where nothing is told to Zabbix. */
  zabbix?: ZabbixSettings
  /** Absent where no Grafana is named. */
  grafana?: GrafanaSettings
  /** How dashboards are drawn, in Grafana or elsewhere. */
  dashboards: DashboardOptions
  /** Hosts that messages may go to; absent where there is no list. */
  noticeHosts?: string[]
  deploy: DeploySettings
  /** As LogStore.retain() takes it; 0 means without limit. */
  retention: { maxAgeMs: number; maxBytes: number }
  statsRetention: { samplesMs: number; minutesMs: number; hoursMs: number }
  query: { budgetMs: number; concurrent: number; waiting: number }
  tailClients: number
  redaction: RedactionConfig
  logLevel: string
}

/** So many values may be missing before a line is drawn with a gap. */
const MISSING_VALUES = 3

/** Throws a ConfigError that names each wrong variable. Empty values count as not set. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const values = checked(env)
  const listen = listenOf(values)
  const zabbix = zabbixOf(values)
  const grafana = grafanaOf(values)
  const noticeHosts = noticeHostsOf(values)
  const { DRIFTLOG_JOIN_TOKEN_FILE: tokenFile } = values
  return {
    ...listen,
    loginMaxAgeMs: Math.round(values.DRIFTLOG_LOGIN_MAX_AGE_HOURS * 3_600_000),
    dataDir: resolve(values.DRIFTLOG_DATA_DIR),
    ...(tokenFile === undefined ? {} : { joinTokenFile: resolve(tokenFile) }),
    store: values.DRIFTLOG_STORE,
    ...(values.DRIFTLOG_STORE === 'elasticsearch' ? { cluster: clusterOf(values) } : {}),
    ...(zabbix ? { zabbix } : {}),
    ...(grafana ? { grafana } : {}),
    ...(noticeHosts ? { noticeHosts } : {}),
    dashboards: {
      groupName: values.DRIFTLOG_ZABBIX_GROUP,
      ...(listen.publicUrl ? { hub: listen.publicUrl } : {}),
      elasticsearch: values.DRIFTLOG_STORE === 'elasticsearch',
      brokenAfterMs: MISSING_VALUES * values.DRIFTLOG_ZABBIX_INTERVAL_SECONDS * 1000
    },
    deploy: deployOf(values),
    retention: {
      maxAgeMs: Math.round(values.DRIFTLOG_RETENTION_MAX_AGE_DAYS * 86_400_000),
      maxBytes: values.DRIFTLOG_RETENTION_MAX_BYTES
    },
    statsRetention: {
      samplesMs: Math.round(values.DRIFTLOG_STATS_SAMPLES_MAX_AGE_DAYS * 86_400_000),
      minutesMs: Math.round(values.DRIFTLOG_STATS_MINUTES_MAX_AGE_DAYS * 86_400_000),
      hoursMs: Math.round(values.DRIFTLOG_STATS_HOURS_MAX_AGE_DAYS * 86_400_000)
    },
    query: {
      budgetMs: values.DRIFTLOG_QUERY_BUDGET_MS,
      concurrent: values.DRIFTLOG_QUERY_CONCURRENT,
      waiting: values.DRIFTLOG_QUERY_WAITING
    },
    tailClients: values.DRIFTLOG_TAIL_CLIENTS,
    redaction: {
      builtIn: values.DRIFTLOG_REDACT === 'on',
      expressions: patternsOf(values.DRIFTLOG_REDACT_PATTERNS)
    },
    logLevel: String(values.DRIFTLOG_LOG_LEVEL)
  }
}

interface OptionSchema {
  anyOf?: { const?: unknown }[]
  default?: unknown
}

interface Complaint {
  instancePath?: string
  message?: string
  params?: { allowedValues?: unknown }
}

function checked(env: Readonly<Record<string, string | undefined>>): Static<typeof HubEnvironment> {
  const known = Object.keys(HubEnvironment.properties)
  const data = Object.fromEntries(known.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
  try {
    // envSchema() writes into the schema it is given.
    return envSchema<Static<typeof HubEnvironment>>({ schema: { ...HubEnvironment }, data, env: false })
  } catch (error) {
    const complaints = error instanceof Error && 'errors' in error ? (error.errors as Complaint[]) : []
    if (complaints.length === 0) throw error
    const names = new Set(complaints.map((complaint) => complaint.instancePath?.slice(1) ?? ''))
    throw new ConfigError([...names].map((name) => sentence(name, data[name], complaints)).join('\n'))
  }
}

function sentence(name: string, value: string | undefined, complaints: Complaint[]): string {
  const schema = (HubEnvironment.properties as Record<string, OptionSchema>)[name]
  const reason = schema?.anyOf
    ? `must be one of ${schema.anyOf.map((option) => option.const).join(', ')}`
    : complaints.find((complaint) => complaint.instancePath === `/${name}`)?.message
  const standard = schema?.default === undefined ? '' : ` (${JSON.stringify(schema.default)} when not set)`
  return `${name}="${value}" ${reason}${standard}. Correct the variable, or remove it.`
}

function patternsOf(text: string): string[] {
  const problems = expressionProblems(text)
  if (problems.length > 0)
    throw new ConfigError(
      problems
        .map((problem) => `DRIFTLOG_REDACT_PATTERNS: ${problem} Correct the expression, or remove it.`)
        .join('\n')
    )
  return expressionsOf(text)
}
