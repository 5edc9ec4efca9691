import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import type { StateStore } from '../../../collector/store/state.ts'
import { openLmdbState } from '../../../collector/store/state-lmdb.ts'
import { Ports } from '../../../server/deploys/ports.ts'
import { randomFrom } from '../../collector/parse/lines.ts'

const HOSTS = ['web-1', 'web-2', 'web-3']
const RANGE = { from: 20_000, to: 20_199 }
const APP = { app: 'orders', environment: 'staging' }
const ROUNDS = 10_000
/** Rounds that are under way at the same time. */
const SIDE_BY_SIDE = 20

/** Which ports are out, by host: a port that is given twice fails the test. */
class Ledger {
  readonly #out = new Map<string, Map<number, string>>(HOSTS.map((host) => [host, new Map()]))
  collisions = 0

  take(host: string, port: number, order: string): void {
    const out = this.of(host)
    if (out.has(port) && out.get(port) !== order) this.collisions++
    out.set(port, order)
  }

  of(host: string): Map<number, string> {
    return this.#out.get(host) ?? new Map()
  }

  /** Takes one at random back. */
  give(host: string, random: (below: number) => number): string | undefined {
    const all = [...this.of(host)]
    const [port, order] = all[random(Math.max(1, all.length))] ?? []
    if (port !== undefined) this.of(host).delete(port)
    return order
  }
}

/** One lease or release at random; ends are told before they are done, as by a hub that dies in between. */
async function round(n: number, ports: Ports, ledger: Ledger, random: (below: number) => number) {
  const host = HOSTS[random(HOSTS.length)] ?? ''
  if (ledger.of(host).size < 100 && random(2) === 0) {
    const order = `o-${n}`
    ledger.take(host, await ports.lease(host, { order, ...APP }), order)
    return
  }
  const order = ledger.give(host, random)
  if (order === undefined) return
  if (random(10) === 0) await ports.strange(host, order)
  else await ports.release(host, (lease) => lease.order !== order)
}

async function rounds(from: number, to: number, hubs: readonly Ports[], ledger: Ledger, seed: number) {
  const random = randomFrom(seed)
  for (let n = from; n < to; n += SIDE_BY_SIDE) {
    const some = Array.from({ length: Math.min(SIDE_BY_SIDE, to - n) }, (_, i) => n + i)
    await Promise.all(some.map((one) => round(one, hubs[one % hubs.length] as Ports, ledger, random)))
  }
}

async function leasesIn(state: StateStore): Promise<string[]> {
  const kept = await state.list<{ leases: { port: number; order: string }[] }>('port/')
  return kept
    .flatMap(({ key, value }) => value.leases.map(({ port, order }) => `${key} ${port} ${order}`))
    .sort()
}

function leasesOf(ledger: Ledger): string[] {
  return HOSTS.flatMap((host) =>
    [...ledger.of(host)].map(([port, order]) => `port/${host} ${port} ${order}`)
  ).sort()
}

test('10,000 random leases and releases over three starts of a hub on disk: no port twice, none lost', {
  timeout: 120_000
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-ports-'))
  const ledger = new Ledger()
  let nowMs = 1e12
  try {
    for (let start = 0; start <= 3; start++) {
      const state = await openLmdbState(join(folder, 'state'))
      // Strangers' ports are to be had again after a while.
      const ports = new Ports(state, RANGE, () => (nowMs += 1000))
      await rounds((start * ROUNDS) / 4, ((start + 1) * ROUNDS) / 4, [ports], ledger, start + 1)
      expect(await leasesIn(state)).toEqual(leasesOf(ledger))
      await state[Symbol.asyncDispose]()
    }
    expect(ledger.collisions).toBe(0)
    expect(leasesOf(ledger).length).toBeGreaterThan(50)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('10,000 random leases and releases by three hubs that share a state: no port twice', async () => {
  const share = new MemoryShare()
  const ledger = new Ledger()
  let nowMs = 1e12
  const hubs = [1, 2, 3].map(() => new Ports(new MemoryStateStore(share), RANGE, () => (nowMs += 1000)))
  await rounds(0, ROUNDS, hubs, ledger, 7)
  expect(ledger.collisions).toBe(0)
  expect(await leasesIn(new MemoryStateStore(share))).toEqual(leasesOf(ledger))
})

test('the same order gets the same port, a port rests as long as can be, and an heir gets that of whom it follows', async () => {
  const state = new MemoryStateStore()
  let nowMs = 0
  const ports = new Ports(state, { from: 21_000, to: 21_002 }, () => nowMs)
  const lease = (order: string, heir?: { of: string; port: number }) =>
    ports.lease('web-1', { order, ...APP, ...(heir ? { heir } : {}) })
  expect([await lease('a'), await lease('a'), await lease('b')]).toEqual([21_000, 21_000, 21_001])
  await ports.release('web-1', ({ order }) => order !== 'a')
  expect(await lease('c')).toBe(21_002)
  expect(await lease('d')).toBe(21_000)
  await expect(lease('e')).rejects.toMatchObject({ code: 'DRIFTLOG_NO_PORT' })
  expect(await lease('f', { of: 'd', port: 21_000 })).toBe(21_000)
  // A stranger has it: neither the heir nor anybody else gets it, for ten minutes.
  await ports.strange('web-1', 'f')
  await expect(lease('g', { of: 'f', port: 21_000 })).rejects.toMatchObject({ code: 'DRIFTLOG_NO_PORT' })
  nowMs += 10 * 60_000
  expect(await lease('g')).toBe(21_000)
  await ports.forget('web-1')
  expect((await ports.list()).size).toBe(0)
})
