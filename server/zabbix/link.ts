/**
 * The hub's work for Zabbix: hosts of the fleet are kept in line there by one hub of several; values of the hosts that this
 * hub hears are sent once in each interval. Zabbix may be away for as long as it likes: that is told, and nothing stops.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Fleet, FleetHost } from '../../collector/fleet/fleet.ts'
import { onDuty } from '../../collector/lease.ts'
import type { StateStore } from '../../collector/store/state.ts'
import { ZabbixApi } from './api.ts'
import { greet } from './greeting.ts'
import { groupId } from './groups.ts'
import { Outbox, type Packet } from './outbox.ts'
import { type Places, reconcile, technicalName, type Wanted } from './registration.ts'
import { sendValues } from './sender.ts'
import type { ZabbixSettings } from './settings.ts'
import { ensureTemplate } from './template.ts'
import { discoveryOf, type ValueSources, Values } from './values.ts'

export interface LinkOptions extends ValueSources {
  settings: ZabbixSettings
  state: StateStore
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
}

/** How the hub stands with Zabbix. */
export interface ZabbixStanding {
  /** What went wrong last, while it does. */
  hostsTrouble?: string
  valuesTrouble?: string
  /** Hosts that could not be brought into line, and why. */
  refused: { host: string; reason: string }[]
  values: { sent: number; refused: number; dropped: number; waiting: number }
}

const RECONCILE_MS = 30_000
/** A new item is known to the server after a minute or two. */
const RETRY_MS = 5 * 60_000
/** A server writes down what it has taken within seconds. */
const DOUBT_MS = 30_000
/** What is there is said again after so long, also where nothing has changed. */
const DISCOVERY_MS = 10 * 60_000
const HEARD_MS = 2 * 60_000
/** A server has five processes that take greetings and values, where nobody has set more. */
const GREETED_AT_ONCE = 2
const MOST_INVENTORY = 64

export class ZabbixLink {
  readonly #options: LinkOptions
  readonly #outbox: Outbox
  readonly #values: Values
  /** By host: the rows that were told last, and when. */
  readonly #discovered = new Map<string, { rows: string; atMs: number }>()
  readonly standing: ZabbixStanding = {
    refused: [],
    values: { sent: 0, refused: 0, dropped: 0, waiting: 0 }
  }

  constructor(options: LinkOptions) {
    const { settings, nowMs } = options
    this.#options = options
    this.#values = new Values(options)
    this.#outbox = new Outbox({
      ...{ mostValues: settings.mostValues, retryMs: RETRY_MS, doubtMs: DOUBT_MS, nowMs },
      send: (values) => sendValues(settings.trapper, values)
    })
  }

  /** For /metrics. */
  figures(): Record<string, number> {
    const { hostsTrouble, valuesTrouble, refused, values } = this.standing
    return {
      zabbix_hosts_in_line: Number(hostsTrouble === undefined),
      zabbix_hosts_refused: refused.length,
      zabbix_takes_values: Number(valuesTrouble === undefined),
      zabbix_values_waiting: values.waiting,
      zabbix_values_sent_total: values.sent,
      zabbix_values_refused_total: values.refused,
      zabbix_values_dropped_total: values.dropped
    }
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { state, log } = this.#options
    const registering = onDuty({ state, name: 'zabbix', log }, (_, ending) => this.#keepHosts(ending), signal)
    await Promise.all([registering, this.#keepSending(signal)])
  }

  async #keepHosts(signal: AbortSignal): Promise<void> {
    const { settings, log } = this.#options
    let open: { api: ZabbixApi; places: Places } | undefined
    while (!signal.aborted) {
      try {
        open ??= await this.#open()
        await this.#reconcile(open.api, open.places)
        if (this.standing.hostsTrouble) log.info('hosts in Zabbix are kept in line again')
        delete this.standing.hostsTrouble
      } catch (error) {
        // Another version may answer next time.
        open = undefined
        const { message } = error as Error
        if (this.standing.hostsTrouble !== message)
          log.warn({ reason: message }, 'hosts in Zabbix can not be kept in line, will try again')
        this.standing.hostsTrouble = message
      }
      await sleep(Math.min(RECONCILE_MS, settings.intervalMs), undefined, { signal, ref: false }).catch(
        () => undefined
      )
    }
  }

  async #open(): Promise<{ api: ZabbixApi; places: Places }> {
    const { api: settings, group } = this.#options.settings
    const api = await ZabbixApi.open(settings)
    const groupid = await groupId(api, group)
    if (groupid === undefined)
      throw new Error(
        `Zabbix has no group "${group}" of hosts that the hub's user may see. Run \`driftlog zabbix bootstrap\`.`
      )
    return { api, places: { groupid, templateid: await ensureTemplate(api) } }
  }

  async #reconcile(api: ZabbixApi, places: Places): Promise<void> {
    const { settings, fleet, log, nowMs } = this.#options
    const wanted = fleet
      .hosts()
      .flatMap((host) => wantedOf(fleet, host, nowMs() - settings.leaveAfterMs) ?? [])
    const make = settings.registration === 'api'
    const { created, updated, disabled, refused, missing } = await reconcile(api, places, wanted, make)
    if (created.length + updated.length + disabled.length > 0)
      log.info(
        { created: created.length, updated: updated.length, disabled: disabled.length },
        'hosts in Zabbix were brought into line'
      )
    if (JSON.stringify(refused) !== JSON.stringify(this.standing.refused) && refused.length > 0)
      log.warn({ refused: refused.slice(0, 10), count: refused.length }, 'Zabbix does not take some hosts')
    this.standing.refused = refused
    await this.#greet(missing)
  }

  /** Zabbix takes its time to make a host, and answers nothing meanwhile: that must not keep the others waiting. */
  async #greet(missing: readonly Wanted[]): Promise<void> {
    const { trapper } = this.#options.settings
    for (let from = 0; from < missing.length; from += GREETED_AT_ONCE) {
      const some = missing.slice(from, from + GREETED_AT_ONCE)
      const greeted = await Promise.allSettled(some.map((want) => greet(trapper, want)))
      for (const one of greeted) if (one.status === 'rejected') throw one.reason
    }
  }

  /** Values are read on their beat also while Zabbix takes long to take those before. */
  async #keepSending(signal: AbortSignal): Promise<void> {
    const { settings, nowMs } = this.#options
    let sending: Promise<void> | undefined
    while (!signal.aborted) {
      // On the interval's own beat, so that values of all items have the same times.
      const atMs = Math.floor(nowMs() / settings.intervalMs) * settings.intervalMs
      this.#outbox.push(this.#packets(atMs))
      sending ??= this.#send(signal).finally(() => {
        sending = undefined
      })
      const nextMs = atMs + settings.intervalMs - nowMs()
      await sleep(Math.max(0, nextMs), undefined, { signal, ref: false }).catch(() => undefined)
    }
    await sending
  }

  async #send(signal: AbortSignal): Promise<void> {
    const { log } = this.#options
    try {
      await this.#outbox.drain(signal)
      if (this.standing.valuesTrouble) log.info('values go to Zabbix again')
      delete this.standing.valuesTrouble
    } catch (error) {
      const { message } = error as Error
      if (this.standing.valuesTrouble !== message)
        log.warn({ reason: message }, 'values wait, Zabbix does not take them')
      this.standing.valuesTrouble = message
    }
    this.standing.values = { ...this.#outbox.counts, waiting: this.#outbox.waiting }
  }

  /** What is there comes before what is known of it. */
  #packets(atMs: number): Packet[] {
    const { fleet } = this.#options
    const heard = [...fleet.heardHere(atMs - HEARD_MS).keys()]
    return heard.flatMap((id) => {
      const host = fleet.host(id)
      return host ? [...this.#discovery(id, atMs), ...this.#values.of(host, atMs)] : []
    })
  }

  #discovery(id: string, atMs: number): Packet[] {
    const { key, value: rows } = discoveryOf(this.#options.fleet, id)
    const last = this.#discovered.get(id)
    if (last?.rows === rows && atMs - last.atMs < DISCOVERY_MS) return []
    this.#discovered.set(id, { rows, atMs })
    const host = technicalName(id)
    return [{ host, atMs, values: [{ host, key, value: rows, clock: Math.floor(atMs / 1000), ns: 0 }] }]
  }
}

/** Played hosts are none of Zabbix's business, nor are those that never said hello. */
function wantedOf(fleet: Fleet, host: FleetHost, leftMs: number): Wanted | undefined {
  const { facts, name, pretended, seenMs, agentVersion } = host
  if (pretended || seenMs === undefined) return undefined
  const environments = new Set(
    fleet
      .instances({ host: host.host })
      .filter(({ removedMs }) => removedMs === undefined)
      .map(({ environment }) => environment)
  )
  const inventory = {
    ...{ name, os: facts.os, os_full: facts.kernel, hw_arch: facts.arch },
    ...{
      software_app_a: `Docker ${facts.engineVersion ?? ''}`.trim(),
      software_app_b: `driftlog ${agentVersion}`
    }
  }
  return {
    ...{ id: host.host, name, present: seenMs >= leftMs },
    tags: {
      driftlog: 'managed',
      ...(environments.size > 0 && { environment: [...environments].sort().join(',').slice(0, 255) }),
      ...(facts.engineVersion && { 'engine-version': facts.engineVersion })
    },
    inventory: Object.fromEntries(
      Object.entries(inventory).flatMap(([field, value]) =>
        value ? [[field, value.slice(0, MOST_INVENTORY)]] : []
      )
    )
  }
}
