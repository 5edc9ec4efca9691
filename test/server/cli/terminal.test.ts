import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { markedQuery } from '../../../server/cli/client.ts'
import { CliError, EXIT, endingOf } from '../../../server/cli/exit.ts'
import { friendlyLine } from '../../../server/cli/log.ts'
import {
  bytesText,
  coloursWanted,
  durationText,
  progressOn,
  safeText,
  table,
  widthOf
} from '../../../server/cli/terminal.ts'

const plain = (_: unknown, text: string) => text

test('log text can not steer the terminal: only colours pass, and only where wanted', () => {
  expect(safeText('\u001b[31mred\u001b[0m', true)).toBe('\u001b[31mred\u001b[0m\u001b[0m')
  expect(safeText('\u001b[31mred\u001b[0m', false)).toBe('red')
  expect(safeText('a\u001b[2J\u001b[1;1Hb\u001b]0;title\u0007c\u001b]8;;http://x\u001b\\d', true)).toBe(
    'abcd'
  )
  expect(safeText('\u001b(Bx\u001bcy\u001bPq\u001b\\z', true)).toBe('xyz')
  expect(safeText('bell\u0007 null\u0000 del\u007f c1\u009b31m back\b', true)).toBe(
    'bell␇ null␀ del␡ c1\ufffd31m back␈'
  )
  expect(safeText('half\u001b[12', true)).toBe('half␛[12')
  expect(safeText('half\u001b]0;never ended', true)).not.toContain('\u001b')
  expect(safeText('tab\tline\nwindows\r\n用户', false)).toBe('tab\tline\nwindows\n用户')
})

test('colours are for terminals; NO_COLOR and FORCE_COLOR decide before that', () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true })
  const pipe = new PassThrough()
  expect(coloursWanted(terminal, {})).toBe(true)
  expect(coloursWanted(pipe, {})).toBe(false)
  expect(coloursWanted(terminal, { NO_COLOR: '1' })).toBe(false)
  expect(coloursWanted(terminal, { NO_COLOR: '' })).toBe(true)
  expect(coloursWanted(terminal, { TERM: 'dumb' })).toBe(false)
  expect(coloursWanted(pipe, { FORCE_COLOR: '1' })).toBe(true)
  expect(coloursWanted(terminal, { FORCE_COLOR: '0' })).toBe(false)
})

test('progress is shown on a terminal alone, and wiped', () => {
  const terminal = Object.assign(new PassThrough(), { isTTY: true, columns: 20 })
  const progress = progressOn(terminal)
  progress.say('a long sentence that does not fit')
  progress.done()
  expect(String(terminal.read())).toBe('\r\u001b[2Ka long sentence tha\r\u001b[2K')
  const pipe = new PassThrough()
  progressOn(pipe).say('x')
  expect(pipe.read()).toBeNull()
})

test('a refused query is shown with the place marked, also behind wide characters', () => {
  expect(
    markedQuery('app:orders "refused', {
      message: 'A quote is not closed.',
      from: 11,
      to: 19,
      fix: '"refused"'
    })
  ).toBe(
    'A quote is not closed.\n  app:orders "refused\n             ^^^^^^^^\nMeant perhaps: app:orders "refused"'
  )
  expect(markedQuery('登录 (', { message: 'm', from: 3, to: 4 })).toBe('m\n  登录 (\n       ^')
  expect(markedQuery('x', { message: 'm', from: 1, to: 1 })).toBe('m\n  x\n   ^')
  expect(markedQuery('x', { message: 'm' })).toBe('m')
  const long = markedQuery(`${'y'.repeat(90_000)} (`, { message: 'm', from: 90_001, to: 90_002, fix: '' })
  expect(long.length).toBeLessThan(300)
})

test('tables stand in columns', () => {
  expect(
    table(
      [
        ['A', 'B'],
        ['登录', '1'],
        ['x', '22']
      ],
      plain
    )
  ).toBe('A     B\n登录  1\nx     22\n')
  expect(widthOf('a登录')).toBe(5)
})

test('sizes and durations read well', () => {
  expect([bytesText(0), bytesText(1023), bytesText(1536), bytesText(5 * 1024 ** 3)]).toEqual([
    '0 B',
    '1023 B',
    '1.5 KiB',
    '5.0 GiB'
  ])
  expect([durationText(12), durationText(4200), durationText(600_000), durationText(90_000_000)]).toEqual([
    '12 ms',
    '4.2 s',
    '10 min',
    '25.0 h'
  ])
})

test('log lines are friendly and complete', () => {
  const line = JSON.stringify({
    level: 40,
    time: '2026-11-23T15:00:00.000Z',
    path: '/x',
    count: 3,
    err: { message: 'no \u001b[2Jroom' },
    msg: 'it did not fit'
  })
  expect(friendlyLine(line, plain)).toMatch(
    /^\d\d:\d\d:\d\d warn {2}it did not fit \(no room\) path=\/x count=3\n$/
  )
})

test('what was thrown decides how the program ends', () => {
  expect(endingOf(new CliError(EXIT.refused, 'no'))).toEqual({ exitCode: 4, message: 'no' })
  expect(endingOf(Object.assign(new Error('PORT="x" must be integer'), { code: 'DRIFTLOG_CONFIG' }))).toEqual(
    { exitCode: 2, message: 'PORT="x" must be integer' }
  )
  expect(endingOf(Object.assign(new Error('taken'), { code: 'DRIFTLOG_LISTEN' }))).toEqual({
    exitCode: 5,
    message: 'taken'
  })
  expect(endingOf(new TypeError('bug')).message).toContain('terminal.test.ts')
})
