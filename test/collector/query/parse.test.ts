import { expect, test } from 'vitest'
import { DIAGNOSTICS, type Expression, parse, print } from '../../../collector/query/grammar.ts'
import { Random, randomExpression } from './random.ts'

/** The tree as print() would write it with every bracket: short to read in tables. */
function shape(expression: Expression): string {
  switch (expression.kind) {
    case 'all':
      return 'all'
    case 'and':
    case 'or':
      return `(${expression.items.map(shape).join(expression.kind === 'and' ? ' & ' : ' | ')})`
    case 'not':
      return `!${shape(expression.item)}`
    case 'text':
      return expression.run.words.join('+') + (expression.run.prefix ? '*' : '')
    case 'regex':
      return `/${expression.source}/${expression.flags}`
    case 'field': {
      const { kind, ...rest } = expression.test
      const flat = Object.entries(rest).map(([, value]) =>
        typeof value === 'object' ? `${value.words.join('+')}${value.prefix ? '*' : ''}` : value
      )
      return `${expression.name}~${kind}[${flat.join(' ')}]`
    }
    default:
      return expression satisfies never
  }
}

test.each([
  ['', 'all'],
  ['  \n ', 'all'],
  ['*', 'all'],
  ['timeout', 'timeout'],
  ['Read.Timeout', 'read+timeout'],
  ['a b', '(a & b)'],
  ['a AND b', '(a & b)'],
  ['a OR b c', '(a | (b & c))'],
  ['(a OR b) c', '((a | b) & c)'],
  ['((a))', 'a'],
  ['a (b c)', '(a & b & c)'],
  ['-a', '!a'],
  ['NOT a', '!a'],
  ['NOT NOT a', 'a'],
  ['NOT -a', 'a'],
  ['-(a OR b)', '!(a | b)'],
  ['-"a b"', '!a+b'],
  ['"connection refused"', 'connection+refused'],
  ['"say \\"hi\\" \\\\"', 'say+hi'],
  ['time*', 'time*'],
  ['"connection ref"*', 'connection+ref*'],
  ['10.0.*', '10+0'],
  ['登录', '登+录'],
  ['/GET \\/api\\/\\d+/', '/GET \\/api\\/\\d+/'],
  ['/a[/]b/i', '/a[/]b/i'],
  ['/api/v1/orders', 'api+v1+orders'],
  ['/var', 'var'],
  ['stream:/app/logs/*.log', 'stream~glob[/app/logs/*.log]'],
  ['/api a/b', '(api & a+b)'],
  ['🔥', '/🔥/'],
  ['=>', '/=>/'],
  ['a -> b --flag', '(a & /->/ & b & flag)'],
  ['http://x.y/z', 'http+x+y+z'],
  ['std::io', 'std+io'],
  ['10:30:15', '10+30+15'],
  ['main() f(x)', '(main & f+x)'],
  ['f(x y)', '(f & x & y)'],
  ['List<String> p->next', '(list+string & p+next)'],
  ['and or', '(and & or)'],
  ['ANDROID ORDER', '(android & order)'],
  ['app:orders', 'app~words[orders orders]'],
  ['host:web-*', 'host~glob[web-*]'],
  ['app=orders', 'app~words[orders orders]'],
  ['image:ghcr.io/x/orders:1.2', 'image~words[ghcr.io/x/orders:1.2 ghcr+io+x+orders+1+2]'],
  ['level>=warn', 'level~compare[>= warn]'],
  ['level:>=warn', 'level~compare[>= warn]'],
  ['level:warn|error', '(level~words[warn warn] | level~words[error error])'],
  ['level:(warn OR error)', '(level~words[warn warn] | level~words[error error])'],
  ['level:warn..fatal', 'level~range[warn fatal true true]'],
  ['trace_id:7f3a*', 'trace_id~words[7f3a 7f3a*]'],
  ['trace_id:*3a*', 'trace_id~glob[*3a*]'],
  ['name:*', 'name~exists[]'],
  ['name:"a b"', 'name~words[a b a+b]'],
  ['name:"a b"*', 'name~words[a b a+b*]'],
  ['name:""', 'name~words[ ]'],
  ['name:"*"', 'name~words[* ]'],
  ['name:/re x/i', 'name~regex[re x i]'],
  ['path:/api/x', 'path~words[/api/x api+x]'],
  ['status>=500', 'status~compare[>= 500]'],
  ['status=500', 'status~compare[= 500]'],
  ['status==500', 'status~compare[= 500]'],
  ['status!=500', '!status~compare[= 500]'],
  ['-status!=500', '!!status~compare[= 500]'],
  ['status!=(500 OR 503)', '!(status~compare[= 500] | status~compare[= 503])'],
  ['name=a*', 'name~glob[a*]'],
  ['status:[400 TO 499]', 'status~range[400 499 true true]'],
  ['status:{400 TO *]', 'status~range[400 * false true]'],
  ['at:["2026-11-23 10:00" TO 2026-11-24}', 'at~range[2026-11-23 10:00 2026-11-24 true false]'],
  ['status:400..499', 'status~range[400 499 true true]'],
  ['version:1.2..x', 'version~range[1.2 x true true]'],
  [
    'status:(>=500 OR 404 -"x y")',
    '(status~compare[>= 500] | (status~words[404 404] & !status~words[x y x+y]))'
  ],
  [
    'app.kubernetes.io/name:web @timestamp:x user-id:7 größe>5',
    '(app.kubernetes.io/name~words[web web] & @timestamp~words[x x] & user-id~words[7 7] & größe~compare[> 5])'
  ],
  ['"user name":x', 'user name~words[x x]'],
  ['"status":500', 'status~words[500 500]'],
  ['fields.level:x', 'fields.level~words[x x]'],
  ['订单:4711', '订单~words[4711 4711]']
])('%s', (text, expected) => {
  const parsed = parse(text)
  expect(parsed.ok ? shape(parsed.expression) : parsed.error).toBe(expected)
})

/** Query, code, the marked place, and the query after the fix (or undefined). */
const BAD: [text: string, code: string, marked: string, fixed?: string][] = [
  ['"connection refused', 'unclosed-quote', '"connection refused', '"connection refused"'],
  ['a "b\\', 'unclosed-quote', '"b\\', 'a "b"'],
  ['name:"x', 'unclosed-quote', '"x', 'name:"x"'],
  ['(a OR b', 'unclosed-bracket', '(a OR b', '(a OR b)'],
  ['(', 'unclosed-bracket', '(', '()'],
  ['level:(warn OR ', 'dangling-operator', 'OR', 'level:(warn  '],
  ['/GET \\/api', 'unclosed-regex', '/GET \\/api', '/GET \\/api/'],
  ['/a[b/', 'unclosed-regex', '/a[b/', '/a[b//'],
  ['status:[400 TO 499', 'unclosed-range', '[400 TO 499', 'status:[400 TO 499]'],
  ['status:[400', 'unclosed-range', '[400'],
  ['a)', 'unopened-bracket', ')', 'a'],
  [')', 'unopened-bracket', ')', ''],
  ['a () b', 'empty-group', '()', 'a  b'],
  ['level:( )', 'empty-group', 'level:( )', ''],
  ['a ""', 'empty-quote', '""', 'a '],
  ['x //', 'empty-regex', '//'],
  ['/(/', 'bad-regex', '/(/'],
  ['name:/a{2,1}/', 'bad-regex', '/a{2,1}/'],
  ['/x+[a]/gi', 'bad-flags', 'gi', '/x+[a]/'],
  [`/${'x'.repeat(1001)}/`, 'regex-too-long', `/${'x'.repeat(1001)}/`],
  ['status:[400 499]', 'bad-range', '[400 499]', 'status:"[400 499]"'],
  ['msg:{x}', 'bad-range', '{x}', 'msg:"{x}"'],
  ['status:[TO 5]', 'bad-range', '[TO 5]', 'status:"[TO 5]"'],
  ['level=>warn', 'bad-operator', '=>', 'level>=warn'],
  ['name=~x.*', 'bad-operator', '=~', 'name:x.*'],
  ['status<>5', 'bad-operator', '<>', 'status!=5'],
  ['level:eror', 'bad-level', 'eror', 'level:error'],
  ['level:(warn OR "warnin")', 'bad-level', '"warnin"', 'level:(warn OR "warn")'],
  ['level>=loud', 'bad-level', 'loud'],
  ['level:[warn TO loud]', 'bad-level', '[warn TO loud]'],
  ['app>=orders', 'no-order', 'app>=orders', 'app:orders'],
  ['host:[a TO b]', 'no-order', 'host:[a TO b]'],
  ['level:', 'missing-value', 'level:', 'level:*'],
  ['level: error', 'missing-value', 'level: ', 'level:error'],
  ['TypeError: x is undefined', 'missing-value', 'TypeError:', '"TypeError:" x is undefined'],
  ['status>', 'missing-value', 'status>'],
  ['status>=(4 5)', 'missing-value', 'status>='],
  ['(status:)', 'missing-value', 'status:', '(status:*)'],
  ['app:(a OR host:b)', 'nested-field', 'host'],
  ['a OR', 'dangling-operator', 'OR', 'a '],
  ['OR a', 'dangling-operator', 'OR', ' a'],
  ['AND', 'dangling-operator', 'AND', ''],
  ['a AND OR b', 'dangling-operator', 'AND', 'a  OR b'],
  ['a AND AND b', 'dangling-operator', 'AND', 'a AND  b'],
  ['(a OR)', 'dangling-operator', 'OR', '(a )'],
  ['a -', 'dangling-not', '-', 'a '],
  ['a - b', 'dangling-not', '-', 'a  b'],
  ['a NOT', 'dangling-not', 'NOT', 'a '],
  ['NOT OR b', 'dangling-not', 'NOT', ' OR b'],
  ['('.repeat(65), 'too-deep', '('],
  ['a '.repeat(1001), 'too-many-terms', 'a '],
  [`"${'a '.repeat(257)}"`, 'too-many-words', `"${'a '.repeat(257)}"`],
  [`${'x'.repeat(100_000)}yz`, 'too-long', 'yz']
]

test.each(BAD)('%s is refused as %s', (text, code, marked, fixed) => {
  const parsed = parse(text)
  if (parsed.ok) throw new Error('was taken')
  const { at, fix, message } = parsed.error
  expect(parsed.error.code).toBe(code)
  expect(text.slice(at.from, at.to)).toBe(marked)
  expect(message).not.toMatch(/\{\w+\}/)
  expect(fix === undefined ? undefined : text.slice(0, at.from) + fix + text.slice(at.to)).toBe(fixed)
})

const WARNED: [text: string, code: string, marked: string, fixed: string][] = [
  ['*imeou*', 'only-prefixes', '*imeou*', '/imeou/i'],
  ['time*out', 'only-prefixes', 'time*out', '/time\\S*out/i'],
  ['a or b', 'lower-case-operator', 'or', 'a OR b'],
  ['a && b', 'foreign-operator', '&&', 'a AND b'],
  ['a || b', 'foreign-operator', '||', 'a OR b'],
  ['!a', 'foreign-operator', '!', '-a'],
  ["'a b' c", 'single-quotes', "'a b'", '"a b" c'],
  ['app：orders', 'full-width', 'app：orders', 'app:orders'],
  ['Level:warn', 'near-name', 'Level', 'level:warn'],
  ['lvl:error', 'near-name', 'lvl', 'level:error'],
  ['conatiner:x', 'near-name', 'conatiner', 'container:x']
]

test.each(WARNED)('%s runs, with a warning %s', (text, code, marked, fixed) => {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  expect(parsed.warnings.map((warning) => warning.code)).toEqual([code])
  for (const { at, fix } of parsed.warnings) {
    expect(text.slice(at.from, at.to)).toBe(marked)
    const mended = text.slice(0, at.from) + fix + text.slice(at.to)
    expect(mended).toBe(fixed)
    expect(parse(mended)).toMatchObject({ ok: true, warnings: [] })
  }
})

test('every diagnostic is shown by an example', () => {
  const shown = new Set([...BAD, ...WARNED].map(([, code]) => code))
  expect(Object.keys(DIAGNOSTICS).filter((code) => !shown.has(code))).toEqual([])
})

test('100,000 characters of anything are answered at once', () => {
  const pieces = [
    '(',
    '"',
    '-',
    'NOT ',
    'a ',
    '/',
    'a:',
    'x[',
    '"\\',
    'a(',
    '/a ',
    "'a ",
    'x',
    'a|',
    'a:b|',
    '\\',
    'a:[ ',
    '-(',
    'OR ',
    'a:"',
    'a..',
    '*',
    'a*',
    'AND ',
    '登',
    '=',
    'a>',
    '{',
    '\n'
  ]
  for (const piece of pieces) {
    const parsed = parse(piece.repeat(Math.floor(100_000 / piece.length)))
    if (!parsed.ok) expect(parsed.error.at.to).toBeLessThanOrEqual(100_000)
  }
})

/** A tree without the places, which printing does not keep. */
function bare(expression: Expression): unknown {
  return JSON.parse(JSON.stringify(expression, (key, value: unknown) => (key === 'at' ? undefined : value)))
}

test('what was parsed is printed and parsed to the same tree', () => {
  const random = new Random(99)
  let printed = 0
  for (let round = 0; round < 5000; round++) {
    const first = parse(print(randomExpression(random)))
    // trees of the generator may ask for what the language refuses, such as level>=orders
    if (!first.ok) continue
    const text = print(first.expression)
    const second = parse(text)
    if (!second.ok) throw new Error(`${text}: ${second.error.message}`)
    expect(bare(second.expression), text).toEqual(bare(first.expression))
    printed++
  }
  expect(printed).toBeGreaterThan(1000)
})

test('places of terms and pieces lie in the text, in order', () => {
  const text = 'app:orders -(x OR "y z") status:[4 TO 5] NOT /r/'
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(parsed.error.message)
  expect(parsed.terms.map(({ at }) => text.slice(at.from, at.to))).toEqual([
    'app:orders',
    '-(x OR "y z")',
    'status:[4 TO 5]',
    'NOT /r/'
  ])
  expect(parsed.pieces.map(({ kind, from, to }) => `${kind} ${text.slice(from, to)}`)).toEqual([
    'name app',
    'operator :',
    'word orders',
    'not -',
    'bracket (',
    'word x',
    'operator OR',
    'phrase "y z"',
    'bracket )',
    'name status',
    'operator :',
    'bracket [',
    'word 4',
    'operator TO',
    'word 5',
    'bracket ]',
    'not NOT',
    'regex /r/'
  ])
  expect(parse('a OR b c')).toMatchObject({ terms: [{ at: { from: 0, to: 8 }, isLoose: true }] })
})
