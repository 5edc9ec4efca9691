/** From the wire to the store: what names and labels of streams make of their bytes, and that nothing waits for long. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ParsePool } from '../../collector/parse/pool.ts'
import type { Batch } from '../../collector/record.ts'
import { MemoryLogStore } from '../../collector/store/memory.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import { facts, recordsIn, startHub, TestAgent, textsIn } from './hub.ts'
import { dockerLine } from './parse/lines.ts'

let pool: ParsePool
beforeAll(async () => {
  pool = await ParsePool.open({ threads: 1 })
})
afterAll(() => pool[Symbol.asyncDispose]())

const TRACE = ['ERROR no cart', 'java.lang.IllegalStateException: no', '\tat a.B.c(B.java:1)']
const part = (stream: string, data: Buffer | string, offset = 0) => ({
  ...{ container: 'c1', generation: 'g', stream, offset, data: Buffer.from(data) }
})
const labels = (labels: Record<string, string>) => ({
  events: [{ kind: 'seen' as const, atMs: Date.now(), instance: { ...facts('c1'), labels } }]
})

test('a trace in two deliveries is one record, given out though nothing follows', async () => {
  await using hub = await startHub({ pool })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const [first = '', ...rest] = TRACE.map((text) => dockerLine(`${text}\n`).toString())
  const held = await agent.deliver([part('docker', first)])
  expect(held.body.positions).toMatchObject([{ committed: 0, next: first.length }])
  const whole = first + rest.join('')
  await agent.deliver([part('docker', rest.join(''), first.length)])
  await vi.waitFor(async () => expect(await textsIn(hub.store)).toEqual([TRACE.join('\n')]), 20_000)
  expect(await agent.positions('c1')).toMatchObject([{ committed: whole.length, next: whole.length }])
})

test('a text file has its own times, its traces, and the level that a label gives to lines that say none', async () => {
  await using hub = await startHub({ pool })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const file = `2026-11-20 10:00:00,250 up\n${TRACE.join('\n')}\n2026-11-20 10:00:01 DEBUG done\n`
  const reply = await agent.deliver([part('file:/app/a.log', file)], labels({ 'driftlog.level': 'info' }))
  expect(reply.body.positions).toMatchObject([{ committed: file.length }])
  const records = await recordsIn(hub.store)
  expect(
    records.map(({ text, level, time }) => [text, level, new Date(Number(time / 1_000_000n)).toISOString()])
  ).toEqual([
    ['2026-11-20 10:00:00,250 up', 'info', '2026-11-20T10:00:00.250Z'],
    [TRACE.join('\n'), 'error', '2026-11-20T10:00:00.250Z'],
    ['2026-11-20 10:00:01 DEBUG done', 'debug', '2026-11-20T10:00:01.000Z']
  ])
})

test("people's own rule, and a rule that can not be used", async () => {
  await using hub = await startHub({ pool })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const lines = '> a\nb\n> c\n> d\n'
  await agent.deliver([part('file:/app/a.log', lines)], labels({ 'driftlog.multiline': 'start:^>' }))
  expect(await textsIn(hub.store)).toEqual(['> a\nb', '> c'])
  await agent.deliver([part('file:/app/b.log', lines)], labels({ 'driftlog.multiline': 'start:(' }))
  expect((await textsIn(hub.store)).slice(-4)).toEqual(['> a', 'b', '> c', '> d'])
})

test('the labels that a container has now come to the store with its records; its origin stays the same', async () => {
  const brought: Batch[] = []
  class Watched extends MemoryLogStore {
    override async append(batches: readonly Batch[]): Promise<void> {
      brought.push(...batches)
      await super.append(batches)
    }
  }
  await using hub = await startHub({ pool, store: new Watched() })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const [first, next] = [dockerLine('one\n').toString(), dockerLine('two\n').toString()]
  await agent.deliver([part('docker', first)], labels({ 'com.example.team': 'a' }))
  await agent.deliver([part('docker', next, first.length)], labels({ 'com.example.team': 'b' }))
  expect(brought.map((batch) => batch.labels)).toEqual([
    { 'com.example.team': 'a' },
    { 'com.example.team': 'b' }
  ])
  expect(brought[1]?.origin).toEqual(brought[0]?.origin)
})

test('a hub that ends gives out what it held', async () => {
  const parts = { pool, store: new MemoryLogStore(), state: new MemoryStateStore() }
  const hub = await startHub(parts)
  using agent = await TestAgent.joined(hub.url, 'c1')
  await agent.deliver([part('docker', dockerLine('ERROR no cart\n'))])
  await hub[Symbol.asyncDispose]()
  expect(await textsIn(parts.store)).toEqual(['ERROR no cart'])
})
