/** Stats as the API shows them: the store's rows, joined with what the fleet knows of hosts and instances. */
import type { Fleet, FleetHost, FleetInstance } from '../collector/fleet/fleet.ts'
import { hostSubject, instanceSubject } from '../collector/stats/arrivals.ts'
import { METRIC_NAMES, METRICS, type MetricName, meanOf } from '../collector/stats/metrics.ts'
import type { Row } from '../collector/stats/rows.ts'
import { edgesOf, type Series, seriesOf, totalOf } from '../collector/stats/series.ts'
import type { StatsStore } from '../collector/stats/store.ts'
import { tierFor } from '../collector/stats/tiers.ts'
import type {
  StatsAnswer,
  StatsHostJson,
  StatsInstanceJson,
  StatsLatestAnswer,
  StatsSeriesJson
} from './api/stats.ts'
import { InstanceNotFoundError, StatsHostNotFoundError, StatsPointsError } from './errors.ts'
import { formatMs } from './times.ts'

export interface StatsAsked {
  subject:
    | { kind: 'instance'; instance: string }
    | { kind: 'host'; host: string }
    | { kind: 'app'; app: string; environment?: string; by: 'total' | 'instance' }
  metrics: readonly MetricName[]
  fromMs: number
  toMs: number
  stepMs: number
}

export interface StatsView {
  series(asked: StatsAsked): Promise<StatsAnswer>
  latest(filter: { app?: string; environment?: string; host?: string }): Promise<StatsLatestAnswer>
}

const MOST_POINTS = 2000
const MOST_INSTANCES = 200
/** Instances are added minute by minute: shorter steps of a total would show their different beats. */
const SLOT_MS = 60_000
/** Instances whose numbers are read at the same time. */
const AT_ONCE = 8
/** Values that are older than this are not "latest" any more. */
const LATEST_MS = 2 * 60_000

export function statsView(fleet: Fleet, store: StatsStore, nowMs: () => number): StatsView {
  return {
    async series({ subject, metrics, fromMs, toMs, stepMs: wantedMs }) {
      const total = subject.kind === 'app' && subject.by === 'total'
      const least = total ? Math.ceil(Math.max(wantedMs, SLOT_MS) / SLOT_MS) * SLOT_MS : wantedMs
      const { tier, stepMs } = tierFor(fromMs, least, nowMs(), store.retention)
      if ((toMs - fromMs) / stepMs > MOST_POINTS) throw new StatsPointsError(MOST_POINTS)
      const edges = edgesOf(fromMs, toMs, stepMs)
      const range = { fromMs: edges[0] ?? fromMs, toMs }
      const rowsOf = (host: string, name: string) => store.rows(host, name, tier, range.fromMs, range.toMs)
      const answer = (series: StatsSeriesJson[], others = 0): StatsAnswer => ({
        from: formatMs(fromMs),
        to: formatMs(toMs),
        stepMs,
        tier: tier.name,
        times: edges.map(formatMs),
        series,
        others
      })
      if (subject.kind === 'host') {
        const { host } = subject
        const known = fleet.hosts().find((one) => one.host === host || one.name === host)
        if (!known) throw new StatsHostNotFoundError(host.slice(0, 128))
        const rows = await rowsOf(known.host, hostSubject(known.host))
        return answer(
          seriesOf(rows, edges, stepMs, metrics).map((one) => ({ host: known.host, ...told(one) }))
        )
      }
      const instances = instancesOf(subject, range)
      const shown = total ? instances : instances.slice(0, MOST_INSTANCES)
      const rows: Row[][] = []
      for (let at = 0; at < shown.length; at += AT_ONCE) {
        const some = shown.slice(at, at + AT_ONCE)
        rows.push(...(await Promise.all(some.map((one) => rowsOf(one.host, instanceSubject(one.instance))))))
      }
      if (total) {
        const { app, environment } = subject
        const times = { stepMs, slotMs: Math.max(SLOT_MS, tier.rowMs), nowMs: nowMs() }
        const all = totalOf(rows, edges, times, metrics)
        return answer(all.map((one) => ({ app, ...(environment && { environment }), ...told(one) })))
      }
      const each = shown.flatMap(({ instance, host, app, environment }, i) =>
        seriesOf(rows[i] ?? [], edges, stepMs, metrics).map((one) => ({
          ...{ instance, host, app, environment },
          ...told(one)
        }))
      )
      return answer(each, instances.length - shown.length)
    },

    async latest(filter) {
      await store.catchUp()
      const asked = { ...filter, fromMs: nowMs() - LATEST_MS }
      const running = fleet
        .instances(asked)
        .filter((one) => one.removedMs === undefined && one.finishedMs === undefined)
      const named = new Set(running.map(({ host }) => host))
      const wide = filter.app === undefined && filter.environment === undefined
      const hosts = fleet
        .hosts()
        .filter(({ host }) => (wide ? (filter.host ?? host) : host) === host && (wide || named.has(host)))
      return {
        hubTime: formatMs(nowMs()),
        hosts: hosts.map((host) =>
          hostJson(host, store.latest(host.host, hostSubject(host.host), LATEST_MS))
        ),
        instances: running
          .map((one) => instanceJson(one, store.latest(one.host, instanceSubject(one.instance), LATEST_MS)))
          .sort(byName),
        units: Object.fromEntries(METRIC_NAMES.map((name) => [name, METRICS[name].unit]))
      }
    }
  }

  /** Newest first. */
  function instancesOf(
    subject: Exclude<StatsAsked['subject'], { kind: 'host' }>,
    range: { fromMs: number; toMs: number }
  ): FleetInstance[] {
    if (subject.kind === 'app') {
      const { app, environment } = subject
      return fleet.instances({ app, ...(environment && { environment }), ...range })
    }
    const found = fleet.instances().find(({ instance }) => instance === subject.instance)
    if (!found) throw new InstanceNotFoundError(subject.instance)
    return [found]
  }
}

function told({ metric, min, avg, max }: Series) {
  return { metric, unit: METRICS[metric].unit, min, avg, max }
}

function hostJson({ host, name, live }: FleetHost, row: Row | undefined): StatsHostJson {
  return { host, hostName: name, live, ...(row && { at: formatMs(row.atMs) }), values: valuesOf(row) }
}

function instanceJson(one: FleetInstance, row: Row | undefined): StatsInstanceJson {
  const { instance, app, environment, host, hostName, container, facts, state, startedMs } = one
  const { health, restarts } = facts
  return {
    ...{ instance, app, environment, host, hostName, container, containerName: facts.name, state },
    ...(startedMs !== undefined && { started: formatMs(startedMs) }),
    ...(health !== undefined && { health }),
    ...(restarts !== undefined && { restarts }),
    ...(row && { at: formatMs(row.atMs) }),
    values: valuesOf(row)
  }
}

function valuesOf(row: Row | undefined): Record<string, number> {
  const values: Record<string, number> = {}
  for (const [i, cell] of row?.cells.entries() ?? []) {
    const name = METRIC_NAMES[i]
    if (cell && name) values[name] = meanOf(METRICS[name], cell.sum, cell.weight)
  }
  return values
}

function byName(a: StatsInstanceJson, b: StatsInstanceJson): number {
  const keyOf = (one: StatsInstanceJson) =>
    `${one.app}\0${one.environment}\0${one.containerName}\0${one.instance}`
  return keyOf(a) < keyOf(b) ? -1 : 1
}
