/** Keeps the fleet's hosts in line in Zabbix, on the hub whose duty that is. Zabbix may be away for as long as it likes. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Fleet, FleetHost } from '../../collector/fleet/fleet.ts'
import type { ZabbixApi } from './api.ts'
import { greet } from './greeting.ts'
import { groupId } from './groups.ts'
import { type Places, reconcile, type Wanted } from './registration.ts'
import type { ZabbixSettings } from './settings.ts'
import type { Standings } from './standing.ts'
import { ensureTemplate } from './template.ts'
import { openApi } from './token.ts'

export interface RegistrarOptions {
  settings: ZabbixSettings
  fleet: Fleet
  standings: Standings
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
}

const RECONCILE_MS = 30_000
/** A server has five processes that take greetings and values, where nobody has set more. */
const GREETED_AT_ONCE = 2
const MOST_INVENTORY = 64

/** Until the signal aborts. `term` is the fencing term of the duty. */
export async function keepHosts(options: RegistrarOptions, term: number, signal: AbortSignal): Promise<void> {
  const { settings, standings, log } = options
  let open: { api: ZabbixApi; places: Places } | undefined
  const tell = (found: Parameters<Standings['tell']>[0]) =>
    standings
      .tell(found, term)
      .catch((err) => log.warn({ err }, 'other hubs could not be told how hosts stand in Zabbix'))
  while (!signal.aborted) {
    try {
      open ??= await openPlaces(settings)
      const hosts = await round(options, open.api, open.places)
      if (standings.trouble) log.info('hosts in Zabbix are kept in line again')
      await tell({ hosts })
    } catch (error) {
      // Another version may answer next time.
      open = undefined
      const { message } = error as Error
      if (standings.trouble !== message)
        log.warn({ reason: message }, 'hosts in Zabbix can not be kept in line, will try again')
      await tell({ hosts: standings.hosts, trouble: message })
    }
    const pauseMs = Math.min(RECONCILE_MS, settings.intervalMs)
    await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

async function openPlaces(settings: ZabbixSettings): Promise<{ api: ZabbixApi; places: Places }> {
  const { group } = settings
  const api = await openApi(settings)
  const groupid = await groupId(api, group)
  if (groupid === undefined)
    throw new Error(
      `Zabbix has no group "${group}" of hosts that the hub's user may see. Run \`driftlog zabbix bootstrap\`.`
    )
  return { api, places: { groupid, templateid: await ensureTemplate(api) } }
}

async function round(
  { settings, fleet, standings, log, nowMs }: RegistrarOptions,
  api: ZabbixApi,
  places: Places
): Promise<Standings['hosts']> {
  const wanted = fleet.hosts().flatMap((host) => wantedOf(fleet, host, nowMs() - settings.leaveAfterMs) ?? [])
  const make = settings.registration === 'api'
  const { created, updated, disabled, refused, missing, hosts } = await reconcile(api, places, wanted, make)
  if (created.length + updated.length + disabled.length > 0)
    log.info(
      { created: created.length, updated: updated.length, disabled: disabled.length },
      'hosts in Zabbix were brought into line'
    )
  if (refused.length > 0 && reasonsIn(hosts) !== reasonsIn(standings.hosts))
    log.warn({ refused: refused.slice(0, 10), count: refused.length }, 'Zabbix does not take some hosts')
  await greetAll(settings, missing)
  return hosts
}

function reasonsIn(hosts: Standings['hosts']): string {
  return JSON.stringify(
    Object.entries(hosts).flatMap(([id, one]) => (one.state === 'refused' ? [[id, one.reason]] : []))
  )
}

/** Zabbix takes its time to make a host, and answers nothing meanwhile: that must not keep the others waiting. */
async function greetAll({ trapper }: ZabbixSettings, missing: readonly Wanted[]): Promise<void> {
  for (let from = 0; from < missing.length; from += GREETED_AT_ONCE) {
    const some = missing.slice(from, from + GREETED_AT_ONCE)
    const greeted = await Promise.allSettled(some.map((want) => greet(trapper, want)))
    for (const one of greeted) if (one.status === 'rejected') throw one.reason
  }
}

/** Played hosts are none of Zabbix's business, nor are those that never said hello. */
export function isRegistered({ pretended, seenMs }: Pick<FleetHost, 'pretended' | 'seenMs'>): boolean {
  return !pretended && seenMs !== undefined
}

function wantedOf(fleet: Fleet, host: FleetHost, leftMs: number): Wanted | undefined {
  const { facts, name, seenMs = 0, agentVersion } = host
  if (!isRegistered(host)) return undefined
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
