/** A fleet in memory, as agents would have told it, that the hub registers in the real Zabbix. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Fleet, openFleet } from '../../../collector/fleet/fleet.ts'
import { LogRates } from '../../../collector/log-rates.ts'
import { hostSubject, instanceSubject } from '../../../collector/stats/arrivals.ts'
import { MemoryShelf } from '../../../collector/stats/shelf.ts'
import { openStats, type StatsStore } from '../../../collector/stats/store.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { ZabbixApi } from '../../../server/zabbix/api.ts'
import { bootstrap } from '../../../server/zabbix/bootstrap.ts'
import { groupId } from '../../../server/zabbix/groups.ts'
import { ZabbixLink } from '../../../server/zabbix/link.ts'
import type { Places } from '../../../server/zabbix/registration.ts'
import type { ZabbixSettings } from '../../../server/zabbix/settings.ts'
import { templateOn } from '../../../server/zabbix/template.ts'
import { API_URL, openAsAdmin, TRAPPER } from './server.ts'

export const GROUP = 'Driftlog'
const HOUR_MS = 3_600_000
export const CONTAINERS = 15
let token = ''

/** Prepares Zabbix, without any hosts. */
export async function prepare(): Promise<void> {
  await using admin = await openAsAdmin()
  await forgetHosts(admin)
  token = (await bootstrap(admin, { group: GROUP, newToken: true })).token ?? ''
}

/** The hub's own user, and the places that it puts hosts into; after prepare(). */
export async function openAsHub(): Promise<{ hub: ZabbixApi; places: Places }> {
  const hub = await ZabbixApi.open({ url: API_URL, token, timeoutMs: 60_000 })
  const groupid = (await groupId(hub, GROUP)) ?? ''
  return { hub, places: { groupid, templateid: (await templateOn(hub))?.id ?? '' } }
}

function settings(more: Partial<ZabbixSettings> = {}): ZabbixSettings {
  return {
    ...{ api: { url: API_URL, token, timeoutMs: 30_000 }, trapper: TRAPPER, group: GROUP },
    pages: new URL('.', API_URL),
    ...{ registration: 'api', intervalMs: 2000, leaveAfterMs: HOUR_MS, mostValues: 100_000 },
    ...more
  }
}

export interface Scene extends AsyncDisposable {
  fleet: Fleet
  stats: StatsStore
  hosts: string[]
  link: ZabbixLink
  /** What containers tell of themselves. */
  gauges: { memoryBytes: number; restarts: number; oomKills: number; health: number }
  /** Hosts say nothing while this is set. */
  silent: boolean
}

/** A fleet in memory, as agents would have told it. */
export async function openScene(names: string[], more: Partial<ZabbixSettings> = {}): Promise<Scene> {
  const state = new MemoryStateStore()
  const fleet = await openFleet(state)
  const log = { info() {}, warn() {} }
  const retention = { samplesMs: HOUR_MS, minutesMs: HOUR_MS, hoursMs: HOUR_MS }
  const stats = await openStats({ shelf: new MemoryShelf(), retention, log })
  const hosts: string[] = []
  for (const name of names) {
    const facts = { name, os: 'Debian GNU/Linux 12', engineVersion: '28.2.2' }
    const { host } = await fleet.enrol(facts, '0.1.0')
    fleet.hello(host, { facts, agentVersion: '0.1.0', clockOffsetMs: 0 })
    fleet.tell(
      host,
      Array.from({ length: CONTAINERS }, (_, n) => ({
        ...{ kind: 'seen', atMs: Date.now() },
        instance: {
          ...{ container: `${host}c${n}`, name: `shop-web-${n}`, app: 'shop', environment: 'production' },
          ...{ identity: 'compose', image: 'shop:1', labels: {}, state: 'running', startedMs: Date.now() }
        }
      })) as Parameters<Fleet['tell']>[1]
    )
    hosts.push(host)
  }
  let beat = 0
  const gauges = { memoryBytes: 100_000_000, restarts: 0, oomKills: 0, health: 2 }
  const scene = { fleet, stats, hosts, gauges, silent: false }
  const tick = async () => {
    if (scene.silent) return
    beat++
    for (const host of hosts) {
      fleet.heard(host, 0)
      const sample = (subject: string) => ({
        ...{ subject, atMs: Date.now(), counters: { cpuUs: beat * 1_000_000 } },
        gauges: { ...gauges, memoryBytes: gauges.memoryBytes + beat }
      })
      const instances = fleet.instances({ host }).map(({ instance }) => sample(instanceSubject(instance)))
      await stats.take(host, [sample(hostSubject(host)), ...instances])
    }
  }
  await tick()
  const link = new ZabbixLink({
    ...{ settings: settings(more), fleet, stats, rates: new LogRates(), state, log, nowMs: Date.now }
  })
  const stopping = new AbortController()
  const ticking = setInterval(() => void tick(), 1000)
  const running = link.run(stopping.signal)
  return Object.assign(scene, {
    link,
    async [Symbol.asyncDispose]() {
      clearInterval(ticking)
      stopping.abort()
      await running
      await fleet[Symbol.asyncDispose]()
    }
  })
}

interface History {
  clock: string
  ns: string
  value: string
}

export async function historyOf(api: ZabbixApi, host: string, key: string): Promise<History[]> {
  const [item] = await api.call<{ itemid: string; value_type: string }[]>('item.get', {
    ...{ host, filter: { key_: key }, output: ['itemid', 'value_type'] }
  })
  if (!item) return []
  return api.call<History[]>('history.get', {
    ...{ itemids: item.itemid, history: Number(item.value_type), sortfield: 'clock', sortorder: 'ASC' }
  })
}

export async function forgetHosts(admin: ZabbixApi): Promise<void> {
  const groupid = await groupId(admin, GROUP)
  if (groupid === undefined) return
  const found = await admin.call<{ hostid: string }[]>('host.get', { groupids: groupid, output: ['hostid'] })
  const ids = found.map(({ hostid }) => hostid)
  if (ids.length > 0) await admin.call('host.delete', ids)
}

export async function until(condition: () => Promise<boolean>, seconds: number): Promise<void> {
  for (let at = 0; at < seconds * 2; at++) {
    if (await condition()) return
    await sleep(500)
  }
  throw new Error(`not within ${seconds} s`)
}
