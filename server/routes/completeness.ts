/** Whether what is shown is complete, and what is here of each file. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { CompletenessAnswer, CompletenessQuery, StreamsAnswer } from '../api/completeness.ts'
import { ErrorJson } from '../api/error.ts'
import { InstanceNotFoundError, TimeOrderError } from '../errors.ts'
import type { FleetView } from '../fleet-view.ts'
import { timeOf } from '../question.ts'

interface CompletenessOptions {
  fleet: Pick<FleetView, 'completeness' | 'streams'>
  nowMs: () => number
}

const routes: FastifyPluginAsyncTypebox<CompletenessOptions> = async (app, { fleet, nowMs }) => {
  app.get(
    '/completeness',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Whether a range is complete: gaps, hosts that are behind, sources that cannot tell',
        tags: ['fleet'],
        querystring: CompletenessQuery,
        response: { 200: CompletenessAnswer, '4xx': ErrorJson }
      }
    },
    (request) => {
      const { from = 'now-1h', to = 'now', ...asked } = request.query
      const range = { from: timeOf('from', from, nowMs()), to: timeOf('to', to, nowMs()) }
      if (range.from > range.to) throw new TimeOrderError()
      return fleet.completeness({ ...asked, ...range })
    }
  )

  app.get(
    '/instances/:id/streams',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'What came of each log of an instance, file by file, and what is missing',
        tags: ['fleet'],
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        querystring: Type.Object({}),
        response: { 200: StreamsAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const streams = await fleet.streams(request.params.id)
      if (!streams) throw new InstanceNotFoundError(request.params.id)
      return streams
    }
  )
}

export default routes
