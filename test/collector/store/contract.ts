/**
 * What every LogStore must do. Call logStoreContract() with a way to open an empty store; engines that
 * survive a restart hand in `reopen` too, and `settle` where records move to another form later.
 */
import { describe, expect, test } from 'vitest'
import { compareRecords, type LogRecord, recordId } from '../../../collector/record.ts'
import { type Arrival, cursorOf, type LogStore } from '../../../collector/store/store.ts'
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

export interface StoreUnderTest extends AsyncDisposable {
  store: LogStore
  /** Moves records to where they rest (for an engine that seals); resolves when that is done. */
  settle?(): Promise<void>
  /** Ends the store as if the process had died, without any good-bye, and opens it again. */
  reopen?(): Promise<void>
}

type Opened = () => Promise<StoreUnderTest>

export function logStoreContract(name: string, open: Opened): void {
  describe(name, () => {
    for (const form of ['fresh', 'settled', 'reopened', 'settled and reopened'] as const) {
      describe(form, () => contract(open, form))
    }
  })
}

const second = 1_000_000_000n
const orders = origin('orders')
const cart = origin('cart', 'h2')

function contract(open: Opened, form: string): void {
  /** Opens a store that holds these appends in the given form; skips forms that the engine has not. */
  async function holding(
    ...appends: Parameters<LogStore['append']>[0][]
  ): Promise<StoreUnderTest | undefined> {
    const under = await open()
    if ((form.includes('settled') && !under.settle) || (form.includes('reopened') && !under.reopen)) {
      await under[Symbol.asyncDispose]()
      return undefined
    }
    for (const batches of appends) await under.store.append(batches)
    if (form.includes('settled')) await under.settle?.()
    if (form.includes('reopened')) await under.reopen?.()
    return under
  }

  const some = [
    batch(orders, [
      { text: 'first Timeout of 10.0.0.1', time: DAY + 1n, level: 'warn' },
      { text: 'second', time: DAY + second },
      { text: '{"user":"ann","ms":12}', time: DAY + 2n * second, level: 'error', output: 'stderr' }
    ]),
    batch(cart, [
      { text: 'other user=bob ms=7', time: DAY + second },
      { text: 'read.timeout', time: DAY + 3n * second, level: 'unknown', output: '' }
    ])
  ]

  test('gives back every record byte for byte with all that belongs to it', async () => {
    const texts = [
      '',
      'a\nb\r\n',
      'nul \u0000 inside',
      '登录失败 🦊 \u{10ffff} é',
      '\ufeffmark',
      '\u001b[31mred\u001b[0m',
      'x'.repeat(1 << 20)
    ]
    const lines = texts.map(
      (text, row): Line => ({
        text,
        time: DAY + BigInt(row) * 1_234_567n,
        level: 'fatal',
        output: 'stderr',
        flags: row === 1 ? 6 : 0
      })
    )
    const sent = batch(orders, lines, 7_000_000_000_000, { generation: 'gen', number: 3 })
    await using under = await holding([sent])
    if (!under) return
    const { records, more, coverage } = await under.store.search(
      { where: everything, ...ALL_TIME },
      { limit: 100, direction: 'newer' },
      BOUNDS
    )
    expect(more).toBe(false)
    expect(coverage).toMatchObject({ complete: true, unreadable: [] })
    expect(records.map((record) => record.text)).toEqual(texts)
    expect(records.map((record) => record.time)).toEqual(lines.map((line) => line.time))
    expect(records.map((record) => record.offset)).toEqual([...sent.records.offset])
    expect(records.map((record) => record.flags)).toEqual([...sent.records.flags])
    const [first] = records
    expect(first).toEqual({
      id: recordId({ ...orders, generation: 3, offset: 7_000_000_000_000 }),
      time: DAY,
      receivedMs: 1_795_392_000_000,
      level: 'fatal',
      output: 'stderr',
      flags: 0,
      text: '',
      origin: orders,
      generation: 3,
      offset: 7_000_000_000_000
    })
  })

  test('times before 1970 and far from now keep their nanoseconds and their order', async () => {
    const times = [-5_000_000_001n, -1n, 0n, 1n, 999_999n, 1_000_000n, DAY, DAY + 400n * DAY_NS]
    await using under = await holding([
      batch(
        orders,
        times.map((time) => ({ text: String(time), time }))
      )
    ])
    if (!under) return
    const page = await under.store.search(
      { where: everything, ...ALL_TIME },
      { limit: 100, direction: 'older' },
      BOUNDS
    )
    expect(page.records.map((record) => record.time)).toEqual([...times].reverse())
    const between = await under.store.search(
      { where: everything, from: -1n, to: 1_000_000n },
      { limit: 100, direction: 'newer' },
      BOUNDS
    )
    expect(between.records.map((record) => record.time)).toEqual([-1n, 0n, 1n, 999_999n])
  })

  test('appending again changes nothing', async () => {
    await using under = await holding(some, some, [
      batch(orders, [{ text: 'first Timeout of 10.0.0.1', time: DAY + 1n }])
    ])
    if (!under) return
    await under.store.append(some)
    const { records } = await under.store.search(
      { where: everything, ...ALL_TIME },
      { limit: 100, direction: 'newer' },
      BOUNDS
    )
    expect(records).toHaveLength(5)
    const [states] = await under.store.positions([orders])
    expect(states).toEqual([some[0]?.state])
  })

  test('appending again at the same time changes nothing', async () => {
    await using under = await holding()
    if (!under) return
    await Promise.all([
      under.store.append(some),
      under.store.append(some),
      under.store.append([...some, ...some])
    ])
    expect(await textsOf(under.store)).toHaveLength(5)
  })

  test('equal texts at equal times at different places are different records', async () => {
    const twin = { text: 'again', time: DAY }
    await using under = await holding([batch(orders, [twin, twin, twin])])
    if (!under) return
    expect(await textsOf(under.store)).toEqual(['again', 'again', 'again'])
  })

  test('a resend that reaches further adds only what is behind `stored`', async () => {
    const line = (n: number): Line => ({ text: `line ${n}`, time: DAY + BigInt(n) })
    const lines = [0, 1, 2, 3, 4, 5].map(line)
    await using under = await holding([batch(orders, lines.slice(0, 3))], [batch(orders, lines)])
    if (!under) return
    expect(await textsOf(under.store)).toEqual(lines.map((each) => each.text))
  })

  test('positions come back in the order of generations, with everything told', async () => {
    const first = batch(orders, [{ text: 'old', time: DAY }], 0, {
      generation: 'a',
      number: 0,
      ended: true,
      file: '1:1:1'
    })
    const second = batch(orders, [{ text: 'new', time: DAY }], 0, {
      generation: 'b',
      number: 1,
      committed: 2,
      stored: 4,
      file: '1:2:1'
    })
    const empty = batch(cart, [], 0, { generation: 'c', number: 0, committed: 0, stored: 0 })
    await using under = await holding([second, empty], [first])
    if (!under) return
    expect(
      await under.store.positions([orders, { host: 'h1', container: 'nobody', stream: 'docker' }, cart])
    ).toEqual([[first.state, second.state], [], [empty.state]])
  })

  test('positions never go back', async () => {
    const lines = [
      { text: 'one', time: DAY },
      { text: 'two', time: DAY }
    ]
    await using under = await holding(
      [batch(orders, lines, 0, { ended: true })],
      [batch(orders, lines.slice(0, 1), 0, { file: 'other' })]
    )
    if (!under) return
    const [states] = await under.store.positions([orders])
    expect(states).toEqual([
      { generation: 'g0', number: 0, file: '8:1:1', committed: 8, stored: 8, ended: true }
    ])
  })

  test('search pages both ways through the one order, each record once', async () => {
    const next = random(7)
    const sources = [orders, cart, origin('cart', 'h3'), { ...orders, stream: '/app/a.log', streamNumber: 1 }]
    const appends = sources.map((source) => [
      batch(
        source,
        Array.from({ length: 60 }, (_, n) => ({
          text: `${source.instance} ${n}`,
          time: DAY + BigInt(Math.floor(next() * 8)) * second
        }))
      )
    ])
    await using under = await holding(...appends)
    if (!under) return
    const whole = await under.store.search(
      { where: everything, ...ALL_TIME },
      { limit: 1000, direction: 'newer' },
      BOUNDS
    )
    expect(whole.records).toHaveLength(240)
    expect([...whole.records].sort(compareRecords)).toEqual(whole.records)
    for (const direction of ['older', 'newer'] as const) {
      const paged = await allPages(under.store, direction, 7)
      expect(paged.map((record) => record.id)).toEqual(
        (direction === 'newer' ? whole.records : [...whole.records].reverse()).map((record) => record.id)
      )
    }
  })

  test('`more` is true exactly when something lies behind', async () => {
    await using under = await holding(some)
    if (!under) return
    const page = (limit: number) =>
      under.store.search({ where: everything, ...ALL_TIME }, { limit, direction: 'older' }, BOUNDS)
    expect((await page(4)).more).toBe(true)
    expect((await page(5)).more).toBe(false)
  })

  test('a cursor that is none is refused with a code', async () => {
    await using under = await holding(some)
    if (!under) return
    const asked = under.store.search(
      { where: everything, ...ALL_TIME },
      { limit: 4, direction: 'older', after: 'nonsense' },
      BOUNDS
    )
    await expect(asked).rejects.toMatchObject({ code: 'DRIFTLOG_CURSOR' })
  })

  test('finds words, prefixes, phrases, expressions and fields', async () => {
    await using under = await holding(some)
    if (!under) return
    const found = async (where: Parameters<typeof textsOf>[1]) => textsOf(under.store, where)
    expect(await found(words('timeout'))).toEqual(['first Timeout of 10.0.0.1', 'read.timeout'])
    expect(await found(words('10', '0', '0', '1'))).toEqual(['first Timeout of 10.0.0.1'])
    expect(await found(words('0', '1', '10'))).toEqual([])
    expect(await found(prefix('time'))).toEqual(['first Timeout of 10.0.0.1', 'read.timeout'])
    expect(await found(words('time'))).toEqual([])
    expect(await found(regex('imeou'))).toEqual(['first Timeout of 10.0.0.1', 'read.timeout'])
    expect(await found(field('app', 'cart'))).toEqual(['other user=bob ms=7', 'read.timeout'])
    expect(await found(field('level', 'error'))).toEqual(['{"user":"ann","ms":12}'])
    expect(await found(field('user', 'bob'))).toEqual(['other user=bob ms=7'])
    expect(await found({ kind: 'and', items: [words('timeout'), not(field('app', 'cart'))] })).toEqual([
      'first Timeout of 10.0.0.1'
    ])
    expect(await found({ kind: 'or', items: [words('second'), words('other')] })).toEqual(
      ['second', 'other user=bob ms=7'].sort(byOrderIn(await textsOf(under.store)))
    )
  })

  test('escape sequences do not hide words', async () => {
    await using under = await holding([
      batch(orders, [
        { text: '\u001b[31mconn\u001b[0mection refused', time: DAY },
        { text: '\u001b[1mplain\u001b[0m', time: DAY + 1n }
      ])
    ])
    if (!under) return
    expect(await textsOf(under.store, words('connection', 'refused'))).toHaveLength(1)
    expect(await textsOf(under.store, words('plain'))).toHaveLength(1)
    expect(await textsOf(under.store, words('31mconn'))).toHaveLength(0)
  })

  test('words of any script are found, in any case', async () => {
    await using under = await holding([
      batch(orders, [
        { text: '用户登录失败', time: DAY },
        { text: 'Übergröße ÉTÉ', time: DAY + 1n },
        { text: '300 \u212a below', time: DAY + 2n }
      ])
    ])
    if (!under) return
    expect(await textsOf(under.store, words('登', '录'))).toHaveLength(1)
    expect(await textsOf(under.store, words('übergröße'))).toHaveLength(1)
    expect(await textsOf(under.store, words('été'))).toHaveLength(1)
    expect(await textsOf(under.store, words('k'))).toEqual(
      await textsOf(under.store, words('\u212a'.toLowerCase()))
    )
  })

  test('a histogram counts each matching record once, by level, on edges that do not move', async () => {
    await using under = await holding(some)
    if (!under) return
    const asked = { where: everything, from: DAY - 1n, to: DAY + 3n * second }
    const { buckets, to, total, coverage } = await under.store.histogram(
      asked,
      { ns: second, origin: DAY + 500_000_000n },
      BOUNDS
    )
    expect(coverage.complete).toBe(true)
    expect(buckets.map((bucket) => [bucket.from - DAY, bucket.counts])).toEqual([
      [-second / 2n, [0, 0, 0, 0, 1, 0, 0]],
      [second / 2n, [0, 0, 0, 2, 0, 0, 0]],
      [second + second / 2n, [0, 0, 0, 0, 0, 1, 0]],
      [2n * second + second / 2n, [0, 0, 0, 0, 0, 0, 0]]
    ])
    expect(to - DAY).toBe(3n * second + second / 2n)
    expect(total).toBe(4)
    const texts = await under.store.histogram(
      { where: words('timeout'), from: DAY, to: DAY + 4n * second },
      { ns: 4n * second, origin: DAY },
      BOUNDS
    )
    expect(texts.total).toBe(2)
    const fine = await under.store.histogram(
      { where: everything, from: DAY, to: DAY + 10n },
      { ns: 3n, origin: DAY },
      BOUNDS
    )
    expect(fine.buckets.map((bucket) => bucket.counts[4])).toEqual([1, 0, 0, 0])
  })

  test('a histogram with too many buckets is refused with a code', async () => {
    await using under = await holding(some)
    if (!under) return
    const asked = under.store.histogram(
      { where: everything, from: 0n, to: 2001n },
      { ns: 1n, origin: 0n },
      BOUNDS
    )
    await expect(asked).rejects.toMatchObject({ code: 'DRIFTLOG_TOO_MANY_BUCKETS' })
  })

  test('facets count built-in and parsed fields', async () => {
    await using under = await holding(some)
    if (!under) return
    const asked = { fields: ['app', 'level', 'host', 'output', 'user', 'instance'], limit: 2, discover: true }
    const { facets, fields, sampled, matched } = await under.store.facets(
      { where: everything, ...ALL_TIME },
      asked,
      BOUNDS
    )
    const values = Object.fromEntries(facets.map((facet) => [facet.field, facet]))
    expect(values['app']).toEqual({
      field: 'app',
      values: [
        { value: 'orders', count: 3 },
        { value: 'cart', count: 2 }
      ],
      others: 0
    })
    expect(values['level']).toEqual({
      field: 'level',
      values: [
        { value: 'info', count: 2 },
        { value: 'error', count: 1 }
      ],
      others: 2
    })
    expect(values['host']?.values).toEqual([
      { value: 'web-h1', count: 3 },
      { value: 'web-h2', count: 2 }
    ])
    expect(values['output']?.values).toEqual([
      { value: 'stdout', count: 3 },
      { value: 'stderr', count: 1 }
    ])
    expect(values['user']?.values).toEqual([
      { value: 'ann', count: 1 },
      { value: 'bob', count: 1 }
    ])
    expect(values['instance']?.values.map((value) => value.value).sort()).toEqual(
      [cart.instance, orders.instance].sort()
    )
    expect(fields).toEqual(
      expect.arrayContaining([
        { value: 'ms', count: 2 },
        { value: 'user', count: 2 }
      ])
    )
    expect([sampled, matched]).toEqual([5, 5])
    const narrowed = await under.store.facets(
      { where: words('timeout'), ...ALL_TIME },
      { fields: ['app', 'host'], limit: 9, prefix: 'WEB-H2' },
      BOUNDS
    )
    expect(narrowed.facets).toEqual([
      { field: 'app', values: [], others: 0 },
      { field: 'host', values: [{ value: 'web-h2', count: 1 }], others: 0 }
    ])
    expect(narrowed.matched).toBe(2)
  })

  test('finds a record by id, and nothing for an unknown one', async () => {
    await using under = await holding(some)
    if (!under) return
    const { records } = await under.store.search(
      { where: everything, ...ALL_TIME },
      { limit: 100, direction: 'newer' },
      BOUNDS
    )
    for (const record of records) expect(await under.store.find(record.id, BOUNDS)).toEqual(record)
    expect(await under.store.find(recordId({ ...orders, generation: 0, offset: 1 }), BOUNDS)).toBeUndefined()
    expect(await under.store.find(recordId({ ...orders, generation: 9, offset: 0 }), BOUNDS)).toBeUndefined()
    expect(
      await under.store.find(
        recordId({ ...orders, instance: '0123456789abcdef', generation: 0, offset: 0 }),
        BOUNDS
      )
    ).toBeUndefined()
    expect(await under.store.find('nonsense', BOUNDS)).toBeUndefined()
  })

  test('context stands in the one order, within the instance and across the app', async () => {
    const a = origin('cart', 'h1', 'cart-a')
    const b = origin('cart', 'h2', 'cart-b')
    const other = origin('cart', 'h2', 'cart-c', { environment: 'staging' })
    const lines = (label: string): Line[] =>
      [0, 1, 1, 2, 3].map((at, n) => ({ text: `${label}${n}`, time: DAY + BigInt(at) * second }))
    await using under = await holding(
      [batch(a, lines('a')), batch(other, lines('x'))],
      [batch(b, lines('b'))]
    )
    if (!under) return
    const { records } = await under.store.search(
      { where: everything, ...ALL_TIME },
      { limit: 100, direction: 'newer' },
      BOUNDS
    )
    const middle = records.find((record) => record.text === 'a2')
    const own = await under.store.context(
      middle?.id ?? '',
      { before: 1, after: 9, scope: 'instance' },
      BOUNDS
    )
    expect(own?.before.map((record) => record.text)).toEqual(['a1'])
    expect(own?.record).toEqual(middle)
    expect(own?.after.map((record) => record.text)).toEqual(['a3', 'a4'])
    const wide = await under.store.context(middle?.id ?? '', { before: 3, after: 3, scope: 'app' }, BOUNDS)
    const order = records.filter((record) => !record.text.startsWith('x'))
    const at = order.findIndex((record) => record.text === 'a2')
    expect(wide?.before).toEqual(order.slice(Math.max(0, at - 3), at))
    expect(wide?.after).toEqual(order.slice(at + 1, at + 4))
    expect(
      await under.store.context(
        recordId({ ...a, generation: 4, offset: 0 }),
        { before: 1, after: 1, scope: 'app' },
        BOUNDS
      )
    ).toBeUndefined()
  })

  test('origins are summed up; one whose facts changed has a row for each', async () => {
    const renamed = { ...orders, containerName: 'orders-renamed' }
    await using under = await holding(some, [
      batch(renamed, [{ text: 'more', time: DAY + 9n * second }], 1_000)
    ])
    if (!under) return
    const summaries = (await under.store.origins()).sort((x, y) => (x.first < y.first ? -1 : 1))
    expect(summaries).toEqual([
      { origin: orders, first: DAY + 1n, last: DAY + 2n * second, count: 3 },
      { origin: cart, first: DAY + second, last: DAY + 3n * second, count: 2 },
      { origin: renamed, first: DAY + 9n * second, last: DAY + 9n * second, count: 1 }
    ])
    expect(await textsOf(under.store, field('container', 'orders-renamed'))).toEqual(['more'])
  })

  test('a follower gets what arrives, in the order of arrival, each once, and can go on from a cursor', async () => {
    await using under = await holding(some)
    if (!under) return
    const stop = new AbortController()
    const arrivals = under.store.follow({ where: not(words('boring')) }, stop.signal)[Symbol.asyncIterator]()
    const start = await arrivals.next()
    expect(start.value?.kind).toBe('beat')
    const late = batch(
      orders,
      [
        { text: 'late', time: DAY - DAY_NS },
        { text: 'boring', time: DAY },
        { text: 'next', time: DAY }
      ],
      5_000
    )
    await under.store.append([late])
    await under.store.append([late])
    await under.store.append([batch(cart, [{ text: 'last', time: DAY }], 5_000)])
    const told = await gather(arrivals, 3)
    expect(told.map((record) => record.text)).toEqual(['late', 'next', 'last'])
    stop.abort()
    expect((await arrivals.next()).done).toBe(true)

    const again = under.store.follow(
      { where: everything, after: start.value?.cursor ?? '' },
      AbortSignal.timeout(10_000)
    )
    expect((await gather(again[Symbol.asyncIterator](), 4)).map((record) => record.text)).toEqual([
      'late',
      'boring',
      'next',
      'last'
    ])
  })

  test('a cursor of an arrival goes on behind exactly that arrival', async () => {
    await using under = await holding(some)
    if (!under) return
    const stop = new AbortController()
    const first = under.store.follow({ where: everything }, stop.signal)[Symbol.asyncIterator]()
    await first.next()
    const lines = Array.from({ length: 1300 }, (_, n): Line => ({ text: `n${n}`, time: DAY }))
    await under.store.append([batch(orders, lines, 5_000)])
    const seen: string[] = []
    let cursor = ''
    while (seen.length === 0) {
      const arrival = (await first.next()).value as Arrival
      if (arrival.kind === 'records') seen.push(...arrival.records.map((record) => record.text))
      cursor = arrival.cursor
    }
    stop.abort()
    if (form.includes('settled')) await under.settle?.()
    if (form.includes('reopened')) await under.reopen?.()
    const rest = under.store.follow({ where: everything, after: cursor }, AbortSignal.timeout(10_000))
    const others = await gather(rest[Symbol.asyncIterator](), 1300 - seen.length)
    expect([...seen, ...others.map((record) => record.text)]).toEqual(lines.map((line) => line.text))
  })

  test('a follower with a cursor that can not be replayed is told and goes on from now', async () => {
    await using under = await holding(some)
    if (!under) return
    const arrivals = under.store.follow(
      { where: everything, after: 'from another store' },
      AbortSignal.timeout(10_000)
    )
    const iterator = arrivals[Symbol.asyncIterator]()
    expect((await iterator.next()).value?.kind).toBe('reset')
    await under.store.append([batch(orders, [{ text: 'new', time: DAY }], 5_000)])
    expect((await gather(iterator, 1)).map((record) => record.text)).toEqual(['new'])
  })

  test('retention by age drops whole days that are too old, and only those', async () => {
    const days = [0n, 1n, 2n, 3n].map((day) =>
      batch(orders, [{ text: `day ${day}`, time: DAY + day * DAY_NS }], 0, {
        generation: `g${day}`,
        number: Number(day)
      })
    )
    await using under = await holding(days)
    if (!under || (under.settle && !form.includes('settled'))) return
    const nowMs = Number((DAY + 4n * DAY_NS) / 1_000_000n)
    expect(await under.store.retain({ maxAgeMs: 0, maxBytes: 0 }, nowMs)).toBe(0)
    expect(await under.store.retain({ maxAgeMs: 2.5 * 86_400_000, maxBytes: 0 }, nowMs)).toBe(2)
    expect(await textsOf(under.store)).toEqual(['day 2', 'day 3'])
    await under.store.append(days)
    expect(await textsOf(under.store)).toEqual(['day 2', 'day 3'])
    expect(await under.store.retain({ maxAgeMs: 0, maxBytes: 1 }, nowMs)).toBeGreaterThan(0)
  })

  test('instances have an age of their own: shorter, longer, or none', async () => {
    const brief = origin('brief')
    const days = [0n, 1n, 2n, 3n].flatMap((day) =>
      [orders, cart, brief].map((from) => {
        const rows = [{ text: `${from.app} ${day}`, time: DAY + day * DAY_NS }]
        return batch(from, rows, 0, { generation: `g${day}`, number: Number(day) })
      })
    )
    await using under = await holding(days)
    if (!under || (under.settle && !form.includes('settled'))) return
    const nowMs = Number((DAY + 4n * DAY_NS) / 1_000_000n)
    const dayMs = 86_400_000
    const ages = new Map([
      [cart.instance, 0],
      [brief.instance, 1.5 * dayMs]
    ])
    expect(await under.store.retain({ maxAgeMs: 2.5 * dayMs, maxBytes: 0, ages }, nowMs)).toBe(5)
    const left = ['cart 0', 'cart 1', 'cart 2', 'cart 3', 'orders 2', 'orders 3', 'brief 3']
    expect((await textsOf(under.store)).sort()).toEqual(left.sort())
    expect(under.store.health().records).toBe(7)
    const counts = (await under.store.origins()).map(({ origin: { app }, count }) => [app, count])
    expect(counts.sort()).toEqual([
      ['brief', 1],
      ['cart', 4],
      ['orders', 2]
    ])
    expect(await under.store.retain({ maxAgeMs: 2.5 * dayMs, maxBytes: 0, ages }, nowMs)).toBe(0)
    await under.store.append(days)
    expect((await textsOf(under.store)).sort()).toEqual(left)
  })

  test('health tells how much there is', async () => {
    await using under = await holding(some)
    if (!under) return
    expect(under.store.health()).toMatchObject({
      records: 5,
      oldest: DAY + 1n,
      newest: DAY + 3n * second,
      writable: true
    })
    expect(under.store.health().bytes).toBeGreaterThan(0)
  })

  test('an empty store answers everything with nothing', async () => {
    await using under = await holding()
    if (!under) return
    expect(await textsOf(under.store)).toEqual([])
    const { total, buckets } = await under.store.histogram(
      { where: everything, from: 0n, to: 10n },
      { ns: 5n, origin: 0n },
      BOUNDS
    )
    expect([total, buckets.length]).toEqual([0, 2])
    expect(await under.store.origins()).toEqual([])
    expect(under.store.health()).toMatchObject({ records: 0 })
  })
}

/** Texts of all matches, oldest first. */
export async function textsOf(store: LogStore, where = everything): Promise<string[]> {
  const page = await store.search({ where, ...ALL_TIME }, { limit: 1000, direction: 'newer' }, BOUNDS)
  return page.records.map((record) => record.text)
}

export async function allPages(
  store: LogStore,
  direction: 'older' | 'newer',
  limit: number,
  where = everything
): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  let after: string | undefined
  for (;;) {
    const page = await store.search(
      { where, ...ALL_TIME },
      { limit, direction, ...(after ? { after } : {}) },
      BOUNDS
    )
    found.push(...page.records)
    const last = page.records.at(-1)
    if (!page.more || !last) return found
    after = cursorOf(last)
  }
}

/** Reads arrivals until `count` records came. */
async function gather(arrivals: AsyncIterator<Arrival>, count: number): Promise<LogRecord[]> {
  const records: LogRecord[] = []
  while (records.length < count) {
    const { value, done } = await arrivals.next()
    if (done) break
    if (value.kind === 'records') records.push(...value.records)
    expect(value.kind).not.toBe('skipped')
  }
  return records
}

function byOrderIn(order: string[]): (a: string, b: string) => number {
  return (a, b) => order.indexOf(a) - order.indexOf(b)
}
