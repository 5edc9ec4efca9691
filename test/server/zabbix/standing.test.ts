/** How hosts stand in Zabbix, as the hub's API tells it: over a small Zabbix on real sockets. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { type Fleet, openFleet } from '../../../collector/fleet/fleet.ts'
import { LogRates } from '../../../collector/log-rates.ts'
import { keepUp } from '../../../collector/peers.ts'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { ZabbixLink } from '../../../server/zabbix/link.ts'
import type { ZabbixSettings } from '../../../server/zabbix/settings.ts'
import { type SmallZabbix, startSmallZabbix, TOKEN } from './small-zabbix.ts'

const QUIET = { info() {}, warn() {} }

interface Hub extends AsyncDisposable {
  fleet: Fleet
  link: ZabbixLink
  /** As the API tells it, by the host's name. */
  standings(): Record<string, unknown>
}

async function startHub(
  zabbix: SmallZabbix,
  state: MemoryStateStore,
  more: Partial<ZabbixSettings> = {}
): Promise<Hub> {
  const fleet = await openFleet(state)
  const settings: ZabbixSettings = {
    ...{ api: { url: zabbix.api.url, token: TOKEN, timeoutMs: 2000 }, group: 'Driftlog' },
    ...{ trapper: { host: '127.0.0.1', port: zabbix.trapper.port, timeoutMs: 2000 } },
    pages: new URL('https://zabbix.example.org/ui/'),
    ...{ registration: 'api', intervalMs: 50, leaveAfterMs: 3_600_000, mostValues: 1000 },
    ...more
  }
  const stats = { latest: () => undefined }
  const link = new ZabbixLink({
    ...{ settings, fleet, stats, rates: new LogRates(), state, log: QUIET, nowMs: Date.now }
  })
  const stopping = new AbortController()
  const { shared } = state
  const running = [link.run(stopping.signal)]
  if (shared)
    running.push(keepUp({ state, shared, fleet, keepers: [link.standings], log: QUIET }, stopping.signal))
  return {
    ...{ fleet, link },
    standings: () => Object.fromEntries(fleet.hosts().map((host) => [host.name, link.standingOf(host)])),
    async [Symbol.asyncDispose]() {
      stopping.abort()
      await Promise.all(running)
      await fleet[Symbol.asyncDispose]()
    }
  }
}

async function joinAs(fleet: Fleet, name: string, pretended = false): Promise<void> {
  const facts = { name, pretended }
  const { host } = await fleet.enrol(facts, '0.1.0')
  fleet.hello(host, { facts, agentVersion: '0.1.0', clockOffsetMs: 0 })
}

const pageOf = (hostid: string) =>
  `https://zabbix.example.org/ui/zabbix.php?action=latest.view&hostids%5B%5D=${hostid}&filter_name=&filter_set=1`

test('what Zabbix has, what it refuses, what is none of its business, and what nobody knows while it is away', async () => {
  await using zabbix = await startSmallZabbix()
  zabbix.refusals.set('bad', 'Host name is not to my taste.')
  await using hub = await startHub(zabbix, new MemoryStateStore())
  await joinAs(hub.fleet, 'good')
  expect(hub.standings()).toEqual({ good: { state: 'unknown' } })
  await joinAs(hub.fleet, 'bad')
  await joinAs(hub.fleet, 'played', true)
  await vi.waitFor(() =>
    expect(hub.standings()).toEqual({
      good: { state: 'enabled', url: pageOf('10084') },
      bad: { state: 'refused', reason: 'Host name is not to my taste.' },
      played: undefined
    })
  )
  expect(hub.link.standing).toMatchObject({ hosts: 1, refused: 1 })
  expect(hub.link.standing).not.toHaveProperty('hostsTrouble')
  zabbix.isAway = true
  const reason = expect.stringContaining('it answers 502')
  await vi.waitFor(() =>
    expect(hub.standings()).toMatchObject({
      good: { state: 'unknown', reason, url: pageOf('10084') },
      bad: { state: 'unknown', reason }
    })
  )
  expect(hub.link.standing).toMatchObject({ hosts: 1, hostsTrouble: reason })
  zabbix.isAway = false
  await vi.waitFor(() => expect(hub.standings()).toMatchObject({ good: { state: 'enabled' } }))
})

test('a host that has left is disabled; one that is still to be greeted is absent', async () => {
  await using zabbix = await startSmallZabbix()
  const state = new MemoryStateStore()
  {
    await using hub = await startHub(zabbix, state)
    await joinAs(hub.fleet, 'left')
    await vi.waitFor(() => expect(hub.standings()).toMatchObject({ left: { state: 'enabled' } }))
  }
  await using hub = await startHub(zabbix, state, { leaveAfterMs: 0, registration: 'autoregistration' })
  await vi.waitFor(() =>
    expect(hub.standings()).toEqual({ left: { state: 'disabled', url: pageOf('10084') } })
  )
  zabbix.hosts.length = 0
  await vi.waitFor(() => expect(hub.standings()).toEqual({ left: { state: 'absent' } }))
})

test('hubs that share a state all know it, also one that starts while Zabbix is away', async () => {
  await using zabbix = await startSmallZabbix()
  zabbix.refusals.set('bad', 'No.')
  const share = new MemoryShare()
  await using holder = await startHub(zabbix, new MemoryStateStore(share))
  await using other = await startHub(zabbix, new MemoryStateStore(share))
  await joinAs(holder.fleet, 'good')
  await joinAs(holder.fleet, 'bad')
  const expected = {
    good: { state: 'enabled', url: pageOf('10084') },
    bad: { state: 'refused', reason: 'No.' }
  }
  await vi.waitFor(() => expect(other.standings()).toEqual(expected), 10_000)
  expect(zabbix.hosts).toHaveLength(1)
  zabbix.isAway = true
  await using third = await startHub(zabbix, new MemoryStateStore(share))
  const unknown = { state: 'unknown', reason: expect.stringContaining('502') }
  await vi.waitFor(() => expect(other.standings()).toMatchObject({ good: unknown, bad: unknown }), 10_000)
  await vi.waitFor(() => expect(third.standings()).toMatchObject({ good: unknown, bad: unknown }), 10_000)
})

test('nothing is told to Zabbix until its token is there; another one in the file is taken', async () => {
  await using zabbix = await startSmallZabbix()
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-zabbix-token-'))
  const tokenFile = join(folder, 'token')
  {
    const api = { url: zabbix.api.url, timeoutMs: 2000 }
    await using hub = await startHub(zabbix, new MemoryStateStore(), { api, tokenFile })
    await joinAs(hub.fleet, 'early')
    await vi.waitFor(() => expect(hub.link.standing.waitsFor).toBe(tokenFile))
    expect(hub.standings()).toEqual({ early: undefined })
    expect(hub.link.figures()).toMatchObject({ zabbix_prepared: 0, zabbix_values_waiting: 0 })
    expect(zabbix.api.asked).toEqual([])
    await writeFile(tokenFile, `${TOKEN}\n`)
    await vi.waitFor(() => expect(hub.standings()).toMatchObject({ early: { state: 'enabled' } }), 10_000)
    expect(hub.link.standing).not.toHaveProperty('waitsFor')
    zabbix.isAway = true
    await vi.waitFor(() => expect(hub.link.standing.hostsTrouble).toBeDefined())
    await writeFile(tokenFile, 'b'.repeat(64))
    zabbix.isAway = false
    await vi.waitFor(() => expect(zabbix.api.asked.at(-1)).toMatchObject({ auth: 'b'.repeat(64) }))
  }
  await rm(folder, { recursive: true })
})
