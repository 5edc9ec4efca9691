/** What a store drops, and what it says of itself. */
import { expect, test } from 'vitest'
import { cart, type Holding, orders, second, some, textsOf } from './contract-scene.ts'
import { BOUNDS, batch, DAY, DAY_NS, everything, origin } from './corpus.ts'

export function agesContract({ form, holding }: Holding): void {
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
