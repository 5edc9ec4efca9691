import { expect, test } from 'vitest'
import type { RecordJson } from '../../../server/api/logs.ts'
import { cursorOf, nanosOf, timeOf } from '../../../web/list/order.ts'
import { type GapRow, Rows } from '../../../web/list/rows.ts'
import { deploy } from '../deploys/deploy.ts'

function record(second: number, offset = second, instance = 'aaaaaaaaaaaaaaaa'): RecordJson {
  const time = `2026-11-23T11:00:${String(second).padStart(2, '0')}.000000000Z`
  return {
    id: `${instance}.0.0.${offset}`,
    time,
    received: time,
    level: 'info',
    app: 'a',
    environment: 'p',
    host: 'h',
    hostName: 'h',
    instance,
    container: 'c',
    containerName: 'c',
    image: 'i',
    stream: 'docker',
    output: 'stdout',
    generation: 0,
    offset,
    text: `line ${offset}`
  }
}
const offsets = (rows: Rows) =>
  rows.items.map((row) => (row.kind === 'record' ? row.record.offset : row.kind))

test('records sort in once each, however they come', () => {
  const rows = new Rows()
  rows.merge([record(10), record(11)])
  rows.merge([record(20), record(21), record(11)])
  rows.merge([record(1), record(2)])
  rows.merge([record(15), record(5), record(20)])
  expect(offsets(rows)).toEqual([1, 2, 5, 10, 11, 15, 20, 21])
  expect(rows.indexOf(record(15).id)).toBe(5)
  expect(rows.count).toBe(8)
})

test('lines of one time keep their place in the file, digits compared as numbers', () => {
  const rows = new Rows()
  rows.merge([record(1, 900), record(1, 1000), record(1, 90)])
  expect(offsets(rows)).toEqual([90, 900, 1000])
})

test('a move stands before the first line of its time, once, and only between loaded lines', () => {
  const rows = new Rows()
  const move = {
    app: 'a',
    environment: 'p',
    at: record(5).time,
    fromHost: 'x',
    fromHostName: 'x',
    fromInstance: '1',
    toHost: 'y',
    toHostName: 'y',
    toInstance: '2',
    sameImage: true,
    awayMs: 1
  }
  rows.merge([record(6), record(7)])
  rows.setMoves([move])
  expect(offsets(rows)).toEqual([6, 7])
  rows.merge([record(4), record(5)])
  rows.setMoves([move])
  expect(offsets(rows)).toEqual([4, 'move', 5, 6, 7])
})

test('trimming drops the far end and forgets its ids', () => {
  const rows = new Rows()
  rows.merge(Array.from({ length: 50 }, (_, i) => record(i)))
  expect(rows.trim('oldest', 10)).toBe(40)
  expect(rows.first()?.offset).toBe(40)
  expect(rows.has(record(3).id)).toBe(false)
  expect(rows.trim('newest', 5)).toBe(5)
  expect(rows.last()?.offset).toBe(44)
})

test('times keep all nine digits', () => {
  for (const time of ['2026-11-23T11:02:41.118204557Z', '1969-12-31T23:59:59.999999999Z']) {
    expect(timeOf(nanosOf(time))).toBe(time)
  }
  expect(cursorOf(record(1))).toBe(`${nanosOf(record(1).time)}_${record(1).id}`)
})

test('a gap stands before the first line behind it; at an end only where no line can lie behind it', () => {
  const rows = new Rows()
  const gap = (second: number): GapRow => {
    const { time, generation: _, offset: __, ...of } = record(second)
    return { kind: 'gap', key: `gap ${second}`, time, gap: { ...of, cause: 'nul', told: time } }
  }
  rows.merge([record(3), record(5)])
  rows.setGaps([gap(1), gap(5), gap(9)], false, false)
  expect(offsets(rows)).toEqual([3, 'gap', 5])
  rows.setGaps([gap(1), gap(5), gap(9)], true, true)
  expect(offsets(rows)).toEqual(['gap', 3, 'gap', 5, 'gap'])
  rows.merge([record(7)])
  expect(offsets(rows)).toEqual(['gap', 3, 'gap', 5, 7, 'gap'])
  // More is known of one now, another is none any more.
  rows.setGaps([{ ...gap(9), time: record(7).time }], true, true)
  expect(offsets(rows)).toEqual([3, 5, 'gap', 7])
  rows.setGaps([], true, true)
  expect(offsets(rows)).toEqual([3, 5, 7])
})

test('a deploy stands where it touched something, once, and says how it stands now', () => {
  const rows = new Rows()
  const startedMs = Date.parse(record(5).time)
  rows.merge([record(2), record(5), record(9)])
  rows.setDeploys([deploy({ createdMs: startedMs - 4000, startedMs, state: 'running' })])
  rows.setDeploys([deploy({ startedMs }), deploy({ id: '0199', startedMs: startedMs + 60_000 })])
  expect(offsets(rows)).toEqual([2, 'deploy', 5, 9])
  rows.addDeploy(deploy({ startedMs, state: 'rolled-back' }))
  expect(rows.items[1]).toMatchObject({ kind: 'deploy', deploy: { state: 'rolled-back' } })
  rows.merge([record(59), { ...record(59), id: 'late', time: '2026-11-23T11:02:00.000000000Z' }])
  expect(offsets(rows)).toEqual([2, 'deploy', 5, 9, 59, 'deploy', 59])
  // One that was told at once stays, whatever is loaded behind it.
  rows.addDeploy(deploy({ id: '0200', startedMs: startedMs + 600_000 }))
  rows.setDeploys([deploy({ startedMs })])
  expect(offsets(rows)).toEqual([2, 'deploy', 5, 9, 59, 'deploy', 59, 'deploy'])
})
