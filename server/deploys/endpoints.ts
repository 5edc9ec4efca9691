/** Where an app answers in an environment: what load balancers are fed with. */
import { type Static, Type } from 'typebox'
import type { StateStore } from '../../collector/store/state.ts'
import { type Instance, type Running, runningKey } from './kept.ts'
import type { DeployFleet } from './surroundings.ts'

export const Endpoint = Type.Object({
  address: Type.String({ description: 'Under which others reach the host' }),
  port: Type.Integer(),
  slot: Type.Integer(),
  host: Type.String(),
  hostName: Type.String(),
  container: Type.Optional(Type.String()),
  deploy: Type.String(),
  version: Type.Integer()
})
export type Endpoint = Static<typeof Endpoint>

export const EndpointsAnswer = Type.Object({
  /** Running and healthy, on hosts that are there. */
  endpoints: Type.Array(Endpoint),
  /** The others, and why nothing should be sent to them. */
  others: Type.Array(Type.Object({ ...Endpoint.properties, reason: Type.String() }))
})
export type EndpointsAnswer = Static<typeof EndpointsAnswer>

export async function endpointsOf(
  state: StateStore,
  fleet: Pick<DeployFleet, 'host' | 'instance'>,
  app: string,
  environment: string
): Promise<EndpointsAnswer> {
  const running = await state.get<Running>(runningKey({ app, environment }))
  const answer: EndpointsAnswer = { endpoints: [], others: [] }
  for (const instance of running?.slots ?? []) {
    const endpoint = endpointOf(instance, fleet)
    const reason = problemOf(instance, fleet)
    if (reason === undefined) answer.endpoints.push(endpoint)
    else answer.others.push({ ...endpoint, reason })
  }
  return answer
}

function endpointOf(
  { host: id, port, slot, container, spec }: Instance,
  fleet: Pick<DeployFleet, 'host'>
): Endpoint {
  const host = fleet.host(id)
  const { address, addresses = [], name = id } = host?.facts ?? {}
  return {
    ...{ address: address ?? addresses[0] ?? name, port, slot, host: id, hostName: name },
    ...(container === undefined ? {} : { container }),
    ...{ deploy: spec.deploy, version: spec.version }
  }
}

/** An instance that was brought a moment ago may not have been told of by its agent yet: it was healthy then. */
function problemOf(
  { host: id, container, unknown }: Instance,
  fleet: Pick<DeployFleet, 'host' | 'instance'>
): string | undefined {
  if (unknown !== undefined) return 'its host has not said what runs'
  if (!fleet.host(id)?.live) return 'its host is not heard of'
  const told = container === undefined ? undefined : fleet.instance(id, container)
  if (!told || (told.state === 'running' && told.facts.health !== 'unhealthy')) return undefined
  return told.state === 'running' ? 'it is unhealthy' : `it is ${told.state}`
}
