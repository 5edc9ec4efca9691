import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { workload } from '../bench/generator.ts'
import { freePort } from '../ports.ts'
import { expectEveryLine } from './everything.ts'
import { Hub, startAgent } from './programs.ts'
import { startWriters, totalOf } from './writers.ts'

/** Each round kills the agent once and the hub once. */
const ROUNDS = Number(process.env['DRIFTLOG_KILL_ROUNDS'] ?? 30)
/** Lines a second, over all containers. */
const RATE = Number(process.env['DRIFTLOG_KILL_RATE'] ?? 4000)
/** At least so many lines are written. */
const LINES = Number(process.env['DRIFTLOG_KILL_LINES'] ?? 50_000)
/** Real-looking texts, over and over again. */
const PAYLOADS = [...workload(4096, { startMs: 0, spanMs: 1000 }).lines()].map(({ text }) => text)
const payloadOf = (number: number) => PAYLOADS[number % PAYLOADS.length] ?? ''
const LONG_MS = 3_600_000

test(`kill -9 of agent and hub, ${ROUNDS} times each at random points, while eight containers write and rotate`, {
  timeout: LONG_MS
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-kill-'))
  try {
    await using writers = await startWriters(folder, {
      name: 'killed',
      containers: 8,
      // Rotation goes on meanwhile; enough files are kept that Docker deletes none unread.
      logOptions: { 'max-size': RATE > 10_000 ? '10m' : '1m', 'max-file': '50' },
      payloadOf
    })
    await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
    const begin = () =>
      startAgent({
        hubUrl: hub.url,
        socket: writers.socket,
        stateDir: join(folder, 'agent'),
        name: 'killed'
      })
    let agent = begin()
    writers.begin(RATE)
    for (let round = 0; round < ROUNDS; round++) {
      await sleep(100 + Math.random() * 900)
      await agent.kill()
      agent = begin()
      await sleep(100 + Math.random() * 900)
      await hub.program.kill()
      await hub.start()
    }
    while (totalOf(writers.written) < LINES) await sleep(100)
    writers.pause()
    writers.burst(1)
    await expectEveryLine(hub, writers.written, 120_000, payloadOf)
    console.log(JSON.stringify({ kills: 2 * ROUNDS, lines: totalOf(writers.written), wrong: 0 }))
    await agent.stop()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('an agent that was away while files rotated, were compressed and containers ended catches up', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-away-'))
  try {
    await using writers = await startWriters(folder, {
      name: 'away',
      containers: 4,
      logOptions: { 'max-size': '256k', 'max-file': '40', compress: 'true' }
    })
    await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
    const begin = () =>
      startAgent({ hubUrl: hub.url, socket: writers.socket, stateDir: join(folder, 'agent'), name: 'away' })
    let agent = begin()
    for (let round = 0; round < 5; round++) {
      writers.burst(500)
      await sleep(300 + Math.random() * 500)
      await agent.kill()
      for (let burst = 0; burst < 10; burst++) {
        writers.burst(300)
        await sleep(20)
      }
      agent = begin()
      await sleep(1000)
    }
    await expectEveryLine(hub, writers.written)
    const { hosts } = await hub.get<{ hosts: { losses: number }[] }>('/api/hosts')
    expect(hosts.map(({ losses }) => losses)).toEqual([0])
    await agent.stop()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
