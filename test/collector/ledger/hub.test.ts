/** The ledger behind a real hub: what agents deliver and tell is what it says, also after a restart. */
import { expect, test } from 'vitest'
import type { Loss } from '../../../agent/protocol.ts'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { startHub, TestAgent, textsIn } from '../hub.ts'

const T0 = Date.UTC(2026, 10, 25, 10)
const STREAM = { container: 'c1', stream: 'docker', generation: 'g-0', file: '8:1:1' }

test('zeros in a file are a gap with its bytes and the records around it, delivered twice or not', async () => {
  const { store, state } = { store: new MemoryLogStore(), state: new MemoryStateStore() }
  await using hub = await startHub({ store, state })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const data = Buffer.concat([line('one', T0), Buffer.alloc(4096), line('two', T0 + 5000)])
  await agent.deliver([{ ...STREAM, offset: 0, data }])
  const ahead = hub.fleet.aheadMs(agent.host)
  const gap = {
    stream: 'docker',
    cause: 'nul',
    generation: 'g-0',
    offset: line('one', T0).length,
    bytes: 4096,
    range: { fromMs: T0 - ahead, toMs: T0 + 5000 - ahead }
  }
  expect(hub.fleet.ledger.gaps(agent.host, 'c1')).toMatchObject([gap])
  expect(await textsIn(store)).toEqual(['one', 'two'])
  // All of it again, as after a crash of the hub before it had answered.
  await using other = await startHub({ store: new MemoryLogStore(), state })
  agent.http.destroy()
  using again = new TestAgent(other.url)
  again.key = agent.key
  await again.hello()
  await again.deliver([{ ...STREAM, offset: 0, data }])
  const { offset, bytes } = gap
  expect(other.fleet.ledger.gaps(agent.host, 'c1')).toMatchObject([{ offset, bytes, count: 1 }])
  expect(other.fleet.host(agent.host)).toMatchObject({ losses: 1, lostBytes: 4096 })
})

test('a loss is bounded by what comes after it, and told again it is the same one', async () => {
  const state = new MemoryStateStore()
  await using hub = await startHub({ state })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const first = line('one', T0)
  await agent.deliver([{ ...STREAM, offset: 0, data: first }])
  const loss: Loss = {
    container: 'c1',
    stream: 'docker',
    generation: 'g-0',
    offset: first.length,
    bytes: 7000,
    before: 'g-1',
    atMs: T0 + 60_000,
    cause: 'hold-exceeded'
  }
  const end = { ...STREAM, offset: first.length, data: Buffer.alloc(0), last: true }
  await agent.deliver([end], { losses: [loss] })
  await agent.deliver([], { losses: [loss, { ...loss, atMs: T0 + 70_000 }] })
  const ahead = hub.fleet.aheadMs(agent.host)
  const found = () => hub.fleet.ledger.gaps(agent.host, 'c1')
  expect(found()).toMatchObject([{ bytes: 7000, range: { fromMs: T0 - ahead, toMs: T0 + 60_000 - ahead } }])
  const next = { ...STREAM, generation: 'g-1', file: '8:2:2', offset: 0, data: line('two', T0 + 30_000) }
  await agent.deliver([next])
  expect(found()).toMatchObject([
    { count: 1, bytes: 7000, range: { fromMs: T0 - ahead, toMs: T0 + 30_000 - ahead } }
  ])
  expect(found()[0]?.lines).toBe(Math.round(7000 / first.length))
  await using again = await startHub({ state })
  expect(again.fleet.ledger.gaps(agent.host, 'c1')).toEqual(found())
  expect(again.fleet.ledger.spans(agent.host, 'c1', 'docker')).toMatchObject([
    { generation: 'g-0', firstMs: T0 - ahead, lastMs: T0 - ahead, ended: true },
    { generation: 'g-1', firstMs: T0 + 30_000 - ahead }
  ])
})

test('a hub that was killed knows from its store where a gap begins', async () => {
  const parts = { store: new MemoryLogStore(), state: new MemoryStateStore() }
  await using hub = await startHub(parts)
  using agent = await TestAgent.joined(hub.url, 'c1')
  const first = line('one', T0)
  await agent.deliver([{ ...STREAM, offset: 0, data: first }])
  const [stored] = await parts.store.origins()
  // Not ended in order: nothing of what it had learned is written down.
  await using other = await startHub(parts)
  using again = new TestAgent(other.url)
  again.key = agent.key
  await again.hello()
  const loss: Loss = {
    ...{ container: 'c1', stream: 'docker', generation: 'g-0', offset: first.length, bytes: 7000 },
    ...{ before: 'g-1', atMs: T0 + 60_000, cause: 'hold-exceeded' }
  }
  await again.deliver([], { losses: [loss] })
  const [gap] = other.fleet.ledger.gaps(agent.host, 'c1')
  expect(gap?.fromMs).toBe(Number((stored?.last ?? 0n) / 1_000_000n))
})

function line(text: string, ms: number): Buffer {
  return Buffer.from(`{"log":"${text}\\n","stream":"stdout","time":"${new Date(ms).toISOString()}"}\n`)
}
