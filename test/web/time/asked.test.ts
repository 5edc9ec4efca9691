import { expect, test } from 'vitest'
import { askedMs, rangeBetween, shifted, widened } from '../../../web/time/asked.ts'
import { rangeText } from '../../../web/time/format.ts'
import { english } from '../../../web/words/catalogue.ts'
import { chinese } from '../../../web/words/chinese.ts'

const NOW = Date.parse('2026-11-23T15:00:00Z')

test('times as they stand in the URL', () => {
  expect(askedMs('now', NOW)).toBe(NOW)
  expect(askedMs('now-3h', NOW)).toBe(NOW - 3 * 3_600_000)
  expect(askedMs('2026-11-23T12:00:00.5Z', NOW)).toBe(Date.parse('2026-11-23T12:00:00.500Z'))
  expect(askedMs('1763803862', NOW)).toBe(1_763_803_862_000)
  expect(askedMs('1763803862123456789', NOW)).toBeCloseTo(1_763_803_862_123, 0)
  expect(askedMs('soon', NOW)).toBeUndefined()
})

test('shifting away from now makes a range absolute, and shifting back relative again', () => {
  const last = { from: 'now-2h', to: 'now' }
  const earlier = shifted(last, -0.5, NOW)
  expect(earlier).toEqual({ from: '2026-11-23T12:00:00.000Z', to: '2026-11-23T14:00:00.000Z' })
  expect(shifted(earlier ?? last, 0.5, NOW)).toEqual(last)
})

test('doubling keeps the middle, and never reaches ahead of now', () => {
  expect(widened({ from: '2026-11-23T10:00:00Z', to: '2026-11-23T11:00:00Z' }, NOW)).toEqual({
    from: '2026-11-23T09:30:00.000Z',
    to: '2026-11-23T11:30:00.000Z'
  })
  expect(widened({ from: 'now-1h', to: 'now' }, NOW)).toEqual({ from: 'now-2h', to: 'now' })
  expect(rangeBetween(NOW - 1000, NOW + 5, NOW)).toEqual({ from: 'now-1s', to: 'now' })
})

test('a range in words, in both languages', () => {
  const say = (from: string, to: string) =>
    [english, chinese].map(({ t }) => rangeText({ from, to }, 'Europe/Berlin', NOW, t))
  expect(say('now-3h', 'now')).toEqual(['Last 3 hours', '近 3 小时'])
  expect(say('now-1m', 'now')).toEqual(['Last 1 minute', '近 1 分钟'])
  expect(say('2026-11-21T23:00:00Z', '2026-11-22T23:00:00Z')).toEqual(['Yesterday', '昨天'])
  expect(say('2026-11-22T08:31:00Z', '2026-11-22T09:00:00Z')[0]).toBe('11-22 09:31 – 10:00')
  expect(say('2025-11-22T08:31:00.5Z', 'now')[0]).toBe('2025-11-22 09:31:00 – now')
})
