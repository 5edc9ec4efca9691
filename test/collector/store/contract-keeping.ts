/** What a store keeps: records and positions, each once. */
import { expect, test } from 'vitest'
import { recordId } from '../../../collector/record.ts'
import { cart, type Holding, orders, some, textsOf } from './contract-scene.ts'
import { ALL_TIME, BOUNDS, batch, DAY, DAY_NS, everything, type Line } from './corpus.ts'

export function keepingContract({ holding }: Holding): void {
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
}
