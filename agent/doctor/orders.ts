/** Whether this host can carry out orders, where it is meant to. Asks the engine only for what it will not do. */
import type { Config } from '../config.ts'
import type { ActingEngine } from '../docker/acting-engine.ts'
import { EngineRefusal, type Inspected } from '../docker/engine.ts'
import { counted, type Finding, fail, ok, warn } from './finding.ts'
import type { Machine } from './machine.ts'
import { mountOf } from './ways-out.ts'

const CHECK = 'orders'
/** No container is called like this; an engine that would start it says that it is not there. */
const NOBODY = 'driftlog-doctor-looks-whether-it-may'

export interface OrdersChecked {
  config: Pick<Config, 'orders' | 'engine' | 'hostRoot'>
  acting: Pick<ActingEngine, 'start'>
  /** The agent's own container, where it runs in one. */
  own: Inspected | undefined
}

/** Nothing where no orders are taken. */
export async function checkOrders(
  { config, acting, own }: OrdersChecked,
  machine: Machine,
  signal: AbortSignal
): Promise<Finding[]> {
  const { orders, engine, hostRoot } = config
  if (!orders) return []
  if (!('socketPath' in engine)) {
    const text = 'they are on, and the engine is on another machine, whose ports cannot be seen from here'
    return [fail(CHECK, text, 'run an agent there, on its socket, or set DRIFTLOG_ORDERS=off here')]
  }
  if (own && own.HostConfig.NetworkMode !== 'host') {
    const text =
      "they are on, and the agent's container has a network of its own: it cannot see the host's ports"
    return [fail(CHECK, text, "start the agent's container with: --network host")]
  }
  const refusal = await whyNot(acting, signal)
  if (refusal !== undefined) {
    const text = `they are on, and the engine lets nothing be changed at ${engine.socketPath}: ${refusal}`
    const way =
      'give the agent the engine’s own socket, or a proxy that lets POST and DELETE of /containers, /images and /exec through'
    return [fail(CHECK, text, way)]
  }
  const places = [...orders.binds, ...(orders.secretsDir === undefined ? [] : [orders.secretsDir])]
  const missing = places.filter((path) => !machine.exists(hostRoot + path))
  const [first] = missing
  if (first !== undefined) {
    const way = machine.inContainer ? mountOf(first, hostRoot) : `create it: sudo mkdir -p ${first}`
    return [warn(CHECK, `orders that need ${missing.join(', ')} are refused: not to be seen from here`, way)]
  }
  const secrets = Object.keys(orders.secrets).length
  const folders = counted(orders.binds.length, 'folder')
  return [
    ok(
      CHECK,
      `they are taken, for images ${orders.images.join(', ')}, with ${folders} and ${counted(secrets, 'variable')} of secrets`
    )
  ]
}

async function whyNot(acting: Pick<ActingEngine, 'start'>, signal: AbortSignal): Promise<string | undefined> {
  try {
    await acting.start(NOBODY, signal)
    return undefined
  } catch (error) {
    const isThere = error instanceof EngineRefusal && error.status === 404
    return isThere && /no such container/i.test(error.message) ? undefined : (error as Error).message
  }
}
