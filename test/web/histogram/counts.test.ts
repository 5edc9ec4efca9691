import { expect, test } from 'vitest'
import type { HistogramAnswer } from '../../../server/api/logs.ts'
import {
  BAR_LIMIT,
  barAt,
  countsOf,
  highestBar,
  rangeOfBars,
  sumOfBars,
  withArrivals
} from '../../../web/histogram/counts.ts'
import { groupsOf, marksOf } from '../../../web/histogram/marks.ts'
import { deploy } from '../deploys/deploy.ts'

const START = Date.parse('2026-11-23T11:00:00Z')
const at = (seconds: number) => new Date(START + seconds * 1000).toISOString()

/** Six bars of a minute, the last cut short at now. */
function answer(): HistogramAnswer {
  return {
    stepMs: 60_000,
    buckets: [0, 60, 120, 180, 240, 300].map((seconds, i) => ({
      from: at(seconds),
      counts: [1, 0, 2, 10 * i, 3, 1, 1]
    })),
    to: at(330),
    total: 0,
    tookMs: 1,
    coverage: { complete: true, unreadable: [], scannedRecords: 0, behind: [] }
  }
}

test('levels gather into four stacks', () => {
  const counts = countsOf(answer())
  expect(sumOfBars(counts, 1, 1)).toEqual({ error: 2, warn: 3, info: 10, debug: 3, lines: 18 })
  expect(highestBar(counts)).toBe(58)
  expect(counts.edges).toHaveLength(7)
})

test('the last bar from either side, and bars in any order, give the same range', () => {
  const counts = countsOf(answer())
  const inLast = [START + 301_000, START + 329_000]
  const bars = inLast.map((ms) => barAt(counts, ms))
  expect(bars).toEqual([5, 5])
  expect(rangeOfBars(counts, 2, 4)).toEqual(rangeOfBars(counts, 4, 2))
  expect(rangeOfBars(counts, 5, 5)).toEqual({ fromMs: START + 300_000, toMs: START + 330_000 })
  expect(barAt(counts, START - 5)).toBe(0)
  expect(barAt(counts, START + 1e9)).toBe(5)
})

test('live lines go into the last bar, which first grows to its width, and open new ones at its edge', () => {
  const line = (seconds: number) => ({ time: at(seconds), level: 'error' as const })
  let counts = withArrivals(countsOf(answer()), [line(310), line(345)])
  expect(counts.edges.at(-1)).toBe(START + 360_000)
  expect(sumOfBars(counts, 5, 5).error).toBe(4)
  counts = withArrivals(counts, [line(360), line(-5)])
  expect(counts.edges.at(-1)).toBe(START + 420_000)
  expect(sumOfBars(counts, 6, 6)).toMatchObject({ error: 1, lines: 1 })
})

test('after a long silence there are still no more bars than can be shown', () => {
  const counts = withArrivals(countsOf(answer()), [{ time: at(60 * 60 * 24 * 30), level: 'info' }])
  expect(counts.edges.length - 1).toBeLessThanOrEqual(BAR_LIMIT)
  expect(sumOfBars(counts, counts.edges.length - 2, counts.edges.length - 2).lines).toBe(1)
})

test('marks are deploys, moves and hard ends; those that would overlap stand together', () => {
  const instance = { instance: 'a', app: 'orders', environment: 'prod', host: 'h', hostName: 'ams-1' }
  const rest = { container: 'c', containerName: 'c', image: 'i', state: 'exited', records: 1 }
  const marks = marksOf(
    [
      {
        app: 'orders',
        environment: 'prod',
        at: at(100),
        fromHost: 'h',
        fromHostName: 'ams-1',
        fromInstance: 'a',
        toHost: 'g',
        toHostName: 'fra-2',
        toInstance: 'b',
        sameImage: true,
        awayMs: 10
      }
    ],
    [
      { ...instance, ...rest, finished: at(98), exitCode: 137 },
      { ...instance, ...rest, instance: 'c', finished: at(250), exitCode: 0 },
      { ...instance, ...rest, instance: 'd', finished: at(250), exitCode: 0, oomKilled: true },
      { ...instance, ...rest, instance: 'e', finished: at(900), exitCode: 1 }
    ],
    [
      deploy({ createdMs: START - 60_000, startedMs: START + 200_000 }),
      deploy({ id: '0199', createdMs: START + 900_000 })
    ],
    START,
    START + 330_000
  )
  expect(marks.map((mark) => [mark.kind, mark.instance])).toEqual([
    ['end', 'a'],
    ['move', 'b'],
    ['deploy', ''],
    ['end', 'd']
  ])
  expect(groupsOf(marks, START, START + 330_000, 0.05).map((group) => group.marks.length)).toEqual([2, 1, 1])
})
