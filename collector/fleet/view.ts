/** What the fleet tells of hosts, instances and moves, and how it is made from what is kept. */
import type { HostFacts, InstanceFacts } from '../../agent/protocol.ts'
import type { Totals } from '../ledger/ledger.ts'
import { type Instance, OWN_LOG, stateOf } from './instances.ts'
import { byHubClock, type Move, type Run } from './moves.ts'

/** A host that was not heard for this long is not live. */
export const LIVE_MS = 15_000
export interface FleetHost {
  host: string
  name: string
  /** Colour slot 0 … 23, given at enrolment and kept. */
  slot: number
  facts: HostFacts
  agentVersion: string
  enrolledMs: number
  /** When it was last heard; absent until its first hello. */
  seenMs?: number
  live: boolean
  /** The agent's clock minus the hub's. */
  clockOffsetMs: number
  /** Bytes that the agent knows of and the hub has not got yet. */
  behindBytes: number
  /** What the host wrote longer ago than this has arrived; 0 when everything has. */
  behindMs: number
  losses: number
  lostBytes: number
  /** Gaps whose size nobody knows. */
  lostUnknown: number
  pretended: boolean
}

export interface FleetInstance {
  instance: string
  host: string
  hostName: string
  container: string
  app: string
  environment: string
  /** As the engine says, `removed` once it is gone, `unknown` while its host is silent. */
  state: string
  /** Everything that the agent told last. */
  facts: InstanceFacts
  /** Oldest first; the last one is open while the container runs. */
  runs: readonly Run[]
  /** Start of the first run that is known; absent where it never ran. */
  startedMs?: number
  /** End of the last run; absent while it runs. */
  finishedMs?: number
  exitCode?: number
  oomKilled?: boolean
  removedMs?: number
  /** When the hub first heard of it. */
  firstSeenMs: number
  /** Names of its streams by their number; the first is `docker`, whether it has records or not. */
  streams: readonly string[]
  pretended: boolean
}

export interface FleetMove extends Move {
  fromHostName: string
  toHostName: string
}

export type FleetChange =
  | { kind: 'instance'; instance: FleetInstance }
  | { kind: 'move'; move: FleetMove }
  /** What is missing of the instance's logs has changed. */
  | { kind: 'gap'; instance: FleetInstance }

export interface FleetAsked {
  app?: string
  environment?: string
  host?: string
  /** Only what was there (or happened) at or after this moment, and before `toMs`. */
  fromMs?: number
  toMs?: number
}

export interface Behind {
  host: string
  hostName: string
  behindMs: number
}

/** A host as the state store keeps it. */
export interface KeptHost {
  host: string
  slot: number
  facts: HostFacts
  agentVersion: string
  enrolledMs: number
  seenMs?: number
  clockOffsetMs: number
}

export interface LiveHost extends KeptHost {
  /** Heard since this hub was started, by it or another. */
  heardMs?: number
  /** Heard by this hub. */
  ownMs?: number
  savedMs: number
  /** When its session began, and until when everything had arrived by then. */
  greeted?: { atMs: number; completeMs: number }
  behindBytes: number
  /** When everything that it had written had arrived. */
  completeMs: number
  silent: boolean
}

/** What is known of a host by hearing it; see LiveHost. */
export type Heard = Required<Pick<LiveHost, 'heardMs' | 'behindBytes' | 'completeMs'>>

export function hostView(host: LiveHost, lost: Totals, nowMs: number): FleetHost {
  return {
    host: host.host,
    name: host.facts.name,
    slot: host.slot,
    facts: host.facts,
    agentVersion: host.agentVersion,
    enrolledMs: host.enrolledMs,
    ...(host.seenMs !== undefined && { seenMs: host.seenMs }),
    live: host.heardMs !== undefined && nowMs - host.heardMs <= LIVE_MS,
    clockOffsetMs: host.clockOffsetMs,
    behindBytes: host.behindBytes,
    behindMs: behindMs(host, nowMs),
    losses: lost.count,
    lostBytes: lost.bytes,
    lostUnknown: lost.unknown,
    pretended: host.facts.pretended ?? false
  }
}

/** `host` is absent where the state has lost it. */
export function instanceView(instance: Instance, host: LiveHost | undefined): FleetInstance {
  const { facts, removedMs, firstSeenMs } = instance
  const runs = instance.runs.map(byHubClock)
  const last = runs.at(-1)
  return {
    instance: instance.id,
    host: instance.host,
    hostName: host?.facts.name ?? instance.host,
    container: facts.container,
    app: facts.app,
    environment: facts.environment,
    state: host?.silent && removedMs === undefined ? 'unknown' : stateOf(instance),
    facts,
    runs,
    ...(runs[0] && { startedMs: runs[0].fromMs }),
    ...(last?.toMs !== undefined && { finishedMs: last.toMs }),
    ...(last?.exitCode !== undefined && { exitCode: last.exitCode }),
    ...(last?.oomKilled !== undefined && { oomKilled: last.oomKilled }),
    ...(removedMs !== undefined && { removedMs }),
    firstSeenMs,
    streams: [OWN_LOG, ...(instance.streams ?? [])],
    pretended: host?.facts.pretended ?? false
  }
}

/** The clocks of hosts that are kept in time differ by less; what they stamp is taken as it is. */
const CLOCK_TRUSTED_MS = 25

/** How far what the host stamps is ahead of the hub's clock, in ms; 0 where its clock is kept in time. */
export function aheadMs({ clockOffsetMs }: Pick<KeptHost, 'clockOffsetMs'>): number {
  return Math.abs(clockOffsetMs) < CLOCK_TRUSTED_MS ? 0 : clockOffsetMs
}

/** A host that delivered everything is behind only once it has been silent for longer than it may be. */
export function behindMs(host: LiveHost, nowMs: number): number {
  if (host.seenMs === undefined) return 0
  if (host.behindBytes === 0 && nowMs - host.completeMs <= LIVE_MS) return 0
  return Math.max(0, nowMs - host.completeMs)
}
