import { expect, test } from 'vitest'
import { offsetsOf, type Steps, stepsOf } from '../../server/steps.ts'

const HOUR_MS = 3_600_000

test.each([
  ['15 minutes', '2026-11-23T10:01:00Z', '2026-11-23T10:16:00Z', 120, 10_000],
  ['one hour', '2026-11-23T10:00:00Z', '2026-11-23T11:00:00Z', 120, 30_000],
  ['one day', '2026-11-22T10:00:00Z', '2026-11-23T10:00:00Z', 120, 900_000],
  ['a month', '2026-10-23T10:00:00Z', '2026-11-23T10:00:00Z', 120, 12 * HOUR_MS],
  ['a millisecond', '2026-11-23T10:00:00.000Z', '2026-11-23T10:00:00.001Z', 120, 1],
  ['ten years', '2016-11-23T00:00:00Z', '2026-11-23T00:00:00Z', 120, 91 * 24 * HOUR_MS],
  ['five centuries', '1700-01-01T00:00:00Z', '2200-01-01T00:00:00Z', 1, 502 * 364 * 24 * HOUR_MS]
])('%s has a round step', (_name, from, to, buckets, stepMs) => {
  const steps = inZone('UTC', from, to, buckets)
  expect(steps.stepMs).toBe(stepMs)
  expect(steps.edges.length - 1).toBeLessThanOrEqual(buckets + 1)
  sound(steps, from, to)
})

test('an empty range has one bucket', () => {
  const steps = inZone('UTC', '2026-11-23T10:00:00Z', '2026-11-23T10:00:00Z', 100)
  expect(steps.edges).toHaveLength(2)
})

test('edges lie on round times of the zone, half hours included', () => {
  const steps = inZone('Asia/Kolkata', '2026-11-20T10:10:00Z', '2026-11-23T10:10:00Z', 3)
  expect(steps.edges.map(iso)).toEqual([
    '2026-11-19T18:30:00.000Z',
    '2026-11-20T18:30:00.000Z',
    '2026-11-21T18:30:00.000Z',
    '2026-11-22T18:30:00.000Z',
    '2026-11-23T18:30:00.000Z'
  ])
  expect(steps.pieces).toHaveLength(1)
})

test('weeks begin on Mondays', () => {
  const steps = inZone('Europe/Berlin', '2026-06-03T00:00:00Z', '2026-07-03T00:00:00Z', 5)
  expect(steps.edges.slice(0, 2).map(iso)).toEqual(['2026-05-31T22:00:00.000Z', '2026-06-07T22:00:00.000Z'])
})

test('the day on which summer time begins has 23 hours', () => {
  const steps = inZone('Europe/Berlin', '2026-03-27T23:00:00Z', '2026-03-30T22:00:00Z', 3)
  expect(steps.edges.map(iso)).toEqual([
    '2026-03-27T23:00:00.000Z',
    '2026-03-28T23:00:00.000Z',
    '2026-03-29T22:00:00.000Z',
    '2026-03-30T22:00:00.000Z'
  ])
  expect(steps.pieces.map((piece) => [iso(piece.fromMs), iso(piece.toMs)])).toEqual([
    ['2026-03-27T23:00:00.000Z', '2026-03-29T01:00:00.000Z'],
    ['2026-03-29T01:00:00.000Z', '2026-03-30T22:00:00.000Z']
  ])
})

test('the day on which summer time ends has 25 hours', () => {
  const steps = inZone('America/New_York', '2026-10-31T04:00:00Z', '2026-11-03T05:00:00Z', 4)
  expect(steps.edges.map(iso)).toEqual([
    '2026-10-31T04:00:00.000Z',
    '2026-11-01T04:00:00.000Z',
    '2026-11-02T05:00:00.000Z',
    '2026-11-03T05:00:00.000Z'
  ])
})

test('a range that ends late on the day of 25 hours is held whole', () => {
  const steps = inZone('Europe/Berlin', '2026-10-23T22:00:00Z', '2026-10-25T22:30:00Z', 3)
  expect(steps.edges.at(-1)).toBe(Date.parse('2026-10-25T23:00:00Z'))
  sound(steps, '2026-10-23T22:00:00Z', '2026-10-25T22:30:00Z')
})

test('hours and shorter steps are not cut where the offset changes by whole hours', () => {
  const steps = inZone('Europe/Berlin', '2026-10-24T12:00:00Z', '2026-10-25T12:00:00Z', 24)
  expect(steps.stepMs).toBe(HOUR_MS)
  expect(steps.pieces).toHaveLength(1)
  expect(steps.edges).toHaveLength(25)
})

test('half an hour of summer time moves full hours (Lord Howe)', () => {
  const steps = inZone('Australia/Lord_Howe', '2026-10-03T12:00:00Z', '2026-10-04T00:00:00Z', 12)
  expect(steps.pieces).toHaveLength(2)
  sound(steps, '2026-10-03T12:00:00Z', '2026-10-04T00:00:00Z')
})

test('a year of days in a zone that changes four times a year', () => {
  const steps = inZone('Africa/Casablanca', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z', 240)
  sound(steps, '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z')
  expect(steps.pieces.length).toBeGreaterThan(2)
})

test('unknown zones are told apart', () => {
  expect(offsetsOf('Mars/Olympus')).toBeUndefined()
  expect(offsetsOf('')).toBeUndefined()
  expect(offsetsOf('Asia/Shanghai')?.(0)).toBe(8 * HOUR_MS)
})

function inZone(zone: string, from: string, to: string, buckets: number): Steps {
  const offsets = offsetsOf(zone)
  if (!offsets) throw new Error(`no zone ${zone}`)
  return stepsOf(Date.parse(from), Date.parse(to), buckets, offsets)
}

/** Edges rise, hold the range, and no bucket is empty or far longer than a step. */
function sound(steps: Steps, from: string, to: string): void {
  const { edges, pieces } = steps
  expect(edges[0]).toBeLessThanOrEqual(Date.parse(from))
  expect(edges.at(-1)).toBeGreaterThanOrEqual(Date.parse(to))
  for (const [i, edge] of edges.entries()) {
    const next = edges[i + 1]
    if (next === undefined) continue
    expect(next).toBeGreaterThan(edge)
    expect(next - edge).toBeLessThanOrEqual(steps.stepMs + 2 * HOUR_MS)
  }
  expect(pieces[0]?.fromMs).toBe(Date.parse(from))
  expect(pieces.at(-1)?.toMs).toBe(Date.parse(to))
  for (const [i, piece] of pieces.entries()) {
    const next = pieces[i + 1]
    if (next) expect(next.fromMs).toBe(piece.toMs)
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
