/** Which values a field has, how often, and which fields there are. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import { FacetsAnswer, FacetsQuery } from '../api/logs.ts'
import type { Asker } from '../asker.ts'
import { ValidationError } from '../errors.ts'
import { goneSignal } from '../gone.ts'
import { questionOf } from '../question.ts'
import { tookMs } from './logs.ts'

const MOST_FIELDS = 20

const routes: FastifyPluginAsyncTypebox<{ asker: Asker }> = async (app, { asker }) => {
  app.get(
    '/logs/facets',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Counts the values of fields',
        tags: ['logs'],
        querystring: FacetsQuery,
        response: { 200: FacetsAnswer, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const startedMs = performance.now()
      const { limit, prefix, discover } = request.query
      const { query } = questionOf(request.query, asker.nowMs())
      const asked = {
        fields: namesOf(request.query.fields),
        limit,
        ...(prefix === undefined ? {} : { prefix }),
        ...(discover === undefined ? {} : { discover })
      }
      const facets = await asker.ask(goneSignal(reply), (logs, bounds) => logs.facets(query, asked, bounds))
      return { ...facets, tookMs: tookMs(startedMs), coverage: asker.coverage(facets.coverage) }
    }
  )
}

export default routes

function namesOf(list: string): string[] {
  const names = new Set(list.split(',').map((name) => name.trim()))
  names.delete('')
  if (names.size > MOST_FIELDS)
    throw new ValidationError(`fields: at most ${MOST_FIELDS} can be asked at once.`)
  return [...names]
}
