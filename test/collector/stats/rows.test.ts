import { expect, test } from 'vitest'
import { decodeRows, encodeRows } from '../../../collector/stats/block.ts'
import { inUnit, METRIC_NAMES, METRICS, type MetricName, meanOf } from '../../../collector/stats/metrics.ts'
import { type Cell, packed, type Row, rolledUp, rowOf, unpacked } from '../../../collector/stats/rows.ts'
import { randomSamples } from './samples.ts'

const cellOf = (row: Row | undefined, name: MetricName): Cell | undefined =>
  row?.cells[METRIC_NAMES.indexOf(name)]
const rate = (row: Row, name: MetricName) => {
  const cell = cellOf(row, name)
  return cell && meanOf(METRICS[name], cell.sum, cell.weight)
}

test('worked example: one and a half cores for ten seconds, half a megabyte in, memory as it stands', () => {
  const before = { atMs: 1_000_000, sinceMs: 1, counters: { cpuUs: 60_000_000, rxBytes: 1000, readOps: 5 } }
  const row = rowOf(
    {
      subject: 'i',
      atMs: 1_010_000,
      sinceMs: 1,
      counters: { cpuUs: 75_000_000, rxBytes: 501_000, readOps: 6 },
      gauges: { memoryBytes: 1_048_576, load1: 0.57 }
    },
    before
  )
  expect(rate(row, 'cpu')).toBe(1.5)
  expect(rate(row, 'netRx')).toBe(50_000)
  // One in ten seconds: not rounded to nothing.
  expect(rate(row, 'diskReadOps')).toBe(0.1)
  expect(inUnit(METRICS.diskReadOps, cellOf(row, 'diskReadOps')?.max ?? 0)).toBe(0.1)
  expect(rate(row, 'memory')).toBe(1_048_576)
  expect(rate(row, 'load1')).toBe(0.57)
  expect(cellOf(row, 'netTx')).toBeUndefined()
})

test('a sample that is lost loses nothing: the next one holds it', () => {
  const before = { atMs: 0, counters: { cpuUs: 0 } }
  const row = rowOf({ subject: 'i', atMs: 30_000, counters: { cpuUs: 15_000_000 }, gauges: {} }, before)
  expect(cellOf(row, 'cpu')).toMatchObject({ sum: 15_000_000, weight: 30_000 })
  expect(rate(row, 'cpu')).toBe(0.5)
})

test('counters that began anew count from 0, also where they are higher than before', () => {
  const before = { atMs: 100_000, sinceMs: 5000, counters: { cpuUs: 1_000_000 } }
  const sample = { subject: 'i', atMs: 110_000, gauges: {} }
  const lower = rowOf({ ...sample, sinceMs: 5000, counters: { cpuUs: 400_000 } }, before)
  expect(cellOf(lower, 'cpu')?.sum).toBe(400_000)
  const higher = rowOf({ ...sample, sinceMs: 104_000, counters: { cpuUs: 3_000_000 } }, before)
  expect(cellOf(higher, 'cpu')?.sum).toBe(3_000_000)
  // The same start, told by another clock.
  const same = rowOf({ ...sample, sinceMs: 5400, counters: { cpuUs: 3_000_000 } }, before)
  expect(cellOf(same, 'cpu')?.sum).toBe(2_000_000)
})

test('a first sample gives gauges; of a container that has just begun also rates', () => {
  const counters = { cpuUs: 2_000_000 }
  const old = rowOf(
    { subject: 'i', atMs: 1_000_000, sinceMs: 1000, counters, gauges: { pids: 3 } },
    undefined
  )
  expect(cellOf(old, 'cpu')).toBeUndefined()
  expect(rate(old, 'pids')).toBe(3)
  const young = rowOf({ subject: 'i', atMs: 1_000_000, sinceMs: 996_000, counters, gauges: {} }, undefined)
  expect(rate(young, 'cpu')).toBe(0.5)
})

test('blocks give back exactly what was put in, samples and rolled-up rows', () => {
  const rows = rowsOf(300, 7)
  expect(decodeRows(encodeRows(rows, true, 3), true)).toEqual(rows)
  expect(rows.map((row) => unpacked(packed(row)))).toEqual(rows)
  const minutes = rolledUp(rows, 60_000)
  expect(decodeRows(encodeRows(minutes, false, 2 ** 45), false)).toEqual(minutes)
  expect(decodeRows(encodeRows([], true, 0), true)).toEqual([])
})

test('roll-ups are what a plain loop over the samples gives, through hours made of minutes, too', () => {
  const rows = rowsOf(1500, 11)
  const minutes = rolledUp(rows, 60_000)
  for (const [stepMs, made] of [
    [60_000, minutes],
    [3_600_000, rolledUp(minutes, 3_600_000)]
  ] as const) {
    for (const row of made) {
      const own = rows.filter(({ atMs }) => Math.floor(atMs / stepMs) * stepMs === row.atMs)
      for (const name of METRIC_NAMES) {
        const cells = own.flatMap((one) => cellOf(one, name) ?? [])
        const cell = cellOf(row, name)
        if (cells.length === 0) expect(cell).toBeUndefined()
        else
          expect(cell).toEqual({
            min: Math.min(...cells.map(({ min }) => min)),
            max: Math.max(...cells.map(({ max }) => max)),
            sum: cells.reduce((sum, one) => sum + one.sum, 0),
            weight: cells.reduce((sum, one) => sum + one.weight, 0)
          })
      }
    }
    expect(made.length).toBe(new Set(rows.map(({ atMs }) => Math.floor(atMs / stepMs))).size)
  }
})

test('damaged blocks are refused, not misread', () => {
  const block = encodeRows(rowsOf(20, 3), true, 1)
  expect(() => decodeRows(block.subarray(0, 20), true)).toThrow()
  expect(() => decodeRows(Buffer.concat([Buffer.from([9]), block.subarray(1)]), true)).toThrow('version 9')
})

function rowsOf(count: number, seed: number): Row[] {
  const samples = randomSamples(count, seed)
  return samples.map((sample, i) => rowOf(sample, samples[i - 1]))
}
