import { expect, test } from 'vitest'
import { Outbox } from '../../../agent/outbox.ts'
import type { StatsSample } from '../../../agent/protocol.ts'

const MINUTE_MS = 60_000
const sample = (atMs: number): StatsSample => ({ atMs, counters: {}, gauges: {} })
const takeAll = (outbox: Outbox) => {
  const taken: StatsSample[] = []
  let dropped = 0
  for (;;) {
    const telling = outbox.take(1_000_000)
    dropped += telling.statsDropped
    if (telling.stats.length === 0) return { taken, dropped }
    taken.push(...telling.stats)
  }
}

test('samples wait for the hub in their order, ten minutes of them; older ones are counted and told once', () => {
  const outbox = new Outbox(() => {})
  for (let atMs = 0; atMs <= 25 * MINUTE_MS; atMs += 10_000) outbox.measured([sample(atMs), sample(atMs)])
  const { taken, dropped } = takeAll(outbox)
  expect(taken.map(({ atMs }) => atMs)).toEqual(
    Array.from({ length: 61 }, (_, i) => 15 * MINUTE_MS + i * 10_000).flatMap((atMs) => [atMs, atMs])
  )
  expect(dropped).toBe(2 * 151 - taken.length)
  expect(outbox.statsDropped).toBe(dropped)
  expect(takeAll(outbox).dropped).toBe(0)
})

test('however many containers there are, no more wait than fit', () => {
  const outbox = new Outbox(() => {})
  for (let look = 0; look < 5; look++) {
    outbox.measured(Array.from({ length: 6000 }, () => sample(look * 10_000)))
  }
  const { taken, dropped } = takeAll(outbox)
  expect(taken).toHaveLength(20_000)
  expect(dropped).toBe(10_000)
  expect(taken[0]?.atMs).toBe(10_000)
})

test('a delivery that did not arrive stands first in the next one, and what was dropped is told with it', () => {
  const outbox = new Outbox(() => {})
  outbox.measured([sample(0), sample(20 * MINUTE_MS)])
  const lost = outbox.take(1_000_000)
  outbox.measured([sample(21 * MINUTE_MS)])
  outbox.giveBack(lost)
  const { taken, dropped } = takeAll(outbox)
  expect(taken.map(({ atMs }) => atMs)).toEqual([20 * MINUTE_MS, 21 * MINUTE_MS])
  expect(dropped).toBe(1)
})
