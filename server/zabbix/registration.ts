/**
 * Hosts in Zabbix as the fleet has them: found by a tag with their id, so that a host may be renamed there or here. What
 * is right is left alone; hosts that left are disabled, never deleted; hosts without the tag are nobody's business.
 */
import type { ZabbixApi } from './api.ts'
import { ZabbixRefusedError } from './errors.ts'
import type { HostStanding } from './standing.ts'

/** A host as Zabbix should have it. */
export interface Wanted {
  /** The fleet's id. */
  id: string
  name: string
  /** Beside the one with the id. */
  tags: Readonly<Record<string, string>>
  inventory: Readonly<Record<string, string>>
  /** It belongs to the fleet still. */
  present: boolean
}

export interface Places {
  groupid: string
  templateid: string
}

/** What a round has changed, by technical names of hosts. */
export interface Round {
  created: string[]
  updated: string[]
  disabled: string[]
  /** Hosts that could not be brought into line, and why. */
  refused: { host: string; reason: string }[]
  /** Hosts that are not there, and that somebody else makes. */
  missing: Wanted[]
  /** How each host stands now, by the fleet's ids. */
  hosts: Record<string, HostStanding>
}

export const ID_TAG = 'driftlog-host'
const ENABLED = '0'
const DISABLED = '1'
/** Inventory is filled from items, and by us. */
const AUTOMATIC_INVENTORY = 1
const MOST_NAME = 128

interface Found {
  hostid: string
  host: string
  name: string
  status: string
  tags: { tag: string; value: string }[]
  inventory: Record<string, string> | []
  parentTemplates: { templateid: string }[]
}

/** Its name for programs, the same for ever: what people read is the visible name. */
export function technicalName(id: string): string {
  return `driftlog-${id.replaceAll(/[^A-Za-z0-9._-]/g, '-')}`
}

/** `make`: hosts that are missing are made; else somebody else makes them. */
export async function reconcile(
  api: ZabbixApi,
  places: Places,
  wanted: readonly Wanted[],
  make = true
): Promise<Round> {
  const round: Round = { created: [], updated: [], disabled: [], refused: [], missing: [], hosts: {} }
  const known = await ownHosts(api)
  for (const want of wanted) {
    const found = known.get(want.id)
    try {
      round.hosts[want.id] = found
        ? await keep(api, places, { found, want }, round)
        : await adopt(api, places, want, make, round)
    } catch (error) {
      if (!(error instanceof ZabbixRefusedError)) throw error
      const { reason } = error
      round.refused.push({ host: technicalName(want.id), reason })
      round.hosts[want.id] = { state: 'refused', reason, ...(found && { hostid: found.hostid }) }
    }
  }
  return round
}

async function keep(
  api: ZabbixApi,
  places: Places,
  { found, want }: { found: Found; want: Wanted },
  round: Round
): Promise<HostStanding> {
  const { hostid } = found
  const change = changeOf(found, want, places)
  if (change) {
    await withFreeName(want, (name) =>
      api.call('host.update', { hostid, ...change, ...(change.name && { name }) })
    )
    round[change.status === DISABLED ? 'disabled' : 'updated'].push(technicalName(want.id))
  }
  return { state: want.present ? 'enabled' : 'disabled', hostid }
}

/** By the fleet's id. */
async function ownHosts(api: ZabbixApi): Promise<Map<string, Found>> {
  const hosts = await api.call<Found[]>('host.get', {
    output: ['hostid', 'host', 'name', 'status'],
    ...{ tags: [{ tag: ID_TAG, operator: 4 }], evaltype: 0 },
    selectTags: ['tag', 'value'],
    selectInventory: 'extend',
    selectParentTemplates: ['templateid']
  })
  const byId = new Map<string, Found>()
  for (const found of hosts) {
    const id = found.tags.find(({ tag }) => tag === ID_TAG)?.value
    // Of copies that somebody made the one with our own name counts.
    if (id !== undefined && (!byId.has(id) || found.host === technicalName(id))) byId.set(id, found)
  }
  return byId
}

async function adopt(
  api: ZabbixApi,
  places: Places,
  want: Wanted,
  make: boolean,
  round: Round
): Promise<HostStanding> {
  if (!want.present) return { state: 'absent' }
  const host = technicalName(want.id)
  const known = await registered(api, host)
  if (known === undefined && !make) {
    round.missing.push(want)
    return { state: 'absent' }
  }
  const { hostids } = await withFreeName(want, (name) =>
    api.call<{ hostids: [string] }>(known === undefined ? 'host.create' : 'host.update', {
      ...(known === undefined ? { host } : { hostid: known }),
      ...{ ...settingsOf(want, places), name }
    })
  )
  round[known === undefined ? 'created' : 'updated'].push(host)
  return { state: 'enabled', hostid: hostids[0] }
}

/** A host that Zabbix's action has made has no tags yet. */
async function registered(api: ZabbixApi, host: string): Promise<string | undefined> {
  const [found] = await api.call<{ hostid: string }[]>('host.get', { filter: { host }, output: ['hostid'] })
  return found?.hostid
}

function settingsOf(want: Wanted, { groupid, templateid }: Places): object {
  return {
    groups: [{ groupid }],
    templates: [{ templateid }],
    tags: tagsOf(want),
    status: Number(ENABLED),
    inventory_mode: AUTOMATIC_INVENTORY,
    inventory: want.inventory
  }
}

interface Change {
  status?: string
  name?: string
  tags?: object[]
  templates?: object[]
  inventory?: object
  inventory_mode?: number
}

/** Undefined where all is as it should be. Tags and templates of other people stay. */
function changeOf(found: Found, want: Wanted, { templateid }: Places): Change | undefined {
  const change: Change = {}
  if (!want.present) return found.status === DISABLED ? undefined : { status: DISABLED }
  if (found.status !== ENABLED) change.status = ENABLED
  if (found.name !== want.name && found.name !== secondName(want)) change.name = want.name
  const own = tagsOf(want)
  const others = found.tags.filter(({ tag }) => !own.some((one) => one.tag === tag))
  if (own.some(({ tag, value }) => !found.tags.some((one) => one.tag === tag && one.value === value)))
    change.tags = [...others, ...own]
  const inventory = Array.isArray(found.inventory) ? {} : found.inventory
  if (Object.entries(want.inventory).some(([field, value]) => inventory[field] !== value))
    Object.assign(change, { inventory: want.inventory, inventory_mode: AUTOMATIC_INVENTORY })
  if (!found.parentTemplates.some((one) => one.templateid === templateid))
    change.templates = [
      ...found.parentTemplates.map((one) => ({ templateid: one.templateid })),
      { templateid }
    ]
  return Object.keys(change).length === 0 ? undefined : change
}

function tagsOf({ id, tags }: Wanted): { tag: string; value: string }[] {
  return [{ tag: ID_TAG, value: id }, ...Object.entries(tags).map(([tag, value]) => ({ tag, value }))]
}

/** Somebody else's host may have the visible name already. */
async function withFreeName<T>(want: Wanted, act: (name: string) => Promise<T>): Promise<T> {
  try {
    return await act(want.name.slice(0, MOST_NAME))
  } catch (error) {
    if (!(error instanceof ZabbixRefusedError) || !/same visible name/i.test(error.reason)) throw error
    return await act(secondName(want))
  }
}

function secondName({ name, id }: Wanted): string {
  return `${name.slice(0, MOST_NAME - 20)} (${id.slice(0, 8)})`
}

/** How many hosts of the fleet Zabbix has, and where it shows them. */
export async function countOwn(api: ZabbixApi): Promise<{ enabled: number; disabled: number }> {
  const hosts = [...(await ownHosts(api)).values()]
  const enabled = hosts.filter(({ status }) => status === ENABLED).length
  return { enabled, disabled: hosts.length - enabled }
}
