/** What a store tells of what arrives. */
import { expect, test } from 'vitest'
import type { LogRecord } from '../../../collector/record.ts'
import type { Arrival } from '../../../collector/store/store.ts'
import { cart, type Holding, orders, some } from './contract-scene.ts'
import { batch, DAY, DAY_NS, everything, type Line, not, words } from './corpus.ts'

export function followingContract({ form, holding }: Holding): void {
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
