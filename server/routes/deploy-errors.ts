/** Errors before and after a deploy, in one question. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import type { Asker } from '../asker.ts'
import { DeployId } from '../deploys/deploy-api.ts'
import type { Deploys } from '../deploys/deploys.ts'
import { ErrorsAround, errorsAround } from '../deploys/errors-around.ts'
import { goneSignal } from '../gone.ts'

interface DeployErrorsOptions {
  asker: Asker
  deploys: Pick<Deploys, 'get'>
}

const routes: FastifyPluginAsyncTypebox<DeployErrorsOptions> = async (app, { asker, deploys }) => {
  app.get(
    '/deploys/:id/errors',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Counts errors of the app before and after a deploy touched it',
        tags: ['deploys'],
        params: DeployId,
        querystring: Type.Object({
          minutes: Type.Integer({ minimum: 1, maximum: 1440, default: 30, description: 'to each side' })
        }),
        response: { 200: ErrorsAround, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { app: name, environment, startedMs, createdMs } = await deploys.get(request.params.id)
      const asked = {
        app: name,
        environment,
        atMs: startedMs ?? createdMs,
        minutes: request.query.minutes,
        nowMs: asker.nowMs()
      }
      return asker.ask(goneSignal(reply), (logs, bounds) => errorsAround(logs, asked, bounds))
    }
  )
}

export default routes
