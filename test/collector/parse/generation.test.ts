import { describe, expect, test } from 'vitest'
import { ColumnsBuilder } from '../../../collector/parse/columns.ts'
import { flush, PIECE_WAIT_MS, parseChunk } from '../../../collector/parse/generation.ts'
import { PIECE_BYTES } from '../../../collector/parse/pieces.ts'
import { beginReading, LINE_BYTES, noCounts, RECORD_BYTES } from '../../../collector/parse/reading.ts'
import { FLAG } from '../../../collector/record.ts'
import { dockerLine, type LineParts, NOW_MS, randomFrom, readFile, rows, texts } from './lines.ts'

const T1 = '2026-11-22T08:32:35.1Z'
const T2 = '2026-11-22T08:32:36.123456789Z'

describe('whole lines', () => {
  test('text, time, output and place are read', () => {
    const a = dockerLine('hello\n', { time: T1 })
    const b = dockerLine('wörld <&> 登录 \u{1f600}\n', { stream: 'stderr', time: T2 })
    const { records, reading } = readFile(Buffer.concat([a, b]))
    expect(records).toEqual([
      {
        time: '2026-11-22T08:32:35.100000000Z',
        offset: 0,
        end: a.length,
        level: 'unknown',
        output: 'stdout',
        flags: 0,
        text: 'hello'
      },
      {
        time: '2026-11-22T08:32:36.123456789Z',
        offset: a.length,
        end: a.length + b.length,
        level: 'unknown',
        output: 'stderr',
        flags: 0,
        text: 'wörld <&> 登录 \u{1f600}'
      }
    ])
    expect(reading.committed).toBe(a.length + b.length)
    expect(reading.stored).toBe(a.length + b.length)
  })

  test.each([
    ['quotes and backslashes', 'a "b" \\c\\ \t\b\f / end\n'],
    ['a carriage return inside', 'progress 1\rprogress 2\n'],
    ['control characters', '\u0000\u0001\u001f\u007f\n'],
    ['escape sequences', '\x1b[31mred\x1b[0m\n'],
    ['an empty line', '\n'],
    ['a surrogate pair', '\u{1d11e}\n']
  ])('%s', (_, log) => {
    const { records, counts } = readFile(dockerLine(log))
    expect(records.map((r) => r.text)).toEqual([log.slice(0, -1)])
    expect(records[0]?.flags).toBe(log.includes('\x1b') ? FLAG.ansi : 0)
    expect(counts.exact).toBe(0)
  })

  test('a terminal ends its lines with \\r\\n', () => {
    expect(texts(readFile(dockerLine('$ ls\r\n')))).toEqual(['$ ls'])
  })

  test('a lone surrogate becomes U+FFFD, beside an exact reading of the rest', () => {
    const line = (s: string) =>
      Buffer.from(`{"log":"${s}\\n","stream":"stdout","time":"2026-11-22T08:32:35Z"}\n`)
    for (const s of ['a\\ud83dz', 'a\\ude00z', 'a\\ud83d\\ud83d\\ude00', '\\ud83d\\n', '\\ud83d\\u0041'])
      expect(texts(readFile(line(s)))[0]).toBe(
        Buffer.from(JSON.parse(`"${s}\\n"`) as string)
          .toString()
          .slice(0, -1)
      )
  })

  test('attrs are read exactly once, then recognised by their bytes', () => {
    const attrs = { env: 'prod', tag: 'a "b"' }
    const file = Buffer.concat([
      dockerLine('1\n', { attrs }),
      dockerLine('2\n', { attrs, stream: 'stderr' }),
      dockerLine('3\n', { attrs }),
      dockerLine('4\n')
    ])
    const read = readFile(file)
    expect(read.records.map((r) => [r.text, r.output])).toEqual([
      ['1', 'stdout'],
      ['2', 'stderr'],
      ['3', 'stdout'],
      ['4', 'stdout']
    ])
    expect(read.counts).toMatchObject({ exact: 1, broken: 0 })
  })

  test.each([
    ['2026-11-22T08:32:35Z', '2026-11-22T08:32:35.000000000Z'],
    ['2026-11-22T08:32:35.000000001Z', '2026-11-22T08:32:35.000000001Z'],
    ['2026-11-22T08:32:35.12+02:00', '2026-11-22T06:32:35.120000000Z'],
    ['2026-11-22T08:32:35.999999999-0530', '2026-11-22T14:02:35.999999999Z'],
    ['2024-02-29T23:59:59.5Z', '2024-02-29T23:59:59.500000000Z'],
    ['1969-12-31T23:59:59.9999Z', '1969-12-31T23:59:59.999900000Z']
  ])('time %s', (time, expected) => {
    expect(readFile(dockerLine('x\n', { time })).records[0]).toMatchObject({ time: expected, flags: 0 })
  })

  test.each([
    '2026-13-01T00:00:00Z',
    '2025-02-29T00:00:00Z',
    '20x6-01-01T00:00:00Z',
    '2026-11-22T24:00:00Z',
    ''
  ])('a time that is none (%s) leaves the record with the time before', (time) => {
    const read = readFile(Buffer.concat([dockerLine('a\n', { time: T2 }), dockerLine('b\n', { time })]))
    expect(read.records[1]).toMatchObject({
      text: 'b',
      time: '2026-11-22T08:32:36.123456789Z',
      flags: FLAG.timeless
    })
    expect(read.counts.timeless).toBe(1)
  })
})

describe('pieces of long lines', () => {
  const piece = (letter: string, parts: LineParts) => dockerLine(letter.repeat(PIECE_BYTES), parts)

  test('are joined per output, though the other output writes between', () => {
    const out = { stream: 'stdout', time: T1 }
    const err = { stream: 'stderr', time: T2 }
    const parts = [
      piece('a', out),
      piece('x', err),
      dockerLine('y\n', err),
      piece('b', out),
      dockerLine('c\n', out)
    ]
    const read = readFile(Buffer.concat(parts))
    expect(texts(read)).toEqual([
      `${'x'.repeat(PIECE_BYTES)}y`,
      `${'a'.repeat(PIECE_BYTES)}${'b'.repeat(PIECE_BYTES)}c`
    ])
    expect(read.records.map((r) => [r.offset, r.flags])).toEqual([
      [parts[0]?.length, 0],
      [0, 0]
    ])
  })

  test('`committed` waits for the end while complete records of the other output are given out', () => {
    const first = dockerLine('first\n', { time: T1 })
    const open = piece('a', { time: T1 })
    const other = dockerLine('other\n', { stream: 'stderr', time: T2 })
    const { reading, records } = readFile(Buffer.concat([first, open, other]), [], true)
    expect(records.map((r) => r.text)).toEqual(['first', 'other'])
    expect(reading.committed).toBe(first.length)
    expect(reading.stored).toBe(first.length + open.length + other.length)
    expect(reading.next).toBe(reading.stored)
  })

  test('a shorter piece without newline is an end of output', () => {
    const read = readFile(Buffer.concat([dockerLine('no end'), dockerLine('next\n')]), [], true)
    expect(texts(read)).toEqual(['no end', 'next'])
  })

  test('a piece is whole when the next one of its output has another time', () => {
    const read = readFile(Buffer.concat([piece('a', { time: T1 }), dockerLine('b\n', { time: T2 })]))
    expect(texts(read)).toEqual(['a'.repeat(PIECE_BYTES), 'b'])
    expect(read.counts.cut).toBe(0)
  })

  test('exactly one piece and its newline are one record', () => {
    const read = readFile(Buffer.concat([piece('a', { time: T1 }), dockerLine('\n', { time: T1 })]))
    expect(texts(read)).toEqual(['a'.repeat(PIECE_BYTES)])
  })

  test('a record is at most 1 MiB; the rest is the next record', () => {
    const pieces = 150
    const file = Buffer.concat([
      ...Array.from({ length: pieces }, () => piece('z', { time: T1 })),
      dockerLine('end\n', { time: T1 })
    ])
    const read = readFile(file)
    expect(read.records.map((r) => [r.text.length, r.flags])).toEqual([
      [RECORD_BYTES, FLAG.cut],
      [RECORD_BYTES, FLAG.cut],
      [(pieces - 128) * PIECE_BYTES + 3, 0]
    ])
    expect(read.counts.cut).toBe(2)
  })

  test('without continuation they are given out after a while, behind what the other output stored', () => {
    const open = piece('a', { time: T1 })
    const other = dockerLine('other\n', { stream: 'stderr' })
    const reading = beginReading(0, 0, NOW_MS)
    const builder = new ColumnsBuilder()
    const counts = noCounts()
    parseChunk(reading, Buffer.concat([open, other]), false, NOW_MS, builder, counts)
    expect(builder.finish().count).toBe(1)
    const stored = reading.stored
    const later = dockerLine('later\n', { stream: 'stderr' })
    parseChunk(reading, later, false, NOW_MS + PIECE_WAIT_MS, builder, counts)
    const [flushed, next] = rows(builder.finish())
    expect(flushed).toMatchObject({ text: 'a'.repeat(PIECE_BYTES), offset: 0, end: stored + 1, flags: 0 })
    expect(next?.end).toBeGreaterThan(stored + 1)
    expect(reading.committed).toBe(reading.next)
  })

  test('what depends on time never happens where records came already', () => {
    const open = piece('a', { time: T1 })
    const reading = beginReading(0, 1_000_000, NOW_MS)
    const builder = new ColumnsBuilder()
    parseChunk(reading, open, false, NOW_MS, builder, noCounts())
    parseChunk(reading, dockerLine('b\n', { time: T1 }), false, NOW_MS + 60_000, builder, noCounts())
    expect(rows(builder.finish()).map((r) => r.text)).toEqual([`${'a'.repeat(PIECE_BYTES)}b`])
  })

  test('what is held can be given up at once, marked as cut', () => {
    const file = Buffer.concat([piece('a', { time: T1 }), Buffer.from('{"log":"half a li')])
    const { reading } = readFile(file, [], true)
    expect(reading.held).toBe(PIECE_BYTES + 17)
    const builder = new ColumnsBuilder()
    const counts = noCounts()
    flush(reading, builder, counts, NOW_MS, true)
    expect(rows(builder.finish()).map((r) => [r.text.length, r.flags])).toEqual([
      [PIECE_BYTES, FLAG.cut],
      [17, FLAG.cut | FLAG.broken | FLAG.timeless]
    ])
    expect(reading).toMatchObject({ held: 0, open: 0, committed: file.length, next: file.length })
    expect(counts.cut).toBe(2)
  })
})

describe('however a file is cut into chunks', () => {
  test('the records are the same, and reading from `committed` on repeats exactly those beyond it', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const random = randomFrom(seed * 7919)
      const file = randomFile(random)
      const whole = readFile(file)
      const cuts = Array.from({ length: random(12) }, () => random(file.length + 1))
      const cut = readFile(file, cuts)
      expect(cut.records).toEqual(whole.records)
      expect(cut.counts).toEqual(whole.counts)
      expect(ends(whole.records)).toEqual([...ends(whole.records)].sort((a, b) => a - b))
      crashAnywhere(file, random, whole.records)
    }
  })

  test('one byte at a time', () => {
    const random = randomFrom(42)
    const file = Buffer.concat([randomFile(random).subarray(0, 3000), dockerLine('end\n')])
    const cuts = Array.from({ length: file.length }, (_, i) => i)
    expect(readFile(file, cuts).records).toEqual(readFile(file).records)
  })

  const ends = (records: { end: number }[]) => records.map((record) => record.end)

  /** A hub that dies after some chunk and reads again from `committed`: every record once, none left out. */
  function crashAnywhere(file: Buffer, random: (below: number) => number, expected: unknown[]): void {
    const builder = new ColumnsBuilder()
    const kept: { end: number; offset: number }[] = []
    let reading = beginReading(0, 0, NOW_MS)
    let stored = 0
    while (reading.next < file.length) {
      const to = Math.min(file.length, reading.next + 1 + random(60_000))
      parseChunk(reading, file.subarray(reading.next, to), to === file.length, NOW_MS, builder, noCounts())
      kept.push(...rows(builder.finish()).filter((record) => record.end > stored))
      stored = Math.max(stored, reading.stored)
      if (random(3) === 0 && to < file.length) reading = beginReading(reading.committed, stored, NOW_MS)
    }
    const comparable = (record: object) => ({ ...record, time: 0 })
    const timeless = (expected as { time: unknown }[]).map(comparable)
    expect(kept.map(comparable)).toEqual(timeless)
  }

  function randomFile(random: (below: number) => number): Buffer {
    const parts: Buffer[] = []
    const count = 5 + random(40)
    for (let i = 0; i < count; i++) {
      const stream = random(3) === 0 ? 'stderr' : 'stdout'
      const time = `2026-11-22T08:32:${String(random(3) + 10)}.${random(3)}Z`
      switch (random(12)) {
        case 0:
          for (let k = random(4); k >= 0; k--)
            parts.push(dockerLine('p'.repeat(PIECE_BYTES), { stream, time }))
          parts.push(dockerLine('tail\n', { stream, time }))
          break
        case 1:
          parts.push(dockerLine('q'.repeat(PIECE_BYTES), { stream, time }))
          break
        case 2:
          parts.push(Buffer.alloc(1 + random(5000)))
          break
        case 3:
          parts.push(dockerLine('half\n', { time }).subarray(0, 1 + random(30)))
          break
        case 4:
          parts.push(Buffer.from([0xff, 0xfe, 10, 13, 10, 0xc3]))
          break
        case 5:
          parts.push(dockerLine('attrs\n', { stream, time, attrs: { a: '1' } }))
          break
        default:
          parts.push(dockerLine(`line ${i} ${'é'.repeat(random(50))} "quoted"\n`, { stream, time }))
      }
    }
    return Buffer.concat(parts)
  }
})

test('against a slow reading of random texts by JSON.parse', () => {
  const random = randomFrom(7)
  const alphabet = [
    'a',
    ' ',
    '"',
    '\\',
    '\n',
    '\r',
    '\t',
    '\u0000',
    'é',
    '登',
    '\u{1f600}',
    '\ud800',
    '<',
    '\u2028',
    '\x1b'
  ]
  const logs = Array.from({ length: 2000 }, () =>
    Array.from({ length: random(30) }, () => alphabet[random(alphabet.length)]).join('')
  )
  const file = Buffer.concat(logs.map((log) => dockerLine(`${log}\n`)))
  const expected = file
    .toString()
    .split('\n')
    .filter((line) => line.length > 0)
    .map((line) => (JSON.parse(line) as { log: string }).log.replace(/\r?\n$/, ''))
    .map((text) => Buffer.from(text).toString())
  const read = readFile(file)
  expect(texts(read)).toEqual(expected)
  expect(read.counts.exact).toBe(0)
})

test('a line without end is cut, and what it holds stays bounded', () => {
  const file = Buffer.concat([
    Buffer.alloc(3 * LINE_BYTES + 500, 0x41),
    Buffer.from('\n'),
    dockerLine('good\n')
  ])
  const read = readFile(file, [100, LINE_BYTES, LINE_BYTES + 1, 2 * LINE_BYTES + 77])
  expect(read.records.map((r) => r.text.length)).toEqual([LINE_BYTES, LINE_BYTES, LINE_BYTES, 500, 4])
  expect(read.records.map((r) => r.offset)).toEqual([
    0,
    LINE_BYTES,
    2 * LINE_BYTES,
    3 * LINE_BYTES,
    3 * LINE_BYTES + 501
  ])
})
