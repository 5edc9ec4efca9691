/**
 * The hub's work for Zabbix: hosts of the fleet are kept in line there by one hub of several; values of the hosts that this
 * hub hears are sent once in each interval. Zabbix may be away for as long as it likes: that is told, and nothing stops.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { FleetHost } from '../../collector/fleet/fleet.ts'
import { onDuty } from '../../collector/lease.ts'
import type { StateStore } from '../../collector/store/state.ts'
import type { ZabbixHostJson } from '../api/fleet.ts'
import type { ZabbixJson } from '../api/status.ts'
import { Trouble } from '../trouble.ts'
import { Outbox, type Packet } from './outbox.ts'
import { isRegistered, keepHosts } from './registrar.ts'
import { technicalName } from './registration.ts'
import { sendValues, timeOf } from './sender.ts'
import type { ZabbixSettings } from './settings.ts'
import { latestDataUrl, Standings } from './standing.ts'
import { tokenNow } from './token.ts'
import { discoveryOf, type ValueSources, Values } from './values.ts'

export interface LinkOptions extends ValueSources {
  settings: ZabbixSettings
  state: StateStore
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
}

/** A new item is known to the server after a minute or two. */
const RETRY_MS = 5 * 60_000
/** A server writes down what it has taken within seconds. */
const DOUBT_MS = 30_000
/** What is there is said again after so long, also where nothing has changed. */
const DISCOVERY_MS = 10 * 60_000
const HEARD_MS = 2 * 60_000
/** A token that is not there yet is looked for this often. */
const TOKEN_MS = 2000

export class ZabbixLink {
  readonly #options: LinkOptions
  readonly #outbox: Outbox
  readonly #values: Values
  /** By host: the rows that were told last, and when. */
  readonly #discovered = new Map<string, { rows: string; atMs: number }>()
  readonly standings: Standings
  #waitsFor: string | undefined
  /** As it was when values were sent last. */
  #sent = { sent: 0, refused: 0, dropped: 0, waiting: 0 }
  readonly #valuesTrouble: Trouble

  constructor(options: LinkOptions) {
    const { settings, state, log, nowMs } = options
    this.#options = options
    this.#values = new Values(options)
    this.#outbox = new Outbox({
      ...{ mostValues: settings.mostValues, retryMs: RETRY_MS, doubtMs: DOUBT_MS, nowMs },
      send: (values) => sendValues(settings.trapper, values)
    })
    this.standings = new Standings(state)
    this.#valuesTrouble = new Trouble(log, {
      begun: 'values wait, Zabbix does not take them',
      over: 'values go to Zabbix again'
    })
  }

  /** How the hub stands with Zabbix. */
  get standing(): ZabbixJson {
    const { hosts, trouble } = this.standings
    const { reason: valuesTrouble } = this.#valuesTrouble
    const count = (...states: string[]) =>
      Object.values(hosts).filter(({ state }) => states.includes(state)).length
    return {
      ...(this.#waitsFor !== undefined && { waitsFor: this.#waitsFor }),
      hosts: count('enabled', 'disabled'),
      refused: count('refused'),
      ...(trouble !== undefined && { hostsTrouble: trouble }),
      values: this.#sent,
      ...(valuesTrouble !== undefined && { valuesTrouble })
    }
  }

  /** How a host stands there; undefined where it is none of Zabbix's business. */
  standingOf(host: Pick<FleetHost, 'host' | 'pretended' | 'seenMs'>): ZabbixHostJson | undefined {
    if (this.#waitsFor !== undefined || !isRegistered(host)) return undefined
    const { hosts, known, trouble } = this.standings
    const found = hosts[host.host]
    const hostid = found && 'hostid' in found ? found.hostid : undefined
    const url = hostid === undefined ? {} : { url: latestDataUrl(this.#options.settings.pages, hostid) }
    if (trouble !== undefined) return { state: 'unknown', reason: trouble, ...url }
    if (!found) return { state: known ? 'absent' : 'unknown' }
    return { state: found.state, ...(found.state === 'refused' && { reason: found.reason }), ...url }
  }

  /** For /metrics. */
  figures(): Record<string, number> {
    const { waitsFor, hosts, refused, hostsTrouble, values, valuesTrouble } = this.standing
    return {
      zabbix_prepared: Number(waitsFor === undefined),
      zabbix_hosts: hosts,
      zabbix_hosts_in_line: Number(hostsTrouble === undefined),
      zabbix_hosts_refused: refused,
      zabbix_takes_values: Number(valuesTrouble === undefined),
      zabbix_values_waiting: values.waiting,
      zabbix_values_sent_total: values.sent,
      zabbix_values_refused_total: values.refused,
      zabbix_values_dropped_total: values.dropped
    }
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { settings, fleet, state, log, nowMs } = this.#options
    const { standings } = this
    await this.#prepared(signal)
    await standings
      .load()
      .catch((err) => log.warn({ err }, 'how hosts stand in Zabbix is not known before the next round'))
    const registering = onDuty(
      { state, name: 'zabbix', log },
      (term, ending) => keepHosts({ settings, fleet, standings, log, nowMs }, term, ending),
      signal
    )
    await Promise.all([registering, this.#keepSending(signal)])
  }

  /** A Zabbix whose token is still to be written is none yet: no values wait for it. */
  async #prepared(signal: AbortSignal): Promise<void> {
    const { settings, log } = this.#options
    while (!signal.aborted) {
      // What else is wrong with the file is told by whoever opens the API.
      const token = await tokenNow(settings).catch(() => '')
      if (token !== undefined) break
      if (this.#waitsFor === undefined)
        log.warn(
          { file: settings.tokenFile },
          'nothing is told to Zabbix until its token is there; driftlog zabbix bootstrap writes it'
        )
      this.#waitsFor = settings.tokenFile
      await sleep(TOKEN_MS, undefined, { signal, ref: false }).catch(() => undefined)
    }
    this.#waitsFor = undefined
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
    try {
      await this.#outbox.drain(signal)
      this.#valuesTrouble.over()
    } catch (error) {
      this.#valuesTrouble.tell((error as Error).message)
    }
    this.#sent = { ...this.#outbox.counts, waiting: this.#outbox.waiting }
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
    return [{ host, atMs, values: [{ host, key, value: rows, ...timeOf(atMs) }] }]
  }
}
