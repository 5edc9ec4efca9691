/** Triggers: made, listed, deleted, their secrets renewed, and what came to them. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import { byOf } from '../by.ts'
import { TriggerNotFoundError } from '../deploys/errors.ts'
import { nextBeat } from '../deploys/triggers/beat.ts'
import type { Deliveries } from '../deploys/triggers/deliveries.ts'
import {
  DeliveriesAnswer,
  TriggerBody,
  TriggerJson,
  TriggerMade,
  TriggerName,
  TriggersAnswer
} from '../deploys/triggers/trigger.ts'
import type { KeptTrigger, Triggers } from '../deploys/triggers/triggers.ts'

interface TriggersOptions {
  triggers: Triggers
  deliveries: Deliveries
}

const Named = Type.Object({ name: TriggerName })
const tags = ['deploys']

const routes: FastifyPluginAsyncTypebox<TriggersOptions> = async (app, { triggers, deliveries }) => {
  app.get(
    '/triggers',
    {
      config: { demand: 'read' },
      schema: {
        ...{ summary: 'Every trigger, without its secret', tags },
        querystring: Type.Object({}),
        response: { 200: TriggersAnswer, '4xx': ErrorJson }
      }
    },
    async () => ({ triggers: (await triggers.list()).map(triggerJson) })
  )

  app.post(
    '/triggers',
    {
      config: { demand: 'deploy' },
      schema: {
        ...{ summary: 'Makes a trigger, whose secret is in this answer alone; or changes its rules', tags },
        body: TriggerBody,
        response: { 200: TriggerMade, 201: TriggerMade, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const by = byOf(request)
      const { trigger, secret } = await triggers.put(request.body, by)
      const { name, kind } = trigger
      request.log.info({ by, address: request.ip, name, kind }, 'a trigger was made or changed')
      const json = { ...triggerJson(trigger), ...(secret === undefined ? {} : { secret }) }
      return await reply.code(secret === undefined ? 200 : 201).send(json)
    }
  )

  app.get(
    '/triggers/:name',
    {
      config: { demand: 'read' },
      schema: {
        ...{ summary: 'One trigger, without its secret', tags },
        params: Named,
        response: { 200: TriggerJson, '4xx': ErrorJson }
      }
    },
    async ({ params }) => triggerJson(await known(params.name))
  )

  app.delete(
    '/triggers/:name',
    {
      config: { demand: 'deploy' },
      schema: {
        ...{ summary: 'Deletes a trigger with its secret and its deliveries', tags },
        params: Named,
        response: { 200: Type.Object({ deleted: Type.String() }), '4xx': ErrorJson }
      }
    },
    async (request) => {
      const { name } = request.params
      await triggers.delete(name)
      request.log.info({ by: byOf(request), address: request.ip, name }, 'a trigger was deleted')
      return { deleted: name }
    }
  )

  app.post(
    '/triggers/:name/secret',
    {
      config: { demand: 'deploy' },
      schema: {
        ...{ summary: 'Makes a new secret, shown this once; the old one opens nothing any more', tags },
        params: Named,
        response: { 200: TriggerMade, '4xx': ErrorJson }
      }
    },
    async (request) => {
      const by = byOf(request)
      const { trigger, secret } = await triggers.renewSecret(request.params.name, by)
      request.log.info({ by, address: request.ip, name: trigger.name }, 'the secret of a trigger was renewed')
      return { ...triggerJson(trigger), secret }
    }
  )

  app.get(
    '/triggers/:name/deliveries',
    {
      config: { demand: 'read' },
      schema: {
        ...{ summary: 'What came to a trigger and what became of it, newest first', tags },
        params: Named,
        querystring: Type.Object({}),
        response: { 200: DeliveriesAnswer, '4xx': ErrorJson }
      }
    },
    async ({ params }) => {
      const { name } = await known(params.name)
      return { deliveries: await deliveries.list(name), strangers: await deliveries.strangers(name) }
    }
  )

  async function known(name: string): Promise<KeptTrigger> {
    const trigger = await triggers.get(name)
    if (!trigger) throw new TriggerNotFoundError(name)
    return trigger
  }
}

export default routes

function triggerJson({ word: _, ...trigger }: KeptTrigger): TriggerJson {
  if (trigger.kind !== 'schedule') return { ...trigger, path: `/api/hooks/${trigger.name}` }
  const nextMs = nextBeat(trigger)
  return { ...trigger, ...(nextMs === undefined ? {} : { nextMs }) }
}
