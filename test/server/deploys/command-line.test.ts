import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { cutCommandLine } from '../../../server/deploys/command-line.ts'

test.each([
  'serve --port 1',
  '  a   b\tc  ',
  `a "b c" 'd e'`,
  `a"b"'c'd`,
  `"" ''`,
  'a\\ b \\"c\\" \\\\',
  `"a\\"b" "a\\\\b" "a\\$b" "a\\\`b" "a\\nb"`,
  `'a\\b' 'a"b'`,
  'a\\\nb',
  '"a\\\nb"',
  `--name='x y'`,
  '"grüße" 你好'
])('%j is cut as a shell cuts it', (text) => {
  // A real shell says what is right; nothing in these texts is expanded by one.
  const shell = execFileSync('sh', ['-c', `printf '%s\\0' ${text}`], { encoding: 'utf8' })
  expect(cutCommandLine(text)).toEqual({ words: shell.split('\0').slice(0, -1) })
})

test('nothing is expanded, and nothing is an operator', () => {
  expect(cutCommandLine('a $HOME ${PORT} `id` $(id) *.x ; b > c & d | e # f')).toEqual({
    words: 'a $HOME ${PORT} `id` $(id) *.x ; b > c & d | e # f'.split(' ')
  })
})

test.each(["a 'b", 'a "b', 'a "b\\', 'a\\', `'`, `"a'`])('%j is refused', (text) => {
  expect(cutCommandLine(text)).toEqual({ problem: expect.any(String) })
})

test('an empty text has no words', () => {
  expect(cutCommandLine(' \n ')).toEqual({ words: [] })
})
