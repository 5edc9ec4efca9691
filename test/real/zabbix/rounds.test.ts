/**
 * Twenty hosts with fifteen containers each, ten rounds: hosts are renamed, leave and come back, containers are renamed, replaced,
 * go and come back. After each round Zabbix has exactly the hosts and the containers that there are, each once; at the end every
 * value that is sent stands in its history.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { type Fleet, openFleet } from '../../../collector/fleet/fleet.ts'
import { LogRates } from '../../../collector/log-rates.ts'
import { hostSubject, instanceSubject } from '../../../collector/stats/arrivals.ts'
import { METRIC_LIST } from '../../../collector/stats/metrics.ts'
import type { Sample } from '../../../collector/stats/rows.ts'
import { MemoryShelf } from '../../../collector/stats/shelf.ts'
import { openStats, type StatsStore } from '../../../collector/stats/store.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import type { ZabbixApi } from '../../../server/zabbix/api.ts'
import { CONTAINER_ITEMS, containerKey, HOST_ITEMS } from '../../../server/zabbix/items.ts'
import {
  ID_TAG,
  type Places,
  reconcile,
  technicalName,
  type Wanted
} from '../../../server/zabbix/registration.ts'
import { sendValues, timeOf, type Value } from '../../../server/zabbix/sender.ts'
import { discoveryOf, Values } from '../../../server/zabbix/values.ts'
import { begun, joined, restore, type Slot, turn } from './crew.ts'
import { kept, placesOf } from './history.ts'
import { CONTAINERS, openAsHub, prepare, until } from './scene.ts'
import { openAsAdmin, TRAPPER } from './server.ts'

const HOSTS = 20
const ROUNDS = 10
const HOUR_MS = 3_600_000
const QUIET = { warn() {} }

let hub: ZabbixApi
let places: Places

beforeAll(async () => {
  await prepare()
  const opened = await openAsHub()
  hub = opened.hub
  places = opened.places
}, 120_000)

test('each host and each container is there once after every round, and every value as it was sent', {
  timeout: 600_000
}, async () => {
  await using fleet = await openFleet(new MemoryStateStore())
  const crew = new Map<string, Slot[]>()
  for (let n = 0; n < HOSTS; n++) crew.set(await joined(fleet, `web-${n}`), [])
  for (const [host, slots] of crew)
    for (let n = 0; n < CONTAINERS; n++) slots.push(begun(fleet, host, `shop-web-${n}`))
  const hosts = [...crew.keys()]

  for (let round = 0; round < ROUNDS; round++) {
    const made = await reconcile(hub, places, wanted(hosts, round, always))
    expect(made.refused).toEqual([])
    expect(made.created).toHaveLength(round === 0 ? HOSTS : 0)
    // Said again, nothing is to be done.
    expect(await reconcile(hub, places, wanted(hosts, round, always))).toMatchObject(NOTHING)

    for (const [host, slots] of crew) turn(fleet, host, slots, round)
    await tellContainers(fleet, hosts)
    await foundExactly(crew)

    const left = await reconcile(hub, places, wanted(hosts, round, isEven))
    expect(left.disabled).toHaveLength(HOSTS / 2)
    await standExactly(hosts, round)
    await foundExactly(crew)
  }

  await reconcile(hub, places, wanted(hosts, ROUNDS, always))
  for (const [host, slots] of crew) restore(fleet, host, slots)
  await tellContainers(fleet, hosts)
  await foundExactly(crew)
  await comesAsSent(fleet, hosts)
})

const NOTHING = { created: [], updated: [], disabled: [], refused: [], missing: [] }
const always = () => true
const isEven = (n: number) => n % 2 === 0

function wanted(hosts: readonly string[], round: number, isPresent: (n: number) => boolean): Wanted[] {
  return hosts.map((id, n) => ({
    ...{ id, name: `web-${n}-${round}`, present: isPresent(n) },
    ...{ tags: { environment: 'production' }, inventory: { os: 'Debian 12' } }
  }))
}

async function tellContainers(fleet: Fleet, hosts: readonly string[]): Promise<void> {
  const time = timeOf(Date.now())
  await sendAll(hosts.map((id) => ({ ...discoveryOf(fleet, id), host: technicalName(id), ...time })))
}

/** A host that is new, or enabled again, is known to the server a moment later. */
async function sendAll(values: readonly Value[]): Promise<void> {
  await until(async () => (await sendValues(TRAPPER, values)).failed === 0, 60)
}

/** Hosts by the API: each once, under its name, those that left disabled. */
async function standExactly(ids: readonly string[], round: number): Promise<void> {
  await using admin = await openAsAdmin()
  const found = await admin.call<
    { host: string; name: string; status: string; tags: { tag: string; value: string }[] }[]
  >('host.get', {
    ...{ output: ['host', 'name', 'status'], selectTags: ['tag', 'value'], groupids: places.groupid }
  })
  expect(found.map(({ host }) => host).sort()).toEqual(ids.map(technicalName).sort())
  for (const { host, name, status, tags } of found) {
    const n = ids.findIndex((id) => technicalName(id) === host)
    expect({ name, status }).toEqual({ name: `web-${n}-${round}`, status: isEven(n) ? '0' : '1' })
    expect(tags.filter(({ tag }) => tag === ID_TAG)).toEqual([{ tag: ID_TAG, value: ids[n] }])
  }
}

/**
 * Items of containers by the API, host by host: of those that are there each once, and none of others but those that Zabbix has
 * marked to be deleted.
 */
async function foundExactly(crew: ReadonlyMap<string, readonly Slot[]>): Promise<void> {
  const expected = new Map(
    [...crew].map(([host, slots]) => {
      const there = slots.filter(({ isGone }) => !isGone)
      const keys = there.flatMap(({ called }) =>
        CONTAINER_ITEMS.map(({ key }) => containerKey(key, 'shop', called))
      )
      return [technicalName(host), keys.sort()] as const
    })
  )
  let found = await discovered()
  for (let tries = 0; tries < 120 && !isDeepStrictEqual(found, expected); tries++) {
    await sleep(500)
    found = await discovered()
  }
  expect(found).toEqual(expected)
}

async function discovered(): Promise<Map<string, string[]>> {
  const hosts = await hub.call<{ host: string; items: { key_: string; hostid: string }[]; hostid: string }[]>(
    'host.get',
    { output: ['host'], groupids: places.groupid }
  )
  const items = await hub.call<
    { key_: string; hostid: string; itemDiscovery: { ts_delete: string; parent_itemid: string } }[]
  >('item.get', {
    ...{ groupids: places.groupid, output: ['key_', 'hostid'], filter: { flags: 4 } },
    selectItemDiscovery: ['ts_delete', 'parent_itemid']
  })
  const byHost = new Map(hosts.map(({ host, hostid }) => [hostid, { host, keys: [] as string[] }]))
  for (const { key_, hostid, itemDiscovery } of items)
    if (itemDiscovery.ts_delete === '0') byHost.get(hostid)?.keys.push(key_)
  return new Map([...byHost.values()].map(({ host, keys }) => [host, keys.sort()]))
}

/** Two beats of every value of all hosts and containers, read back. What is kept only when it has changed may lack in the second. */
async function comesAsSent(fleet: Fleet, hosts: readonly string[]): Promise<void> {
  const retention = { samplesMs: HOUR_MS, minutesMs: HOUR_MS, hoursMs: HOUR_MS }
  const stats = await openStats({ shelf: new MemoryShelf(), retention, log: QUIET })
  const values = new Values({ fleet, stats, rates: new LogRates() })
  const firstMs = Math.floor(Date.now() / 1000) * 1000 - 40_000
  for (const beat of [0, 1]) await measure(fleet, stats, hosts, firstMs + beat * 10_000, beat)
  const beats: Value[][] = []
  for (const beat of [2, 3]) {
    const atMs = firstMs + beat * 10_000
    await measure(fleet, stats, hosts, atMs, beat)
    const known = hosts.flatMap((host) => fleet.host(host) ?? [])
    beats.push(known.flatMap((host) => values.of(host, atMs)).flatMap((packet) => packet.values))
    await sendAll(beats.at(-1) ?? [])
  }
  const seldom = [...HOST_ITEMS, ...CONTAINER_ITEMS].filter((item) => item.seldom).map(({ key }) => key)
  const isSeldom = ({ key }: Value) => seldom.includes(key.split('[', 1)[0] ?? '')
  const [first = [], second = []] = beats
  const must = placesOf([...first, ...second.filter((value) => !isSeldom(value))])
  const may = placesOf([...first, ...second])
  await until(async () => (await kept(hub, places.groupid)).size >= must.size, 60)
  const found = await kept(hub, places.groupid)
  expect(found.size).toBeGreaterThan(HOSTS * CONTAINERS * CONTAINER_ITEMS.length)
  expect([...must].filter(([place, value]) => found.get(place) !== value)).toEqual([])
  expect([...found].filter(([place, value]) => may.get(place) !== value)).toEqual([])
  console.log(JSON.stringify({ hosts: hosts.length, sent: may.size, kept: found.size }))
}

/** Each subject and each metric has a number of its own. */
async function measure(
  fleet: Fleet,
  stats: StatsStore,
  hosts: readonly string[],
  atMs: number,
  beat: number
): Promise<void> {
  let seed = 1
  const sample = (subject: string): Sample => {
    seed++
    const one = {
      subject,
      atMs,
      counters: {} as Record<string, number>,
      gauges: {} as Record<string, number>
    }
    for (const [n, metric] of METRIC_LIST.entries())
      if (metric.kind === 'counter') one.counters[metric.from] = beat * (seed * 1013 + n * 77_777)
      else one.gauges[metric.from] = metric.from === 'health' ? 2 : seed * 31 + n * 7919 + beat
    return one
  }
  for (const host of hosts) {
    fleet.heard(host, 0)
    const inside = fleet.instances({ host }).filter(({ removedMs }) => removedMs === undefined)
    const subjects = [hostSubject(host), ...inside.map(({ instance }) => instanceSubject(instance))]
    await stats.take(host, subjects.map(sample))
  }
}
