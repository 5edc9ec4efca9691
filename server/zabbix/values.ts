/** What is known of hosts and containers now, as values of Zabbix's items. */
import type { Fleet, FleetHost, FleetInstance } from '../../collector/fleet/fleet.ts'
import type { LogRates, Written } from '../../collector/log-rates.ts'
import { hostSubject, instanceSubject } from '../../collector/stats/arrivals.ts'
import { METRIC_NAMES, METRICS, meanOf } from '../../collector/stats/metrics.ts'
import type { Row } from '../../collector/stats/rows.ts'
import type { StatsStore } from '../../collector/stats/store.ts'
import { CONTAINER_ITEMS, containerKey, DISCOVERY, HEARTBEAT, HOST_ITEMS, type Item, STATE } from './items.ts'
import type { Packet } from './outbox.ts'
import { technicalName } from './registration.ts'
import type { Value } from './sender.ts'

export interface ValueSources {
  fleet: Fleet
  stats: Pick<StatsStore, 'latest'>
  rates: LogRates
}

/** Stats that are older than this are not what is now. */
const LATEST_MS = 2 * 60_000
const NO_CHECK = 3
const MINUTE_MS = 60_000

interface Before {
  atMs: number
  /** By instance. */
  written: Map<string, Written>
}

/** Reads values again and again: what a minute has brought is the difference to the time before. */
export class Values {
  readonly #sources: ValueSources
  /** By host. */
  readonly #before = new Map<string, Before>()

  constructor(sources: ValueSources) {
    this.#sources = sources
  }

  /** One packet of the host itself and one of its containers: whatever is new of these does not hold up the host's own. */
  of(host: FleetHost, atMs: number): Packet[] {
    const instances = this.#sources.fleet
      .instances({ host: host.host })
      .filter(({ removedMs }) => removedMs === undefined)
    const rates = this.#rates(host.host, instances, atMs)
    const name = technicalName(host.host)
    const stamp = { host: name, clock: Math.floor(atMs / 1000), ns: Math.max((atMs % 1000) * 1_000_000, 1) }
    const own = this.#ofHost(host, instances, rates)
    const ofContainers = instances.flatMap((instance, i) => this.#ofContainer(instance, rates[i]))
    const packet = (values: [string, string][]): Packet => ({
      ...{ host: name, atMs },
      values: values.map(([key, value]): Value => ({ ...stamp, key, value }))
    })
    return [packet(own), packet(ofContainers)]
  }

  #ofHost(host: FleetHost, instances: readonly FleetInstance[], rates: readonly Rate[]): [string, string][] {
    const row = this.#sources.stats.latest(host.host, hostSubject(host.host), LATEST_MS)
    const known: Record<string, number | string | undefined> = {
      [HEARTBEAT]: host.live && host.seenMs !== undefined ? Math.floor(host.seenMs / 1000) : undefined,
      'driftlog.agent.version': host.agentVersion,
      'driftlog.agent.behind': host.behindBytes,
      'driftlog.logs.gaps': host.losses,
      'driftlog.logs.lines': sum(rates.map(({ lines }) => lines)),
      'driftlog.logs.errors': sum(rates.map(({ errors }) => errors)),
      'driftlog.containers.running': instances.filter(({ state }) => state === 'running').length,
      'driftlog.containers.unhealthy': instances.filter((one) => this.#healthOf(one) === 0).length
    }
    return valuesOf(HOST_ITEMS, row, known, (key) => key)
  }

  #ofContainer(instance: FleetInstance, rate: Rate = {}): [string, string][] {
    const { fleet } = this.#sources
    const { host, container, app } = instance
    const gaps =
      fleet.ledger.gaps(host, container).length + (fleet.ledger.earlier(host, container)?.count ?? 0)
    const known: Record<string, number | string | undefined> = {
      'driftlog.container.health': this.#healthOf(instance) ?? NO_CHECK,
      'driftlog.container.state': stateNumber(instance.state),
      'driftlog.container.logs.lines': rate.lines,
      'driftlog.container.logs.errors': rate.errors,
      'driftlog.container.logs.gaps': gaps
    }
    return valuesOf(CONTAINER_ITEMS, this.#rowOf(instance), known, (key) =>
      containerKey(key, app, instance.facts.name)
    )
  }

  #healthOf(instance: FleetInstance): number | undefined {
    const cell = this.#rowOf(instance)?.cells[METRIC_NAMES.indexOf('health')]
    return cell && Math.round(meanOf(METRICS.health, cell.sum, cell.weight))
  }

  #rowOf({ host, instance }: FleetInstance): Row | undefined {
    return this.#sources.stats.latest(host, instanceSubject(instance), LATEST_MS)
  }

  /** Lines and errors a minute since the time before; nothing the first time. */
  #rates(host: string, instances: readonly FleetInstance[], atMs: number): Rate[] {
    const before = this.#before.get(host)
    const now = new Map(instances.map(({ instance }) => [instance, { ...this.#sources.rates.of(instance) }]))
    this.#before.set(host, { atMs, written: now })
    if (!before || atMs <= before.atMs) return []
    const minutes = (atMs - before.atMs) / MINUTE_MS
    return instances.map(({ instance }) => {
      const [was, is] = [before.written.get(instance), now.get(instance)]
      if (!was || !is) return {}
      return { lines: (is.lines - was.lines) / minutes, errors: (is.errors - was.errors) / minutes }
    })
  }
}

interface Rate {
  lines?: number
  errors?: number
}

/** The rows of the discovery rule: every container of the host. */
export function discoveryOf(fleet: Fleet, host: string): { key: string; value: string } {
  const instances = fleet.instances({ host }).filter(({ removedMs }) => removedMs === undefined)
  const rows = instances.map(({ app, environment, facts }) => ({
    '{#APP}': app,
    '{#NAME}': facts.name,
    '{#ENVIRONMENT}': environment,
    '{#IMAGE}': facts.image
  }))
  rows.sort((a, b) => (a['{#NAME}'] < b['{#NAME}'] ? -1 : 1))
  return { key: DISCOVERY, value: JSON.stringify(rows) }
}

function valuesOf(
  items: readonly Item[],
  row: Row | undefined,
  known: Readonly<Record<string, number | string | undefined>>,
  keyOf: (key: string) => string
): [string, string][] {
  return items.flatMap((item): [string, string][] => {
    const value = known[item.key] ?? metricOf(item, row)
    const text = value === undefined ? undefined : textOf(item, value)
    return text === undefined ? [] : [[keyOf(item.key), text]]
  })
}

function metricOf({ metric }: Item, row: Row | undefined): number | undefined {
  if (metric === undefined) return undefined
  const cell = row?.cells[METRIC_NAMES.indexOf(metric)]
  return cell && meanOf(METRICS[metric], cell.sum, cell.weight)
}

/** Whole numbers without a sign, others in plain decimals: Zabbix takes no exponents. */
function textOf({ type }: Item, value: number | string): string | undefined {
  if (typeof value === 'string') return value.slice(0, 255)
  if (!Number.isFinite(value)) return undefined
  return type === 'whole' ? BigInt(Math.max(0, Math.round(value))).toString() : value.toFixed(6)
}

/** 0 stands for whatever has no name of its own. */
function stateNumber(state: string): number {
  const found = Object.entries(STATE.values).find(([, name]) => name === state)
  return Number(found?.[0] ?? 0)
}

/** Undefined where nothing is known of any. */
function sum(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined)
  return known.length === 0 ? undefined : known.reduce((total, number) => total + number, 0)
}
