import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Codec } from '../../agent/protocol.ts'
import { PIECE_BYTES } from '../../collector/parse/pieces.ts'
import { ParsePool } from '../../collector/parse/pool.ts'
import { MemoryLogStore } from '../../collector/store/memory.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import { StoreFullError } from '../../collector/store/store.ts'
import { facts, type HubParts, hasZstd, startHub as startAnyHub, TestAgent, textsIn } from './hub.ts'
import { dockerLine } from './parse/lines.ts'

const STREAM = { container: 'c1', stream: 'docker', generation: 'g1', file: '1:2:3' }

let pool: ParsePool
beforeAll(async () => {
  pool = await ParsePool.open({ threads: 1 })
})
afterAll(() => pool[Symbol.asyncDispose]())

function startHub(parts: HubParts = {}) {
  return startAnyHub({ pool, ...parts })
}

function lines(...logs: string[]): Buffer {
  return Buffer.concat(logs.map((log) => dockerLine(`${log}\n`)))
}

describe('joining', () => {
  test('an open hub lets anyone in, gives a key and a session', async () => {
    await using hub = await startHub()
    using agent = new TestAgent(hub.url)
    expect((await agent.enrol('web-1')).body).toMatchObject({ host: expect.stringMatching(/^[0-9a-f]{16}$/) })
    expect((await agent.hello()).body).toMatchObject({
      host: agent.host,
      codec: 'identity',
      heartbeatMs: 5000,
      gatherMs: 100
    })
    expect(hub.fleet.hosts()).toMatchObject([{ name: 'web-1', slot: 0, live: true }])
  })

  test('elsewhere a join token is needed', async () => {
    await using hub = await startHub({ open: false })
    using agent = new TestAgent(hub.url)
    const { token: reading } = await hub.access.issue({ name: 'r', scopes: ['read'] })
    for (const join of [undefined, 'wrong', reading])
      expect(await agent.enrol('web-1', join)).toMatchObject({ status: 401, body: { code: 'DRIFTLOG_JOIN' } })
    const { token } = await hub.access.issue({ name: 'j', scopes: ['agent'] })
    expect((await agent.enrol('web-1', token)).status).toBe(200)
    expect((await agent.hello()).status).toBe(200)
  })

  test('without its key a host is nobody', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    agent.key = agent.key.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A'))
    for (const reply of [
      await agent.hello(),
      await agent.ask<{ code: string }>('positions', { session: agent.session, streams: [] }),
      await agent.deliver([])
    ])
      expect(reply).toMatchObject({ status: 401, body: { code: 'DRIFTLOG_KEY' } })
  })

  test('another version of the protocol is told which side to update', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const newer = await agent.hello({ protocol: 2, codecs: 'something new' })
    expect(newer).toMatchObject({ status: 400, body: { code: 'DRIFTLOG_PROTOCOL' } })
    expect(newer.body.message).toContain('Update the hub')
    expect((await agent.hello({ protocol: 0 })).body.message).toContain('Update the agent')
  })

  test('a copy of a live agent is refused with the way out; a restarted agent takes over', async () => {
    const clock = { ms: Date.now() }
    await using hub = await startHub({ nowMs: () => clock.ms })
    using agent = await TestAgent.joined(hub.url, 'c1')
    using copy = new TestAgent(hub.url)
    copy.key = agent.key
    const taken = await copy.hello({ place: 'place-2' })
    expect(taken).toMatchObject({ status: 409, body: { code: 'DRIFTLOG_HOST_TAKEN' } })
    expect(taken.body.message).toMatch(/web-1 at 127\.0\.0\.1.*state folder/)
    using restarted = new TestAgent(hub.url)
    restarted.key = agent.key
    expect((await restarted.hello()).status).toBe(200)
    expect(await agent.deliver([])).toMatchObject({ status: 409, body: { code: 'DRIFTLOG_SESSION' } })
    clock.ms += 16_000
    expect((await copy.hello({ place: 'place-2' })).status).toBe(200)
  })
})

describe('delivering', () => {
  const codecs: Codec[] = ['identity', 'gzip', 'br']
  if (hasZstd) codecs.push('zstd')
  test.each(codecs)('records arrive through %s', async (codec) => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    await agent.hello({ codecs: [codec] })
    expect(agent.codec).toBe(codec)
    const data = lines('one', 'two')
    const reply = await agent.deliver([{ ...STREAM, offset: 0, data }])
    expect(reply.body.positions).toEqual([{ ...STREAM, committed: data.length, next: data.length }])
    expect(await textsIn(hub.store)).toEqual(['one', 'two'])
    const [{ origin } = {}] = await hub.store.origins()
    expect(origin).toMatchObject({ host: agent.host, hostName: 'web-1', app: 'orders', streamNumber: 0 })
    expect(await hub.registry.metrics()).toMatch(/driftlog_collector_records_total 2\n/)
  })

  test('several chunks of several generations, numbered in the order of their delivery', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const a = lines('a1')
    const b = lines('a2')
    const reply = await agent.deliver([
      { ...STREAM, offset: 0, data: a },
      { ...STREAM, offset: a.length, data: b, last: true },
      { ...STREAM, generation: 'g2', offset: 0, data: a },
      { ...STREAM, generation: 'g3', offset: 0, data: Buffer.alloc(0) }
    ])
    expect(reply.body.positions).toMatchObject([
      { generation: 'g1', committed: a.length + b.length, ended: true },
      { generation: 'g2', committed: a.length },
      { generation: 'g3', committed: 0 }
    ])
    const [states] = await hub.store.positions([{ host: agent.host, container: 'c1', stream: 'docker' }])
    expect(states?.map((state) => [state.generation, state.number])).toEqual([
      ['g1', 0],
      ['g2', 1],
      ['g3', 2]
    ])
    expect(await agent.positions('c1')).toEqual(reply.body.positions)
  })

  test('a delivery sent again because its answer was lost adds nothing and is put right', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const part = { ...STREAM, offset: 0, data: lines('once') }
    await agent.deliver([part])
    const again = await agent.deliver([part])
    expect(again).toMatchObject({
      status: 409,
      body: { code: 'DRIFTLOG_POSITION', positions: [{ next: part.data.length }] }
    })
    expect(await textsIn(hub.store)).toEqual(['once'])
  })

  test('one chunk that does not fit, and nothing of the delivery is taken', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const data = lines('x')
    const reply = await agent.deliver([
      { ...STREAM, offset: 0, data },
      { ...STREAM, generation: 'g2', offset: 7, data },
      { ...STREAM, generation: 'g3', offset: 9, data }
    ])
    expect(reply.body.positions).toEqual(
      [
        { container: 'c1', stream: 'docker', generation: 'g2', committed: 0, next: 0 },
        { container: 'c1', stream: 'docker', generation: 'g3', committed: 0, next: 0 }
      ].map((position) => ({ ...position }))
    )
    expect(await textsIn(hub.store)).toEqual([])
    expect((await agent.deliver([{ ...STREAM, offset: 0, data }])).status).toBe(200)
  })

  test('overlapping requests of one session are taken one after the other', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const parts = Array.from({ length: 10 }, (_, i) => lines(`line ${i}`))
    let offset = 0
    const replies = await Promise.all(
      parts.map((data) => {
        const reply = agent.deliver([{ ...STREAM, offset, data }])
        offset += data.length
        return reply
      })
    )
    const taken = replies.filter((reply) => reply.status === 200).length
    expect((await textsIn(hub.store)).length).toBe(taken)
    expect(new Set(await textsIn(hub.store)).size).toBe(taken)
  })

  test('a chunk of an instance that was never told ends the session', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const reply = await agent.deliver([{ ...STREAM, container: 'c9', offset: 0, data: lines('x') }])
    expect(reply).toMatchObject({ status: 409, body: { code: 'DRIFTLOG_SESSION' } })
    const events = [{ kind: 'start' as const, atMs: Date.now(), instance: facts('c9') }]
    const told = await agent.deliver([{ ...STREAM, container: 'c9', offset: 0, data: lines('x') }], {
      events
    })
    expect(told.status).toBe(200)
  })

  test('instances, what is gone, losses and arrears reach the fleet', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    await agent.deliver([], {
      events: [{ kind: 'die', atMs: Date.now(), instance: facts('c1', { state: 'exited', exitCode: 3 }) }],
      losses: [{ ...{ container: 'c1', stream: 'docker' }, atMs: 1, bytes: 10, cause: 'hold-exceeded' }],
      behindBytes: 77
    })
    expect(hub.fleet.instance(agent.host, 'c1')).toMatchObject({ state: 'exited', exitCode: 3 })
    expect(hub.fleet.host(agent.host)).toMatchObject({ lostBytes: 10, behindBytes: 77 })
  })
})

describe('records that span deliveries', () => {
  const piece = dockerLine('p'.repeat(PIECE_BYTES))

  test('are joined; the agent goes on from `next` while `committed` waits', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    const first = await agent.deliver([{ ...STREAM, offset: 0, data: piece }])
    expect(first.body.positions).toMatchObject([{ committed: 0, next: piece.length }])
    const rest = dockerLine('end\n')
    const second = await agent.deliver([{ ...STREAM, offset: piece.length, data: rest }])
    expect(second.body.positions).toMatchObject([{ committed: piece.length + rest.length }])
    expect(await textsIn(hub.store)).toEqual([`${'p'.repeat(PIECE_BYTES)}end`])
  })

  test('are given out when nothing follows', async () => {
    await using hub = await startHub()
    using agent = await TestAgent.joined(hub.url, 'c1')
    await agent.deliver([{ ...STREAM, offset: 0, data: piece }])
    for (let i = 0; i < 100 && (await textsIn(hub.store)).length === 0; i++) await sleep(100)
    expect(await textsIn(hub.store)).toEqual(['p'.repeat(PIECE_BYTES)])
    expect(await agent.positions('c1')).toMatchObject([{ committed: piece.length, next: piece.length }])
  })

  test('begin anew after a restart of the hub, from what is committed', async () => {
    const [store, state] = [new MemoryLogStore(), new MemoryStateStore()]
    let key = ''
    {
      await using hub = await startAnyHub({ store, state })
      using agent = await TestAgent.joined(hub.url, 'c1')
      await agent.deliver([{ ...STREAM, offset: 0, data: piece }])
      key = agent.key
    }
    await using hub = await startAnyHub({ store, state })
    using agent = new TestAgent(hub.url)
    agent.key = key
    agent.session = 'of the old hub'
    expect(await agent.deliver([])).toMatchObject({ status: 409, body: { code: 'DRIFTLOG_SESSION' } })
    await agent.hello()
    expect(await agent.positions('c1')).toMatchObject([{ committed: 0, next: 0 }])
    const stale = await agent.deliver([{ ...STREAM, offset: piece.length, data: dockerLine('end\n') }])
    expect(stale.body.positions).toMatchObject([{ next: 0 }])
    const data = Buffer.concat([piece, dockerLine('end\n')])
    expect((await agent.deliver([{ ...STREAM, offset: 0, data }])).status).toBe(200)
    expect(await textsIn(store)).toEqual([`${'p'.repeat(PIECE_BYTES)}end`])
  })
})

test('while the store is full agents are told to wait, and then lose nothing', async () => {
  class Filling extends MemoryLogStore {
    full = true
    override async append(...args: Parameters<MemoryLogStore['append']>): Promise<void> {
      if (this.full) throw new StoreFullError('no space left on device')
      await super.append(...args)
    }
  }
  const store = new Filling()
  await using hub = await startHub({ store })
  using agent = await TestAgent.joined(hub.url, 'c1')
  const data = Buffer.concat([dockerLine('p'.repeat(PIECE_BYTES)), lines('x')])
  const full = await agent.deliver([{ ...STREAM, offset: 0, data }])
  expect(full).toMatchObject({ status: 503, body: { code: 'DRIFTLOG_STORE_FULL' } })
  expect(full.headers['retry-after']).toBe('10')
  store.full = false
  expect((await agent.deliver([{ ...STREAM, offset: 0, data }])).status).toBe(200)
  store.full = true
  const more = { ...STREAM, offset: data.length, data: dockerLine('p'.repeat(PIECE_BYTES)) }
  expect((await agent.deliver([{ ...more, data: Buffer.concat([more.data, lines('y')]) }])).status).toBe(503)
  store.full = false
  const last = { ...more, data: Buffer.concat([more.data, lines('z')]) }
  expect((await agent.deliver([last])).status).toBe(200)
  expect(await textsIn(store)).toHaveLength(2)
})
