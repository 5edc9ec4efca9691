/** What a store answers. */
import { expect, test } from 'vitest'
import { compareRecords, recordId } from '../../../collector/record.ts'
import { allPages, cart, type Holding, orders, second, some, textsOf } from './contract-scene.ts'
import {
  ALL_TIME,
  BOUNDS,
  batch,
  DAY,
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

export function askingContract({ holding }: Holding): void {
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

  test('sums hold what was written right before, however often they are asked for', async () => {
    await using under = await holding(some, [])
    if (!under) return
    const ofCart = async () =>
      (await under.store.origins()).find(({ origin: { app } }) => app === 'cart')?.count
    expect(await ofCart()).toBe(2)
    for (let n = 1; n <= 5; n++) {
      await under.store.append([batch(cart, [{ text: `more ${n}`, time: DAY + 5n * second }], n * 1_000)])
      expect(await ofCart()).toBe(2 + n)
    }
  })
}

function byOrderIn(order: string[]): (a: string, b: string) => number {
  return (a, b) => order.indexOf(a) - order.indexOf(b)
}
