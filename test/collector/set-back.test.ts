import { expect, test } from 'vitest'
import type { Columns } from '../../collector/record.ts'
import { type HostClock, setBack } from '../../collector/set-back.ts'

const columns = (times: number[]) => ({ count: times.length, timeMs: Float64Array.from(times) }) as Columns

test('a clock that is measured anew never changes the order of a file', () => {
  let clock: HostClock | undefined
  const given: number[] = []
  // Every 2 ms a record; the clock was taken for 30,000 ms ahead, then for 30,012, then for 29,990.
  let hostMs = 1_000_000
  for (const aheadMs of [30_000, 30_000, 30_012, 30_012, 30_012, 30_012, 30_012, 29_990, 29_990]) {
    const records = columns([hostMs, hostMs + 2, hostMs + 4])
    clock = setBack(records, clock, aheadMs)
    given.push(...records.timeMs)
    hostMs += 6
  }
  expect(given).toEqual([...given].sort((a, b) => a - b))
  expect(given[0]).toBe(970_000)
  // Once the new measure has caught up, it is the one that counts.
  expect(given.at(-7)).toBe(1_000_000 + 6 * 6 + 4 - 30_012)
  expect(given.at(-1)).toBe(1_000_000 + 6 * 8 + 4 - 29_990)
  expect(clock?.aheadMs).toBe(29_990)
})

test('records of a host that is in time stay as they are', () => {
  const records = columns([5, 3, 4])
  expect(setBack(records, undefined, 0)).toEqual({ aheadMs: 0, latestMs: 5 })
  expect([...records.timeMs]).toEqual([5, 3, 4])
})

test('a clock that is found to be ahead while a file is read moves nothing behind what was given', () => {
  const first = columns([1000, 1010])
  const clock = setBack(first, undefined, 0)
  const second = columns([1012, 1050])
  setBack(second, clock, 30)
  expect([...second.timeMs]).toEqual([1010, 1020])
})

test('a clock that is put right by half a minute moves nothing behind what was given', () => {
  const first = columns([1_030_000, 1_030_010])
  const clock = setBack(first, undefined, 30_000)
  expect([...first.timeMs]).toEqual([1_000_000, 1_000_010])
  const second = columns([1_000_020, 1_000_030])
  setBack(second, clock, 0)
  expect([...second.timeMs]).toEqual([1_000_020, 1_000_030])
})
