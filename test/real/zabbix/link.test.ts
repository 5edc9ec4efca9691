/** The hub's work for a real Zabbix: hosts register, containers are discovered, values arrive as they were sent. */
import { spawnSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { type Fleet, openFleet } from '../../../collector/fleet/fleet.ts'
import { LogRates } from '../../../collector/log-rates.ts'
import { hostSubject, instanceSubject } from '../../../collector/stats/arrivals.ts'
import { MemoryShelf } from '../../../collector/stats/shelf.ts'
import { openStats, type StatsStore } from '../../../collector/stats/store.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import type { ZabbixApi } from '../../../server/zabbix/api.ts'
import { bootstrap } from '../../../server/zabbix/bootstrap.ts'
import { groupId } from '../../../server/zabbix/groups.ts'
import { CONTAINER_ITEMS, containerKey, HEARTBEAT, HOST_ITEMS } from '../../../server/zabbix/items.ts'
import { ZabbixLink } from '../../../server/zabbix/link.ts'
import { technicalName } from '../../../server/zabbix/registration.ts'
import type { ZabbixSettings } from '../../../server/zabbix/settings.ts'
import { API_URL, openAsAdmin, TRAPPER } from './server.ts'

const SERVICE = fileURLToPath(new URL('../../services/zabbix', import.meta.url))
const GROUP = 'Driftlog'
const HOUR_MS = 3_600_000
const CONTAINERS = 15
let token = ''

beforeAll(async () => {
  await using admin = await openAsAdmin()
  await forgetHosts(admin)
  token = (await bootstrap(admin, { group: GROUP, newToken: true })).token ?? ''
}, 120_000)

function settings(more: Partial<ZabbixSettings> = {}): ZabbixSettings {
  return {
    ...{ api: { url: API_URL, token, timeoutMs: 30_000 }, trapper: TRAPPER, group: GROUP },
    ...{ registration: 'api', intervalMs: 2000, leaveAfterMs: HOUR_MS, mostValues: 100_000 },
    ...more
  }
}

interface Scene extends AsyncDisposable {
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
async function openScene(names: string[], more: Partial<ZabbixSettings> = {}): Promise<Scene> {
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

async function historyOf(api: ZabbixApi, host: string, key: string): Promise<History[]> {
  const [item] = await api.call<{ itemid: string; value_type: string }[]>('item.get', {
    ...{ host, filter: { key_: key }, output: ['itemid', 'value_type'] }
  })
  if (!item) return []
  return api.call<History[]>('history.get', {
    ...{ itemids: item.itemid, history: Number(item.value_type), sortfield: 'clock', sortorder: 'ASC' }
  })
}

async function forgetHosts(admin: ZabbixApi): Promise<void> {
  const groupid = await groupId(admin, GROUP)
  if (groupid === undefined) return
  const found = await admin.call<{ hostid: string }[]>('host.get', { groupids: groupid, output: ['hostid'] })
  const ids = found.map(({ hostid }) => hostid)
  if (ids.length > 0) await admin.call('host.delete', ids)
}

async function until(condition: () => Promise<boolean>, seconds: number): Promise<void> {
  for (let at = 0; at < seconds * 2; at++) {
    if (await condition()) return
    await sleep(500)
  }
  throw new Error(`not within ${seconds} s`)
}

test.each(['api', 'autoregistration'] as const)(
  'by %s: hosts, containers and values appear by themselves',
  {
    timeout: 240_000
  },
  async (registration) => {
    await using api = await openAsAdmin()
    await using scene = await openScene([`${registration}-one`, `${registration}-two`], { registration })
    const [host = ''] = scene.hosts
    const name = technicalName(host)
    const key = containerKey('driftlog.container.memory', 'shop', 'shop-web-7')
    await until(async () => (await historyOf(api, name, key)).length >= 3, 120)
    const [found] = await api.call<Record<string, unknown>[]>('host.get', {
      ...{ filter: { host: name }, output: ['name', 'status'] },
      ...{ selectTags: ['tag', 'value'], selectInventory: ['os', 'software_app_a'] }
    })
    expect(found).toMatchObject({
      ...{ name: `${registration}-one`, status: '0' },
      tags: expect.arrayContaining([
        { tag: 'driftlog-host', value: host },
        { tag: 'environment', value: 'production' },
        { tag: 'engine-version', value: '28.2.2' }
      ]),
      inventory: { os: 'Debian GNU/Linux 12', software_app_a: 'Docker 28.2.2' }
    })
    const items = await api.call<{ key_: string; name: string; state: string; error: string }[]>('item.get', {
      ...{ host: name, output: ['key_', 'name', 'state', 'error'] }
    })
    expect(items.filter(({ state }) => state !== '0')).toEqual([])
    const byKey = new Map(items.map((item) => [item.key_, item.name]))
    for (const item of HOST_ITEMS) expect(byKey.get(item.key)).toBe(item.name)
    for (let n = 0; n < CONTAINERS; n++)
      for (const item of CONTAINER_ITEMS)
        expect(byKey.get(containerKey(item.key, 'shop', `shop-web-${n}`))).toBe(
          `Container shop-web-${n}: ${item.name}`
        )
    // One value a beat, whole and in their order.
    const memory = await historyOf(api, name, key)
    const values = memory.map(({ value }) => Number(value))
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(Math.min(...values)).toBeGreaterThan(100_000_000)
    const clocks = memory.map(({ clock }) => Number(clock))
    expect(new Set(clocks).size).toBe(clocks.length)
  }
)

test('while the server is away values wait, and arrive with their own times', {
  timeout: 300_000
}, async () => {
  await using api = await openAsAdmin()
  await using scene = await openScene(['away-one'])
  const [host = ''] = scene.hosts
  const name = technicalName(host)
  await until(async () => (await historyOf(api, name, HEARTBEAT)).length >= 3, 120)
  service('stop')
  const awaySeconds = Number(process.env['DRIFTLOG_ZABBIX_AWAY_SECONDS'] ?? 20)
  try {
    await sleep(awaySeconds * 1000)
    expect(scene.link.standing.valuesTrouble).toContain('does not answer')
    expect(scene.link.standing.values.waiting).toBeGreaterThan(100)
  } finally {
    service('start')
  }
  await until(async () => scene.link.standing.values.waiting === 0, 120)
  await sleep(3000)
  const clocks = (await historyOf(api, name, HEARTBEAT)).map(({ clock }) => Number(clock))
  // Every beat from the first to the last, each once.
  const [first = 0] = clocks
  expect(clocks).toEqual(clocks.map((_, n) => first + 2 * n))
  expect(clocks.length).toBeGreaterThan(awaySeconds / 2)
  expect(scene.link.standing.values).toMatchObject({ refused: 0, dropped: 0 })
})

test('triggers fire and recover', { timeout: 400_000 }, async () => {
  await using api = await openAsAdmin()
  await using scene = await openScene(['troubled-one'])
  const [id = ''] = scene.hosts
  const host = technicalName(id)
  const key = containerKey('driftlog.container.restarts', 'shop', 'shop-web-0')
  await until(async () => (await historyOf(api, host, key)).length >= 3, 120)
  const [{ hostid } = { hostid: '' }] = await api.call<{ hostid: string }[]>('host.get', {
    ...{ filter: { host }, output: ['hostid'] }
  })
  // A host's own threshold.
  await api.call('usermacro.create', { hostid, macro: '{$DRIFTLOG.SILENT}', value: '30s' })
  const problems = async () => {
    const found = await api.call<{ name: string }[]>('problem.get', { hostids: hostid, output: ['name'] })
    return new Set(found.map(({ name }) => name.replace(/shop-web-\d+/, '#')))
  }
  expect(await problems()).toEqual(new Set())
  scene.gauges.health = 0
  scene.gauges.restarts = 5
  scene.gauges.oomKills = 1
  const lost = { container: `${id}c3`, stream: 'docker', generation: 'g', bytes: 70, atMs: Date.now() }
  scene.fleet.ledger.lost(id, [{ ...lost, cause: 'rotated-unread' }])
  const seen = new Set<string>()
  await until(async () => {
    for (const name of await problems()) seen.add(name)
    return seen.size >= 5
  }, 60)
  expect(seen).toEqual(
    new Set([
      'Container # is unhealthy',
      'Container # keeps restarting',
      'Container # ran out of memory',
      'Log lines are missing',
      'Log lines of container # are missing'
    ])
  )
  scene.gauges.health = 2
  await until(async () => !(await problems()).has('Container # is unhealthy'), 60)
  scene.silent = true
  await until(async () => (await problems()).has('Driftlog agent is silent'), 180)
  scene.silent = false
  await until(async () => !(await problems()).has('Driftlog agent is silent'), 120)
  expect(await problems()).toEqual(new Set(['Container # keeps restarting']))
})

function service(act: string): void {
  const { status, stderr } = spawnSync(SERVICE, [act], { encoding: 'utf8', timeout: 60_000 })
  if (status !== 0) throw new Error(`test/services/zabbix ${act}: ${stderr}`)
}
