/** The fleet as the API shows it: what agents told, joined with what the store holds. */
import type { Fleet, FleetAsked, FleetHost, FleetInstance, FleetMove } from '../collector/fleet/fleet.ts'
import type { LogStore, OriginSummary } from '../collector/store/store.ts'
import type { CompletenessAnswer, StreamsAnswer } from './api/completeness.ts'
import type { AppJson, HostJson, InstanceJson, MoveJson, ZabbixHostJson } from './api/fleet.ts'
import {
  type CompletenessAsked,
  completenessOf,
  type LedgerFleet,
  notesOf,
  streamsOf
} from './completeness.ts'
import type { Behind } from './records.ts'
import { formatMs, formatTime, msOf } from './times.ts'

export type FleetChange =
  | { event: 'move'; data: MoveJson }
  | { event: 'instance'; data: InstanceJson }
  | { event: 'gap'; data: { app: string; environment: string; instance: string } }

export interface FleetFilter {
  app?: string
  environment?: string
  host?: string
  /** Nanoseconds since 1970. */
  from?: bigint
  to?: bigint
  limit: number
}

export interface FleetView {
  hosts(): HostJson[]
  apps(): Promise<AppJson[]>
  /** Newest first; also those that no agent tells of any more and whose records are still there. */
  instances(filter: FleetFilter): Promise<InstanceJson[]>
  /** Newest first. */
  moves(filter: FleetFilter): MoveJson[]
  /** How far behind each host is, 0 where it has delivered everything. */
  delivery(): Behind[]
  /** Whether what is there of a range is all that was written in it. */
  completeness(asked: CompletenessAsked): CompletenessAnswer
  /** Undefined where no agent told of the instance. */
  streams(instance: string): Promise<StreamsAnswer | undefined>
  /** From the call on, until the signal aborts. */
  changes(signal: AbortSignal): AsyncIterable<FleetChange>
}

/** Moves of this long count in the list of apps. */
const RECENT_MS = 86_400_000
/** What the store holds of each instance is asked for this often at most. */
const SUMMARY_MS = 1000

interface FleetViewOptions {
  /** How long records are kept whose label says nothing; 0 keeps them. */
  maxAgeMs?: number
  /** How a host stands in Zabbix. */
  zabbixOf?: (host: FleetHost) => ZabbixHostJson | undefined
}

export function fleetView(
  fleet: LedgerFleet & Pick<Fleet, 'moves' | 'changes'>,
  logs: Pick<LogStore, 'origins' | 'positions' | 'health'>,
  nowMs: () => number,
  { maxAgeMs = 0, zabbixOf = () => undefined }: FleetViewOptions = {}
): FleetView {
  let summaries: Promise<Map<string, Stored>> | undefined
  let askedMs = 0
  const stored = () => {
    if (!summaries || nowMs() - askedMs >= SUMMARY_MS) {
      askedMs = nowMs()
      summaries = logs.origins().then(byInstance)
      summaries.catch(() => {
        summaries = undefined
      })
    }
    return summaries
  }

  const allInstances = async (asked: FleetAsked) => {
    const known = await stored()
    const told = fleet
      .instances(asked)
      .map((instance) => instanceJson(instance, known.get(instance.instance)))
    const ids = new Set(fleet.instances().map(({ instance }) => instance))
    const untold = [...known.values()].filter((one) => !ids.has(one.origin.instance) && isAsked(one, asked))
    return [...told, ...untold.map(storedInstanceJson)].sort(newestFirst)
  }

  return {
    hosts() {
      const instances = fleet.instances()
      return fleet.hosts().map((host) => hostJson(host, instances, zabbixOf(host)))
    },
    async apps() {
      const fromMs = nowMs() - RECENT_MS
      const pretended = new Set(fleet.hosts().flatMap((host) => (host.pretended ? [host.host] : [])))
      return appsOf(await allInstances({}), fleet.moves({ fromMs }), pretended)
    },
    async instances({ limit, ...filter }) {
      return (await allInstances(askedOf(filter))).slice(0, limit)
    },
    moves({ limit, ...filter }) {
      return fleet.moves(askedOf(filter)).slice(0, limit).map(moveJson)
    },
    delivery() {
      return fleet
        .hosts()
        .map(({ host, name, behindMs }) => ({ host, hostName: name, behindMs: Math.round(behindMs) }))
    },
    completeness: (asked) => completenessOf(fleet, logs, asked, maxAgeMs, nowMs()),
    streams: (instance) => streamsOf(fleet, logs, instance),
    changes: (signal) => told(fleet.changes(signal), async (id) => (await stored()).get(id))
  }
}

/** What the store holds of one instance, all its streams together. */
interface Stored extends OriginSummary {}

function byInstance(summaries: OriginSummary[]): Map<string, Stored> {
  const instances = new Map<string, Stored>()
  for (const summary of summaries) {
    const { instance } = summary.origin
    const known = instances.get(instance)
    if (!known) instances.set(instance, { ...summary })
    else {
      known.count += summary.count
      if (summary.first < known.first) known.first = summary.first
      if (summary.last > known.last) known.last = summary.last
    }
  }
  return instances
}

async function* told(
  changes: ReturnType<Fleet['changes']>,
  storedOf: (instance: string) => Promise<Stored | undefined>
): AsyncGenerator<FleetChange> {
  for await (const change of changes) {
    if (change.kind === 'move') yield { event: 'move', data: moveJson(change.move) }
    else if (change.kind === 'gap') {
      const { app, environment, instance } = change.instance
      yield { event: 'gap', data: { app, environment, instance } }
    } else {
      const { instance } = change
      yield { event: 'instance', data: instanceJson(instance, await storedOf(instance.instance)) }
    }
  }
}

function askedOf({ app, environment, host, from, to }: Omit<FleetFilter, 'limit'>): FleetAsked {
  return {
    ...(app && { app }),
    ...(environment && { environment }),
    ...(host && { host }),
    ...(from !== undefined && { fromMs: msOf(from) }),
    ...(to !== undefined && { toMs: msOf(to) })
  }
}

function isAsked(
  { origin, first, last }: Stored,
  { app, environment, host, fromMs, toMs }: FleetAsked
): boolean {
  if (app !== undefined && origin.app !== app) return false
  if (environment !== undefined && origin.environment !== environment) return false
  if (host !== undefined && origin.host !== host) return false
  return (fromMs === undefined || msOf(last) >= fromMs) && (toMs === undefined || msOf(first) < toMs)
}

function newestFirst(a: InstanceJson, b: InstanceJson): number {
  const [beganA, beganB] = [a.started ?? a.firstRecord ?? '', b.started ?? b.firstRecord ?? '']
  return beganA < beganB ? 1 : beganA > beganB ? -1 : a.instance < b.instance ? -1 : 1
}

function hostJson(host: FleetHost, instances: FleetInstance[], zabbix: ZabbixHostJson | undefined): HostJson {
  const here = instances.filter((one) => one.host === host.host && one.removedMs === undefined)
  const { engineVersion } = host.facts
  return {
    host: host.host,
    name: host.name,
    slot: host.slot,
    live: host.live,
    ...(host.seenMs !== undefined && { seen: formatMs(host.seenMs) }),
    behindMs: Math.round(host.behindMs),
    behindBytes: host.behindBytes,
    clockOffsetMs: Math.round(host.clockOffsetMs),
    agentVersion: host.agentVersion,
    ...(engineVersion !== undefined && { engineVersion }),
    instances: here.length,
    running: here.filter((one) => one.state === 'running').length,
    lostBytes: host.lostBytes,
    losses: host.losses,
    lostUnknown: host.lostUnknown,
    pretended: host.pretended,
    ...(zabbix && { zabbix })
  }
}

function instanceJson(one: FleetInstance, stored: Stored | undefined): InstanceJson {
  const { facts, startedMs, finishedMs, exitCode, oomKilled } = one
  const { replica, imageId, health, restarts, unread } = facts
  const notes = notesOf(one)
  return {
    instance: one.instance,
    app: one.app,
    environment: one.environment,
    ...(replica !== undefined && { replica }),
    host: one.host,
    hostName: one.hostName,
    container: one.container,
    containerName: facts.name,
    image: facts.image,
    ...(imageId !== undefined && { imageId }),
    state: one.state,
    ...(startedMs !== undefined && { started: formatMs(startedMs) }),
    ...(finishedMs !== undefined && { finished: formatMs(finishedMs) }),
    ...(exitCode !== undefined && { exitCode }),
    ...(oomKilled !== undefined && { oomKilled }),
    ...(health !== undefined && { health }),
    ...(restarts !== undefined && { restarts }),
    ...(unread !== undefined && { unread }),
    ...(notes.length > 0 && { notes }),
    ...(stored && { firstRecord: formatTime(stored.first), lastRecord: formatTime(stored.last) }),
    records: stored?.count ?? 0
  }
}

/** Of an instance that no agent tells of, its records are all there is. */
function storedInstanceJson({ origin, first, last, count }: Stored): InstanceJson {
  return {
    instance: origin.instance,
    app: origin.app,
    environment: origin.environment,
    host: origin.host,
    hostName: origin.hostName,
    container: origin.container,
    containerName: origin.containerName,
    image: origin.image,
    state: 'removed',
    firstRecord: formatTime(first),
    lastRecord: formatTime(last),
    records: count
  }
}

function moveJson({ atMs, ...move }: FleetMove): MoveJson {
  return { ...move, at: formatMs(atMs), awayMs: Math.round(move.awayMs) }
}

function appsOf(instances: InstanceJson[], moves: FleetMove[], pretended: ReadonlySet<string>): AppJson[] {
  const groups = new Map<string, InstanceJson[]>()
  for (const one of instances) {
    const key = appKey(one)
    const group = groups.get(key)
    if (group) group.push(one)
    else groups.set(key, [one])
  }
  const movesOf = new Map<string, number>()
  for (const move of moves) movesOf.set(appKey(move), (movesOf.get(appKey(move)) ?? 0) + 1)
  return [...groups].map(([key, group]) => appJson(group, movesOf.get(key) ?? 0, pretended)).sort(byName)
}

function appJson(group: InstanceJson[], moves: number, pretended: ReadonlySet<string>): AppJson {
  const running = group.filter((one) => one.state === 'running')
  const hosts = new Set((running.length > 0 ? running : group).map((one) => one.hostName))
  // Times of one form sort as text.
  const first = group
    .flatMap((one) => one.firstRecord ?? [])
    .sort()
    .at(0)
  const last = group
    .flatMap((one) => one.lastRecord ?? [])
    .sort()
    .at(-1)
  return {
    app: group[0]?.app ?? '',
    environment: group[0]?.environment ?? '',
    instances: group.length,
    running: running.length,
    hosts: [...hosts].sort(),
    moves,
    ...(first !== undefined && { firstRecord: first }),
    ...(last !== undefined && { lastRecord: last }),
    records: group.reduce((sum, one) => sum + one.records, 0),
    pretended: group.every((one) => pretended.has(one.host))
  }
}

function appKey({ app, environment }: { app: string; environment: string }): string {
  return JSON.stringify([app, environment])
}

function byName(a: AppJson, b: AppJson): number {
  return a.app < b.app ? -1 : a.app > b.app ? 1 : a.environment < b.environment ? -1 : 1
}
