import { expect, test } from 'vitest'
import { blotted } from '../../../agent/orders/blot.ts'

test('secrets are blotted out, and nothing is left of one that begins with another', () => {
  expect(blotted('key=hunter2 again hunter2', ['hunter2'])).toBe('key=*** again ***')
  expect(blotted('db=hunter2-of-production', ['hunter2', 'hunter2-of-production'])).toBe('db=***')
  expect(blotted('two\nlines', ['two\nlines'])).toBe('***')
})

test('what is too short to be a secret stays', () => {
  expect(blotted('exit code 1', ['1', ''])).toBe('exit code 1')
})
