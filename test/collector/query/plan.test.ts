import { expect, test } from 'vitest'
import { stripAnsi } from '../../../collector/parse/ansi.ts'
import { type Expression, parse, print, wordsOf } from '../../../collector/query/grammar.ts'
import { literalsOf } from '../../../collector/query/literals.ts'
import { matcher, type Plan, planOf } from '../../../collector/query/match.ts'
import { LEVELS, type LogRecord, OUTPUTS } from '../../../collector/record.ts'
import { Random, randomExpression, randomRecord, randomText } from './random.ts'

/** The first condition of a plan that a record does not meet. */
function unmet(plan: Plan, record: LogRecord): string | undefined {
  const plain = stripAnsi(record.text)
  const words = wordsOf(plain)
  if (!plan.origin(record.origin)) return 'origin'
  if (((plan.levels >> LEVELS.indexOf(record.level)) & 1) === 0) return 'levels'
  if (((plan.outputs >> OUTPUTS.indexOf(record.output)) & 1) === 0) return 'outputs'
  for (const clause of plan.words) {
    const holds = clause.some(({ word, prefix }) =>
      words.some((one) => (prefix ? one.startsWith(word) : one === word))
    )
    if (!holds) return `words ${JSON.stringify(clause)}`
  }
  for (const clause of plan.literals) {
    const asciiLower = plain.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    if (!clause.some((literal) => asciiLower.includes(literal))) return `literals ${JSON.stringify(clause)}`
  }
  return undefined
}

test('a plan never prunes a record that matches, and an exact one prunes all others', () => {
  const random = new Random(20_261_123)
  const records = Array.from({ length: 300 }, () => randomRecord(random))
  let matches = 0
  let exact = 0
  for (let round = 0; round < 4000; round++) {
    const where = randomExpression(random)
    const holds = matcher(where)
    const plan = planOf(where)
    for (let i = 0; i < 40; i++) {
      const record = random.pick(records)
      const missing = unmet(plan, record)
      const matched = holds(record)
      if (matched) matches++
      if (matched && missing)
        expect.fail(`${missing} prunes ${JSON.stringify(record.text)} of ${JSON.stringify(where)}`)
      if (plan.exact && !matched && !missing)
        expect.fail(`${JSON.stringify(where)} is not exact for ${JSON.stringify(record)}`)
      if (plan.exact) exact++
    }
  }
  expect(matches).toBeGreaterThan(10_000)
  expect(exact).toBeGreaterThan(10_000)
})

test('a query that was parsed keeps to its plan too', () => {
  const random = new Random(7)
  for (let round = 0; round < 2000; round++) {
    const parsed = parse(print(randomExpression(random)))
    if (!parsed.ok) continue
    const record = randomRecord(random)
    if (matcher(parsed.expression)(record)) expect(unmet(planOf(parsed.expression), record)).toBeUndefined()
  }
})

const plan = (text: string): Plan => planOf(where(text))

function where(text: string): Expression {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.expression
}

test('levels, outputs, origins and single words alone decide exactly', () => {
  for (const text of [
    '',
    'level>=warn',
    '-level:debug',
    'level:(warn OR error)',
    'app:orders timeout',
    'time*',
    'a OR b',
    'output:stderr -app:web'
  ]) {
    expect(plan(text).exact, text).toBe(true)
  }
  for (const text of [
    '"a b"',
    '-timeout',
    '/x/',
    'status:500',
    'app:a OR level:warn',
    '(a b) OR c',
    'output:std*'
  ]) {
    expect(plan(text).exact, text).toBe(false)
  }
})

test('words and literals', () => {
  expect(plan('"connection refused" time*').words).toEqual([
    [{ word: 'connection', prefix: false }],
    [{ word: 'refused', prefix: false }],
    [{ word: 'time', prefix: true }]
  ])
  expect(plan('(a connection) OR (refused b)').words).toEqual([
    [
      { word: 'connection', prefix: false },
      { word: 'refused', prefix: false }
    ]
  ])
  expect(plan('trace_id:7f3a2b').literals).toEqual([
    ['trace_id', '\\u'],
    ['7f3a2b', '\\u']
  ])
  expect(plan('level>=error').levels).toBe(0b1100000)
  expect(plan('-level>=error').levels).toBe(0b0011111)
  expect(plan('-timeout').words).toEqual([])
})

test('literals of regular expressions', () => {
  const cases: [string, string, string[][]][] = [
    ['GET \\/api\\/\\d+', '', [['get /api/']]],
    ['time(out)?s', 'i', [['time'], ['s']]],
    ['(foo|bar+)baz?qux$', 'i', [['foo', 'bar'], ['ba'], ['qux']]],
    ['a{2,}b|c', '', [['a', 'c']]],
    ['x{0,3}y', '', [['y']]],
    ['[abc]de', '', [['de']]],
    ['[^\\]]de', '', [['de']]],
    ['(?:ab){0}c', '', [['c']]],
    ['(?!no)yes(?=more)', '', [['yes']]],
    ['(?<=no)yes', '', [['yes']]],
    ['kiss', 'iu', [['i']]],
    ['kiss', 'i', [['kiss']]],
    ['\\x41bc', '', []],
    ['\\u{61}', '', []],
    ['(?:)|x', '', []],
    ['登录ok', '', [['ok']]],
    ['a|', '', []],
    ['\\bword\\b', '', [['word']]],
    ['a{x', '', []]
  ]
  for (const [source, flags, expected] of cases) expect(literalsOf(source, flags), source).toEqual(expected)
})

test('a literal of a regular expression stands in whatever it matches', () => {
  const random = new Random(5)
  const atoms = [
    'time',
    'out',
    '(',
    ')',
    '(?:',
    '|',
    '*',
    '+',
    '?',
    '{1,2}',
    '[a-z]',
    '\\d',
    '.',
    '\\.',
    'x',
    '1',
    '^',
    '$',
    '\\b',
    '(?!',
    '{0}'
  ]
  let matched = 0
  for (let round = 0; round < 60_000; round++) {
    const source = random.list(1, 7, () => random.pick(atoms)).join('')
    const flags = random.pick(['', 'i', 'iu'])
    const pattern = tryRegex(source, flags)
    if (!pattern) continue
    const clauses = literalsOf(source, flags)
    for (const text of [randomText(random), 'timeout', 'Time.x1 out', 'TIME', 'outx']) {
      if (!pattern.test(text)) continue
      matched++
      const missing = clauses.find(
        (clause) => !clause.some((literal) => text.toLowerCase().includes(literal))
      )
      if (missing) expect.fail(`/${source}/${flags} matches ${JSON.stringify(text)} without ${missing}`)
    }
  }
  expect(matched).toBeGreaterThan(5000)
})

function tryRegex(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags)
  } catch {
    return undefined
  }
}
