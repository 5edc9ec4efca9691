import { pino } from 'pino'
import { expect, test } from 'vitest'
import { agesOf } from '../../collector/handling.ts'
import type { Retention } from '../../collector/store/store.ts'
import { keepRetention } from '../../server/retention.ts'

test('what the label driftlog.retention says of a container goes with every look at the retention', async () => {
  const instances = [
    { instance: 'audit', facts: { labels: { 'driftlog.retention': '52w' } } },
    { instance: 'chatty', facts: { labels: { 'driftlog.retention': ' 36H ' } } },
    { instance: 'mistaken', facts: { labels: { 'driftlog.retention': 'soon' } } },
    { instance: 'plain', facts: { labels: {} } }
  ]
  const asked: Retention[] = []
  const stop = new AbortController()
  const logs = {
    retain: async (retention: Retention) => {
      asked.push(retention)
      stop.abort()
      return 0
    }
  }
  const general = { maxAgeMs: 86_400_000, maxBytes: 1 }
  await keepRetention(logs, general, () => agesOf(instances), pino({ level: 'silent' }), stop.signal)
  const ages = new Map([
    ['audit', 52 * 7 * 86_400_000],
    ['chatty', 36 * 3_600_000]
  ])
  expect(asked).toEqual([{ ...general, ages }])
})
