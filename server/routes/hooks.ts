/** Where products call: POST /api/hooks/:trigger. Each proves by itself that it knows the trigger's secret. */
import type { IncomingMessage } from 'node:http'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import type { Hooks } from '../deploys/triggers/hooks.ts'
import { HookAnswer, TriggerName } from '../deploys/triggers/trigger.ts'

const routes: FastifyPluginAsyncTypebox<{ hooks: Pick<Hooks, 'take'> }> = async (app, { hooks }) => {
  // What is signed are the bytes as they came, and nobody's bytes are read before he is known.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', async (_request: unknown, payload: IncomingMessage) => payload)

  app.post(
    '/hooks/:trigger',
    {
      config: { demand: 'self' },
      schema: {
        summary: 'Takes what a product tells, and begins the deploys that its rules want',
        tags: ['deploys'],
        params: Type.Object({ trigger: TriggerName }),
        querystring: Type.Object({
          token: Type.Optional(
            Type.String({ maxLength: 256, description: 'Of Docker Hub alone, which sends no header.' })
          )
        }),
        response: { 202: HookAnswer, '4xx': ErrorJson, '5xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { params, query, headers, ip: address, raw } = request
      try {
        const decided = await hooks.take({
          ...{ trigger: params.trigger, headers, address, payload: raw },
          ...(query.token === undefined ? {} : { token: query.token })
        })
        return await reply.code(202).send({ decided })
      } catch (error) {
        // The rest of a body that was not read is not waited for.
        if (!raw.readableEnded) reply.header('connection', 'close')
        throw error
      }
    }
  )
}

export default routes
