/** The host as orders meet it: its engine, what is allowed on it, and how it is reached. */
import type { Logger } from 'pino'
import type { ActingEngine } from '../docker/acting-engine.ts'
import type { Step } from '../protocol-orders.ts'
import type { Checks } from './checks.ts'
import type { ImageParts, ImageRules } from './image.ts'
import type { MountRules } from './mounts.ts'
import type { Waiting } from './patience.ts'
import type { Logs, TakeDownParts } from './take-down.ts'
import type { Work } from './work.ts'

export interface OrderHost {
  engine: ActingEngine
  rules: ImageRules & MountRules
  /** Handed in as HOST_IP. */
  address: () => string
  checks: Checks
  logs: Logs
  log: Logger
  /** Why this host takes no orders, whatever they are. */
  barred: (signal: AbortSignal) => Promise<Barred | undefined>
  /** Another order in hand has this port. */
  hasPort: (order: string, port: number) => boolean
}

export interface Barred {
  code: 'DRIFTLOG_ENGINE_REMOTE' | 'DRIFTLOG_HOST_NETWORK'
  text: string
}

/** For calls within a step that end where the order is withdrawn. */
export function waitingFor(work: Work, step: Step): Waiting {
  return { signal: work.interrupted, away: (text) => work.going(step, text) }
}

export function imageParts(work: Work, { engine, rules }: OrderHost): ImageParts {
  const going = (text: string) => work.going('pull', text)
  return { ...waitingFor(work, 'pull'), engine, rules, going }
}

/** What is taken down is taken down: only the agent's end stops it. */
export function takeDownParts(work: Work, { engine, logs, checks }: OrderHost): TakeDownParts {
  const going = (text: string) => work.going('stop', text)
  return {
    ...{ engine, logs, going, away: going, signal: work.stopping },
    drop: (container) => checks.drop(container)
  }
}
