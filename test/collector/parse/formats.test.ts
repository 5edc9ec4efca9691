import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fieldsOf } from '../../../collector/parse/fields.ts'
import { levelOf } from '../../../collector/parse/level.ts'
import { parse } from '../../../collector/query/grammar.ts'
import { planOf } from '../../../collector/query/plan.ts'
import { LEVELS } from '../../../collector/record.ts'

interface Case {
  line: string
  level: string
  fields: Record<string, unknown> | null
}

/** Lines as servers and libraries write them, with what is to be read from them. */
const CASES = readFileSync(new URL('../../fixtures/formats/lines.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Case)

function level(text: string): string {
  const bytes = Buffer.from(`before${text}ERROR`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  return LEVELS[levelOf(bytes, view, 6, bytes.length - 5)] ?? ''
}

const quoted = (text: unknown) => `"${text}"`

describe(`${CASES.length} lines of many formats`, () => {
  test.each(CASES)('$line', (expected) => {
    const { line } = expected
    expect({ line, level: level(line), fields: fieldsOf(line) ?? null }).toEqual(expected)
  })
})

test('a query on any of these fields is not pruned away before it is asked', () => {
  for (const { line, fields } of CASES)
    for (const [name, value] of Object.entries(fields ?? {})) {
      if (value === null || `${value}`.includes('"') || `${value}`.includes('\\')) continue
      const asked = /^[\w.]+$/.test(name) ? `fields.${name}` : quoted(`fields.${name}`)
      for (const query of [`${asked}=${quoted(value)}`, `${asked}:${quoted(value)}`]) {
        const parsed = parse(query)
        if (!parsed.ok) throw new Error(`${query}: ${JSON.stringify(parsed)}`)
        const kept = planOf(parsed.expression).literals.every((clause) =>
          clause.some((literal) => line.toLowerCase().includes(literal))
        )
        expect(kept, `${query} in ${line}`).toBe(true)
      }
    }
})

test('there are enough of them', () => {
  expect(CASES.length).toBeGreaterThanOrEqual(150)
})

test('the layout of an event stands in its first line; pairs may stand anywhere', () => {
  expect(fieldsOf('fail: MyApp.Worker[7]\n      it failed order=4711 attempt=2')).toEqual({
    level: 'fail',
    logger: 'MyApp.Worker',
    event: 7,
    order: 4711,
    attempt: 2
  })
})

test('a field of the line wins over what its layout says', () => {
  expect(fieldsOf('2026-11-25 10:00:00,123 [main] INFO  c.e.Foo - logger=own thread=t9')).toMatchObject({
    logger: 'own',
    thread: 't9',
    level: 'INFO'
  })
})

test('lines cut anywhere, and hostile ones, are read without harm', () => {
  for (const { line } of CASES)
    for (let at = 0; at < line.length; at += 7) {
      expect(LEVELS).toContain(level(line.slice(0, at)))
      fieldsOf(line.slice(0, at))
      fieldsOf(line.slice(at))
    }
  for (const part of [
    '[',
    '"',
    '" "',
    ', ab: ',
    '2026-11-25 ',
    ' [a]',
    '1/',
    'a.',
    '\\"',
    '<34>1 ',
    '[x y="z"]',
    ' | 200'
  ])
    for (const head of ['', '<34>1 - - - - - ', '2026/11/25 10:00:00 [error] 1#1: ', '10.0.0.1 - - ['])
      expect(() => fieldsOf(head + part.repeat(20_000))).not.toThrow()
})
