/** The template's triggers on the real server: what fires, how long it stands, and what ends it. */
import { beforeAll, expect, test } from 'vitest'
import type { ZabbixApi } from '../../../server/zabbix/api.ts'
import { containerKey } from '../../../server/zabbix/items.ts'
import { reconcile, technicalName } from '../../../server/zabbix/registration.ts'
import { sendValues, type Value } from '../../../server/zabbix/sender.ts'
import { historyOf, openAsHub, openScene, prepare, until } from './scene.ts'
import { openAsAdmin, TRAPPER } from './server.ts'

const RESTARTS = 'Container # keeps restarting'
const UNHEALTHY = 'Container # is unhealthy'
const SILENT = 'Driftlog agent is silent'
const MISSING = 'Log lines are missing'
/** Of what has happened once. */
const EVENTS = ['Container # ran out of memory', MISSING, 'Log lines of container # are missing']
const HOLD_SECONDS = 60

beforeAll(prepare, 120_000)

test('triggers fire, stand for a while and recover', { timeout: 500_000 }, async () => {
  await using api = await openAsAdmin()
  await using scene = await openScene(['troubled-one'])
  const [id = ''] = scene.hosts
  const host = technicalName(id)
  const key = containerKey('driftlog.container.restarts', 'shop', 'shop-web-0')
  await until(async () => (await historyOf(api, host, key)).length >= 3, 120)
  const hostid = await idOf(api, host)
  // A host's own thresholds.
  await api.call('usermacro.create', [
    { hostid, macro: '{$DRIFTLOG.SILENT}', value: '30s' },
    { hostid, macro: '{$DRIFTLOG.HOLD}', value: `${HOLD_SECONDS}s` }
  ])
  const problems = () => problemsOf(api, hostid)
  const ended = async (...names: string[]) => {
    const now = await problems()
    return names.every((name) => !now.has(name))
  }
  expect(await problems()).toEqual(new Set())
  scene.gauges.health = 0
  scene.gauges.restarts = 5
  scene.gauges.oomKills = 1
  const lost = { container: `${id}c3`, stream: 'docker', generation: 'g', bytes: 70, atMs: Date.now() }
  scene.fleet.ledger.lost(id, [{ ...lost, cause: 'rotated-unread' }])
  await expect
    .poll(problems, { timeout: 60_000, interval: 500 })
    .toEqual(new Set([UNHEALTHY, RESTARTS, ...EVENTS]))
  await close(api, hostid, MISSING)
  await until(() => ended(MISSING), 60)
  // A container that ends over it is replaced, and counts from 0 again.
  scene.gauges.oomKills = 0
  scene.gauges.health = 2
  await until(() => ended(UNHEALTHY), 60)
  await until(() => ended(...EVENTS), 180)
  for (const { seconds, name } of await lengthsOf(api, hostid))
    if (EVENTS.includes(name) && name !== MISSING)
      expect(seconds, name).toBeGreaterThanOrEqual(HOLD_SECONDS - 5)
  // What somebody has closed was not back with the next value.
  expect((await lengthsOf(api, hostid)).filter(({ name }) => name === MISSING)).toHaveLength(1)
  scene.silent = true
  await until(async () => (await problems()).has(SILENT), 180)
  scene.silent = false
  await until(() => ended(SILENT), 120)
  expect(await problems()).toEqual(new Set([RESTARTS]))
})

test('what an hour of values says of disks and errors', { timeout: 120_000 }, async () => {
  await using api = await openAsAdmin()
  const { hub, places } = await openAsHub()
  const id = 'filled1'
  const row = { '{#APP}': 'shop', '{#NAME}': 'shop-web-0', '{#ENVIRONMENT}': 'production' }
  await reconcile(hub, places, [{ id, name: 'filled-one', tags: {}, inventory: {}, present: true }])
  const host = technicalName(id)
  const now = Math.floor(Date.now() / 1000)
  const send = async (values: readonly Omit<Value, 'host' | 'ns'>[]) => {
    const stamped = values.map((one) => ({ ...one, host, ns: 1 }))
    await until(async () => (await sendValues(TRAPPER, stamped)).failed === 0, 60)
  }
  await send([{ key: 'driftlog.containers', value: JSON.stringify([row]), clock: now }])
  const errors = containerKey('driftlog.container.logs.errors', 'shop', 'shop-web-0')
  const minutes = Array.from({ length: 60 }, (_, n) => now - 3540 + n * 60)
  const disks = (used: number, clock: number) =>
    ['root', 'docker'].flatMap((disk) => [
      { key: `driftlog.host.disk.${disk}.total`, value: '100', clock },
      { key: `driftlog.host.disk.${disk}`, value: String(used), clock }
    ])
  // Many in each minute, which is how the app has always been; then four times as many.
  await send(minutes.map((clock, n) => ({ key: errors, value: n < 55 ? '20' : '80', clock })))
  await send(disks(95, now - 30))
  const hostid = await idOf(api, host)
  const jump = 'Container # logs many more errors than before'
  const full = ['Root disk is nearly full', 'Docker’s disk is nearly full']
  await expect
    .poll(() => problemsOf(api, hostid), { timeout: 30_000, interval: 500 })
    .toEqual(new Set([jump, ...full]))
  const jumped = (await lengthsOf(api, hostid)).find(({ name }) => name === jump)
  expect(jumped?.clock).toBeGreaterThan(now - 300)
  await send(disks(50, now))
  await send(Array.from({ length: 5 }, (_, n) => ({ key: errors, value: '20', clock: now + 60 * (n + 1) })))
  await expect.poll(() => problemsOf(api, hostid), { timeout: 30_000, interval: 500 }).toEqual(new Set())
})

async function idOf(api: ZabbixApi, host: string): Promise<string> {
  const [found] = await api.call<{ hostid: string }[]>('host.get', {
    ...{ filter: { host }, output: ['hostid'] }
  })
  return found?.hostid ?? ''
}

async function problemsOf(api: ZabbixApi, hostids: string): Promise<Set<string>> {
  const found = await api.call<{ name: string }[]>('problem.get', { hostids, output: ['name'] })
  return new Set(found.map(({ name }) => anyContainer(name)))
}

/** As people do it. */
async function close(api: ZabbixApi, hostids: string, name: string): Promise<void> {
  const found = await api.call<{ eventid: string }[]>('problem.get', { hostids, search: { name } })
  const eventids = found.map(({ eventid }) => eventid)
  await api.call('event.acknowledge', { eventids, action: 1 })
}

/** When each problem began, and how long it stood. */
async function lengthsOf(api: ZabbixApi, hostids: string) {
  const events = await api.call<Record<'eventid' | 'r_eventid' | 'clock' | 'name' | 'value', string>[]>(
    'event.get',
    { hostids, value: [0, 1], output: ['eventid', 'r_eventid', 'clock', 'name', 'value'] }
  )
  const clocks = new Map(events.map(({ eventid, clock }) => [eventid, Number(clock)]))
  return events
    .filter(({ value }) => value === '1')
    .map(({ name, clock, r_eventid }) => ({
      ...{ name: anyContainer(name), clock: Number(clock) },
      seconds: (clocks.get(r_eventid) ?? Number.POSITIVE_INFINITY) - Number(clock)
    }))
}

function anyContainer(name: string): string {
  return name.replace(/shop-web-\d+/, '#')
}
