import { describe, expect, test } from 'vitest'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import { logStoreContract } from './contract.ts'
import { batch, DAY, everything, origin } from './corpus.ts'

logStoreContract('memory', async () => ({ store: new MemoryLogStore(), async [Symbol.asyncDispose]() {} }))

describe('memory', () => {
  test('a follower that is too slow is told how much it missed', async () => {
    const store = new MemoryLogStore({ followKeeps: 3 })
    const arrivals = store.follow({ where: everything }, AbortSignal.timeout(10_000))[Symbol.asyncIterator]()
    await arrivals.next()
    const lines = Array.from({ length: 10 }, (_, n) => ({ text: `n${n}`, time: DAY + BigInt(n) }))
    await store.append([batch(origin('orders'), lines)])
    expect((await arrivals.next()).value).toMatchObject({
      kind: 'skipped',
      count: 7,
      from: DAY,
      to: DAY + 6n
    })
    expect((await arrivals.next()).value).toMatchObject({
      kind: 'records',
      records: [{ text: 'n7' }, { text: 'n8' }, { text: 'n9' }]
    })
  })
})
