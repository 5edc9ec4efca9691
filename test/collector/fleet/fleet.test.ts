import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { InstanceEvent, InstanceFacts } from '../../../agent/protocol.ts'
import { type Fleet, type FleetChange, openFleet } from '../../../collector/fleet/fleet.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'

const T0 = Date.UTC(2026, 10, 23, 12)

function facts(container: string, more: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    container,
    name: `orders-${container}`,
    app: 'orders',
    environment: 'production',
    identity: 'compose',
    image: 'orders:1',
    labels: {},
    state: 'running',
    startedMs: T0,
    ...more
  }
}

function event(kind: InstanceEvent['kind'], instance: InstanceFacts, atMs = T0): InstanceEvent {
  return { kind, atMs, instance }
}

async function playground(state = new MemoryStateStore()) {
  const clock = { ms: T0 }
  const fleet = await openFleet(state, () => clock.ms)
  const join = async (name: string) => {
    const { host } = await fleet.enrol({ name }, '0.1.0')
    fleet.hello(host, { facts: { name }, agentVersion: '0.1.0', clockOffsetMs: 3 })
    return host
  }
  return { fleet, clock, state, join, [Symbol.asyncDispose]: () => fleet[Symbol.asyncDispose]() }
}

/** Every host but those named is heard until then. */
function pass(fleet: Fleet, clock: { ms: number }, ms: number, silent: string[] = []): void {
  clock.ms += ms
  for (const { host } of fleet.hosts()) if (!silent.includes(host)) fleet.heard(host, 0)
  fleet.sweep()
}

test('hosts get colours of their own, and are live while they are heard', async () => {
  await using play = await playground()
  const { fleet, clock, join } = play
  const [a, b] = [await join('web-1'), await join('web-2')]
  expect(fleet.hosts().map((host) => [host.name, host.slot, host.live])).toEqual([
    ['web-1', 0, true],
    ['web-2', 1, true]
  ])
  pass(fleet, clock, 20_000, [b])
  expect(fleet.host(a)?.live).toBe(true)
  expect(fleet.host(b)?.live).toBe(false)
})

test('an instance is known by the hash of its host and container', async () => {
  await using play = await playground()
  const host = await play.join('web-1')
  play.fleet.tell(host, [event('seen', facts('c1'))])
  const expected = createHash('sha256').update(`${host}/c1`).digest('hex').slice(0, 16)
  expect(play.fleet.instance(host, 'c1')).toMatchObject({
    instance: expected,
    hostName: 'web-1',
    state: 'running'
  })
})

test('events told again change nothing', async () => {
  await using play = await playground()
  const { fleet, join } = play
  const host = await join('web-1')
  const events = [
    event('start', facts('c1')),
    event('oom', facts('c1'), T0 + 5000),
    event('die', facts('c1', { state: 'exited', exitCode: 137, finishedMs: T0 + 5001 }), T0 + 5003),
    event('start', facts('c1', { startedMs: T0 + 9000 }), T0 + 9001)
  ]
  fleet.tell(host, events)
  const once = fleet.instance(host, 'c1')
  fleet.tell(host, events)
  expect(fleet.instance(host, 'c1')).toEqual(once)
  expect(once?.runs).toEqual([
    { fromMs: T0, toMs: T0 + 5001, exitCode: 137, oomKilled: true },
    { fromMs: T0 + 9000 }
  ])
})

test('what a listing lacks is gone, and comes back when it is seen again', async () => {
  await using play = await playground()
  const { fleet, clock, join } = play
  const host = await join('web-1')
  fleet.tell(host, [event('seen', facts('c1')), event('seen', facts('c2'))])
  pass(fleet, clock, 30_000)
  fleet.tell(host, [event('start', facts('new', { startedMs: clock.ms }))])
  fleet.present(host, ['c2'])
  expect(fleet.instance(host, 'c1')).toMatchObject({
    state: 'removed',
    removedMs: clock.ms,
    finishedMs: clock.ms
  })
  expect(fleet.instance(host, 'c2')?.state).toBe('running')
  expect(fleet.instance(host, 'new')?.state).toBe('running')
  fleet.tell(host, [event('seen', facts('c1'))])
  expect(fleet.instance(host, 'c1')).toMatchObject({ state: 'running', runs: [{ fromMs: T0 }] })
})

test('a move is told once, when the next instance appears', async () => {
  await using play = await playground()
  const { fleet, join } = play
  const [h1, h2] = [await join('web-1'), await join('web-2')]
  const stop = new AbortController()
  const changes = fleet.changes(stop.signal)
  fleet.tell(h1, [event('start', facts('a'))])
  fleet.tell(h1, [event('die', facts('a', { state: 'exited', exitCode: 0, finishedMs: T0 + 1000 }))])
  fleet.tell(h2, [event('start', facts('b', { startedMs: T0 + 3000 }))])
  fleet.tell(h2, [event('seen', facts('b', { startedMs: T0 + 3000, health: 'healthy' }))])
  const seen: FleetChange[] = []
  for await (const change of changes) {
    seen.push(change)
    if (seen.length === 3) break
  }
  expect(seen.filter((change) => change.kind === 'move')).toMatchObject([
    { move: { fromHostName: 'web-1', toHostName: 'web-2', awayMs: 2000, exitCode: 0 } }
  ])
  expect(fleet.moves({ app: 'orders' })).toHaveLength(1)
  expect(fleet.moves({ host: h1 })).toHaveLength(1)
  expect(fleet.moves({ app: 'else' })).toHaveLength(0)
  expect(fleet.moves({ fromMs: T0 + 3001 })).toHaveLength(0)
})

test('a crashed host: its instances are unknown, and what began elsewhere is a move', async () => {
  await using play = await playground()
  const { fleet, clock, join } = play
  const [h1, h2] = [await join('web-1'), await join('web-2')]
  fleet.tell(h1, [event('start', facts('a'))])
  pass(fleet, clock, 1000)
  fleet.tell(h2, [event('start', facts('b', { startedMs: T0 + 4000 }))])
  expect(fleet.moves()).toEqual([])
  pass(fleet, clock, 20_000, [h1])
  expect(fleet.instance(h1, 'a')?.state).toBe('unknown')
  expect(fleet.moves()).toMatchObject([{ fromHost: h1, toHost: h2, awayMs: 3000 }])
  fleet.heard(h1)
  expect(fleet.instance(h1, 'a')?.state).toBe('running')
  expect(fleet.moves()).toEqual([])
})

test('a host is behind by the time since everything had arrived', async () => {
  await using play = await playground()
  const { fleet, clock, join } = play
  const host = await join('web-1')
  fleet.heard(host, 0)
  clock.ms += 2000
  expect(fleet.behind(clock.ms)).toEqual([])
  fleet.heard(host, 5_000_000)
  clock.ms += 1000
  fleet.heard(host, 4_000_000)
  expect(fleet.behind(clock.ms)).toEqual([{ host, hostName: 'web-1', behindMs: 3000 }])
  fleet.heard(host, 0)
  expect(fleet.behind(clock.ms)).toEqual([])
  expect(fleet.behind(clock.ms + 60_000)).toMatchObject([{ behindMs: 60_000 }])
})

test('losses are counted once each', async () => {
  await using play = await playground()
  const { fleet, join } = play
  const host = await join('web-1')
  const loss = { container: 'c', stream: 'docker', atMs: T0, bytes: 700, cause: 'rotated-unread' as const }
  fleet.ledger.lost(host, [loss, { ...loss, atMs: T0 + 1 }])
  fleet.ledger.lost(host, [loss])
  expect(fleet.host(host)).toMatchObject({ losses: 2, lostBytes: 1400, lostUnknown: 0 })
  expect(fleet.ledger.gaps(host, 'c')).toMatchObject([
    { stream: 'docker', bytes: 700 },
    { stream: 'docker', bytes: 700 }
  ])
})

test('times that are no dates do no harm', async () => {
  await using play = await playground()
  const host = await play.join('web-1')
  play.fleet.tell(host, [
    event('die', facts('c', { startedMs: 1e300, finishedMs: 1e300, state: 'exited' }), 1e300)
  ])
  const { runs, finishedMs = 0 } = play.fleet.instance(host, 'c') ?? { runs: [] }
  expect(runs).toEqual([])
  expect(new Date(finishedMs).toISOString()).toBeTypeOf('string')
})

test('thousands of instances told at once are taken in at once', async () => {
  await using play = await playground()
  const [h1, h2] = [await play.join('web-1'), await play.join('web-2')]
  const told = (prefix: string, more: Partial<InstanceFacts>) =>
    Array.from({ length: 2000 }, (_, i) =>
      event('seen', facts(`${prefix}${i}`, { replica: String(i), ...more }))
    )
  play.fleet.tell(h1, told('a', { state: 'exited', finishedMs: T0 + 1000 }))
  play.fleet.tell(h2, told('b', { startedMs: T0 + 2000 }))
  expect(play.fleet.instances({ app: 'orders' })).toHaveLength(4000)
  expect(play.fleet.moves()).toHaveLength(2000)
})

test('everything is there again after a restart', async () => {
  const state = new MemoryStateStore()
  let before: unknown
  {
    await using play = await playground(state)
    const { fleet, join } = play
    const [h1, h2] = [await join('web-1'), await join('web-2')]
    fleet.tell(h1, [event('die', facts('a', { state: 'exited', finishedMs: T0 + 1000 }))])
    fleet.tell(h2, [event('start', facts('b', { startedMs: T0 + 3000 }))])
    fleet.ledger.lost(h1, [{ container: 'a', stream: 'docker', atMs: T0, cause: 'truncated' }])
    await fleet.saved()
    before = [
      fleet.instances(),
      fleet.moves(),
      fleet.hosts().map(({ host, slot, losses }) => [host, slot, losses])
    ]
  }
  await using play = await playground(state)
  const { fleet } = play
  const after = [
    fleet.instances(),
    fleet.moves(),
    fleet.hosts().map(({ host, slot, losses }) => [host, slot, losses])
  ]
  expect(after).toEqual(before)
})

test('many events are few writes', async () => {
  let puts = 0
  class Slow extends MemoryStateStore {
    override async put(key: string, value: unknown): Promise<void> {
      puts++
      await new Promise((resolve) => setTimeout(resolve, 20))
      await super.put(key, value)
    }
  }
  await using play = await playground(new Slow())
  const { fleet, join } = play
  const host = await join('web-1')
  await fleet.saved()
  puts = 0
  const saved: Promise<void>[] = []
  for (let i = 0; i < 200; i++) {
    fleet.tell(host, [event('seen', facts('c', { health: String(i) }))])
    saved.push(fleet.saved())
    if (i % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(saved)
  expect(puts).toBeLessThan(20)
  expect(await play.state.get(`instance/${host}/c`)).toMatchObject({ facts: { health: '199' } })
})

test('the colours of 48 hosts are each used twice', async () => {
  await using play = await playground()
  for (let i = 0; i < 48; i++) await play.fleet.enrol({ name: `h${i}` }, '0.1.0')
  const slots = play.fleet.hosts().map((host) => host.slot)
  for (let slot = 0; slot < 24; slot++) expect(slots.filter((s) => s === slot)).toHaveLength(2)
})
