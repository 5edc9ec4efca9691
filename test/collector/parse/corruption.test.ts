/** Log files as crashes, full disks and other programs leave them. Every good line must come through. */
import { describe, expect, test } from 'vitest'
import { PIECE_BYTES } from '../../../collector/parse/pieces.ts'
import { LINE_BYTES } from '../../../collector/parse/reading.ts'
import { FLAG } from '../../../collector/record.ts'
import { dockerLine, randomFrom, readFile } from './lines.ts'

const good = Array.from({ length: 12 }, (_, i) =>
  dockerLine(`good ${i} ${'é"\\'.repeat(i)}\n`, { stream: i % 2 ? 'stderr' : 'stdout' })
)
const goodTexts = good.map((_, i) => `good ${i} ${'é"\\'.repeat(i)}`)
const head = Buffer.concat(good.slice(0, 6))
const tail = Buffer.concat(good.slice(6))
const one = dockerLine('the damaged one\n')

function line(text: string): Buffer {
  return Buffer.from(`${text}\n`)
}

const damages: [name: string, bytes: Buffer][] = [
  ['a run of NUL bytes', Buffer.alloc(4096)],
  ['a record filled with NUL bytes', Buffer.alloc(one.length)],
  ['a record whose second half is NUL bytes', Buffer.concat([one.subarray(0, 30), Buffer.alloc(40)])],
  ['a record whose first half is NUL bytes', Buffer.concat([Buffer.alloc(30), one.subarray(30)])],
  [
    'NUL bytes in the middle of a record',
    Buffer.concat([one.subarray(0, 20), Buffer.alloc(9), one.subarray(29)])
  ],
  ['a megabyte of NUL bytes', Buffer.alloc(1_500_000)],
  ['half a record, the next one right behind it', one.subarray(0, 40)],
  ['half a record with a newline', Buffer.concat([one.subarray(0, 40), Buffer.from('\n')])],
  ['the second half of a record', one.subarray(25)],
  ['a record without its newline', one.subarray(0, -1)],
  ['a record cut within an escape', line('{"log":"abc\\')],
  ['a record cut within \\u', line('{"log":"abc\\u00')],
  ['a record cut within its time', line('{"log":"abc\\n","stream":"stdout","time":"2026-11-')],
  ['an unknown escape', line('{"log":"\\x41\\n","stream":"stdout","time":"2026-11-22T08:32:35Z"}')],
  ['bad hexadecimal digits', line('{"log":"\\u00zz\\n","stream":"stdout","time":"2026-11-22T08:32:35Z"}')],
  ['random bytes', randomBytes(3000)],
  [
    'random bytes and NUL, ending in the middle of a line',
    Buffer.concat([randomBytes(500), Buffer.alloc(1)])
  ],
  ['bytes that are no UTF-8 within a text', badUtf8()],
  [
    'a raw control character in a text',
    line('{"log":"a\u0001b\\n","stream":"stdout","time":"2026-11-22T08:32:35Z"}')
  ],
  ['empty lines', Buffer.from('\n\n\n\r\n \n\t\n')],
  ['carriage returns at the end of lines', Buffer.from(one.toString().replace('\n', '\r\n'))],
  ['a byte order mark', Buffer.concat([Buffer.from('\ufeff'), one])],
  ['plain text', line('2026-11-22 someone appended this')],
  ['other JSON', line('{"msg":"not from docker","level":30}')],
  ['JSON that is no object', line('[1,2,3]')],
  ['a log that is a number', line('{"log":5,"stream":"stdout","time":"2026-11-22T08:32:35Z"}')],
  ['no log at all', line('{"stream":"stdout","time":"2026-11-22T08:32:35Z"}')],
  ['nesting 10,000 deep', line('['.repeat(10_000))],
  ['a line longer than a record may be', line('x'.repeat(2 * LINE_BYTES + 5))],
  ['a gzip header', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), Buffer.from('\n')])],
  ['a piece whose end never came', dockerLine('p'.repeat(PIECE_BYTES), { time: '2026-11-22T01:00:00.5Z' })],
  ['an unknown stream', line('{"log":"x\\n","stream":"stdlog","time":"2026-11-22T08:32:35Z"}')],
  ['keys in another order', line('{"time":"2026-11-22T08:32:35Z","stream":"stdout","log":"x\\n"}')],
  [
    'blanks between the tokens',
    line('{ "log": "x\\n", "stream": "stdout", "time": "2026-11-22T08:32:35Z" }')
  ],
  ['a time that is none', line('{"log":"x\\n","stream":"stdout","time":"yesterday"}')],
  ['a time that is a number', line('{"log":"x\\n","stream":"stdout","time":1732265555}')],
  ['no time', line('{"log":"x\\n","stream":"stdout"}')]
]

describe('between good lines', () => {
  test.each(damages)('%s', (_, damage) => {
    const file = Buffer.concat([head, damage, tail])
    const read = readFile(file)
    const kept = read.records.filter((record) => record.text.startsWith('good '))
    expect(kept.map((record) => record.text)).toEqual(goodTexts)
    expect(kept.every((record) => record.flags === 0)).toBe(true)
    for (const record of read.records) expect(Buffer.from(record.text).toString()).toBe(record.text)
    const random = randomFrom(damage.length)
    const cuts = Array.from({ length: 8 }, () => random(file.length))
    expect(readFile(file, cuts).records).toEqual(read.records)
  })
})

describe('what is kept of the damage', () => {
  test('broken lines keep their raw text, flagged and counted', () => {
    const read = readFile(
      Buffer.concat([good[0] ?? head, line('no {json}'), one.subarray(0, 20), good[1] ?? head])
    )
    expect(read.records.map((record) => [record.text, record.flags])).toEqual([
      [goodTexts[0], 0],
      ['no {json}', FLAG.broken | FLAG.timeless],
      ['{"log":"the damaged ', FLAG.broken | FLAG.timeless],
      [goodTexts[1], 0]
    ])
    expect(read.records[1]?.time).toBe(read.records[0]?.time)
    expect(read.counts).toMatchObject({ broken: 2, timeless: 2 })
  })

  test('NUL bytes are counted', () => {
    expect(readFile(Buffer.concat([head, Buffer.alloc(777), tail])).counts.nulBytes).toBe(777)
  })

  test('the fifty records of moby issue 53631, of which one is NUL bytes, are forty-nine', () => {
    const records = Array.from({ length: 50 }, (_, i) => dockerLine(`record ${i}\n`))
    records[17] = Buffer.alloc(records[17]?.length ?? 0)
    expect(readFile(Buffer.concat(records)).records).toHaveLength(49)
  })

  test('a sparse file whose head was truncated away', () => {
    const file = Buffer.concat([Buffer.alloc(3_000_000), head])
    const read = readFile(file, [1_000_000, 2_000_000])
    expect(read.records).toHaveLength(6)
    expect(read.records[0]?.offset).toBe(3_000_000)
  })

  test('bad bytes become U+FFFD', () => {
    expect(readFile(badUtf8()).records[0]?.text).toBe('a\ufffdb\ufffd\ufffd')
  })
})

function badUtf8(): Buffer {
  return Buffer.concat([
    Buffer.from('{"log":"a'),
    Buffer.from([0xff]),
    Buffer.from('b'),
    Buffer.from([0xc3, 0xed]),
    Buffer.from('\\n","stream":"stdout","time":"2026-11-22T08:32:35Z"}\n')
  ])
}

function randomBytes(count: number): Buffer {
  const random = randomFrom(99)
  return Buffer.from([...Array.from({ length: count }, () => random(256)), 10])
}
