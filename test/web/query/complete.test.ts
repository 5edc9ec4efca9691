import { expect, test } from 'vitest'
import { parse, placeAt } from '../../../collector/query/grammar.ts'
import { type Known, optionsForValue, optionsForWord, valueText } from '../../../web/query/complete.ts'

const KNOWN: Known = {
  builtIn: ['app', 'level', 'host'],
  fields: [
    { name: 'http.status', count: 900 },
    { name: 'handler', count: 12 }
  ],
  recent: ['level:error timeout', 'host:web-1'],
  saved: [{ name: '5xx today', q: 'http.status>=500' }]
}

function labels(text: string): string[] {
  const place = placeAt(text, text.length)
  if (place.kind !== 'word') throw new Error(`not a word: ${place.kind}`)
  return optionsForWord(place, text, KNOWN).map((option) => option.label)
}

test('names: built-in first, then the more frequent; nothing that does not begin so', () => {
  expect(labels('h').slice(0, 3)).toEqual(['host', 'http.status', 'handler'])
  expect(labels('timeout ht')).toEqual(['http.status'])
})

test('a whole name offers what can follow it', () => {
  expect(labels('level').slice(0, 3)).toEqual(['level:', 'level>=', 'level<='])
})

test('queries that were run or saved are offered for the whole text only', () => {
  expect(labels('time')).toContain('level:error timeout')
  expect(labels('5x')).toContain('5xx today')
  expect(labels('timeout web')).not.toContain('host:web-1')
})

test('operators follow a term', () => {
  expect(labels('timeout A')).toContain('AND')
  expect(labels('A')).not.toContain('AND')
})

test.each(['warn', 'a b', 'say "no"', 'C:\\dir', '用户登录', '🔥 hot', 'OR', 'x:y', '10.0.0.1', '..', ''])(
  'a completed value %j is read back as itself',
  (value) => {
    const parsed = parse(`field:${valueText(value)}`)
    expect(parsed.ok).toBe(true)
    if (!parsed.ok || parsed.expression.kind !== 'field') throw new Error('not one field')
    expect(parsed.expression.test).toMatchObject({ kind: 'words', text: value })
  }
)

test('values are those that begin as typed, with their counts', () => {
  const text = 'level:"wa'
  const place = placeAt(text, text.length)
  if (place.kind !== 'value') throw new Error(place.kind)
  const options = optionsForValue(place, [
    { value: 'warn', count: 7 },
    { value: 'error', count: 9 }
  ])
  expect(options).toEqual([{ kind: 'value', label: 'warn', insert: 'warn', count: 7 }])
})
