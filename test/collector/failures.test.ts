import { expect, test } from 'vitest'
import { Failures, TokenFailuresError } from '../../collector/failures.ts'

const WRONG = new Error('wrong')

test('an address has its own count, and is told when to come back', () => {
  let nowMs = 0
  const failures = new Failures(() => nowMs, { perAddress: 2, windowMs: 60_000 })
  const ask = (address: string) => failures.refuse('api', address, WRONG)
  expect([ask('10.0.0.1'), ask('10.0.0.1')]).toEqual([WRONG, WRONG])
  nowMs = 20_000
  expect(ask('10.0.0.1')).toMatchObject({ code: 'DRIFTLOG_TOKEN_FAILURES', retryAfterS: 40 })
  expect(ask('10.0.0.2')).toBe(WRONG)
  nowMs = 60_000
  expect(ask('10.0.0.1')).toBe(WRONG)
  expect(failures.counts.api).toEqual({ wrong: 5, limited: 1 })
})

test('one who has many addresses meets the count of all', () => {
  const failures = new Failures(() => 0, { perAddress: 100, overall: 50 })
  const answers = Array.from({ length: 60 }, (_, i) => failures.refuse('join', `10.0.${i}.1`, WRONG))
  expect(answers.filter((answer) => answer instanceof TokenFailuresError)).toHaveLength(10)
})

test.each([
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9', true],
  ['2001:db8:1:2::', '2001:db8:1:2:ffff::', true],
  ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
  ['::1', '::2', true],
  ['::ffff:10.0.0.1', '10.0.0.1', true],
  ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false]
])('%s and %s are counted together: %s', (one, other, together) => {
  const failures = new Failures(() => 0, { perAddress: 1 })
  failures.refuse('key', one, WRONG)
  expect(failures.refuse('key', other, WRONG) instanceof TokenFailuresError).toBe(together)
})

test('what is remembered is bounded', () => {
  const failures = new Failures(() => 0, { perAddress: 1, overall: Number.POSITIVE_INFINITY, addresses: 3 })
  for (const address of ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4']) failures.refuse('api', address, WRONG)
  expect(failures.refuse('api', '4.4.4.4', WRONG)).toBeInstanceOf(TokenFailuresError)
  expect(failures.refuse('api', '1.1.1.1', WRONG)).toBe(WRONG)
})
