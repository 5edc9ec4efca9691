import { expect, test } from 'vitest'
import { GATHER_MS, gatherMs, InWork, LONGEST_GATHER_MS } from '../../collector/pace.ts'

const idle = { liveAgents: 1, inWorkBytes: 0, maxInWorkBytes: 100 }

test('a small fleet on an idle hub gathers shortly', () => {
  expect(gatherMs(idle)).toBe(GATHER_MS)
  expect(gatherMs({ ...idle, liveAgents: 40 })).toBe(GATHER_MS)
})

test('a big fleet gathers longer, and so does any under load, within bounds', () => {
  expect(gatherMs({ ...idle, liveAgents: 200 })).toBe(500)
  expect(gatherMs({ ...idle, liveAgents: 100_000 })).toBe(LONGEST_GATHER_MS)
  let before = 0
  for (let inWorkBytes = 0; inWorkBytes <= 100; inWorkBytes += 5) {
    const ms = gatherMs({ ...idle, inWorkBytes })
    expect(ms).toBeGreaterThanOrEqual(before)
    before = ms
  }
  expect(gatherMs({ ...idle, inWorkBytes: 50 })).toBe(GATHER_MS)
  expect(before).toBe(1000)
})

test('what is in work is bounded, and given back once', () => {
  const inWork = new InWork(100)
  const release = inWork.take(70)
  expect(inWork.take(31)).toBeUndefined()
  release?.()
  release?.()
  expect(inWork.bytes).toBe(0)
  expect(inWork.take(100)).toBeDefined()
})
