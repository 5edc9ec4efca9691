/** Several log files of one container: each a stream with positions and records of its own. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Positions } from '../../agent/protocol.ts'
import { ParsePool } from '../../collector/parse/pool.ts'
import { MemoryLogStore } from '../../collector/store/memory.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import { startHub, TestAgent } from './hub.ts'
import { dockerLine } from './parse/lines.ts'

let pool: ParsePool
beforeAll(async () => {
  pool = await ParsePool.open({ threads: 1 })
})
afterAll(() => pool[Symbol.asyncDispose]())

test('streams of one container have numbers that a restart of the hub does not change', async () => {
  const parts = { store: new MemoryLogStore(), state: new MemoryStateStore(), pool }
  const before = await startHub(parts)
  using agent = await TestAgent.joined(before.url, 'c1')
  const part = (stream: string, data: Buffer, offset = 0) => ({
    ...{ container: 'c1', generation: 'same-first-line', stream, offset, data }
  })
  const own = dockerLine('own\n')
  const reply = await agent.deliver([
    part('docker', own),
    part('file:/app/b.log', Buffer.from('b\n')),
    part('file:/app/a.log', Buffer.from('a\n'))
  ])
  expect(reply.status).toBe(200)
  expect(reply.body.positions.map(({ stream, committed }) => [stream, committed])).toEqual([
    ['docker', own.length],
    ['file:/app/b.log', 2],
    ['file:/app/a.log', 2]
  ])
  await before[Symbol.asyncDispose]()

  await using after = await startHub(parts)
  using again = new TestAgent(after.url)
  Object.assign(again, { host: agent.host, key: agent.key })
  await again.hello()
  const asked = { session: again.session, streams: [], containers: ['c1', 'unknown'] }
  const { body } = await again.ask<Positions>('positions', asked)
  expect(body.positions.map(({ stream }) => stream)).toEqual(['docker', 'file:/app/b.log', 'file:/app/a.log'])
  await again.deliver([
    part('file:/app/c.log', Buffer.from('c\n')),
    part('file:/app/a.log', Buffer.from('a2\n'), 2)
  ])
  const origins = (await after.store.origins()).map(({ origin }) => [origin.stream, origin.streamNumber])
  expect(origins.sort()).toEqual([
    ['docker', 0],
    ['file:/app/a.log', 2],
    ['file:/app/b.log', 1],
    ['file:/app/c.log', 3]
  ])
})

test('a kind of stream that the hub does not know, and too many streams, are refused by name', async () => {
  await using hub = await startHub({ pool })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const part = (stream: string) => ({
    container: 'c1',
    generation: 'g',
    stream,
    offset: 0,
    data: Buffer.from('x\n')
  })
  const unknown = await agent.deliver([part('socket:/x')])
  expect([unknown.status, unknown.body.code]).toEqual([400, 'DRIFTLOG_STREAM'])
  expect(unknown.body.message).toContain('"socket:/x"')
  const files = Array.from({ length: 1000 }, (_, i) => part(`file:/logs/${i}.log`))
  expect((await agent.deliver(files)).status).toBe(200)
  const many = await agent.deliver([part('file:/logs/one-more.log')])
  expect([many.status, many.body.code]).toEqual([400, 'DRIFTLOG_STREAMS'])
  expect((await agent.deliver([part('docker')])).status).toBe(200)
})
