import { expect, test } from 'vitest'
import { DIAGNOSTICS, parse } from '../../../collector/query/grammar.ts'
import { said } from '../../../web/query/say.ts'
import { english, type WordKey } from '../../../web/words/catalogue.ts'
import { chinese } from '../../../web/words/chinese.ts'
import { deploysEn } from '../../../web/words/deploys.en.ts'
import { deploysZh } from '../../../web/words/deploys.zh.ts'
import { languageOf } from '../../../web/words/language.ts'
import { ledgerEn } from '../../../web/words/ledger.en.ts'
import { ledgerZh } from '../../../web/words/ledger.zh.ts'
import { marksEn } from '../../../web/words/marks.en.ts'
import { marksZh } from '../../../web/words/marks.zh.ts'
import { fill, holesOf } from '../../../web/words/message.ts'
import { zabbixEn } from '../../../web/words/zabbix.en.ts'
import { zabbixZh } from '../../../web/words/zabbix.zh.ts'

const keys = Object.keys(english.words) as WordKey[]

test('both catalogues have the same keys and fill the same holes', () => {
  expect(Object.keys(chinese.words).sort()).toEqual([...keys].sort())
  for (const key of keys) expect(holesOf(chinese.words[key]), key).toEqual(holesOf(english.words[key]))
})

test.each([
  ['ledger', ledgerEn, ledgerZh],
  ['deploys', deploysEn, deploysZh],
  ['marks', marksEn, marksZh],
  ['zabbix', zabbixEn, zabbixZh]
])('words of %s, which come later, fill the same holes, too, and hold no English', (_part, en, zh) => {
  const inEnglish: Record<string, string> = en
  const inChinese: Record<string, string> = zh
  expect(Object.keys(inChinese).sort()).toEqual(Object.keys(inEnglish).sort())
  for (const [key, words] of Object.entries(inEnglish)) {
    expect(holesOf(inChinese[key] ?? ''), key).toEqual(holesOf(words))
    expect((inChinese[key] ?? '').replace(/\{[^}]*\}|Driftlog|Zabbix/g, ''), key).not.toMatch(/[a-z]{3,}/i)
  }
})

/** Query words, level names, names of things and keys are the same in every language. */
const ALLOWED =
  /level>=warn "connection refused" -host:web-2|https?:\/\/\S+|\{[^}]*\}|\b(?:Driftlog|UTC|JSON|NDJSON|CSV|ANSI|curl|Docker|Ctrl|Shift|Tab|Enter|Escape|Esc|End|Home|warn|error|TO|OR|AND|NOT|API|URL|ID|RTL|Zabbix|OOM|DRIFTLOG_TOKEN|Bearer|driftlog|up|hub|agent|join|token|stdout|stderr|read|admin)\b|\b\d+[hmsd]\b|[A-Z]\+?[A-Z]?\b/g

test('no English is left in the Chinese catalogue', () => {
  for (const key of keys) {
    const rest = chinese.words[key].replace(ALLOWED, '')
    expect(rest, `${key}: ${chinese.words[key]}`).not.toMatch(/[a-z]{3,}/i)
  }
})

test('no sentence holds a hole that would have to be translated itself', () => {
  for (const key of keys) expect(english.words[key], key).not.toMatch(/\{\}|\{\s|\s\}/)
})

test('plural forms follow the language', () => {
  const lines = '{count|# line|# lines}'
  expect([0, 1, 2, 1204].map((count) => fill(lines, 'en-GB', { count }))).toEqual([
    '0 lines',
    '1 line',
    '2 lines',
    '1,204 lines'
  ])
  expect(fill('{count} 行', 'zh-CN', { count: 1204 })).toBe('1,204 行')
  expect(fill('{a} {b}', 'en-GB', { a: '{b}', b: 1 })).toBe('{b} 1')
})

test('the language is the chosen one, else the first that the browser wants and we have', () => {
  expect(languageOf('zh', ['en-US'])).toBe('zh')
  expect(languageOf(null, ['fr', 'zh-Hant-TW', 'en'])).toBe('zh')
  expect(languageOf('xx', ['fr'])).toBe('en')
})

test('every fault of a query has a sentence in both languages, with all its holes filled', () => {
  for (const code of Object.keys(DIAGNOSTICS) as (keyof typeof DIAGNOSTICS)[]) {
    const holes = [...DIAGNOSTICS[code].matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
    const params = Object.fromEntries(holes.map((hole) => [hole, 'x1']))
    const inChinese = said({ code, params }, chinese)
    expect(inChinese, code).toMatch(/\p{Script=Han}/u)
    for (const text of [inChinese, said({ code, params }, english)]) expect(text, code).not.toMatch(/\{\w+\}/)
  }
  const parsed = parse('level:loud')
  expect(parsed.ok).toBe(false)
  if (!parsed.ok) expect(said(parsed.error, chinese)).toContain('loud')
})
