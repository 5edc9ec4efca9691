/** The hub's HTTP face, put together. Everything it needs is handed in; nothing here is global. */
import type { RequestListener } from 'node:http'
import { fileURLToPath } from 'node:url'
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Access } from '../collector/access.ts'
import { collector } from '../collector/collector.ts'
import { Failures } from '../collector/failures.ts'
import type { Fleet } from '../collector/fleet/fleet.ts'
import type { LogRates } from '../collector/log-rates.ts'
import type { StatsStore } from '../collector/stats/store.ts'
import type { StateStore } from '../collector/store/state.ts'
import type { LogStore } from '../collector/store/store.ts'
import { Asker } from './asker.ts'
import type { Config } from './config.ts'
import type { Automatic } from './deploys/automatic.ts'
import type { DeployParts } from './deploys/open.ts'
import type { FleetView } from './fleet-view.ts'
import { Gate } from './gate.ts'
import { joinCommand } from './join.ts'
import { isClear, isOpen } from './listen-config.ts'
import type { Logins } from './logins.ts'
import { createMetrics } from './metrics.ts'
import auth from './plugins/auth.ts'
import closing from './plugins/closing.ts'
import errors, { answerClientError, answerError } from './plugins/errors.ts'
import headers from './plugins/headers.ts'
import openapi from './plugins/openapi.ts'
import apps from './routes/apps.ts'
import completeness from './routes/completeness.ts'
import deployErrors from './routes/deploy-errors.ts'
import deployRoutes from './routes/deploys.ts'
import exportRoutes from './routes/export.ts'
import facets from './routes/facets.ts'
import fleetRoutes from './routes/fleet.ts'
import health from './routes/health.ts'
import histogram from './routes/histogram.ts'
import hookRoutes from './routes/hooks.ts'
import logRoutes from './routes/logs.ts'
import noticeRoutes from './routes/notices.ts'
import orders from './routes/orders.ts'
import page from './routes/page.ts'
import session from './routes/session.ts'
import statsRoutes from './routes/stats.ts'
import status from './routes/status.ts'
import tail from './routes/tail.ts'
import tokens from './routes/tokens.ts'
import triggerRoutes from './routes/triggers.ts'
import type { StatsView } from './stats-view.ts'
import type { Tail } from './tail.ts'
import type { CertificateStanding, SecureServers } from './tls.ts'
import type { ZabbixLink } from './zabbix/link.ts'

/** Address and headers together: room for a query of 100 kB. Node holds this much per connection at most. */
const SERVER_OPTIONS = { maxHeaderSize: 128 * 1024 }
/** Threads and stores may take long to start on a busy machine; waiting is better than giving up. */
const START_TIMEOUT_MS = 120_000
/** No route of the page or the command line takes a body; the agents' routes set their own limit. */
const BODY_LIMIT_BYTES = 64 * 1024
/** The whole request must have arrived by then. */
const REQUEST_TIMEOUT_MS = 60_000
/**
 * A connection on which nothing moves is closed; a question that is searched for must fit in, and an agent that waits for
 * orders, for a minute at most.
 */
const IDLE_TIMEOUT_MS = 120_000
const KEEP_ALIVE_MS = 75_000
/** An agent that takes orders has up to three: it delivers, waits, and reports. */
const MOST_CONNECTIONS = 20_000
/** Record ids are the longest parameter of a path. */
const PARAMETER_LIMIT = 256

export interface AppParts {
  config: Config
  log: Logger
  logs: LogStore
  access: Access
  logins: Logins
  fleet: FleetView
  /** What agents tell goes here; without it no agent is listened to. */
  agents?: { fleet: Fleet; stats?: StatsStore; rates?: LogRates; state?: StateStore }
  /** Without it nothing is deployed. */
  deploys?: Pick<DeployParts, 'definitions' | 'deploys' | 'book' | 'endpoints' | 'figures'>
  /** Without it there are no routes for numbers of hosts and containers. */
  stats?: StatsView
  /** Absent where no Zabbix is named. */
  zabbix?: Pick<ZabbixLink, 'standing' | 'figures'>
  /** Triggers and messages; without them there are no routes for them. */
  automatic?: Automatic
  /** Of parts that are there only where they are configured, for /metrics. */
  figures?: () => Record<string, number>
  version: string
  nowMs: () => number
  /** Secret that lets other hosts join. */
  join: () => string
  /** Under which other hosts reach the hub. */
  url: () => string
  /** Where the hub speaks https itself. */
  tls?: { servers: SecureServers; standing: () => CertificateStanding }
  /** Set where the hub shows a played fleet. */
  demo?: { reason?: string }
  /** Folder of the built page. */
  pageFolder?: string
}

export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { config, log, logs, access, logins, fleet, zabbix, nowMs, version } = parts
  const open = isOpen(config)
  const failures = new Failures(nowMs)
  /** How browsers know this hub. */
  const origin = {
    secure: parts.tls !== undefined || config.publicUrl?.protocol === 'https:',
    ...(config.publicUrl ? { publicOrigin: config.publicUrl.origin } : {})
  }
  const gate = new Gate(config.query)
  const asker = new Asker({
    logs,
    gate,
    budgetMs: config.query.budgetMs,
    behind: () => fleet.delivery().filter((host) => host.behindMs > 0),
    nowMs
  })

  const loggerInstance: FastifyBaseLogger = log
  const connectionTimeout = Math.max(IDLE_TIMEOUT_MS, 3 * config.query.budgetMs)
  const app = fastify({
    loggerInstance,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout,
    keepAliveTimeout: KEEP_ALIVE_MS,
    return503OnClosing: false,
    pluginTimeout: START_TIMEOUT_MS,
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    http: SERVER_OPTIONS,
    ...(parts.tls ? { serverFactory: serverFactoryOf(parts.tls.servers, connectionTimeout) } : {}),
    ajv: { customOptions: { removeAdditional: false } },
    ...(config.trustedProxies ? { trustProxy: config.trustedProxies } : {}),
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError
  })
  app.server.maxConnections = MOST_CONNECTIONS
  app.addHook('preClose', async () => parts.tls?.servers.dropSilent())
  // The handlers' types hold the answers to their schemas; checking each value again would cost more than finding it.
  app.setSerializerCompiler(() => JSON.stringify)
  // A parameter that a route does not know is a mistake of the one who asks, not something to pass over.
  app.addHook('onRoute', ({ schema }) => {
    if (schema?.querystring) schema.querystring = { ...schema.querystring, additionalProperties: false }
  })

  await app.register(headers, { secure: origin.secure })
  await app.register(errors)
  await app.register(closing)
  await app.register(auth, { access, logins, failures, open, ...origin })
  await app.register(openapi, { version })
  const tails = new Set<Tail>()
  const metrics = createMetrics(app, {
    version,
    gate,
    failures: failures.counts,
    ...(parts.tls ? { certificateExpiresMs: certificateEnd(parts.tls) } : {}),
    tails: () => tails.size,
    health: () => logs.health(),
    figures: () => ({
      ...zabbix?.figures(),
      ...parts.figures?.(),
      ...parts.deploys?.figures(),
      ...parts.automatic?.figures()
    })
  })
  if (parts.agents) {
    const { registry } = metrics
    const { redaction } = config
    const receiving = { access, failures, store: logs, open, registry, redaction, nowMs }
    await app.register(collector, { ...parts.agents, ...receiving })
  }
  if (parts.deploys) {
    const { definitions, deploys, book, endpoints } = parts.deploys
    await app.register(orders, { access, failures, book, nowMs })
    await app.register(apps, { prefix: '/api', definitions, images: config.deploy.images })
    await app.register(deployRoutes, { prefix: '/api', deploys, endpoints, nowMs })
    await app.register(deployErrors, { prefix: '/api', asker, deploys })
  }
  await app.register(health, { logs, metrics })
  for (const routes of [logRoutes, exportRoutes, histogram, facets]) {
    await app.register(routes, { prefix: '/api', asker })
  }
  await app.register(tail, {
    ...{ prefix: '/api', logs, fleet, limit: config.tailClients, open: tails, nowMs },
    ...(parts.deploys ? { deploys: parts.deploys.deploys } : {})
  })
  await app.register(fleetRoutes, { prefix: '/api', fleet, nowMs })
  if (parts.stats) await app.register(statsRoutes, { prefix: '/api', stats: parts.stats, nowMs })
  await app.register(completeness, { prefix: '/api', fleet, nowMs })
  await app.register(status, {
    prefix: '/api',
    logs,
    fleet,
    version,
    open,
    clear: isClear(config),
    certificate: () => parts.tls?.standing(),
    zabbix: () => zabbix?.standing,
    nowMs,
    join: () => (open ? undefined : joinCommand(parts.join(), parts.url(), parts.tls?.standing())),
    ...(parts.demo ? { demo: parts.demo } : {})
  })
  await app.register(session, { prefix: '/api', access, logins, failures, open, nowMs, ...origin })
  await app.register(tokens, { prefix: '/api', access, fleet, nowMs })
  const { automatic } = parts
  if (automatic) {
    const { triggers, deliveries, notices, outbox } = automatic
    await app.register(hookRoutes, { prefix: '/api', hooks: automatic.hooks(failures) })
    await app.register(triggerRoutes, { prefix: '/api', triggers, deliveries })
    await app.register(noticeRoutes, { prefix: '/api', notices, outbox })
  }
  await app.register(page, { folder: parts.pageFolder ?? builtPage() })
  return app
}

function certificateEnd({ standing }: NonNullable<AppParts['tls']>): () => number {
  return () => standing().expiresMs
}

/** What Fastify sets on a server of its own is set here on one that speaks https. */
function serverFactoryOf(servers: SecureServers, timeoutMs: number) {
  return (listener: RequestListener) => {
    const server = servers.create(listener, SERVER_OPTIONS)
    server.keepAliveTimeout = KEEP_ALIVE_MS
    server.requestTimeout = REQUEST_TIMEOUT_MS
    server.setTimeout(timeoutMs)
    server.maxConnections = MOST_CONNECTIONS
    return server
  }
}

/** dist/web, both from the sources and from dist/server. */
function builtPage(): string {
  const here = fileURLToPath(new URL('.', import.meta.url))
  return fileURLToPath(new URL(here.endsWith('/dist/server/') ? '../web' : '../dist/web', import.meta.url))
}
