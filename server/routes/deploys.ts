/** Deploys: asked for, promoted, let go on, taken back, and told of while they happen. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import { byOf } from '../by.ts'
import { AppName } from '../deploys/definition.ts'
import type { By, Deploy } from '../deploys/deploy.ts'
import {
  CheckBody,
  DeployAnswer,
  DeployBody,
  DeployId,
  DeploysAnswer,
  DeploysQuery,
  DeployWithSteps,
  PlanAnswer,
  PromoteBody
} from '../deploys/deploy-api.ts'
import type { Deploys } from '../deploys/deploys.ts'
import { EndpointsAnswer } from '../deploys/endpoints.ts'
import { DeployFollower } from '../deploys/feed.ts'
import { goneSignal } from '../gone.ts'
import { EventStream } from '../sse.ts'
import { whileWelcome } from '../welcome.ts'

interface DeploysOptions {
  deploys: Deploys
  endpoints: (app: string, environment: string) => Promise<EndpointsAnswer>
  nowMs: () => number
}

const BEAT_MS = 10_000
const tags = ['deploys']

const routes: FastifyPluginAsyncTypebox<DeploysOptions> = async (app, { deploys, endpoints, nowMs }) => {
  app.post(
    '/deploys',
    {
      config: { demand: 'deploy' },
      schema: {
        summary: 'Begins a deploy, or says with dryRun what it would do; its end is not waited for',
        tags,
        body: DeployBody,
        headers: Type.Object({
          'idempotency-key': Type.Optional(
            Type.String({
              minLength: 1,
              maxLength: 255,
              description:
                'The same key gets the same deploy for a day: a caller that got no answer may ask again'
            })
          )
        }),
        response: { 200: PlanAnswer, 201: DeployAnswer, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { dryRun, ...body } = request.body
      const asked = { ...body, by: byOf(request) }
      if (dryRun) return { plan: await deploys.plan(asked) }
      return reply.code(201).send({ deploy: await deploys.begin(asked, request.headers['idempotency-key']) })
    }
  )

  app.get(
    '/deploys',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Deploys, newest first',
        tags,
        querystring: DeploysQuery,
        response: { 200: DeploysAnswer, '4xx': ErrorJson }
      }
    },
    async ({ query: { before, ...asked } }) => ({
      deploys: await deploys.list({ ...asked, ...(before === undefined ? {} : { beforeId: before }) })
    })
  )

  app.get(
    '/deploys/:id',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'One deploy and all of its steps',
        tags,
        params: DeployId,
        querystring: Type.Object({}),
        response: { 200: DeployWithSteps, '4xx': ErrorJson }
      }
    },
    async ({ params: { id } }) => ({ deploy: await deploys.get(id), steps: await deploys.steps(id) })
  )

  app.get(
    '/deploys/:id/events',
    {
      config: { demand: 'read', streams: true },
      exposeHeadRoute: false,
      schema: {
        summary: 'Follows a deploy as server-sent events, until it has ended',
        tags,
        params: DeployId,
        querystring: Type.Object({}),
        headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ pattern: '^\\d{0,9}$' })) }),
        response: {
          200: {
            description: 'Events: step (its id is seq), deploy, beat, end',
            content: { 'text/event-stream': { schema: Type.String() } }
          },
          '4xx': ErrorJson
        }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      await deploys.get(id)
      const gone = goneSignal(reply)
      const stream = new EventStream(reply)
      const over = new AbortController()
      const stop = () => over.abort()
      gone.addEventListener('abort', stop)
      app.closing.addEventListener('abort', stop)
      using welcome = whileWelcome(app, request.caller)
      welcome.signal.addEventListener('abort', stop)
      const beat = setInterval(() => stream.send('beat', { atMs: nowMs() }), BEAT_MS)
      const after = Number(request.headers['last-event-id'] ?? 0)
      const follower = new DeployFollower(deploys, stream, id, after)
      const reason = await follower.run(over.signal).catch((err) => {
        if (!over.signal.aborted) request.log.error({ err, deploy: id }, 'following a deploy failed')
        return 'failed'
      })
      clearInterval(beat)
      app.closing.removeEventListener('abort', stop)
      const { aborted: isUnwelcome } = welcome.signal
      stream.send('end', { reason: app.closing.aborted ? 'closing' : isUnwelcome ? 'login' : reason })
      stream.end()
    }
  )

  const acts: [path: string, summary: string, act: (id: string, by: By) => Promise<Deploy>][] = [
    ['approve', 'Says yes to a deploy that waits for it', (id, by) => deploys.approve(id, by)],
    ['stop', 'Cancels a deploy that waits, pauses one that runs', (id, by) => deploys.stop(id, by)],
    ['resume', 'Lets a paused deploy go on', (id, by) => deploys.resume(id, by)],
    ['retry', 'Begins the same once more, after it did not go well', (id, by) => deploys.retry(id, by)],
    [
      'rollback',
      'Takes a deploy back: one that runs by itself, one that has succeeded by a deploy of its own',
      (id, by) => deploys.rollBack(id, by)
    ]
  ]
  for (const [path, summary, act] of acts) {
    app.post(
      `/deploys/:id/${path}`,
      {
        config: { demand: 'deploy' },
        schema: { summary, tags, params: DeployId, response: { 200: DeployAnswer, '4xx': ErrorJson } }
      },
      async (request) => ({ deploy: await act(request.params.id, byOf(request)) })
    )
  }

  app.post(
    '/deploys/:id/promote',
    {
      config: { demand: 'deploy' },
      schema: {
        summary: 'Brings the very image of this deploy into another environment',
        tags,
        params: DeployId,
        body: PromoteBody,
        response: { 201: DeployAnswer, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const asked = { ...request.body, by: byOf(request) }
      return reply.code(201).send({ deploy: await deploys.promote(request.params.id, asked) })
    }
  )

  app.post(
    '/deploys/:id/checks',
    {
      config: { demand: 'deploy' },
      schema: {
        summary: 'Reports a check of CI; the newest of a name counts',
        tags,
        params: DeployId,
        body: CheckBody,
        response: { 200: DeployAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const check = { ...request.body, atMs: nowMs(), by: byOf(request) }
      return { deploy: await deploys.report(request.params.id, check) }
    }
  )

  app.get(
    '/apps/:app/endpoints',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Where an app answers: healthy instances as address and port, for load balancers',
        tags,
        params: Type.Object({ app: AppName }),
        querystring: Type.Object({
          environment: AppName,
          format: Type.Optional(
            Type.Union([Type.Literal('json'), Type.Literal('text')], {
              description: 'text: one address:port a line, the healthy ones alone'
            })
          )
        }),
        response: { 200: EndpointsAnswer, '4xx': ErrorJson }
      }
    },
    async ({ params, query: { environment, format } }, reply) => {
      const answer = await endpoints(params.app, environment)
      if (format !== 'text') return answer
      const lines = answer.endpoints.map(({ address, port }) => `${bracketed(address)}:${port}\n`)
      reply.type('text/plain; charset=utf-8').serializer((text: unknown) => String(text))
      return reply.send(lines.join('') as never)
    }
  )
}

export default routes

function bracketed(address: string): string {
  return address.includes(':') ? `[${address}]` : address
}
