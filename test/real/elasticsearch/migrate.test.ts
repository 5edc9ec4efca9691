/** From an embedded folder into the real server, broken off and begun again. */
import { Client } from '@elastic/elasticsearch'
import { expect, test } from 'vitest'
import { MemoryShelf, type Shelf } from '../../../collector/stats/shelf.ts'
import { openStats } from '../../../collector/stats/store.ts'
import { TIERS } from '../../../collector/stats/tiers.ts'
import { ElasticsearchShelf } from '../../../collector/store/elasticsearch/shelf.ts'
import { ElasticsearchStateStore } from '../../../collector/store/elasticsearch/state.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { migrate } from '../../../collector/store/migrate.ts'
import { FIRST_MS, randomSamples } from '../../collector/stats/samples.ts'
import { ALL_TIME, BOUNDS, batch, DAY, everything, field, origin } from '../../collector/store/corpus.ts'
import { embeddedUnderTest, silent } from '../../collector/store/folder.ts'
import { CLUSTER, emptyCluster, openStore } from './cluster.ts'

const RECORDS = 12_000

test('everything is there once, in the same order, and agents go on where they stood', {
  timeout: 120_000
}, async () => {
  emptyCluster()
  await using under = await embeddedUnderTest()
  const sources = [
    origin('orders'),
    origin('cart', 'h2'),
    { ...origin('orders'), stream: '/app/a.log', streamNumber: 1 }
  ]
  for (const [n, source] of sources.entries()) {
    const lines = Array.from({ length: RECORDS }, (_, i) => ({
      text: i % 7 === 0 ? `{"user":"ann","n":${i}}` : `line ${i} of ${n}\n\tat a.B.c(B.java:1)`,
      time: DAY + BigInt(i) * 30_000_000_000n + BigInt(n)
    }))
    await under.store.append([batch(source, lines, 0, { generation: `g${n}`, ended: n === 1 })])
  }
  const state = new MemoryStateStore()
  await state.put('host/h1', { name: 'web-h1' })
  await using shelf = new MemoryShelf()
  const statsOf = async (kept: Shelf) =>
    openStats({
      ...{ shelf: kept, log: silent, nowMs: () => FIRST_MS + 3_600_000, lookEveryMs: 0 },
      retention: { samplesMs: 1e9, minutesMs: 1e9, hoursMs: 1e9 }
    })
  const stats = await statsOf(shelf)
  const samples = randomSamples(200, 3)
  for (let at = 0; at < 150; at += 10) await stats.take('h1', samples.slice(at, at + 10))
  await stats.close()
  await using to = await openStore()
  const client = new Client({ node: CLUSTER })
  const target = {
    logs: to,
    state: await ElasticsearchStateStore.open(client),
    shelf: new ElasticsearchShelf(client)
  }
  const from = { logs: under.store, state, shelf }
  const breaking = new AbortController()
  const broken = migrate(from, target, {
    ...{ name: 'a', signal: breaking.signal },
    told: (copied) => copied >= 10_000 && breaking.abort(new Error('broken off'))
  })
  await expect(broken).rejects.toThrow('broken off')
  const told: number[] = []
  const options = {
    name: 'a',
    signal: new AbortController().signal,
    told: (copied: number) => void told.push(copied)
  }
  expect(await migrate(from, target, options)).toEqual({
    records: 3 * RECORDS,
    stats: { blocks: expect.any(Number), taken: [] },
    unreadable: [],
    differing: []
  })
  expect(told[0]).toBeGreaterThan(10_000)
  expect(await to.positions(sources)).toEqual(await under.store.positions(sources))
  expect(await target.state.get('host/h1')).toEqual({ name: 'web-h1' })
  const moved = await statsOf(target.shelf)
  await stats.take('h1', samples.slice(150))
  await moved.take('h1', samples.slice(150))
  for (const tier of TIERS) {
    const asked = ['h1', 'i0', tier, 0, FIRST_MS * 2] as const
    expect(await moved.rows(...asked)).toEqual(await stats.rows(...asked))
  }
  await stats.close()
  await moved.tidy()
  // The cluster has gone on by itself: its numbers stay.
  expect((await migrate(from, target, options)).stats).toEqual({ blocks: 0, taken: ['h1'] })
  for (const where of [everything, field('user', 'ann'), field('app', 'cart')]) {
    const asked = [{ where, ...ALL_TIME }, { limit: 1000, direction: 'older' }, BOUNDS] as const
    expect((await to.search(...asked)).records).toEqual((await under.store.search(...asked)).records)
  }
  await to.append([batch(origin('orders'), [{ text: 'again', time: DAY }], 0, { generation: 'g0' })])
  expect(to.health().records).toBe(3 * RECORDS)
})
