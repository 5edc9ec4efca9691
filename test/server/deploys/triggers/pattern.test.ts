import { expect, test } from 'vitest'
import { fits } from '../../../../server/deploys/triggers/pattern.ts'

test.each<[string, string, boolean]>([
  ['main', 'main', true],
  ['main', 'main2', false],
  ['release/*', 'release/1.4', true],
  ['release/*', 'release/1/4', false],
  ['release/**', 'release/1/4', true],
  ['**', 'a/b/c', true],
  ['*', '', true],
  ['v?.?', 'v1.4', true],
  ['v?.?', 'v1.14', false],
  ['a?b', 'a/b', false],
  ['**/orders', 'shop/orders', true],
  ['[a-z]', 'b', false],
  ['.*', 'main', false],
  ['功能/*', '功能/登录', true],
  [`${'**a'.repeat(80)}b`, 'a'.repeat(250), false]
])('%s fits %s: %s', (pattern, name, expected) => {
  expect(fits(pattern, name)).toBe(expected)
})
