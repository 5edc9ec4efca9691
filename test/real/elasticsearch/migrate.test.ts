/** From an embedded folder into the real server, broken off and begun again. */
import { Client } from '@elastic/elasticsearch'
import { expect, test } from 'vitest'
import { ElasticsearchStateStore } from '../../../collector/store/elasticsearch/state.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { migrate } from '../../../collector/store/migrate.ts'
import { ALL_TIME, BOUNDS, batch, DAY, everything, field, origin } from '../../collector/store/corpus.ts'
import { embeddedUnderTest } from '../../collector/store/folder.ts'
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
  await using to = await openStore()
  const target = { logs: to, state: await ElasticsearchStateStore.open(new Client({ node: CLUSTER })) }
  const from = { logs: under.store, state }
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
    unreadable: [],
    differing: []
  })
  expect(told[0]).toBeGreaterThan(10_000)
  expect(await to.positions(sources)).toEqual(await under.store.positions(sources))
  expect(await target.state.get('host/h1')).toEqual({ name: 'web-h1' })
  for (const where of [everything, field('user', 'ann'), field('app', 'cart')]) {
    const asked = [{ where, ...ALL_TIME }, { limit: 1000, direction: 'older' }, BOUNDS] as const
    expect((await to.search(...asked)).records).toEqual((await under.store.search(...asked)).records)
  }
  await to.append([batch(origin('orders'), [{ text: 'again', time: DAY }], 0, { generation: 'g0' })])
  expect(to.health().records).toBe(3 * RECORDS)
})
