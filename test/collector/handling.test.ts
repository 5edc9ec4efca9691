import { describe, expect, test } from 'vitest'
import { handlingOf, PLAIN_HANDLING } from '../../collector/handling.ts'

test('without labels everything is as usual', () => {
  expect(handlingOf({ 'com.docker.compose.service': 'web' })).toEqual(PLAIN_HANDLING)
})

describe('driftlog.multiline', () => {
  test.each([
    ['off', { kind: 'off' }],
    ['auto', { kind: 'auto' }],
    ['start:^\\d{4}-', { kind: 'pattern', source: '^\\d{4}-', negate: true, before: false }],
    ['continue:^\\s', { kind: 'pattern', source: '^\\s', negate: false, before: false }]
  ])('%s', (value, multiline) => {
    expect(handlingOf({ 'driftlog.multiline': value })).toMatchObject({ multiline, problems: [] })
  })

  test.each([
    ['begin:^x', 'driftlog.multiline: "begin:^x" is none of'],
    ['start:(', 'driftlog.multiline: The expression is not valid'],
    ['start:', 'driftlog.multiline: The expression is empty'],
    ['start:(a+)+$', 'driftlog.multiline: The expression can be too slow']
  ])('%s is said, and stops nothing', (value, problem) => {
    const { multiline, problems } = handlingOf({ 'driftlog.multiline': value })
    expect(multiline).toEqual({ kind: 'auto' })
    expect(problems).toEqual([expect.stringContaining(problem)])
  })
})

describe('co.elastic.logs/multiline', () => {
  const elastic = (values: Record<string, string>) =>
    handlingOf(
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [`co.elastic.logs/multiline.${key}`, value])
      )
    )

  test('pattern, negate and match, with the classes of its own expressions', () => {
    expect(elastic({ pattern: '^[[:space:]]+(at|\\.{3})[[:space:]]+\\b|^Caused by:' }).multiline).toEqual({
      kind: 'pattern',
      source: '^[\\s]+(at|\\.{3})[\\s]+\\b|^Caused by:',
      negate: false,
      before: false
    })
    expect(elastic({ pattern: '\\A[[:digit:]]', negate: 'true', match: 'after' }).multiline).toMatchObject({
      source: '^[0-9]',
      negate: true,
      before: false
    })
    expect(elastic({ pattern: '\\\\$', match: 'before' }).multiline).toMatchObject({ before: true })
  })

  test('the own label is asked first', () => {
    const labels = { 'driftlog.multiline': 'off', 'co.elastic.logs/multiline.pattern': '^x' }
    expect(handlingOf(labels).multiline).toEqual({ kind: 'off' })
  })

  test('what is not known is said', () => {
    expect(elastic({ pattern: '^x', type: 'count' })).toMatchObject({
      multiline: { kind: 'auto' },
      problems: [expect.stringContaining('multiline.type: "count"')]
    })
    expect(elastic({ pattern: '^x', match: 'both' }).problems).toEqual([
      expect.stringContaining('multiline.match: "both"')
    ])
  })
})

test('levels and times', () => {
  expect(handlingOf({ 'driftlog.level': 'Warning', 'driftlog.retention': '36h' })).toMatchObject({
    level: 4,
    retentionMs: 36 * 3_600_000,
    problems: []
  })
  expect(handlingOf({ 'driftlog.retention': '2w' }).retentionMs).toBe(14 * 86_400_000)
  expect(handlingOf({ 'driftlog.level': 'loud', 'driftlog.retention': '0d' })).toMatchObject({
    level: 0,
    retentionMs: undefined,
    problems: [
      'driftlog.level: "loud" is no level; there are unknown, trace, debug, info, warn, error, fatal.',
      'driftlog.retention: "0d" is no time such as 14d, 36h or 2w.'
    ]
  })
})

test('what it says of redaction stands as it is', () => {
  expect(handlingOf({ 'driftlog.redact': 'off' }).redact).toBe('off')
})
