/** Documents for Elasticsearch: what is written as bytes is what the slow and plain way makes of the same line. */
import { expect, test } from 'vitest'
import { stripAnsi } from '../../../collector/parse/ansi.ts'
import { fieldsOf } from '../../../collector/parse/fields.ts'
import { wordsOf } from '../../../collector/query/words.ts'
import type { Batch } from '../../../collector/record.ts'
import { valueTerm } from '../../../collector/store/elasticsearch/document.ts'
import { sized, tokensOf } from '../../../collector/store/elasticsearch/tokens.ts'
import { DocumentWriter } from '../../../collector/store/elasticsearch/writer.ts'
import { batch, DAY, type Line, origin, random } from './corpus.ts'

interface Sent {
  '@timestamp': string
  message: string
  log: { level: string; offset: number }
  driftlog: {
    at: number
    until: number
    time: string
    flags?: number
    words: string
    long?: boolean
    values?: string[]
    fields?: Record<string, string>
  }
}

function written(
  of: Batch,
  isPlain = false
): { action: { create: { _index: string; _id: string } }; sent: Sent }[] {
  const writer = new DocumentWriter()
  const rows = Array.from({ length: of.records.count }, (_, row) => row)
  const documents = writer.write({ batch: of, rows, number: 3, originId: 'o1', arrival: 17 })
  return [...documents.ends].map((end, i) => {
    const body = isPlain
      ? documents.plain(i).body
      : documents.body.subarray(i > 0 ? documents.ends[i - 1] : 0, end)
    const [action = '', sent = '', rest] = body.toString().split('\n')
    expect(rest).toBe('')
    return { action: JSON.parse(action), sent: JSON.parse(sent) }
  })
}

const PIECES = [
  ...[
    'a',
    'Z',
    '_',
    '__x',
    '7',
    'user',
    ' ',
    '  ',
    '.',
    ':',
    '=',
    '"',
    '\\',
    '\t',
    '\n',
    '\0',
    '\u001b[31m',
    '\u001b[0m'
  ],
  ...[
    'é',
    'ß',
    'İ',
    'Σ',
    '\u212a',
    '登录',
    'ひ',
    '🙂',
    '\u0301',
    'user=bob ',
    'k="v w" ',
    'level=info ',
    '{"a":',
    '}',
    ','
  ],
  ...[
    'x'.repeat(249),
    'y'.repeat(251),
    '"b_c":"_d e_" ',
    '"m":{"n":[1,2,"x"]}',
    '"u\\u0000v":1',
    'µ'.repeat(70)
  ]
]

function texts(count: number, seed: number): string[] {
  const next = random(seed)
  const pick = () => PIECES[Math.floor(next() * PIECES.length)] ?? ''
  const odd = Array.from({ length: count }, () =>
    Array.from({ length: Math.floor(next() * 14) }, pick).join('')
  )
  const json = odd.map((text, i) =>
    JSON.stringify({ [text.slice(0, 260)]: text, user: i, _own: { deep: [text, null] } })
  )
  return [...odd, ...json]
}

test('words, terms and fields of 4,000 odd lines are those that the query’s own words find', () => {
  const lines = texts(2000, 7).map((text, n): Line => ({ text, time: DAY + BigInt(n) }))
  const all = written(batch(origin('orders'), lines))
  for (const [i, { sent }] of all.entries()) {
    const text = lines[i]?.text ?? ''
    const plain = stripAnsi(text)
    const fields = fieldsOf(plain)
    const { words, values, fields: kept } = sent.driftlog
    expect(sent.message).toBe(text)
    expect(words).toBe(tokensOf(plain))
    const names = Object.keys(fields ?? {})
    const terms = names.flatMap((name) => [
      sized(`${name}=`),
      ...wordsOf(String(fields?.[name])).map((word) => valueTerm(name, word))
    ])
    expect(new Set(values)).toEqual(new Set(terms))
    const read = names.map((name) => [name.replaceAll('\0', '\ufffd'), String(fields?.[name])])
    expect(kept ?? {}).toEqual(Object.fromEntries(read))
  }
})

test('times, places and flags come out digit by digit', () => {
  const times = [
    -1n,
    0n,
    1n,
    999_999n,
    DAY,
    DAY + 86_399_999_999_999n,
    9_223_372_036_000_000_001n,
    -(1n << 62n)
  ]
  const lines = times.map(
    (time, i): Line => ({ text: `t${i}`, time, flags: i === 2 ? 16 : 0, bytes: 3_000_000_001 })
  )
  const [before, epoch, first, , day, last, late, early] = written(
    batch(origin('orders'), lines, 7_000_000_000)
  )
  expect(first?.sent.driftlog).toMatchObject({
    time: '1',
    flags: 16,
    at: 13_000_000_002,
    until: 16_000_000_003
  })
  expect(first?.sent.log.offset).toBe(13_000_000_002)
  expect(first?.action.create._id).toBe(`${origin('orders').instance}.0.g0.13000000002`)
  expect(epoch?.sent).toMatchObject({
    '@timestamp': '1970-01-01T00:00:00.000000000Z',
    driftlog: { time: '0' }
  })
  expect(before?.sent).toMatchObject({
    '@timestamp': '1970-01-01T00:00:00.000000000Z',
    driftlog: { time: '-1' }
  })
  expect(early?.sent.driftlog.time).toBe(String(-(1n << 62n)))
  expect(late?.sent.driftlog.time).toBe('9223372036000000001')
  expect(late?.sent['@timestamp']).toBe('2262-04-11T00:00:00.000000000Z')
  expect(day?.sent['@timestamp']).toBe('2026-11-23T00:00:00.000000000Z')
  expect(last?.sent['@timestamp']).toBe('2026-11-23T23:59:59.999999999Z')
  expect(last?.sent.driftlog).not.toHaveProperty('flags')
  expect(last?.action.create._index).toBe('driftlog-production-2026.11.23')
})

test('what is sent where a document is refused has the line and its words, and no fields', () => {
  const text = '{"user":"bob","n":{"m":1}}'
  const [one] = written(batch(origin('orders'), [{ text, time: DAY }]), true)
  expect(one?.sent.message).toBe(text)
  expect(one?.sent.driftlog.words).toBe('user bob n m 1')
  expect(one?.sent.driftlog).not.toHaveProperty('values')
  expect(one?.sent.driftlog).not.toHaveProperty('fields')
})

test('bytes that are no UTF-8 are sent as what reading them gives', () => {
  const of = batch(origin('orders'), [{ text: 'ab cd', time: DAY }])
  of.records.text[2] = 0xff
  expect(written(of)[0]?.sent.message).toBe('ab\ufffdcd')
})
