/** What a shelf has to hold, seen through the store: every sample counts once, wherever a hub stops and whoever goes on. */
import { randomBytes } from 'node:crypto'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { entriesBefore } from '../../../collector/stats/journal.ts'
import { rolledUp, rowOf, type Sample } from '../../../collector/stats/rows.ts'
import type { Shelf } from '../../../collector/stats/shelf.ts'
import { openStats, type StatsStore } from '../../../collector/stats/store.ts'
import { SAMPLES, TIERS } from '../../../collector/stats/tiers.ts'
import { Chance } from '../../../server/demo/chance.ts'
import { type Fault, FaultyShelf } from './faulty-shelf.ts'
import { FIRST_MS, randomSamples } from './samples.ts'

const DAY_MS = 86_400_000
const AFTER_MS = FIRST_MS + 7 * DAY_MS
const LONG_MS = 300_000
const retention = { samplesMs: 2 * DAY_MS, minutesMs: 30 * DAY_MS, hoursMs: 400 * DAY_MS }
const SUBJECTS = 2
/** Into a second block of samples. */
const COUNT = 75
const DELIVERED = 15

const open = (shelf: Shelf, nowMs: () => number = () => FIRST_MS + DAY_MS / 2) =>
  openStats({ shelf, retention, log: pino({ level: 'silent' }), nowMs, lookEveryMs: 0 })

/** An agent that tells everything in its order, and again what was not acknowledged. */
class Agent {
  readonly host = randomBytes(8).toString('hex')
  readonly samples: Sample[][]
  acknowledged = 0
  told = 0

  constructor(seed: number, count = COUNT) {
    this.samples = Array.from({ length: SUBJECTS }, (_, i) =>
      randomSamples(count, seed * SUBJECTS + i, `i${this.host}-${i}`)
    )
  }

  get isDone(): boolean {
    return this.acknowledged === this.samples[0]?.length
  }

  async tell(stats: StatsStore, count = DELIVERED): Promise<void> {
    const end = Math.min(this.samples[0]?.length ?? 0, this.acknowledged + count)
    this.told = Math.max(this.told, end)
    const own = this.samples.flatMap((all) => all.slice(this.acknowledged, end))
    await stats.take(this.host, own)
    this.acknowledged = Math.max(this.acknowledged, end)
  }

  /** Rejects, as a hub that died answers nothing. */
  async tellAll(stats: StatsStore): Promise<void> {
    while (!this.isDone) await this.tell(stats)
    await stats.tidy()
  }

  /** Every tier holds what a plain list of the samples gives. */
  async expectAll(stats: StatsStore, upTo = COUNT): Promise<void> {
    for (const samples of this.samples) {
      const rows = samples.slice(0, upTo).map((sample, i) => rowOf(sample, samples[i - 1]))
      for (const tier of TIERS) {
        const found = await stats.rows(this.host, samples[0]?.subject ?? '', tier, 0, AFTER_MS)
        expect(found).toEqual(tier === SAMPLES ? rows : rolledUp(rows, tier.rowMs))
      }
    }
  }
}

async function expectNoJournal(shelf: Shelf, { host }: Agent): Promise<void> {
  expect(await shelf.keys(entriesBefore(host, 0), entriesBefore(host, AFTER_MS), 100)).toEqual([])
}

/** How many things a shelf does for one agent, told without a fault. */
async function stepsOf(shelf: Shelf): Promise<number> {
  const counting = new FaultyShelf(shelf)
  const stats = await open(counting)
  await new Agent(0).tellAll(stats)
  return counting.steps
}

/** `every`: where a shelf is far away, only some of the steps are tried, from a random one on. */
export function statsShelfContract(name: string, openShelf: () => Promise<Shelf>, every = 1): void {
  describe(name, () => {
    const faults: Fault['kind'][] = ['before', 'after', 'asleep']
    test.each(faults)(
      'a hub that stops %s any step: the next one counts every sample once',
      async (kind) => {
        await using shelf = await openShelf()
        const steps = await stepsOf(shelf)
        expect(steps).toBeGreaterThan(25)
        for (let step = Math.floor(Math.random() * every); step < steps; step += every) {
          const agent = new Agent(step)
          const faulty = new FaultyShelf(shelf, { kind, step })
          const first = await open(faulty)
          const telling = agent.tellAll(first).catch(() => undefined)
          await Promise.race([telling, faulty.stopped])
          const second = await open(shelf)
          await agent.tellAll(second)
          await agent.expectAll(second)
          // One that only slept goes on where it was, with what it believes.
          faulty.wake()
          await telling
          await first.close()
          const third = await open(shelf)
          await third.tidy()
          await agent.expectAll(third)
          await expectNoJournal(shelf, agent)
        }
      },
      LONG_MS
    )

    test(
      'two hubs that an agent changes between, also with answers lost: each sees every sample once',
      async (context) => {
        await using shelf = await openShelf()
        if (!shelf.isShared) context.skip()
        const chance = new Chance(3)
        const agent = new Agent(77, 260)
        let nowMs = FIRST_MS
        const hubs = [await open(shelf, () => nowMs), await open(shelf, () => nowMs)]
        while (!agent.isDone) {
          const at = chance.whole(0, 1)
          const hub = hubs[at] ?? (await open(shelf))
          const before = agent.acknowledged
          const count = chance.whole(1, 9)
          nowMs = (agent.samples[0]?.[Math.min(259, before + count)]?.atMs ?? 0) + 5000
          await agent.tell(hub, count)
          if (chance.often(0.2)) agent.acknowledged = before
          if (chance.often(0.1)) await hub.tidy()
          if (chance.often(0.05)) hubs[at] = await open(shelf, () => nowMs)
          if (chance.often(0.3)) await Promise.all(hubs.map((one) => agent.expectAll(one, agent.told)))
        }
        nowMs += 3_600_000
        await Promise.all(hubs.map((hub) => hub.tidy()))
        await Promise.all(hubs.map((hub) => agent.expectAll(hub, 260)))
        await expectNoJournal(shelf, agent)
      },
      LONG_MS
    )

    test('what a dead hub left is sealed by another; both show the newest row', async (context) => {
      await using shelf = await openShelf()
      if (!shelf.isShared) context.skip()
      const agent = new Agent(5)
      let nowMs = (agent.samples[0]?.at(-1)?.atMs ?? 0) + 1000
      const other = await open(shelf, () => nowMs)
      await agent.tellAll(await open(shelf, () => nowMs))
      await other.catchUp()
      const [samples = []] = agent.samples
      const newest = other.latest(agent.host, samples[0]?.subject ?? '', 60_000)
      expect(newest?.atMs).toBe(samples.at(-1)?.atMs)
      nowMs += 3_600_000
      await other.tidy()
      await expectNoJournal(shelf, agent)
      await agent.expectAll(other)
    })

    test('a block of an older seal is refused, a record that changed is not replaced', async () => {
      await using shelf = await openShelf()
      const host = randomBytes(8).toString('hex')
      const record = `p/${host}`
      const first = await shelf.replace(record, Buffer.from('{"a":1}'), undefined)
      expect(await shelf.replace(record, Buffer.from('{"a":2}'), undefined)).toBeUndefined()
      const second = await shelf.replace(record, Buffer.from('{"a":3}'), first)
      expect(await shelf.replace(record, Buffer.from('{"a":4}'), first)).toBeUndefined()
      expect(Buffer.from((await shelf.record(record))?.value ?? []).toString()).toBe('{"a":3}')
      expect((await shelf.record(record))?.version).toBe(second)
      const key = `s/0000001795428000000/i${host}`
      const block = (seal: number, mark: number) => Buffer.from([2, 0, 0, 0, 0, 0, seal, mark])
      for (const [seal, mark, kept] of [
        [4, 1, 1],
        [4, 2, 1],
        [3, 3, 1],
        [5, 4, 4]
      ] as const) {
        await shelf.writeBlocks([[key, block(seal, mark)]])
        expect((await shelf.read([key]))[0]?.at(-1)).toBe(kept)
      }
      await shelf.write([], [key, 's/none'])
      expect(await shelf.read([key, 's/none'])).toEqual([undefined, undefined])
    })

    test('keys come in order, within their bounds', async () => {
      await using shelf = await openShelf()
      const prefix = `m/${randomBytes(4).toString('hex')}`
      const keys = Array.from({ length: 30 }, (_, i) => `${prefix}/${String(i).padStart(3, '0')}`)
      await shelf.write(
        keys.toReversed().map((key) => [key, Buffer.from(key)]),
        []
      )
      expect(await shelf.keys(`${prefix}/`, `${prefix}0`, 100)).toEqual(keys)
      expect(await shelf.keys(`${prefix}/005`, `${prefix}/010`, 100)).toEqual(keys.slice(5, 10))
      expect(await shelf.keys(`${prefix}/005`, `${prefix}0`, 3)).toEqual(keys.slice(5, 8))
    })
  })
}
