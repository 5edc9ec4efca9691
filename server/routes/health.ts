/** For machines that watch the hub. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { LogStore } from '../../collector/store/store.ts'
import { ErrorJson } from '../api/error.ts'
import { NotReadyError } from '../errors.ts'
import type { Metrics } from '../metrics.ts'

interface HealthOptions {
  logs: Pick<LogStore, 'health'>
  metrics: Metrics
}

const Ok = Type.Object({ status: Type.Literal('ok') })

const routes: FastifyPluginAsyncTypebox<HealthOptions> = async (app, { logs, metrics }) => {
  app.get(
    '/healthz',
    {
      config: { demand: 'anyone' },
      schema: { summary: 'The process answers', tags: ['hub'], response: { 200: Ok } }
    },
    () => ({ status: 'ok' as const })
  )

  app.get(
    '/readyz',
    {
      config: { demand: 'anyone' },
      schema: {
        summary: 'The hub takes records and answers questions',
        tags: ['hub'],
        response: { 200: Ok, '5xx': ErrorJson }
      }
    },
    () => {
      // Why it is not stands in /api/status, which demands a token where that matters.
      if (!logs.health().writable) throw new NotReadyError()
      return { status: 'ok' as const }
    }
  )

  app.get(
    '/metrics',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Figures for Prometheus',
        tags: ['hub'],
        response: {
          200: {
            description: 'Text in the format of Prometheus',
            content: { 'text/plain': { schema: Type.String() } }
          }
        }
      }
    },
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.read())
  )
}

export default routes
