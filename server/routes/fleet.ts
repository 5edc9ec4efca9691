/** Apps, hosts, instances and moves. */
import { type FastifyPluginAsyncTypebox, type Static, Type } from '@fastify/type-provider-typebox'
import { ErrorJson } from '../api/error.ts'
import { AppsAnswer, FleetQuery, HostsAnswer, InstancesAnswer, MovesAnswer } from '../api/fleet.ts'
import type { FleetFilter, FleetView } from '../fleet-view.ts'
import { timeOf } from '../question.ts'

const routes: FastifyPluginAsyncTypebox<{ fleet: FleetView; nowMs: () => number }> = async (
  app,
  { fleet, nowMs }
) => {
  app.get(
    '/apps',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Every app of every environment, wherever it runs or ran',
        tags: ['fleet'],
        querystring: Type.Object({}),
        response: { 200: AppsAnswer, '4xx': ErrorJson }
      }
    },
    async () => ({ apps: await fleet.apps() })
  )

  app.get(
    '/hosts',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Every host, and how far behind its agent is',
        tags: ['fleet'],
        querystring: Type.Object({}),
        response: { 200: HostsAnswer, '4xx': ErrorJson }
      }
    },
    () => ({ hosts: fleet.hosts() })
  )

  app.get(
    '/instances',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Instances, newest first',
        tags: ['fleet'],
        querystring: FleetQuery,
        response: { 200: InstancesAnswer, '4xx': ErrorJson }
      }
    },
    async (request) => ({ instances: await fleet.instances(filterOf(request.query)) })
  )

  app.get(
    '/moves',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Moves of apps between hosts, newest first',
        tags: ['fleet'],
        querystring: FleetQuery,
        response: { 200: MovesAnswer, '4xx': ErrorJson }
      }
    },
    (request) => ({ moves: fleet.moves(filterOf(request.query)) })
  )

  function filterOf({ from, to, ...rest }: Static<typeof FleetQuery>): FleetFilter {
    return {
      ...rest,
      ...(from === undefined ? {} : { from: timeOf('from', from, nowMs()) }),
      ...(to === undefined ? {} : { to: timeOf('to', to, nowMs()) })
    }
  }
}

export default routes
