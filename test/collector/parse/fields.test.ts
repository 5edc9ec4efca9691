import { expect, test } from 'vitest'
import { fieldsOf } from '../../../collector/parse/fields.ts'
import { Random } from '../query/random.ts'

test.each<[string, Record<string, unknown> | undefined]>([
  ['{"msg":"hi","status":500,"ok":true,"none":null}', { msg: 'hi', status: 500, ok: true, none: null }],
  [' {"http":{"status":500,"a":{"b":"c"}}}\r', { 'http.status': 500, 'http.a.b': 'c' }],
  ['{"tags":["a","b"],"one":[500],"no":[],"empty":{}}', { tags: 'a, b', one: 500, no: '[]', empty: '{}' }],
  ['{"items":[{"id":1},{"id":2}]}', { 'items.id': '1, 2' }],
  [
    '{"big":9007199254740993,"money":1.50,"e":1e3,"z":-0,"n":-1.5}',
    { big: '9007199254740993', money: '1.50', e: '1e3', z: '-0', n: -1.5 }
  ],
  ['{"s":"a\\tb\\u767b \\"q\\" \\\\"}', { s: 'a\tb登 "q" \\' }],
  ['{"__proto__":1,"constructor":2}', { ['__proto__']: 1, constructor: 2 }],
  ['{"x":NaN,"y":-Infinity}', { x: 'NaN', y: '-Infinity' }],
  ['orders-1  | {"msg":"hi"}', { msg: 'hi' }],
  [
    '2026-11-23 10:00:00 INFO [main] { "msg":"hi" }',
    { time: '2026-11-23 10:00:00', level: 'INFO', thread: 'main', msg: 'hi' }
  ],
  ['\x1b[32m{"msg":"hi"}\x1b[0m', { msg: 'hi' }],
  ['{}', undefined],
  ['{"a":1} and {"b":2}', undefined],
  ['{"a":1', undefined],
  ['{a:1}', undefined],
  ['{"a":}', undefined],
  ['{"a":1,}', undefined],
  ['{"a" 1}', undefined],
  ['[{"a":1}]', undefined],
  ['', undefined],
  ['level=info msg="it works" took=12ms n=3', { level: 'info', msg: 'it works', took: '12ms', n: 3 }],
  ['payment timeout order=4711 ms=30000', { order: 4711, ms: 30000 }],
  ['a=1, b="x, y", c=', { a: 1, b: 'x, y', c: '' }],
  ['msg="say \\"hi\\"\\n" ok=false', { msg: 'say "hi"\n', ok: false }],
  ['level=info data={"a":1}', { level: 'info', data: '{"a":1}' }],
  ['app.kubernetes.io/name=web user-id=7', { 'app.kubernetes.io/name': 'web', 'user-id': 7 }],
  ['open="never closed n=1', { open: '"never', n: 1 }],
  ['x=1 is all', undefined],
  ['a == b and http://x/?p=1&q=2', undefined],
  ['just some prose, nothing more', undefined]
])('%j', (text, expected) => {
  expect(fieldsOf(text)).toEqual(expected)
})

test('what lies deep is kept as text, 200 levels and more', () => {
  const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
  const fields = fieldsOf(deep(200)) ?? {}
  expect(Object.keys(fields)).toEqual([Array.from({ length: 16 }, () => 'a').join('.')])
  expect(Object.values(fields)[0]).toBe(deep(184))
  expect(fieldsOf(deep(50_000))).toBeDefined()
  expect(fieldsOf(`{"a":${'['.repeat(100_000)}`)).toBeUndefined()
})

test('hostile lines give few and short fields', () => {
  const many = `{${Array.from({ length: 10_000 }, (_, i) => `"k${i}":${i}`).join()}}`
  expect(Object.keys(fieldsOf(many) ?? {})).toHaveLength(256)
  expect(fieldsOf(`{"long":"${'x'.repeat(1_000_000)}"}`)?.['long']).toHaveLength(32_768)
  expect(fieldsOf(`{"list":[${'1,'.repeat(200_000)}1]}`)?.['list']).toHaveLength(32_768)
  expect(fieldsOf(`{"${'k'.repeat(1000)}":1,"a":2}`)).toEqual({ a: 2 })
  expect(fieldsOf(`a="${'\\"'.repeat(300_000)}`)).toBeUndefined()
  expect(Object.keys(fieldsOf('a1="x b2="'.repeat(50_000)) ?? {}).length).toBeLessThan(10)
})

test('JSON is read as JSON.parse reads it', () => {
  const random = new Random(11)
  for (let round = 0; round < 3000; round++) {
    const flat = Object.fromEntries(
      random.list(1, 5, () => [
        random.pick(['a', 'b', 'ключ', 'x y', '"']),
        random.pick(['text', 'tab\t"quote"\\', '登录', 1, -2.5, 1e21, true, null, 0.1, 123456789012])
      ])
    )
    const fields = fieldsOf(JSON.stringify(flat))
    for (const [name, value] of Object.entries(flat)) {
      expect(fields?.[name]).toEqual(value)
    }
  }
})
