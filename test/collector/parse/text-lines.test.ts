import { expect, test } from 'vitest'
import { PLAIN_HANDLING } from '../../../collector/handling.ts'
import { ColumnsBuilder } from '../../../collector/parse/columns.ts'
import { flush, parseChunk } from '../../../collector/parse/generation.ts'
import { beginReading, LINE_BYTES, type Manner, noCounts } from '../../../collector/parse/reading.ts'
import { FLAG } from '../../../collector/record.ts'
import { NOW_MS, randomFrom, readFile, rows, texts } from './lines.ts'

const TEXT: Manner = { format: 'text', handling: PLAIN_HANDLING }
const read = (file: string | Uint8Array, cuts: readonly number[] = [], open = false) =>
  readFile(typeof file === 'string' ? Buffer.from(file) : file, cuts, open, TEXT)

test('one line is one record, with its own time and level', () => {
  const { records, reading } = read('2026-11-23 10:00:00,5 WARN low\r\n\n2026-11-23 10:00:01 wörld 登录\nend')
  expect(records).toEqual([
    {
      time: '2026-11-23T10:00:00.500000000Z',
      offset: 0,
      end: 32,
      level: 'warn',
      output: '',
      flags: 0,
      text: '2026-11-23 10:00:00,5 WARN low'
    },
    {
      time: '2026-11-23T10:00:00.500000000Z',
      offset: 32,
      end: 33,
      level: 'unknown',
      output: '',
      flags: FLAG.timeless,
      text: ''
    },
    {
      time: '2026-11-23T10:00:01.000000000Z',
      offset: 33,
      end: 67,
      level: 'unknown',
      output: '',
      flags: 0,
      text: '2026-11-23 10:00:01 wörld 登录'
    },
    {
      time: '2026-11-23T10:00:01.000000000Z',
      offset: 67,
      end: 70,
      level: 'unknown',
      output: '',
      flags: FLAG.timeless,
      text: 'end'
    }
  ])
  expect(reading).toMatchObject({ committed: 70, next: 70, stored: 70 })
})

test('a line without end waits for it', () => {
  const { records, reading } = read('one\ntwo', [], true)
  expect(records.map((r) => r.text)).toEqual(['one'])
  expect(reading).toMatchObject({ committed: 4, stored: 4, next: 7 })
})

test('a byte order mark is no part of the first line, in the first line only', () => {
  expect(texts(read('\ufeffone\n\ufefftwo\n'))).toEqual(['one', '\ufefftwo'])
})

test('zeros are skipped, counted and told, and end a line', () => {
  const { records, counts, reading } = read('\0\0\0one\ntw\0\0o\nthree\0')
  expect(records.map((r) => r.text)).toEqual(['one', 'tw', 'o', 'three'])
  expect(counts.nulBytes).toBe(6)
  expect(reading.nuls.map(({ offset, bytes }) => [offset, bytes])).toEqual([
    [0, 3],
    [9, 2],
    [18, 1]
  ])
})

test('bad UTF-8 is told, and stops nothing', () => {
  const bad = Buffer.from([0x61, 0xff, 0xfe, 0x62, 10, 0xc3, 10, 0x63, 10])
  const { records, counts } = read(bad)
  expect(records.map((r) => [r.text, r.flags & FLAG.broken])).toEqual([
    ['a\ufffd\ufffdb', FLAG.broken],
    ['\ufffd', FLAG.broken],
    ['c', 0]
  ])
  expect(counts.broken).toBe(2)
})

test('escape sequences are marked', () => {
  expect(read('\x1b[31mred\x1b[0m\nplain\n').records.map((r) => r.flags & FLAG.ansi)).toEqual([FLAG.ansi, 0])
})

test('a line longer than a record may be is cut between characters, and goes on in the next record', () => {
  const long = `${'é'.repeat(LINE_BYTES / 2)}x`.repeat(2)
  const { records, counts } = read(`${long}\nnext\n`, [5, LINE_BYTES, LINE_BYTES + 1])
  expect(
    records
      .slice(0, -1)
      .map((r) => r.text)
      .join('')
  ).toBe(long)
  expect(records.map((r) => r.flags & FLAG.cut)).toEqual([FLAG.cut, FLAG.cut, 0, 0])
  expect(records.at(-1)?.text).toBe('next')
  expect(counts.cut).toBe(2)
})

test('lines without a time: that of the next line that has one, of the line before, or of arrival', () => {
  const times = (file: string) => read(file).records.map((r) => r.time.slice(11, 19))
  expect(times('banner\n2026-11-23 10:00:00 up\nmore\n2026-11-23 10:00:05 on\n')).toEqual([
    '10:00:00',
    '10:00:00',
    '10:00:00',
    '10:00:05'
  ])
  expect(times('no\ntimes\n')).toEqual(['12:00:00', '12:00:00'])
})

test('behind a pause a line without a time was written when it came', () => {
  const reading = beginReading(0, 0, NOW_MS, TEXT)
  const builder = new ColumnsBuilder()
  const at = (afterMs: number, text: string) => {
    parseChunk(reading, Buffer.from(text), false, NOW_MS + afterMs, builder, noCounts())
    return rows(builder.finish()).map((r) => r.time.slice(11, 23))
  }
  expect(at(0, '2026-11-23 11:59:59.9 up\nmore\n')).toEqual(['11:59:59.900', '11:59:59.900'])
  expect(at(3000, 'soon\n')).toEqual(['11:59:59.900'])
  expect(at(60_000, 'late\n')).toEqual(['12:01:00.000'])
  expect(at(90_000, 'later\n2026-11-23 12:01:29.9 on\n')).toEqual(['12:01:29.900', '12:01:29.900'])
})

test('a time that can not be is not believed; one that is a little out of order keeps the order of the file', () => {
  const file =
    '2026-11-23 11:00:01.5 a\n2026-11-23 11:00:01.2 b\n2031-01-01 00:00:00 c\n2026-11-23 10:00:00 d\n'
  expect(read(file).records.map((r) => [r.time.slice(11, 21), r.flags])).toEqual([
    ['11:00:01.5', 0],
    ['11:00:01.5', 0],
    ['11:00:01.5', FLAG.timeless],
    ['10:00:00.0', 0]
  ])
})

test('what is held can be given up at once, marked as cut', () => {
  const { reading } = read('half a li', [], true)
  const builder = new ColumnsBuilder()
  const counts = noCounts()
  flush(reading, builder, counts, NOW_MS, true)
  expect(rows(builder.finish())).toMatchObject([
    { text: 'half a li', offset: 0, end: 9, flags: FLAG.cut | FLAG.timeless }
  ])
  expect(reading).toMatchObject({ held: 0, committed: 9, stored: 9, next: 9 })
})

test('however a file is cut, and whenever the hub crashes, every byte of every line is there once', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomFrom(seed * 7919)
    const file = Buffer.concat(
      Array.from({ length: 200 }, (_, i) => {
        switch (random(8)) {
          case 0:
            return Buffer.from('\n')
          case 1:
            return Buffer.alloc(1 + random(300))
          case 2:
            return Buffer.from([random(256), random(256), 13, 10])
          default:
            return Buffer.from(`2026-11-23 10:00:${String(random(60)).padStart(2, '0')} line ${i}\n`)
        }
      })
    )
    const whole = read(file).records.map(({ offset, end, text }) => ({ offset, end, text }))
    const builder = new ColumnsBuilder()
    const kept: { offset: number; end: number; text: string }[] = []
    let reading = beginReading(0, 0, NOW_MS, TEXT)
    let stored = 0
    while (reading.next < file.length) {
      const to = Math.min(file.length, reading.next + 1 + random(400))
      parseChunk(reading, file.subarray(reading.next, to), to === file.length, NOW_MS, builder, noCounts())
      const given = rows(builder.finish()).filter((record) => record.end > stored)
      kept.push(...given.map(({ offset, end, text }) => ({ offset, end, text })))
      stored = Math.max(stored, reading.stored)
      if (random(3) === 0 && to < file.length) reading = beginReading(reading.committed, stored, NOW_MS, TEXT)
    }
    expect(kept).toEqual(whole)
  }
})
