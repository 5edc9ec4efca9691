/** The hub's HTTP face, put together. Everything it needs is handed in; nothing here is global. */
import { fileURLToPath } from 'node:url'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { fastify, LogController } from 'fastify'
import type { Logger } from 'pino'
import type { Access } from '../collector/access.ts'
import type { LogStore } from '../collector/store/store.ts'
import { Asker } from './asker.ts'
import { type Config, isOpen } from './config.ts'
import { Gate } from './gate.ts'
import auth from './plugins/auth.ts'
import closing from './plugins/closing.ts'
import errors, { answerClientError, answerError } from './plugins/errors.ts'
import headers from './plugins/headers.ts'
import openapi from './plugins/openapi.ts'
import exportRoutes from './routes/export.ts'
import facets from './routes/facets.ts'
import histogram from './routes/histogram.ts'
import logRoutes from './routes/logs.ts'
import page from './routes/page.ts'

/** Address and headers together: room for a query of 100 kB. Node holds this much per connection at most. */
const HEADER_LIMIT_BYTES = 128 * 1024
/** No route of the page or the command line takes a body; the agents' routes set their own limit. */
const BODY_LIMIT_BYTES = 64 * 1024
/** The whole request must have arrived by then. */
const REQUEST_TIMEOUT_MS = 60_000
/** A connection on which nothing moves is closed; a question that is searched for must fit in. */
const IDLE_TIMEOUT_MS = 120_000
const KEEP_ALIVE_MS = 75_000
/** Record ids are the longest parameter of a path. */
const PARAMETER_LIMIT = 256

export interface AppParts {
  config: Config
  log: Logger
  logs: LogStore
  access: Pick<Access, 'check'>
  version: string
  nowMs: () => number
  /** Folder of the built page. */
  pageFolder?: string
}

export type App = Awaited<ReturnType<typeof buildApp>>

export async function buildApp(parts: AppParts) {
  const { config, log, logs, access, nowMs, version } = parts
  const open = isOpen(config)
  const gate = new Gate(config.query)
  const asker = new Asker({ logs, gate, budgetMs: config.query.budgetMs, behind: () => [], nowMs })

  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: Math.max(IDLE_TIMEOUT_MS, 3 * config.query.budgetMs),
    keepAliveTimeout: KEEP_ALIVE_MS,
    return503OnClosing: false,
    routerOptions: { maxParamLength: PARAMETER_LIMIT },
    http: { maxHeaderSize: HEADER_LIMIT_BYTES },
    ajv: { customOptions: { removeAdditional: false } },
    frameworkErrors: answerError,
    clientErrorHandler: answerClientError
  }).withTypeProvider<TypeBoxTypeProvider>()
  // The handlers' types hold the answers to their schemas; checking each value again would cost more than finding it.
  app.setSerializerCompiler(() => JSON.stringify)
  // A parameter that a route does not know is a mistake of the one who asks, not something to pass over.
  app.addHook('onRoute', ({ schema }) => {
    if (schema?.querystring) schema.querystring = { ...schema.querystring, additionalProperties: false }
  })

  await app.register(headers)
  await app.register(errors)
  await app.register(closing)
  await app.register(auth, { access, open, nowMs })
  await app.register(openapi, { version })
  for (const routes of [logRoutes, exportRoutes, histogram, facets]) {
    await app.register(routes, { prefix: '/api', asker })
  }
  await app.register(page, { folder: parts.pageFolder ?? builtPage() })
  return app
}

/** dist/web, both from the sources and from dist/server. */
function builtPage(): string {
  const here = fileURLToPath(new URL('.', import.meta.url))
  return fileURLToPath(new URL(here.includes('/dist/') ? '../web' : '../dist/web', import.meta.url))
}
