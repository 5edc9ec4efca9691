/** Random questions about a mixed corpus: an engine must answer as the store in memory does. */
import { expect } from 'vitest'
import type { Expression } from '../../../collector/query/grammar.ts'
import { LEVELS, type LogRecord, type Origin } from '../../../collector/record.ts'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import { cursorOf, type LogStore, type Query } from '../../../collector/store/store.ts'
import type { StoreUnderTest } from './contract.ts'
import {
  ALL_TIME,
  BOUNDS,
  batch,
  DAY,
  DAY_NS,
  everything,
  field,
  type Line,
  not,
  origin,
  prefix,
  random,
  regex,
  words
} from './corpus.ts'

const ROUNDS = 6
/** Raise it for a longer run. */
const QUESTIONS = Number(process.env['DRIFTLOG_QUESTIONS'] ?? 50)
const WORDS =
  'timeout error refused user 10 0 1 login 登 录 ünïcode Été σίγμα retry read42 x_y order id7 the'.split(' ')

/** Fills both with the same mixed corpus, round by round, and asks both the same random questions. */
export async function compareWithMemory(under: StoreUnderTest, questions = QUESTIONS): Promise<void> {
  const next = random(20_261_123)
  const memory = new MemoryLogStore()
  const sources = origins()
  const places = new Map<string, number>()
  for (let round = 0; round < ROUNDS; round++) {
    for (let n = 0; n < 40; n++) {
      const source = pick(sources, next)
      const lines = Array.from({ length: Math.floor(next() * 30) }, () => line(next))
      const offset = places.get(placeOf(source)) ?? 0
      const made = batch(source, lines, offset, { generation: `g${round}`, number: round })
      places.set(placeOf(source), made.state.stored)
      const batches = next() < 0.2 ? [made, made] : [made]
      await Promise.all([memory.append(batches), under.store.append(batches)])
    }
    if (round % 2 === 0) await under.settle?.()
    if (round % 3 === 2) await under.reopen?.()
    expect(await under.store.positions(sources)).toEqual(await memory.positions(sources))
    expect(sortedOrigins(await under.store.origins())).toEqual(sortedOrigins(await memory.origins()))
    for (let n = 0; n < questions; n++) await compareOne(memory, under.store, next)
  }
  expect(under.store.health().records).toBe(memory.health().records)
}

async function compareOne(memory: LogStore, engine: LogStore, next: () => number): Promise<void> {
  const query: Query = { where: expression(next, 0), ...range(next) }
  const told = JSON.stringify(query, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
  const kind = next()
  if (kind < 0.6) {
    const direction = next() < 0.5 ? 'older' : 'newer'
    const limit = 1 + Math.floor(next() * 40)
    let after: string | undefined
    for (let page = 0; page < 3; page++) {
      const asked = { limit, direction, ...(after ? { after } : {}) } as const
      const [a, b] = await Promise.all([
        memory.search(query, asked, BOUNDS),
        engine.search(query, asked, BOUNDS)
      ])
      expect(b.coverage.complete, told).toBe(true)
      expect(b.records, told).toEqual(a.records)
      expect(b.more, told).toBe(a.more)
      const last = a.records.at(-1)
      if (!last) break
      if (next() < 0.2) await compareContext(memory, engine, last, next)
      after = cursorOf(last)
    }
    return
  }
  if (kind < 0.8) {
    const span =
      query.to - query.from > 4n * DAY_NS
        ? { from: DAY, to: DAY + 2n * DAY_NS }
        : { from: query.from, to: query.to }
    const step = {
      ns: BigInt(1 + Math.floor(next() * 400)) * (next() < 0.5 ? 1_000_000_000n * 400n : 987_654_321_012n),
      origin: BigInt(Math.floor(next() * 1e9))
    }
    const asked = { ...query, ...span }
    const [a, b] = await Promise.all([
      memory.histogram(asked, step, BOUNDS),
      engine.histogram(asked, step, BOUNDS)
    ])
    expect(b.coverage.unreadable, told).toEqual([])
    expect({ ...b, coverage: 0 }, told).toEqual({ ...a, coverage: 0 })
    return
  }
  const fields = [
    'app',
    'host',
    'level',
    'output',
    'instance',
    'user',
    'container',
    'ms',
    'env',
    'fields.level'
  ]
  const asked = {
    fields: fields.filter(() => next() < 0.4),
    limit: 3,
    discover: next() < 0.5,
    ...(next() < 0.2 ? { prefix: 'w' } : {})
  }
  const [a, b] = await Promise.all([memory.facets(query, asked, BOUNDS), engine.facets(query, asked, BOUNDS)])
  expect(b.coverage.unreadable, told).toEqual([])
  expect({ ...b, coverage: 0 }, told).toEqual({ ...a, coverage: 0 })
}

async function compareContext(
  memory: LogStore,
  engine: LogStore,
  record: LogRecord,
  next: () => number
): Promise<void> {
  const asked = {
    before: Math.floor(next() * 9),
    after: Math.floor(next() * 9),
    scope: next() < 0.5 ? 'app' : 'instance'
  } as const
  expect(await engine.find(record.id, BOUNDS)).toEqual(record)
  expect(await engine.context(record.id, asked, BOUNDS)).toEqual(
    await memory.context(record.id, asked, BOUNDS)
  )
}

/** Two origins of one stream share its file. */
function placeOf(source: Origin): string {
  return `${source.instance}/${source.stream}`
}

function origins(): Origin[] {
  const apps = ['orders', 'cart', 'web']
  const plain = apps.flatMap((app) => ['h1', 'h2'].map((host) => origin(app, host, `${app}-${host}`)))
  const first = plain[0] ?? origin('orders')
  return [
    ...plain,
    { ...first, stream: '/app/a.log', streamNumber: 1 },
    { ...first, hostName: 'renamed' },
    origin('orders', 'h1', 'stage', { environment: 'staging' })
  ]
}

function line(next: () => number): Line {
  const count = Math.floor(next() * 8)
  const separators = [' ', ' ', ' ', '.', ': ', '=', '-', '', '—']
  let text = ''
  for (let n = 0; n < count; n++) {
    const word = pick(WORDS, next)
    text += (next() < 0.2 ? word.toUpperCase() : word) + pick(separators, next)
  }
  if (next() < 0.15) text = `\u001b[3${Math.floor(next() * 8)}m${text.slice(0, 5)}\u001b[0m${text.slice(5)}`
  if (next() < 0.2) text += ` user=${pick(['ann', 'bob', '李'], next)} ms=${Math.floor(next() * 20)}`
  if (next() < 0.1)
    text = JSON.stringify({
      level: 'warn',
      user: pick(['ann', 'bob'], next),
      ms: Math.floor(next() * 9),
      msg: text
    })
  if (next() < 0.03) text = text.repeat(200)
  return {
    text,
    time:
      DAY +
      BigInt(Math.floor(next() * 400)) * 432_000_000_000n +
      (next() < 0.5 ? BigInt(Math.floor(next() * 3)) : 0n),
    level: pick(LEVELS, next),
    output: pick(['', 'stdout', 'stderr'] as const, next)
  }
}

function expression(next: () => number, depth: number): Expression {
  const kind = next()
  if (depth < 3 && kind < 0.2)
    return { kind: 'and', items: [expression(next, depth + 1), expression(next, depth + 1)] }
  if (depth < 3 && kind < 0.35)
    return { kind: 'or', items: [expression(next, depth + 1), expression(next, depth + 1)] }
  if (depth < 3 && kind < 0.42) return not(expression(next, depth + 1))
  if (kind < 0.6) return words(pick(WORDS, next))
  if (kind < 0.66) return words(pick(WORDS, next), pick(WORDS, next))
  if (kind < 0.71) return prefix(pick(WORDS, next).slice(0, 2))
  if (kind < 0.78)
    return regex(
      pick(['imeou', '\\d{2}', 'e[rt]+', '^user', 'X_Y', 'ms=\\d', '登录?'], next),
      pick(['', 'i'], next)
    )
  if (kind < 0.95)
    return pick(
      [
        field('app', 'orders'),
        field('app', 'cart'),
        field('host', 'web-h1'),
        field('level', 'warn'),
        field('output', 'stderr'),
        field('user', 'ann'),
        field('ms', '7'),
        field('environment', 'staging')
      ],
      next
    )
  return everything
}

function range(next: () => number): { from: bigint; to: bigint } {
  if (next() < 0.4) return ALL_TIME
  const from = DAY + BigInt(Math.floor(next() * 400)) * 432_000_000_000n + BigInt(Math.floor(next() * 3))
  return {
    from,
    to: from + BigInt(Math.floor(next() * 200)) * 432_000_000_000n + BigInt(Math.floor(next() * 3))
  }
}

function sortedOrigins(summaries: Awaited<ReturnType<LogStore['origins']>>) {
  return summaries
    .map((summary) => ({ ...summary }))
    .sort((a, b) => (JSON.stringify(a.origin) < JSON.stringify(b.origin) ? -1 : 1))
}

function pick<T>(items: readonly T[], next: () => number): T {
  const item = items[Math.floor(next() * items.length)]
  if (item === undefined) throw new Error('nothing to pick from')
  return item
}
