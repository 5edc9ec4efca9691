/** Seeded random queries and records whose words meet often: for property tests and the fuzzer. */
import { type Comparison, type Expression, type FieldTest, runOf } from '../../../collector/query/grammar.ts'
import { LEVELS, type LogRecord, OUTPUTS, recordId } from '../../../collector/record.ts'

/** Numbers 0 ≤ x < 1 that depend on the seed alone (mulberry32). */
export class Random {
  #state: number
  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let x = this.#state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly [T, ...T[]] | readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('Nothing to pick from')
    return item
  }

  list<T>(fewest: number, most: number, make: () => T): T[] {
    return Array.from({ length: fewest + this.below(most - fewest + 1) }, make)
  }
}

export const WORDS = [
  'timeout',
  'Timeout',
  'TIME',
  'time',
  'connection',
  'refused',
  'x',
  '10',
  '0',
  '1',
  '500',
  '404',
  '7f3a2b',
  '登录',
  '失败',
  '用户',
  'ひらがな',
  'カタカナ',
  'café',
  'CAFÉ',
  'naïve',
  'STRASSE',
  'straße',
  'ΟΔΟΣ',
  'οδος',
  '\u212aelvin',
  'kelvin',
  'İstanbul',
  'istanbul',
  'snake_case',
  '_',
  'e\u0301',
  '葛\u{e0100}',
  '𠮷',
  '𐐷',
  'Ⅷ',
  '½'
] as const
const SEPARATORS = [
  ' ',
  ' ',
  ' ',
  '.',
  ':',
  ', ',
  "'",
  '’',
  '-',
  '/',
  '=',
  '"',
  '\\',
  '\t',
  '\n',
  '🔥',
  '',
  '\u200b',
  '(',
  '\\n',
  '\\u00'
] as const
const NAMES = [
  'status',
  'http.status',
  'trace_id',
  'msg',
  'app.kubernetes.io/name',
  '@timestamp',
  'level',
  'user name',
  'größe',
  'a'
] as const
const APPS = ['orders', 'Orders', 'web', 'pay-1', ''] as const
const HEX = ['9f3c', 'abcdef', '00'] as const

export function randomText(random: Random, most = 8): string {
  return random.list(0, most, () => random.pick(WORDS) + random.pick(SEPARATORS)).join('')
}

function randomValue(random: Random): string {
  const kind = random.below(6)
  if (kind === 0) return String(random.below(600))
  if (kind === 1) return (random.next() * 1000).toFixed(random.below(4))
  if (kind === 2) return `2026-11-2${random.below(10)}T0${random.below(10)}:00:00Z`
  return kind === 3 ? randomText(random, 3) : random.pick(WORDS)
}

/** A JSON text, in which any character may be escaped. */
function randomJson(random: Random, depth = 0): string {
  const kind = depth > 3 ? 3 + random.below(4) : random.below(7)
  if (kind <= 1) {
    const members = random.list(
      0,
      4,
      () => `${jsonString(random, random.pick(NAMES))}:${randomJson(random, depth + 1)}`
    )
    return `{${members.join(random.pick([',', ', ']))}}`
  }
  if (kind === 2) return `[${random.list(0, 3, () => randomJson(random, depth + 1)).join(',')}]`
  if (kind === 3)
    return random.pick(['true', 'null', '0', '500', '1.50', '1e3', '-0', '12345678901234567890', '-5'])
  return jsonString(random, randomValue(random))
}

function jsonString(random: Random, text: string): string {
  if (!random.chance(0.2)) return JSON.stringify(text)
  return `"${[...text].map((c) => escapeSome(random, c)).join('')}"`
}

function escapeSome(random: Random, character: string): string {
  if (random.chance(0.7)) return JSON.stringify(character).slice(1, -1)
  const units = Array.from({ length: character.length }, (_, i) => character.charCodeAt(i))
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
}

function randomLine(random: Random): string {
  const kind = random.below(5)
  if (kind === 0) return randomText(random, 12)
  if (kind === 1) return `{"${random.pick(NAMES)}":${randomJson(random)},"msg":${randomJson(random)}}`
  if (kind === 2) return `${random.pick(['orders-1 | ', 'INFO ', '登录 '])}${randomJson(random)}`
  const pairs = random.list(1, 5, () => {
    const value = randomValue(random)
    return `${random.pick(NAMES).replace(' ', '_')}=${/[\s"]/.test(value) ? JSON.stringify(value) : value}`
  })
  return `${random.chance(0.5) ? `${randomText(random, 2)} ` : ''}${pairs.join(' ')}`
}

function coloured(random: Random, text: string): string {
  const at = random.below(text.length + 1)
  return `\x1b[3${random.below(8)}m${text.slice(0, at)}${random.pick(['\x1b[0m', '\x1b]8;;http://timeout\x07', '\x1b(B', '\x1b'])}${text.slice(at)}`
}

export function randomRecord(random: Random): LogRecord {
  const line = randomLine(random)
  const text = random.chance(0.15) ? coloured(random, line) : line
  const instance = `${random.pick(HEX)}0000000000000000`.slice(0, 16)
  const place = { instance, streamNumber: random.below(2), generation: 0, offset: random.below(3) }
  return {
    id: recordId(place),
    time: 0n,
    receivedMs: 0,
    level: random.pick(LEVELS),
    output: random.pick(OUTPUTS),
    flags: text.includes('\x1b') ? 1 : 0,
    text,
    origin: {
      instance,
      app: random.pick(APPS),
      environment: random.pick(['prod', 'staging', '']),
      host: random.pick(['h1', 'h2']),
      hostName: random.pick(['web-1', 'WEB-2', 'ams.example']),
      container: `${random.pick(HEX)}${'1'.repeat(60)}`,
      containerName: random.pick(['orders-web-1', 'abcdef', 'db']),
      image: random.pick(['ghcr.io/x/orders:1.2', 'nginx']),
      stream: place.streamNumber === 0 ? 'docker' : '/app/logs/x.log',
      streamNumber: place.streamNumber
    },
    generation: 0,
    offset: place.offset
  }
}

const AT = { from: 0, to: 0 }
const REGEXES = [
  'time',
  'TIME',
  'time.?out',
  '(?:time|conn)',
  '^x',
  '\\d+',
  '[a-c]+x',
  'con+ection',
  '登录',
  'a{2,}',
  '(refused|500)\\b',
  'k',
  'x*',
  '(?!x)1',
  '(?=time)',
  'caf',
  '\\x74ime',
  '(time)+',
  't(i(m|x)e)?',
  '\\u0074',
  'st',
  '(?<n>out)'
] as const

export function randomExpression(random: Random, depth = 0): Expression {
  const kind = depth > 4 ? 3 + random.below(5) : random.below(8)
  if (kind === 0) return { kind: 'and', items: random.list(2, 3, () => randomExpression(random, depth + 1)) }
  if (kind === 1) return { kind: 'or', items: random.list(2, 3, () => randomExpression(random, depth + 1)) }
  if (kind === 2) return { kind: 'not', item: randomExpression(random, depth + 1), at: AT }
  if (kind === 3) return random.chance(0.1) ? { kind: 'all' } : randomText1(random)
  if (kind === 4) {
    return { kind: 'regex', source: random.pick(REGEXES), flags: random.pick(['', 'i', 'iu', 'i']), at: AT }
  }
  return kind === 5 ? randomBuiltIn(random) : randomParsed(random)
}

function randomText1(random: Random): Expression {
  const run = runOf(random.chance(0.5) ? random.pick(WORDS) : randomText(random, 3), random.chance(0.3))
  if (run.words.length === 0) return { kind: 'all' }
  if (run.prefix && random.chance(0.5)) {
    const last = run.words.pop() ?? ''
    run.words.push([...last].slice(0, 3).join('') || last)
  }
  return { kind: 'text', run, at: AT }
}

const COMPARISONS: readonly Comparison[] = ['=', '<', '<=', '>', '>=']

function randomBuiltIn(random: Random): Expression {
  const name = random.pick([
    'app',
    'environment',
    'env',
    'host',
    'instance',
    'container',
    'image',
    'level',
    'output',
    'stream',
    'id'
  ])
  const values =
    name === 'level'
      ? [...LEVELS, 'warning', 'err', 'CRITICAL']
      : [
          'orders',
          'ORDERS',
          'prod',
          'web-1',
          'h1',
          '9f3c',
          'abcdef',
          'db',
          'nginx',
          'stdout',
          'stderr',
          'docker',
          '/app/logs/x.log',
          '9f3c000000000000.0.0.1',
          ''
        ]
  const value = random.pick(values)
  return { kind: 'field', name, test: randomTest(random, value, () => random.pick(values)), at: AT }
}

function randomParsed(random: Random): Expression {
  const name = random.chance(0.15) ? `fields.${random.pick(NAMES)}` : random.pick(NAMES)
  if (name === 'level') return randomBuiltIn(random)
  return {
    kind: 'field',
    name,
    test: randomTest(random, randomValue(random), () => randomValue(random)),
    at: AT
  }
}

function randomTest(random: Random, value: string, other: () => string): FieldTest {
  const kind = random.below(8)
  if (kind === 0) return { kind: 'exists' }
  if (kind === 1)
    return {
      kind: 'glob',
      pattern: random.pick([
        `${value.slice(0, 2)}*`,
        `*${value.slice(1)}`,
        `${value[0] ?? ''}*${value.slice(-1)}`
      ])
    }
  if (kind === 2) return { kind: 'compare', operator: random.pick(COMPARISONS), value }
  if (kind === 3) {
    return {
      kind: 'range',
      from: random.chance(0.2) ? '*' : value,
      to: random.chance(0.2) ? '*' : other(),
      includeFrom: random.chance(0.5),
      includeTo: random.chance(0.5)
    }
  }
  if (kind === 4) return { kind: 'regex', source: random.pick(REGEXES), flags: random.pick(['', 'i']) }
  return { kind: 'words', text: value, run: runOf(value, random.chance(0.2) && /[\p{L}\p{N}]$/u.test(value)) }
}
