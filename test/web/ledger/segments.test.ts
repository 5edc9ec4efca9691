import { expect, test } from 'vitest'
import type { CompletenessAnswer, GapJson } from '../../../server/api/completeness.ts'
import { segmentsOf } from '../../../web/ledger/segments.ts'
import { answer, gap, T0, time } from './answer.ts'

const SPAN_MS = 100_000

test('a whole range is one part', () => {
  expect(parts({})).toEqual([['complete', 0, 1]])
})

test('what is not kept, what is there, and what is on its way stand side by side', () => {
  const host = { host: 'h', hostName: 'fra-2', behindMs: 20_000, behindBytes: 1, until: time(80_000) }
  expect(parts({ since: time(30_000), behind: [host] })).toEqual([
    ['past', 0, 0.3],
    ['complete', 0.3, 0.8],
    ['behind', 0.8, 1]
  ])
})

test('a gap lies over it, wide enough to be pressed, and within the range', () => {
  const gaps = [
    gap({ from: time(10_000), to: time(10_001) }),
    gap({ from: time(50_000), to: time(70_000) }),
    gap({ from: time(99_999), to: time(120_000) })
  ]
  const [whole, ...rest] = parts({ gaps })
  expect(whole).toEqual(['complete', 0, 1])
  expect(rest).toEqual([
    ['gap', 0.1, 0.11],
    ['gap', 0.5, 0.7],
    ['gap', 0.99, 1]
  ])
})

test('gaps that are too close to be told apart are one part', () => {
  const at = (ms: number) => gap({ from: time(ms), to: time(ms + 500) })
  const found = segmentsOf(answer({ gaps: [at(10_000), at(11_000), at(60_000)] }), T0, T0 + SPAN_MS, 0.02)
  expect(found.filter(({ kind }) => kind === 'gap').map(({ gaps }) => gaps.length)).toEqual([2, 1])
})

test('where a source cannot tell the range is not called complete', () => {
  const note = { ...gap({}), code: 'non-blocking', message: '', advice: '', blind: true }
  expect(parts({ notes: [note] })).toEqual([['unknown', 0, 1]])
})

function parts(more: Partial<CompletenessAnswer> & { gaps?: GapJson[] }) {
  return segmentsOf(answer(more), T0, T0 + SPAN_MS, 0.02).map(({ kind, from, to }) => [
    kind,
    rounded(from),
    rounded(to)
  ])
}

function rounded(part: number): number {
  return Math.round(part * 1000) / 1000
}
