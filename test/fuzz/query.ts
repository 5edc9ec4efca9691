/**
 * Feeds broken and hostile texts to the query language and the readings of a line, and holds what must hold of
 * any text. Runs for as many seconds as the first argument says (20), from the seed of the second.
 */

import { stripAnsi } from '../../collector/parse/ansi.ts'
import { fieldsOf } from '../../collector/parse/fields.ts'
import { exclude, hits, include, parse, placeAt, print } from '../../collector/query/grammar.ts'
import { matcher, planOf } from '../../collector/query/match.ts'
import { Random, randomRecord, randomText } from '../collector/query/random.ts'

const seconds = Number(process.argv[2] ?? 20)
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31)
/** One text may take this long on a busy machine; anything more is growth that is not linear. */
const LIMIT_MS = 3000

const TOKENS = [
  '(',
  ')',
  '"',
  "'",
  '/',
  '\\',
  ':',
  '=',
  '!=',
  '>=',
  '<',
  '>',
  '[',
  ']',
  '{',
  '}',
  ' TO ',
  '..',
  '|',
  '*',
  '-',
  ' ',
  '\n',
  ' AND ',
  ' OR ',
  ' NOT ',
  'level',
  'app',
  'fields.',
  'host',
  'error',
  'warn',
  'x',
  '500',
  '1.5',
  '登录',
  '🔥',
  '\u0000',
  '\ud800',
  '\u212a',
  '\x1b[31m',
  '\x1b]',
  '：',
  'a.b',
  '@',
  ',',
  '{"a":',
  '{"msg":"',
  '[1,',
  'k=v ',
  'k="',
  '\\u0041',
  '/i',
  '.*',
  '(a|b)',
  '[^',
  '\t'
] as const

process.stdout.write(`query: ${seconds} s from seed ${seed}\n`)
const random = new Random(seed)
const until = Date.now() + seconds * 1000
let rounds = 0
let taken = 0
while (Date.now() < until) {
  const text = random.chance(0.02) ? monster() : random.list(0, 25, () => random.pick(TOKENS)).join('')
  const began = performance.now()
  try {
    if (holds(text)) taken++
  } catch (error) {
    process.stdout.write(`seed ${seed}, round ${rounds}: ${JSON.stringify(text.slice(0, 2000))}\n`)
    throw error
  }
  const ms = performance.now() - began
  if (ms > LIMIT_MS) throw new Error(`${Math.round(ms)} ms for ${JSON.stringify(text.slice(0, 200))}`)
  rounds++
}
process.stdout.write(`query: ${rounds} texts, ${taken} of them queries, nothing broke\n`)

/** Few different tokens, very often. */
function monster(): string {
  const unit = random.list(1, 3, () => random.pick(TOKENS)).join('')
  return unit.repeat(Math.ceil(random.below(100_000) / unit.length)).slice(0, 100_000)
}

/** True where the text is a query. */
function holds(text: string): boolean {
  const plain = stripAnsi(text)
  demand(!plain.includes('\x1b'), 'an escape is left')
  for (const [name, value] of Object.entries(fieldsOf(text) ?? {})) {
    demand(name.length <= 256 && String(value).length <= 32_768, 'a field is too long')
  }
  const place = placeAt(text, random.below(text.length + 1))
  demand(place.kind === 'none' || place.replace.to <= text.length, 'a place lies outside')
  const parsed = parse(text)
  if (!parsed.ok) {
    const { at, fix } = parsed.error
    demand(at.from <= at.to && at.to <= text.length && parsed.error.message !== '', 'an error lies outside')
    if (fix !== undefined) parse(text.slice(0, at.from) + fix + text.slice(at.to))
    return false
  }
  const { expression } = parsed
  const printed = print(expression)
  const again = parse(printed)
  if (printed.length < 90_000)
    demand(again.ok && print(again.expression) === printed, `printed as ${printed}`)
  if (/[*+{]/.test(text) && text.includes('/')) return true // any regular expression may be slow on any line
  const matches = matcher(expression)
  const plan = planOf(expression)
  for (let i = 0; i < 3; i++) {
    const record = { ...randomRecord(random), ...(random.chance(0.5) ? { text: text.slice(0, 5000) } : {}) }
    if (matches(record)) demand(plan.origin(record.origin), 'the plan prunes a match')
    hits(expression, record.text)
  }
  const value = randomText(random, 2) || 'x'
  demand(parse(include(text, 'app', value)).ok || text.length > 90_000, 'included into an error')
  demand(parse(exclude(text, 'a b', value)).ok || text.length > 90_000, 'excluded into an error')
  return true
}

function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new Error(otherwise)
}
