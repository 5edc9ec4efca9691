import { expect, test } from 'vitest'
import type { AppAnswer } from '../../../server/deploys/apps-api.ts'
import {
  bodyOf,
  environmentsOf,
  fieldOf,
  isUnsure,
  keysFor,
  standingOf
} from '../../../web/deploys/asking.ts'
import { deploy } from './deploy.ts'

test('what is left empty is not asked for; the version always is', () => {
  const filled = { app: 'orders', environment: 'prod', version: 3, image: ' 1.4 ', reason: '' }
  expect(bodyOf(filled)).toEqual({ app: 'orders', environment: 'prod', version: 3, image: '1.4' })
  expect(bodyOf({ ...filled, image: ' ', reason: 'why' })).toEqual({
    ...{ app: 'orders', environment: 'prod', version: 3 },
    reason: 'why'
  })
})

test('environments that take promotions alone come last', () => {
  const wanted = { image: 'shop/orders' } as AppAnswer['wanted'][string]
  const only = { ...wanted, rollout: { from: 'staging' } }
  expect(environmentsOf({ wanted: { prod: only, qa: wanted, staging: wanted } })).toEqual([
    'qa',
    'staging',
    'prod'
  ])
})

test.each(['running', 'paused', 'rolling-back'] as const)('one that is %s is under way', (state) => {
  const runs = deploy({ id: '1' })
  const underWay = deploy({ id: '2', state })
  expect(standingOf([deploy({ id: '3', state: 'waiting' }), underWay, runs])).toEqual({ underWay, runs })
})

test('what failed or waits neither runs nor holds others up', () => {
  expect(standingOf([deploy({ state: 'failed' }), deploy({ state: 'waiting' })])).toEqual({})
})

test('a refusal stands at its field where that is known', () => {
  expect(fieldOf('DRIFTLOG_IMAGE_NOT_ALLOWED')).toBe('image')
  expect(fieldOf('DRIFTLOG_PROMOTE_ONLY')).toBe('environment')
  for (const code of ['DRIFTLOG_NO_HOST', 'NETWORK', 'toString']) expect(fieldOf(code)).toBeUndefined()
})

test('a question that is asked again has its key again, also when others were asked in between', () => {
  let made = 0
  const keyOf = keysFor(() => `k${++made}`)
  expect(['a', 'a', 'b', 'a'].map(keyOf)).toEqual(['k1', 'k1', 'k2', 'k1'])
})

test.each([
  [0, true],
  [503, true],
  [403, false]
])('after an answer %i nobody knows what was done: %s', (status, unsure) => {
  expect(isUnsure({ status })).toBe(unsure)
})
