import { expect, test } from 'vitest'
import { stripAnsi } from '../../../collector/parse/ansi.ts'

test.each([
  ['plain', 'plain'],
  ['\x1b[31mred\x1b[0m', 'red'],
  ['\x1b[1;38;5;208mbold\x1b[m', 'bold'],
  ['\x1b[38:2::1:2:3mrgb', 'rgb'],
  ['\x1b[?25lhidden cursor\x1b[?1h', 'hidden cursor'],
  ['\x1b[2K\x1b[1Gprogress', 'progress'],
  ['\x1b]0;title\x07text', 'text'],
  ['\x1b]8;;http://x/y\x1b\\link\x1b]8;;\x1b\\', 'link'],
  ['\x1b(B\x1b)0text\x1b#8', 'text'],
  ['\x1b7saved\x1b8\x1b=', 'saved'],
  ['\x1bPq#0;2;0\x1b\\sixel', 'sixel'],
  ['\x1b]0;never closed', '0;never closed'],
  ['cut \x1b[3', 'cut '],
  ['alone \x1b', 'alone '],
  ['two \x1b\x1b[0mhere', 'two here'],
  ['err\x1b[0mor', 'error']
])('%j', (text, expected) => {
  expect(stripAnsi(text)).toBe(expected)
})

test('a line full of openings takes no longer than its length', () => {
  expect(stripAnsi('\x1b]'.repeat(500_000))).toBe('')
  expect(stripAnsi('\x1b['.repeat(500_000))).toBe('')
  expect(stripAnsi(`\x1bP${'x'.repeat(1_000_000)}`)).toHaveLength(1_000_000)
})
