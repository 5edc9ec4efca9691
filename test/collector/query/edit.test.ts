import { expect, test } from 'vitest'
import {
  type Expression,
  exclude,
  hits,
  include,
  only,
  parse,
  parsedName,
  placeAt,
  remove,
  term
} from '../../../collector/query/grammar.ts'
import { matcher } from '../../../collector/query/match.ts'
import { Random, randomRecord, randomText } from './random.ts'

function where(text: string): Expression {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`)
  return parsed.expression
}

const AWKWARD = [
  'plain',
  'two words',
  'with "quotes"',
  'a:b',
  'http://x/y?z=1',
  '用户登录失败',
  '🔥',
  '👩‍👩‍👧',
  '-dash',
  '/slash/',
  '/re/i',
  '(brackets)',
  'a)b',
  'back\\slash',
  'ends with \\',
  'OR',
  'and',
  'NOT',
  '*',
  'star*',
  '[1 TO 2]',
  '1..2',
  'a|b',
  '>=5',
  '=x',
  "it's",
  '',
  ' ',
  'host:x',
  'line\nbreak',
  '\t',
  '1.50',
  '007',
  'true',
  '{',
  '}',
  '！：（）',
  '\u202ertl',
  '\u0000',
  '~',
  '!',
  '"',
  '\\',
  '$x',
  'é\u0301',
  '@',
  '.',
  '..',
  ':',
  'to'
]

test('any value of any field is asked for by a term that is read back as itself', () => {
  for (const field of [
    'app',
    'host',
    'image',
    'status',
    'http.status',
    'user name',
    'a"b',
    parsedName('level'),
    '订单',
    '$x',
    '1st',
    '-x',
    ''
  ]) {
    if (field === '') continue
    for (const value of AWKWARD) {
      const expression = where(term(field, value))
      expect(expression, term(field, value)).toMatchObject({ kind: 'field', name: field })
      if (expression.kind !== 'field') continue
      const read =
        expression.test.kind === 'words'
          ? expression.test.text
          : expression.test.kind === 'compare'
            ? expression.test.value
            : undefined
      expect(read, term(field, value)).toBe(value)
      expect(where(term(field, value, { exclude: true }))).toMatchObject({
        kind: 'not',
        item: { kind: 'field', name: field }
      })
    }
  }
})

test('a term for a parsed field matches the line that the value comes from', () => {
  for (const value of AWKWARD) {
    const record = { ...randomRecord(new Random(1)), text: JSON.stringify({ 'a b': value, n: 1 }) }
    expect(matcher(where(term('a b', value)))(record), value).toBe(true)
    expect(matcher(where(term('a b', `${value}x`)))(record), value).toBe(false)
  }
})

test('marked text finds its line', () => {
  for (const value of AWKWARD) {
    if (value.trim() === '') continue
    const record = { ...randomRecord(new Random(1)), text: `before ${value} after` }
    expect(matcher(where(term(undefined, value)))(record), value).toBe(true)
  }
})

test.each([
  ['', 'level', 'warn', 'level:warn'],
  ['timeout', 'level', 'warn', 'timeout level:warn'],
  ['level:warn', 'level', 'warn', 'level:warn'],
  ['level:WARNING x', 'level', 'warn', 'level:WARNING x'],
  ['level:warn x', 'level', 'error', 'level:(warn OR error) x'],
  ['level:warn|error x', 'level', 'fatal', 'level:(warn OR error OR fatal) x'],
  ['x -level:debug y', 'level', 'debug', 'x y level:debug'],
  ['NOT level:debug', 'level', 'debug', 'level:debug'],
  ['env:prod', 'environment', 'staging', 'environment:(prod OR staging)'],
  ['status=500', 'status', '503', 'status:(=500 OR =503)'],
  ['status:500', 'status', '500', 'status:500'],
  ['a OR b', 'app', 'orders', '(a OR b) app:orders'],
  ['level:warn OR level:error', 'level', 'fatal', 'level:(warn OR error OR fatal)'],
  ['a AND level>=warn', 'app', 'web', 'a level>=warn app:web'],
  ['"never closed', 'app', 'web', '"never closed app:web'],
  ['/health', 'path', '/ x', 'health path="/ x"'],
  ['/a\\/b/i x', 'app', 'web', '/a\\/b/i x app:web'],
  ['x', 'user name', 'Ann "A" Lee', 'x "user name"="Ann \\"A\\" Lee"']
])('%s including %s %s', (text, field, value, expected) => {
  expect(include(text, field, value)).toBe(expected)
  if (parse(expected).ok) expect(include(expected, field, value)).toBe(expected)
})

test.each([
  ['', 'level', 'debug', '-level:debug'],
  ['x level:debug', 'level', 'debug', 'x -level:debug'],
  ['x -level:debug', 'level', 'debug', 'x -level:debug'],
  ['level:(warn OR error)', 'level', 'error', 'level:warn'],
  ['level:(warn OR error OR fatal) x', 'level', 'error', 'level:(warn OR fatal) x'],
  ['a OR b', 'level', 'debug', '(a OR b) -level:debug'],
  ['-host:a', 'host', 'b', '-host:a -host:b'],
  ['status:500', 'status', '500', '-status=500']
])('%s excluding %s %s', (text, field, value, expected) => {
  expect(exclude(text, field, value)).toBe(expected)
  expect(exclude(expected, field, value)).toMatch(/-/.test(expected) ? /-/ : expected)
})

test('text terms are included, excluded and removed too', () => {
  expect(include('x', undefined, 'connection refused')).toBe('x "connection refused"')
  expect(include('x "connection refused"', undefined, 'Connection refused')).toBe('x "connection refused"')
  expect(exclude('x "connection refused"', undefined, 'connection refused')).toBe('x -"connection refused"')
  expect(include('-"🔥" y', undefined, '🔥')).toBe('y "🔥"')
  expect(remove('x 🔥 "a b"', undefined, '🔥')).toBe('x "a b"')
})

test('only and remove', () => {
  expect(only('level>=warn x -level:debug', 'level', 'error')).toBe('x level:error')
  expect(only('host:(a OR b)', 'host', 'c')).toBe('host:c')
  expect(remove('level>=warn x -level:debug', 'level')).toBe('x')
  expect(remove('host:(a OR b) x', 'host', 'a')).toBe('host:b x')
  expect(remove('host:a -host:b x', 'host', 'b')).toBe('host:a x')
  expect(remove('"', 'host')).toBe('"')
})

test('after an edit the value is asked for, or not, whatever the query was', () => {
  const random = new Random(4)
  const texts = [
    '',
    'a OR b',
    'level:warn',
    '-level:warn x',
    'level:(warn OR info)',
    'level>=warn',
    'x -(level:warn)',
    '(a)'
  ]
  for (const text of texts) {
    for (let round = 0; round < 20; round++) {
      const record = { ...randomRecord(random), level: 'warn' as const, text: `a b x ${randomText(random)}` }
      if (text !== 'x -(level:warn)')
        expect(matcher(where(include(text, 'level', 'warn')))(record), text).toBe(true)
      expect(matcher(where(exclude(text, 'level', 'warn')))(record), text).toBe(false)
      expect(matcher(where(only(text, 'level', 'warn')))(record), text).toBe(true)
    }
  }
})

test.each([
  [
    'timeout "connection refused" -x /h\\w+p/',
    'Timeout x connection: refused HTTP http',
    ['Timeout', 'connection: refused', 'http']
  ],
  ['time*', 'timeout overtime time', ['time', 'time']],
  ['登录', '用户登录失败', ['登录']],
  ['a OR b', 'b a', ['b', 'a']],
  ['a "a b"', 'a b', ['a b']],
  ['app:a -b', 'a b', []],
  ['/x*/', 'axxb', ['xx']]
])('hits of %s', (query, line, expected) => {
  expect(hits(where(query), line).map(({ from, to }) => line.slice(from, to))).toEqual(expected)
})

test('hits are bounded', () => {
  expect(hits(where('a /b/ /./'), 'a b '.repeat(50_000)).length).toBeLessThanOrEqual(500)
})

/** `|` is the caret; what is replaced is marked in the answer by brackets. */
test.each([
  ['|', 'word "" []'],
  ['lev|', 'word "lev" [lev]'],
  ['le|vel', 'word "le" [level]'],
  ['-lev|', 'word "lev" -[lev]'],
  ['level:|', 'level "" level:[]'],
  ['level:w|', 'level "w" level:[w]'],
  ['level:w|arn x', 'level "w" level:[warn] x'],
  ['level>=w|', 'level "w" level>=[w]'],
  ['level:(warn OR e|', 'level "e" level:(warn OR [e]'],
  ['level:(|', 'level "" level:([]'],
  ['(a app:o|', 'app "o" (a app:[o]'],
  ['host:"web 1|', 'host "web 1" host:["web 1]'],
  ['host:"we|b 1" x', 'host "we" host:["web 1"] x'],
  ['app:orders |', 'word "" app:orders []+'],
  ['app:orders A|', 'word "A" app:orders [A]+'],
  ['a OR |', 'word "" a OR []'],
  ['"a le|', 'none'],
  ['/a le|/', 'none'],
  ['status:[4|', 'none'],
  ['"a b" le|', 'word "le" "a b" [le]+'],
  ['a) le|', 'word "le" a) [le]+']
])('place in %s', (marked, expected) => {
  const caret = marked.indexOf('|')
  const text = marked.slice(0, caret) + marked.slice(caret + 1)
  const place = placeAt(text, caret)
  if (place.kind === 'none') return expect('none').toBe(expected)
  const { from, to } = place.replace
  const name = place.kind === 'value' ? place.name : 'word'
  const follows = place.kind === 'word' && place.followsTerm ? '+' : ''
  expect(
    `${name} ${JSON.stringify(place.typed)} ${text.slice(0, from)}[${text.slice(from, to)}]${text.slice(to)}${follows}`
  ).toBe(expected)
})

test('the second of two values with a bar between is the one being typed', () => {
  expect(placeAt('level:warn|e', 12)).toMatchObject({
    kind: 'value',
    typed: 'e',
    replace: { from: 11, to: 12 }
  })
})

test('every caret of every text has a place', () => {
  const random = new Random(8)
  const parts = ['level', ':', '(', ')', '"', '/', ' ', 'OR', '-', '[', ']', '|', '\\', '登', '>=', 'a']
  for (let round = 0; round < 3000; round++) {
    const text = random.list(0, 10, () => random.pick(parts)).join('')
    for (let caret = 0; caret <= text.length; caret++) {
      const place = placeAt(text, caret)
      if (place.kind === 'none') continue
      expect(place.replace.from).toBeLessThanOrEqual(caret)
      expect(place.replace.to).toBeLessThanOrEqual(text.length)
      expect(place.replace.to).toBeGreaterThanOrEqual(caret)
    }
  }
})
