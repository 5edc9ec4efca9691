import { expect, test } from 'vitest'
import type { CompletenessAnswer } from '../../../server/api/completeness.ts'
import { gapText, lostText, placeOf, type Telling } from '../../../web/ledger/told.ts'
import type { Say } from '../../../web/ledger/words.ts'
import { ledgerEn } from '../../../web/words/ledger.en.ts'
import { ledgerZh } from '../../../web/words/ledger.zh.ts'
import { fill } from '../../../web/words/message.ts'
import { answer, gap, T0, time } from './answer.ts'

const between = { from: time(120_000), to: time(180_000) }

test('one sentence over all gaps: how many, how much, where, when, why', () => {
  const gaps = [gap({ ...between, bytes: 1000, lines: 1240 }), gap({ ...between, bytes: 1000, lines: 0 })]
  const both = { gaps, bytes: 2000, lines: 1240 }
  expect(lost(both)).toBe(
    '2 gaps, about 1,240 lines lost on web-2, 10:02:00–10:03:00: rotated away before it was read.'
  )
  expect(lost({ ...both, unknown: 1 })).toContain('at least about 1,240 lines')
  expect(lost({ ...both, lines: 0 })).toContain('2 kB lost on web-2')
  expect(lost({ gaps: [gap({ from: time(0) })], unknown: 1 })).toBe(
    '1 gap of unknown size on web-2, after 10:00:00: rotated away before it was read.'
  )
  const elsewhere = gap({ hostName: 'web-3', cause: 'nul', bytes: 4096 })
  expect(lost({ ...both, gaps: [...gaps, elsewhere] })).toMatch(/3 gaps.*on 2 hosts, .*: several causes\.$/)
})

test('one gap: as much as is known of it', () => {
  const known = gap({ ...between, bytes: 5120, lines: 41 })
  expect(said(known)).toBe(
    'orders-1 on web-2, 10:02:00–10:03:00: about 41 lines lost (5.1 kB), rotated away before it was read'
  )
  expect(said({ ...known, more: true })).toContain('at least about 41 lines')
  expect(said(gap({ to: time(0), bytes: 99 }))).toBe(
    'orders-1 on web-2, before 10:00:00: 99 bytes lost, rotated away before it was read'
  )
  expect(said(gap({}))).toContain('noticed at 10:01:30: nobody knows how many lines are lost')
})

test('in Chinese, too', () => {
  const how = { ...telling(ledgerZh, 'zh-CN'), language: 'zh' as const }
  expect(gapText(gap({ ...between, bytes: 5120, lines: 41 }), how)).toBe(
    'web-2 上的 orders-1，10:02:00–10:03:00：约缺失 41 行（5.1 kB），读取前已被轮转删除'
  )
})

test('a gap stands before the first line behind it, or right behind the last one before it', () => {
  expect(placeOf(gap(between))).toBe(between.to)
  expect(placeOf(gap({ from: time(5) }))).toBe(time(6))
  expect(placeOf(gap({}))).toBe(time(90_000))
})

function lost(more: Partial<CompletenessAnswer>): string {
  return lostText(answer(more), telling(ledgerEn, 'en-GB'))
}

function said(one: Parameters<typeof gapText>[0]): string {
  return gapText(one, telling(ledgerEn, 'en-GB'))
}

function telling(words: Record<keyof typeof ledgerEn, string>, locale: string): Telling {
  const say: Say = (key, ...values) => fill(words[key], locale, values[0])
  return { say, language: 'en', locale, zone: 'UTC', nowMs: T0 + 200_000 }
}
