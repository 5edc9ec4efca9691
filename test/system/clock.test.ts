/** Hosts whose clocks are half a minute off, with real agents: what they wrote is read in the order of its writing. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startPretendedEngine } from '../../server/demo/engine.ts'
import { freePort } from '../ports.ts'
import { Hub, startAgent } from './programs.ts'

const SKEWED = fileURLToPath(new URL('../fakes/skewed-clock.mjs', import.meta.url))
const SKEWS_MS = [30_000, -30_000, 0]
const LINES = 300
/** Lines that were written further apart than this must stand in their order. */
const WITHIN_MS = 50

test('hosts with clocks off by 30 s either way are read in true order', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-clock-'))
  const closing: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  try {
    await inTrueOrder(folder, closing)
  } finally {
    for (const close of closing.reverse()) await close()
  }
})

async function inTrueOrder(folder: string, closing: (() => Promise<unknown>)[]): Promise<void> {
  const hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
  closing.push(() => hub[Symbol.asyncDispose]())
  const hosts = []
  for (const skewMs of SKEWS_MS) {
    const name = `host${String(skewMs).replace('-', 'minus')}`
    const socket = join(folder, `${name}.sock`)
    const dir = join(folder, name)
    const engine = await startPretendedEngine({ socketPath: socket, dir, id: name, name })
    closing.push(() => engine.close())
    engine.run({ name: 'orders', image: 'orders:1', at: nanosOf(Date.now() + skewMs) })
    const env = { NODE_OPTIONS: `--import ${SKEWED}`, SKEW_MS: String(skewMs) }
    const agent = startAgent({ hubUrl: hub.url, socket, stateDir: join(dir, 'state'), name, env })
    closing.push(() => agent.stop())
    hosts.push({ engine, skewMs })
  }
  while ((await hub.get<{ hosts: unknown[] }>('/api/hosts')).hosts.length < SKEWS_MS.length) await sleep(100)
  /** True times, by the line's number. */
  const writtenMs: number[] = []
  for (let number = 0; number < LINES; number++) {
    const { engine, skewMs } = hosts[(number * 7) % hosts.length] as (typeof hosts)[number]
    const nowMs = Date.now()
    writtenMs.push(nowMs)
    engine.write('orders', 'stdout', `line ${number}\n`, nanosOf(nowMs + skewMs))
    await sleep(10 + ((number * 13) % 30))
  }
  await hub.settled({ app: 'orders' }, LINES)
  const found: number[] = []
  for await (const { text } of hub.records({ app: 'orders' })) found.push(Number(text.split(' ')[1]))
  expect([...found].sort((a, b) => a - b)).toEqual([...writtenMs.keys()])
  let worstMs = 0
  let latestMs = 0
  for (const number of found) {
    const ms = writtenMs[number] ?? 0
    worstMs = Math.max(worstMs, latestMs - ms)
    latestMs = Math.max(latestMs, ms)
  }
  console.log(JSON.stringify({ lines: found.length, outOfOrderByAtMostMs: worstMs }))
  expect(worstMs).toBeLessThanOrEqual(WITHIN_MS)
}

function nanosOf(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n
}
