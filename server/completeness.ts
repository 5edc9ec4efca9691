/** Whether what is shown is complete: gaps, hosts that are behind, sources that cannot tell, and what was kept. */
import type { Fleet, FleetInstance } from '../collector/fleet/fleet.ts'
import { agesOf, handlingOf } from '../collector/handling.ts'
import type { FoundGap } from '../collector/ledger/ledger.ts'
import { type Risk, risksOf } from '../collector/ledger/risks.ts'
import { ageOf, type LogStore } from '../collector/store/store.ts'
import type { CompletenessAnswer, GapJson, InstanceNoteJson, StreamsAnswer } from './api/completeness.ts'
import type { NoteJson } from './api/fleet.ts'
import { formatMs, formatTime, msOf } from './times.ts'

export interface CompletenessAsked {
  app?: string
  environment?: string
  host?: string
  instance?: string
  /** Nanoseconds since 1970. */
  from: bigint
  to: bigint
  /** Gaps that are listed; the sums are of all. */
  limit: number
}

export type LedgerFleet = Pick<Fleet, 'hosts' | 'instances' | 'instance' | 'ledger'>

/** A host counts as behind from here on: what is younger is on its way as a matter of course. */
const BEHIND_MS = 5000
const MOST_NOTES = 500
/** Generations told of one stream: the newest. */
const MOST_GENERATIONS = 200

export function completenessOf(
  fleet: LedgerFleet,
  logs: Pick<LogStore, 'health'>,
  asked: CompletenessAsked,
  maxAgeMs: number,
  nowMs: number
): CompletenessAnswer {
  const { oldest } = logs.health()
  const keptFrom = oldest !== undefined && oldest > asked.from ? oldest : asked.from
  const [fromMs, toMs] = [msOf(keptFrom), msOf(asked.to)]
  const sinceMs = Math.max(fromMs, keptSinceMs(fleet, asked, maxAgeMs, nowMs))
  const gaps = gapsIn(fleet, asked, fromMs, toMs)
  const notes = notesIn(fleet, asked, fromMs, toMs)
  const behind = behindIn(fleet, asked, Math.min(toMs, nowMs), nowMs)
  const listed = gaps.list.slice(-asked.limit)
  return {
    verdict:
      gaps.count > 0
        ? 'gaps'
        : behind.length > 0
          ? 'behind'
          : notes.some(({ blind }) => blind)
            ? 'unknown'
            : 'complete',
    from: formatTime(asked.from),
    to: formatTime(asked.to),
    hubTime: formatMs(nowMs),
    ...(sinceMs > msOf(asked.from) && {
      since: sinceMs > fromMs ? formatMs(sinceMs) : formatTime(keptFrom)
    }),
    gapCount: gaps.count,
    bytes: gaps.bytes,
    lines: gaps.lines,
    unknown: gaps.unknown,
    gaps: listed,
    others: gaps.count - listed.length,
    behind,
    notes: notes.slice(0, MOST_NOTES),
    otherNotes: Math.max(0, notes.length - MOST_NOTES)
  }
}

/** What came of each stream of an instance, file by file, and what is missing. Undefined where nobody knows it. */
export async function streamsOf(
  fleet: LedgerFleet,
  logs: Pick<LogStore, 'positions'>,
  id: string
): Promise<StreamsAnswer | undefined> {
  const instance = fleet.instances().find((one) => one.instance === id)
  if (!instance) return undefined
  const { host, container, streams } = instance
  const found = await logs.positions(streams.map((stream) => ({ host, container, stream })))
  const gaps = fleet.ledger.gaps(host, container)
  return {
    instance: id,
    streams: streams.flatMap((stream, i) => {
      const states = [...(found[i] ?? [])].sort((a, b) => a.number - b.number)
      const missing = gaps.filter((gap) => gap.stream === stream)
      if (states.length === 0 && missing.length === 0) return []
      const spans = new Map(
        fleet.ledger.spans(host, container, stream).map((span) => [span.generation, span])
      )
      const newest = states.at(-1)
      return [
        {
          stream,
          bytes: states.reduce((sum, { committed }) => sum + committed, 0),
          others: Math.max(0, states.length - MOST_GENERATIONS),
          generations: states.slice(-MOST_GENERATIONS).map((state) => {
            const [file = '', place] = state.generation.split('@')
            const { firstMs, lastMs } = spans.get(state.generation) ?? {}
            return {
              generation: state.generation,
              file,
              begins: Number(place ?? 0),
              number: state.number,
              committed: state.committed,
              state: state.ended ? 'complete' : state === newest ? 'current' : 'coming',
              ...(firstMs !== undefined && { from: formatMs(firstMs) }),
              ...(lastMs !== undefined && { to: formatMs(lastMs) })
            } as const
          }),
          gaps: missing.map((gap) => gapJson(gap, instance))
        }
      ]
    })
  }
}

export function notesOf({ facts }: Pick<FleetInstance, 'facts'>): NoteJson[] {
  return risksOf(facts, handlingOf(facts.labels).problems).map(noteJson)
}

function gapsIn(fleet: LedgerFleet, asked: CompletenessAsked, fromMs: number, toMs: number) {
  const sum = { list: [] as GapJson[], count: 0, bytes: 0, lines: 0, unknown: 0 }
  for (const { host, container } of fleet.ledger.lossy()) {
    const instance = fleet.instance(host, container)
    if (!instance || !isAsked(instance, asked)) continue
    const earlier = fleet.ledger.earlier(host, container)
    if (earlier && earlier.fromMs < toMs && earlier.toMs >= fromMs) {
      sum.count += earlier.count
      sum.bytes += earlier.bytes
      sum.unknown += earlier.unknown
    }
    for (const gap of fleet.ledger.gaps(host, container)) {
      if (gap.range.fromMs >= toMs || gap.range.toMs < fromMs) continue
      sum.list.push(gapJson(gap, instance))
      sum.count++
      sum.bytes += gap.bytes ?? 0
      sum.lines += gap.lines ?? 0
      if (gap.bytes === undefined || gap.more) sum.unknown++
    }
  }
  const placeOf = (gap: GapJson) => gap.from ?? gap.to ?? gap.told
  sum.list.sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0))
  return sum
}

/** Since when everything of these instances is kept, each for as long as the hub or its own label says. */
function keptSinceMs(fleet: LedgerFleet, asked: CompletenessAsked, maxAgeMs: number, nowMs: number): number {
  const instances = fleet.instances().filter((instance) => isAsked(instance, asked))
  const retention = { maxAgeMs, maxBytes: 0, ages: agesOf(instances) }
  let sinceMs = Number.NEGATIVE_INFINITY
  for (const { instance, startedMs, firstSeenMs } of instances) {
    const oldestMs = nowMs - ageOf(retention, instance)
    if ((startedMs ?? firstSeenMs) < oldestMs) sinceMs = Math.max(sinceMs, oldestMs)
  }
  return sinceMs
}

/** Any host may run what is asked for: one that is behind matters, whatever is known of it. */
function behindIn(fleet: LedgerFleet, asked: CompletenessAsked, toMs: number, nowMs: number) {
  const host =
    asked.host ??
    (asked.instance && fleet.instances().find(({ instance }) => instance === asked.instance)?.host)
  return fleet.hosts().flatMap((one) => {
    const untilMs = nowMs - one.behindMs
    if (host !== undefined && one.host !== host) return []
    if (one.behindMs < BEHIND_MS || untilMs >= toMs) return []
    return [
      {
        host: one.host,
        hostName: one.name,
        behindMs: Math.round(one.behindMs),
        behindBytes: one.behindBytes,
        until: formatMs(untilMs)
      }
    ]
  })
}

function notesIn(fleet: LedgerFleet, asked: CompletenessAsked, fromMs: number, toMs: number) {
  const { app, environment, host } = asked
  const filter = {
    ...(app !== undefined && { app }),
    ...(environment !== undefined && { environment }),
    ...(host !== undefined && { host })
  }
  const notes: InstanceNoteJson[] = []
  for (const instance of fleet.instances({ ...filter, fromMs, toMs })) {
    if (!isAsked(instance, asked)) continue
    const { hostName, container, facts } = instance
    for (const note of notesOf(instance))
      notes.push({
        instance: instance.instance,
        app: instance.app,
        environment: instance.environment,
        host: instance.host,
        hostName,
        container,
        containerName: facts.name,
        ...note
      })
  }
  return notes
}

function isAsked(one: FleetInstance, { app, environment, host, instance }: CompletenessAsked): boolean {
  if (app !== undefined && one.app !== app) return false
  if (environment !== undefined && one.environment !== environment) return false
  if (host !== undefined && one.host !== host) return false
  return instance === undefined || one.instance === instance
}

function noteJson({ code, message, advice, blind }: Risk): NoteJson {
  return { code, message, advice, ...(blind && { blind }) }
}

function gapJson(gap: FoundGap, instance: FleetInstance): GapJson {
  const { stream, cause, bytes, more, lines, generation, offset, fromMs, toMs, toldMs } = gap
  return {
    instance: instance.instance,
    app: instance.app,
    environment: instance.environment,
    host: instance.host,
    hostName: instance.hostName,
    container: instance.container,
    containerName: instance.facts.name,
    stream,
    cause,
    ...(bytes !== undefined && { bytes }),
    ...(more && { more }),
    ...(lines !== undefined && { lines }),
    ...(fromMs !== undefined && { from: formatMs(fromMs) }),
    ...(toMs !== undefined && { to: formatMs(toMs) }),
    told: formatMs(toldMs),
    ...(generation !== undefined && { generation }),
    ...(offset !== undefined && { offset })
  }
}
