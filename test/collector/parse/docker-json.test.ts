/** The fast path reads four bytes at a time: what differs by one byte, wherever it stands, is found all the same. */
import { expect, test } from 'vitest'
import { dockerLine, readFile } from './lines.ts'

const attrs = { env: 'prod' }
const before = dockerLine('before\n', { attrs })
const after = dockerLine('after\n', { attrs })
const spellings = [dockerLine('the "text" é\n'), dockerLine('one\n', { attrs, stream: 'stderr' })]

/** JSON may end with a blank, Docker's never does: only the exact path reads the line then. */
function exactly(line: Buffer) {
  const blank = Buffer.concat([line.subarray(0, -1), Buffer.from(' \n')])
  const { records, counts } = readFile(Buffer.concat([before, blank, after]))
  return { broken: counts.broken, records: records.map(({ offset, end, ...rest }) => rest) }
}

function quickly(line: Buffer) {
  const { records, counts } = readFile(Buffer.concat([before, line, after]))
  return { broken: counts.broken, records: records.map(({ offset, end, ...rest }) => rest) }
}

/** Where the line is none, its raw text holds the blank as well: then only that it is none is compared. */
function expectSame(line: Buffer, what: string): void {
  const expected = exactly(line)
  if (expected.broken === 0) expect(quickly(line), what).toEqual(expected)
  else expect(quickly(line).broken, what).toBe(expected.broken)
}

test('every byte of a line replaced by another: the same records as the exact path gives', () => {
  for (const good of spellings)
    for (let at = 0; at < good.length - 1; at++)
      for (const byte of [
        0x1f, 0x20, 0x21, 0x22, 0x2d, 0x30, 0x39, 0x5b, 0x5c, 0x5d, 0x75, 0x7f, 0x80, 0xa2, 0xff
      ]) {
        const line = Buffer.from(good)
        line[at] = byte
        expectSame(line, `byte ${byte} at ${at}`)
      }
})

test('every byte of a line left out or doubled', () => {
  for (const good of spellings)
    for (let at = 0; at < good.length - 1; at++)
      for (const from of [Math.max(0, at - 1), at + 1])
        expectSame(Buffer.concat([good.subarray(0, at), good.subarray(from)]), `${at}, ${from}`)
})

test('escapes at every place of four bytes, between plain runs of any length', () => {
  const escapes = ['"', '\\', '\n', '\t', '\u0001', '\x1b', '<', '\u2028', '\ud800', '登', '\u{1f600}']
  const texts = escapes.flatMap((escaped) =>
    Array.from(
      { length: 13 },
      (_, k) => `${'a'.repeat(k)}${escaped}${'b'.repeat(12 - k)}${escaped}${escaped}`
    )
  )
  const { records, counts } = readFile(Buffer.concat(texts.map((text) => dockerLine(`${text}.\n`))))
  expect(records.map((record) => record.text)).toEqual(
    texts.map((text) => `${Buffer.from(text).toString()}.`)
  )
  expect(counts.exact).toBe(0)
})

test('control characters are no part of a string, whatever stands beside them', () => {
  for (let control = 0; control < 32; control++)
    for (let at = 0; at < 5; at++) {
      const good = dockerLine('abc!#[]"\u00e9\n')
      const line = Buffer.from(good)
      line[8 + at] = control
      expect(readFile(Buffer.concat([before, line, after])).counts.broken).toBeGreaterThan(0)
    }
})

test('the first line of all may be of the year 1970 or of none', () => {
  const times = ['1970-01-01T00:00:01.5Z', '1970-01-01T00:01:01Z', '2026-11-22T08:32:35.000000001Z']
  const read = readFile(Buffer.concat(times.map((time) => dockerLine('x\n', { time }))))
  expect(read.records.map((record) => record.time)).toEqual([
    '1970-01-01T00:00:01.500000000Z',
    '1970-01-01T00:01:01.000000000Z',
    '2026-11-22T08:32:35.000000001Z'
  ])
  const nul = dockerLine('x\n', { time: '2026-11-22T08:32:35Z' })
  nul.fill(0, nul.length - 23, nul.length - 7)
  expect(readFile(nul).counts.timeless).toBeGreaterThan(0)
})
