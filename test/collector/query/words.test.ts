import { expect, test } from 'vitest'
import { fold, holdsRun, runOf, wordsOf } from '../../../collector/query/grammar.ts'
import { placesOf } from '../../../collector/query/words.ts'
import { Random, randomText, WORDS } from './random.ts'

test('words are runs of letters, digits, marks and _; Han and Hiragana stand alone', () => {
  expect(wordsOf('read.timeout 10.0.0.1 a:b 1,000 O’Brien')).toEqual([
    'read',
    'timeout',
    '10',
    '0',
    '0',
    '1',
    'a',
    'b',
    '1',
    '000',
    'o',
    'brien'
  ])
  expect(wordsOf('用户登录abcカタカナひら')).toEqual(['用', '户', '登', '录', 'abcカタカナ', 'ひ', 'ら'])
  expect(wordsOf('snake_case __x e\u0301t 葛\u{e0100}x ½²Ⅷ 🔥')).toEqual([
    'snake_case',
    '__x',
    'e\u0301t',
    '葛\u{e0100}',
    'x'
  ])
  expect(wordsOf('')).toEqual([])
})

test('no character that is not ASCII becomes ASCII, and no length changes', () => {
  expect(wordsOf('\u212aelvin İstanbul ΟΔΟΣ')).toEqual(['\u212aelvin', 'İstanbul', 'οδοσ'])
  for (let code = 0x80; code < 0x11_0000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue
    const character = String.fromCodePoint(code)
    const folded = fold(character)
    if (folded.length !== character.length || /[\0-\x7f]/.test(folded)) expect.fail(`U+${code.toString(16)}`)
  }
})

test('a run stands where its words stand side by side', () => {
  const holds = (text: string, run: string, prefix = false) => holdsRun(text, runOf(run, prefix))
  expect(holds('read.timeout', 'timeout')).toBe(true)
  expect(holds('readtimeout', 'timeout')).toBe(false)
  expect(holds('timeouts', 'timeout')).toBe(false)
  expect(holds('timeouts', 'timeout', true)).toBe(true)
  expect(holds('from 10.0.0.1:80', '10.0.0.1')).toBe(true)
  expect(holds('from 10.0.0.12', '10.0.0.1')).toBe(false)
  expect(holds('Connection, refused', 'connection refused')).toBe(true)
  expect(holds('connection was refused', 'connection refused')).toBe(false)
  expect(holds('用户登录失败', '登录')).toBe(true)
  expect(holds('登 录', '登录')).toBe(true)
  expect(holds('户timeout败', 'timeout')).toBe(true)
  expect(holds('étimeout', 'timeout')).toBe(false)
  expect(holds('timeout’s', 'timeout')).toBe(true)
  expect(holds('a a b', 'a b')).toBe(true)
  expect(holdsRun('anything', { words: [], prefix: false })).toBe(false)
})

/** What holdsRun() means, without its short cuts. */
function holdsPlainly(text: string, words: string[], prefix: boolean): boolean {
  const all = wordsOf(text)
  return all.some((_, at) =>
    words.every((word, i) => {
      const one = all[at + i] ?? ''
      return prefix && i === words.length - 1 ? one.startsWith(word) : one === word
    })
  )
}

test('the quick way agrees with cutting the text, and places with both', () => {
  const random = new Random(3)
  let held = 0
  for (let round = 0; round < 30_000; round++) {
    const text = randomText(random)
    const words = wordsOf(random.chance(0.6) ? random.pick(WORDS) : randomText(random, 2))
    if (words.length === 0) continue
    const prefix = random.chance(0.3)
    if (prefix) words.push([...(words.pop() ?? '')].slice(0, 2).join(''))
    const expected = holdsPlainly(text, words, prefix)
    if (holdsRun(text, { words, prefix }) !== expected) expect.fail(JSON.stringify({ text, words, prefix }))
    const places = placesOf(text, { words, prefix }, 100)
    if (places.length > 0 !== expected) expect.fail(JSON.stringify({ text, words, prefix, places }))
    for (const { from, to } of places)
      expect(fold(text.slice(from, to)).startsWith(words[0] ?? '')).toBe(true)
    if (expected) held++
  }
  expect(held).toBeGreaterThan(2000)
})
