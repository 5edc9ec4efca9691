import { expect, test } from 'vitest'
import { parse } from '../../../collector/query/grammar.ts'
import { admits, toggled } from '../../../web/facets/admit.ts'

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown']

function checked(query: string, field = 'level', values = LEVELS): string[] {
  const parsed = parse(query)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return values.filter((value) => admits(parsed.expression, field, value))
}

test('the boxes say what the query lets through', () => {
  expect(checked('')).toEqual(LEVELS)
  expect(checked('level>=warn "x y"')).toEqual(['fatal', 'error', 'warn'])
  expect(checked('-level:debug -level:trace')).toEqual(['fatal', 'error', 'warn', 'info', 'unknown'])
  expect(checked('level:(warn OR err) timeout')).toEqual(['error', 'warn'])
  expect(checked('level:warn OR timeout')).toEqual(LEVELS)
  expect(checked('host:web-*', 'host', ['web-1', 'WEB-2', 'db-1'])).toEqual(['web-1', 'WEB-2'])
})

test.each([
  ['', 'debug'],
  ['level>=warn timeout', 'info'],
  ['level:(warn OR error) x', 'error'],
  ['"a b" -level:debug', 'debug'],
  ['-level:debug -level:trace status:[400 TO 499]', 'debug'],
  ['level:warn', 'error']
])('%s: switching %s changes that box and no other', (query, value) => {
  const before = checked(query)
  const after = checked(toggled(query, 'level', value, LEVELS))
  const expected = LEVELS.filter((level) => before.includes(level) !== (level === value))
  expect(after).toEqual(expected)
})

test('switched off and on again, the query is what it was', () => {
  const off = toggled('timeout', 'level', 'debug', LEVELS)
  expect(off).toBe('timeout -level:debug')
  expect(toggled(off, 'level', 'debug', LEVELS)).toBe('timeout')
})
