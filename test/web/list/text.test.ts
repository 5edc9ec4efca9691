import { expect, test } from 'vitest'
import { readAnsi, stripped } from '../../../web/list/ansi.ts'
import { foundIn, pieces } from '../../../web/list/marks.ts'
import { linesOf } from '../../../web/list/measure.ts'
import { DRAWN_LENGTH, drawnPart } from '../../../web/list/text.ts'

const STYLED = '\u001b[31mred\u001b[0m \u001b[1;38;5;196mbold\u001b[m \u001b[48;2;1;2;3mx\u001b[49m'

test('colours are read and every other escape code is taken out', () => {
  const plain = readAnsi(`${STYLED}\u001b[?1h\u001b[2J\u001b]0;title\u0007 end\u001b`)
  expect(plain.text).toBe('red bold x end')
  expect(
    plain.runs.map(({ from, to, style }) => [from, to, style.colour, style.bold, style.background])
  ).toEqual([
    [0, 3, 1, false, undefined],
    [4, 8, '255,0,0', true, undefined],
    [9, 10, undefined, false, '1,2,3']
  ])
  expect(stripped('\u001b]8;;http://x\u001b\\a\u001b]8;;\u001b\\ \u009b31mb')).toBe('a b')
})

test('a text of random bytes never breaks the reader, and both readings agree', () => {
  let state = 7
  for (let round = 0; round < 300; round++) {
    let text = ''
    for (let i = 0; i < 40; i++) {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
      text += ['\u001b', '[', ']', 'm', ';', '3', '1', 'x', '\u0007', '\n', '\u009b', '\u0000'][
        (state >> 8) % 12
      ]
    }
    expect(readAnsi(text).text).toBe(stripped(text))
  }
})

test('heights: cells, wide glyphs, tabs and own line breaks', () => {
  const sheet = { face: { cell: 8, wide: 13 }, textWidth: 80, wrap: true }
  expect(linesOf('x'.repeat(10), sheet)).toBe(1)
  expect(linesOf('x'.repeat(11), sheet)).toBe(2)
  expect(linesOf('中'.repeat(6), sheet)).toBe(1)
  expect(linesOf('中'.repeat(7), sheet)).toBe(2)
  expect(linesOf('a\n\nb', sheet)).toBe(3)
  expect(linesOf('a\tb', sheet)).toBe(1)
  expect(linesOf('x'.repeat(500), { ...sheet, wrap: false })).toBe(1)
})

test('the cut of a long line moves to its hit', () => {
  const text = 'x'.repeat(DRAWN_LENGTH * 3)
  expect(drawnPart(text, undefined)).toEqual({ from: 0, to: DRAWN_LENGTH })
  const part = drawnPart(text, DRAWN_LENGTH * 2)
  expect(part.from).toBeLessThan(DRAWN_LENGTH * 2)
  expect(part.to - part.from).toBe(DRAWN_LENGTH)
})

test('marks cut a text without losing a letter', () => {
  const marks = foundIn('ab AB ab', 'ab')
  expect(marks.map(({ from }) => from)).toEqual([0, 3, 6])
  const cut = pieces(0, 8, [{ from: 1, to: 4, style: 'red' }], marks)
  expect(cut.map(({ from, to }) => 'ab AB ab'.slice(from, to)).join('')).toBe('ab AB ab')
  expect(cut.filter(({ mark }) => mark).length).toBe(5)
})
