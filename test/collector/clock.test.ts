/** Hosts whose clocks are wrong: what they wrote is read in its true order, and a clock that is put right is noticed. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Clock } from '../../agent/clock.ts'
import { ParsePool } from '../../collector/parse/pool.ts'
import { facts, startHub, TestAgent, textsIn } from './hub.ts'
import { dockerLine } from './parse/lines.ts'

let pool: ParsePool
beforeAll(async () => {
  pool = await ParsePool.open({ threads: 1 })
})
afterAll(() => pool[Symbol.asyncDispose]())

const line = (text: string, ms: number) => dockerLine(`${text}\n`, { time: new Date(ms).toISOString() })

test('lines of hosts that are 30 s apart stand in the order in which they were written', async () => {
  const startMs = Date.UTC(2026, 10, 25, 12)
  await using hub = await startHub({ pool, nowMs: () => startMs })
  const aheads = [30_000, -30_000, 0]
  const agents: { agent: TestAgent; aheadMs: number; offset: number }[] = []
  for (const [index, aheadMs] of aheads.entries()) {
    const agent = new TestAgent(hub.url)
    await agent.enrol(`web-${index}`)
    await agent.hello({ facts: { name: `web-${index}` }, clockMs: startMs + aheadMs })
    await agent.deliver([], { events: [{ kind: 'seen', atMs: startMs + aheadMs, instance: facts('c1') }] })
    agents.push({ agent, aheadMs, offset: 0 })
  }
  const written: string[] = []
  for (let number = 0; number < 60; number++) {
    const writer = agents[(number * 7) % 3]
    if (!writer) throw new Error('no writer')
    // 60 ms apart in truth, by clocks that are half a minute off.
    const data = line(`line ${number}`, startMs + number * 60 + writer.aheadMs)
    const part = { container: 'c1', stream: 'docker', generation: 'g', offset: writer.offset, data }
    const { status } = await writer.agent.deliver([part], { clockOffsetMs: writer.aheadMs + (number % 20) })
    expect(status).toBe(200)
    writer.offset += data.length
    written.push(`line ${number}`)
  }
  expect(await textsIn(hub.store)).toEqual(written)
  const offsets = hub.fleet.hosts().map(({ clockOffsetMs }) => Math.round(clockOffsetMs / 1000))
  expect(offsets).toEqual([30, -30, 0])
  for (const { agent } of agents) agent[Symbol.dispose]()
})

test('a move between hosts with wrong clocks has its true times, also when a clock is put right', async () => {
  const nowMs = Date.UTC(2026, 10, 25, 12)
  await using hub = await startHub({ pool, nowMs: () => nowMs })
  using one = new TestAgent(hub.url)
  using other = new TestAgent(hub.url)
  await one.enrol('one')
  await one.hello({ facts: { name: 'one' }, clockMs: nowMs + 30_000 })
  await other.enrol('other')
  await other.hello({ facts: { name: 'other' }, clockMs: nowMs - 30_000 })
  const ran = facts('c1', { startedMs: nowMs - 60_000 + 30_000 })
  const died = { ...ran, state: 'exited', finishedMs: nowMs - 10_000 + 30_000, exitCode: 0 }
  const next = facts('c2', { startedMs: nowMs - 8000 - 30_000 })
  await one.deliver([], { events: [{ kind: 'start', atMs: ran.startedMs ?? 0, instance: ran }] })
  await one.deliver([], { events: [{ kind: 'die', atMs: died.finishedMs, instance: died }] })
  await other.deliver([], { events: [{ kind: 'start', atMs: next.startedMs ?? 0, instance: next }] })
  // The clock is put right; the engine still says what it stamped before.
  await other.deliver([], { clockOffsetMs: 0, events: [{ kind: 'seen', atMs: nowMs, instance: next }] })
  const [move, ...more] = hub.fleet.moves()
  expect(more).toEqual([])
  expect(move?.atMs).toBe(nowMs - 8000)
  expect(move?.awayMs).toBe(2000)
  const instance = hub.fleet.instances().find(({ container }) => container === 'c2')
  expect(instance?.runs).toHaveLength(1)
  expect(instance?.startedMs).toBe(nowMs - 8000)
})

test('a clock that may well be right counts as right, however slow the answers are', () => {
  const clock = new Clock()
  clock.add({ sentMs: 1000, receivedMs: 1400, hubMs: 1390 })
  expect(clock.offsetMs).toBe(0)
  clock.add({ sentMs: 2000, receivedMs: 2900, hubMs: 2001 })
  expect(clock.offsetMs).toBe(0)
})

test('a hub that takes its time over an answer says so, and the clock is known as closely', () => {
  const clock = new Clock()
  // 2 ms there, 500 ms at the hub, 2 ms back; the agent is 30 s behind.
  clock.add({ sentMs: 70_000, receivedMs: 70_504, hubMs: 100_502, tookMs: 500 })
  expect(clock.offsetMs).toBe(-30_000)
})

test('an agent measures its clock by the fastest answers, whatever the slow ones say', () => {
  const clock = new Clock()
  expect(clock.offsetMs).toBe(undefined)
  // 4 ms there and back, 30 s ahead.
  clock.add({ sentMs: 130_000, receivedMs: 130_004, hubMs: 100_002 })
  expect(clock.offsetMs).toBe(30_000)
  for (let i = 0; i < 10; i++) clock.add({ sentMs: 131_000 + i, receivedMs: 131_500 + i, hubMs: 101_100 + i })
  expect(clock.offsetMs).toBe(30_000)
  // Put right: after a few answers nothing else counts.
  for (let i = 0; i < 20; i++) clock.add({ sentMs: 110_000 + i, receivedMs: 110_004 + i, hubMs: 110_002 + i })
  expect(clock.offsetMs).toBe(0)
  clock.add({ sentMs: 5, receivedMs: 4, hubMs: 0 })
  expect(clock.offsetMs).toBe(0)
})
