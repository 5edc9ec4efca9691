import { afterAll, beforeAll, expect, test } from 'vitest'
import { handlingOf } from '../../collector/handling.ts'
import { PIECE_BYTES } from '../../collector/parse/pieces.ts'
import { ParsePool } from '../../collector/parse/pool.ts'
import { facts, startHub, TestAgent, type TestHub, textsIn } from './hub.ts'
import { dockerLine } from './parse/lines.ts'

let pool: ParsePool
beforeAll(async () => {
  pool = await ParsePool.open({ threads: 1, redaction: { builtIn: true, expressions: ['acme-\\d+'] } })
})
afterAll(() => pool[Symbol.asyncDispose]())

/** What is stored of the lines of a container with such labels. */
async function stored(hub: TestHub, labels: Record<string, string>, data: Buffer): Promise<string[]> {
  using agent = await TestAgent.joined(hub.url, 'c1')
  const event = { kind: 'seen' as const, atMs: Date.now(), instance: facts('c1', { labels }) }
  await agent.deliver([], { events: [event], present: ['c1'] })
  const chunk = { container: 'c1', stream: 'docker', generation: 'g1', offset: 0, last: true, data }
  expect((await agent.deliver([chunk])).status).toBe(200)
  return textsIn(hub.store)
}

const LINE = 'badge 7 acme-12 password=hunter2'
const DATA = dockerLine(`${LINE}\n`)

test('no secret reaches the store; each is counted by its kind', async () => {
  await using hub = await startHub({ pool })
  expect(await stored(hub, {}, DATA)).toEqual(['badge 7 [redacted] password=[redacted]'])
  const metrics = await hub.registry.metrics()
  expect(metrics).toContain('driftlog_collector_redacted_total{kind="password"} 1')
  expect(metrics).toContain('driftlog_collector_redacted_total{kind="own"} 1')
})

test('a secret that Docker cut between two pieces is found in the joined line', async () => {
  await using hub = await startHub({ pool })
  const text = `${'x'.repeat(PIECE_BYTES - 12)} password=hunter2 done`
  const data = Buffer.concat([
    dockerLine(text.slice(0, PIECE_BYTES)),
    dockerLine(`${text.slice(PIECE_BYTES)}\n`)
  ])
  const [line] = await stored(hub, {}, data)
  expect(line?.slice(PIECE_BYTES - 11)).toBe('password=[redacted] done')
})

test('by its label a container adds expressions, or is left as it is', async () => {
  for (const [label, text] of [
    ['badge \\d', '[redacted] [redacted] password=[redacted]'],
    ['off', LINE],
    ['(a+)+b', 'badge 7 [redacted] password=[redacted]']
  ] as const) {
    await using hub = await startHub({ pool })
    expect(await stored(hub, { 'driftlog.redact': label }, DATA)).toEqual([text])
  }
  expect(handlingOf({ 'driftlog.redact': '(a+)+b' }).problems).toEqual([
    expect.stringContaining('driftlog.redact: "(a+)+b": The expression can be too slow')
  ])
  expect(handlingOf({ 'driftlog.redact': 'badge \\d' }).problems).toEqual([])
})
