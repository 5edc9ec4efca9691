import { expect, test } from 'vitest'
import type { RecordJson } from '../../../server/api/logs.ts'
import { rowsAsCsv } from '../../../web/record/copies.ts'
import { curlOf } from '../../../web/record/curl.ts'
import { readJson } from '../../../web/record/json.ts'
import { rawPieces } from '../../../web/record/raw.ts'
import { blocksOf } from '../../../web/record/stack.tsx'
import { START_VIEW } from '../../../web/state/view.ts'

test('curl is quoted for a shell and never holds the token', () => {
  const line = curlOf(
    { ...START_VIEW, q: `it's "$HOME" \`x\`` },
    { from: undefined, to: undefined },
    true,
    'http://hub'
  )
  expect(line).toContain(`--data-urlencode 'q=it'\\''s "$HOME" \`x\`'`)
  expect(line).toContain('Bearer $DRIFTLOG_TOKEN')
})

test('CSV quotes what needs it and disarms formulas', () => {
  const record = {
    time: 't',
    hostName: 'h',
    app: 'a',
    instance: 'i',
    level: 'info',
    text: '=1+1,"x"\ny',
    fields: { n: 5 }
  } as unknown as RecordJson
  expect(rowsAsCsv([record], ['n'])).toBe(
    `time,host,app,instance,level,n,text\r\nt,h,a,i,info,5,"'=1+1,""x""\ny"`
  )
})

test('JSON keeps the digits of its numbers and refuses what is none', () => {
  const node = readJson('{"id":12345678901234567890,"a":[true,null,1e400],"a":"\\u00e9"}')
  expect(node?.kind === 'object' && node.entries.map(([name, value]) => [name, value.kind])).toEqual([
    ['id', 'word'],
    ['a', 'array'],
    ['a', 'text']
  ])
  expect(node?.kind === 'object' && node.entries[0]?.[1]).toEqual({
    kind: 'word',
    value: '12345678901234567890'
  })
  for (const bad of ['{', '{"a":}', '[1,]', 'text', '{"a":1} x', '['.repeat(300)])
    expect(readJson(bad)).toBeUndefined()
})

test('what cannot be seen becomes a sign', () => {
  const text = rawPieces('a\u001b[0m\u202Eb\u200B')
    .map((piece) => piece.text)
    .join('')
  expect(text).toBe('a␛[0m<U+202E>b<U+200B>')
})

test('neighbouring library frames fold, a lone one does not', () => {
  const blocks = blocksOf([
    'Error',
    '    at own (a.js:1)',
    '    at x (node_modules/x.js:1)',
    '    at y (node:fs:2)',
    '    at own (b.js:2)',
    '    at z (node:net:1)'
  ])
  expect(blocks.map(({ folded, lines }) => [folded, lines.length])).toEqual([
    [false, 2],
    [true, 2],
    [false, 1],
    [false, 1]
  ])
})
