/** Puts together what takes orders. Loaded only on hosts that do: the others need not carry it. */
import { isIP } from 'node:net'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { ActingEngine } from '../docker/acting-engine.ts'
import { actingEngine } from '../docker/dockerode-acting.ts'
import { addresses, ownContainer } from '../facts.ts'
import type { OrderEnd } from '../protocol-orders.ts'
import { Hub } from '../ship/hub.ts'
import { Checks, type InstanceChange } from './checks.ts'
import type { Barred } from './host.ts'
import { openJournal } from './journal.ts'
import { Orders } from './orders.ts'
import type { OrderSettings } from './settings.ts'
import type { Logs } from './take-down.ts'

export interface OpenOptions {
  log: Logger
  logs: Logs
  /** Called once for each order that ends. */
  ended: (kind: OrderEnd['kind']) => void
  /** The health of an instance is another one. */
  changed: (change: InstanceChange) => void
}

export interface OpenedOrders extends Disposable {
  /** What the engine's watch said, with the health that was found by checks. */
  seen(change: InstanceChange): InstanceChange
  /** Until the signal is aborted. `key` is this host's, for the hub. */
  run(key: string, signal: AbortSignal): Promise<void>
}

const LOOPBACK = '127.0.0.1'

/** Throws what the file system throws where the state folder has no room for a journal. */
export function openOrders(
  config: Config,
  settings: OrderSettings,
  { log, logs, ended, changed }: OpenOptions
): OpenedOrders {
  const { hubUrl, trust, stateDir, hostRoot } = config
  const engine = actingEngine(config.engine)
  const address = () => config.hostAddress ?? addresses()[0] ?? LOOPBACK
  const checks = new Checks({ engine, address: () => reachable(address()), log, changed })
  const journal = openJournal(join(stateDir, 'orders'))
  const isRemote = !('socketPath' in config.engine)
  return {
    seen: (change) => checks.seen(change),
    async run(key, signal) {
      const hub = new Hub(hubUrl, trust)
      hub.use(key)
      const rules = { ...settings, hostRoot }
      const barred = (until: AbortSignal) => barredOf(isRemote, engine, until)
      // A hub that gives orders and refuses logs is not away.
      const connected = () => logs.connected() || orders.isHeard
      const host = { engine, rules, address, checks, log, barred, logs: { ...logs, connected } }
      const orders = new Orders({ hub, journal, log, host, ended })
      try {
        await orders.run(signal)
      } finally {
        hub.close()
      }
    },
    [Symbol.dispose]: () => checks.close()
  }
}

/** An address that is not of this machine leads around through a router, which need not lead back. */
function reachable(address: string): string {
  return isIP(address) !== 0 && addresses().includes(address) ? address : LOOPBACK
}

async function barredOf(
  isRemote: boolean,
  engine: Pick<ActingEngine, 'inspect'>,
  signal: AbortSignal
): Promise<Barred | undefined> {
  if (isRemote) {
    const text =
      'the engine is on another machine, whose ports this agent cannot see: run an agent there, on its socket'
    return { code: 'DRIFTLOG_ENGINE_REMOTE', text }
  }
  const own = ownContainer()
  const found = own === undefined ? undefined : await engine.inspect(own, signal)
  if (!found || found.HostConfig.NetworkMode === 'host') return undefined
  const text =
    'the agent runs in a container with a network of its own, and cannot see the ports of its host: start it with --network host'
  return { code: 'DRIFTLOG_HOST_NETWORK', text }
}
