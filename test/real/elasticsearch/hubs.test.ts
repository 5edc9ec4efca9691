/**
 * Two hubs behind one address: agents reach now the one, now the other, one of them is killed and comes back. Every line
 * is there once, on whichever hub one asks.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@elastic/elasticsearch'
import { beforeEach, expect, test } from 'vitest'
import type { CompletenessAnswer } from '../../../server/api/completeness.ts'
import type { PretendedEngine } from '../../../server/demo/engine.ts'
import { freePort } from '../../ports.ts'
import { CLUSTER, emptyCluster, CLUSTER_ENV as env } from '../../system/engine.ts'
import { expectEveryLine } from '../../system/everything.ts'
import { Hub, type Program, startAgent } from '../../system/programs.ts'
import { startWriters, totalOf, type Writers } from '../../system/writers.ts'
import { type Balancer, startBalancer } from './balancer.ts'

const SECONDS = Number(process.env['DRIFTLOG_HUBS_SECONDS'] ?? 30)
/** Lines a second, over all containers. */
const RATE = Number(process.env['DRIFTLOG_HUBS_RATE'] ?? 1500)
const AGENTS = 3
const LONG_MS = 3_600_000

beforeEach(emptyCluster)

test.each([
  ['each second', (hubs: readonly Hub[]) => hubs[Math.floor(Date.now() / 1000) % 2]],
  ['with every request', (hubs: readonly Hub[]) => hubs[Math.random() < 0.5 ? 0 : 1]]
])(
  'agents change hubs %s, and a hub is killed: every line once',
  { timeout: LONG_MS },
  async (how, choose) => {
    const folder = await mkdtemp(join(tmpdir(), 'driftlog-hubs-'))
    const open = async (name: string) => new Hub({ dataDir: join(folder, name), port: await freePort(), env })
    const hubs = [await open('hub-a'), await open('hub-b')]
    const dead = new Set<Hub>()
    const alive = () => {
      const chosen = choose(hubs)
      return (chosen && !dead.has(chosen) ? chosen : hubs.find((hub) => !dead.has(hub)))?.url ?? ''
    }
    const fleet: { writers: Writers; agent: Program }[] = []
    let balancer: Balancer | undefined
    try {
      for (const hub of hubs) await hub.start()
      balancer = await startBalancer(alive)
      for (let n = 0; n < AGENTS; n++) fleet.push(await openHost(folder, `host-${'abc'[n]}`, balancer.url))
      for (const { writers } of fleet) writers.begin(RATE / AGENTS)
      const traces = fleet.map(({ writers }, n) => startTraces(writers.engine, `host-${'abc'[n]}`))
      const endMs = Date.now() + SECONDS * 1000
      const [, second] = hubs
      if (!second) throw new Error('no second hub')
      await sleep(SECONDS * 400)
      await second.program.kill()
      // What reaches it is cut off until the balancer has noticed.
      await sleep(1000)
      dead.add(second)
      await sleep(SECONDS * 200)
      await second.start()
      dead.delete(second)
      while (Date.now() < endMs) await sleep(100)
      const printed = await Promise.all(traces.map((trace) => trace.stop()))
      for (const { writers } of fleet) {
        writers.pause()
        writers.burst(1)
      }
      const written = new Map(fleet.flatMap(({ writers }) => [...writers.written]))
      for (const hub of hubs) await expectEveryLine(hub, written, 120_000)
      for (const hub of hubs) {
        for (const { app, lines } of printed) {
          // Where its end did not come in time an event may be in two parts.
          const found: string[] = []
          for await (const text of hub.texts({ app })) found.push(...text.split('\n'))
          expect(found).toEqual(lines)
        }
      }
      const client = new Client({ node: CLUSTER })
      const of = { query: { prefix: { message: 'counted' } } }
      const { count } = await client.count({ index: 'driftlog-*', ...of })
      await client.close()
      expect(count).toBe(totalOf(written))
      for (const hub of hubs) {
        const { gaps } = await hub.get<CompletenessAnswer>('/api/completeness')
        expect(gaps).toEqual([])
        const { hosts } = await hub.get<{ hosts: { live: boolean }[] }>('/api/hosts')
        expect(hosts.map(({ live }) => live)).toEqual(fleet.map(() => true))
      }
      const passed = [...balancer.passed.values()]
      expect(Math.min(...passed)).toBeGreaterThan(SECONDS)
      const traced = printed.reduce((sum, { lines }) => sum + lines.length, 0)
      console.log(JSON.stringify({ how, lines: count, traced, seconds: SECONDS, requests: passed, wrong: 0 }))
    } finally {
      for (const { agent, writers } of fleet) {
        await agent.stop()
        await writers[Symbol.asyncDispose]()
      }
      await balancer?.[Symbol.asyncDispose]()
      for (const hub of hubs) await hub[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    }
  }
)

/** A container that prints stack traces, now quickly and now so slowly that nobody waits for their next line. */
function startTraces(engine: PretendedEngine, host: string) {
  const app = `traces-on-${host}`
  const lines: string[] = []
  engine.run({ name: app, image: 'traces:1' })
  const print = (line: string) => {
    lines.push(line)
    engine.write(app, 'stdout', `${line}\n`)
  }
  let isOver = false
  const printing = (async () => {
    for (let n = 0; !isOver; n++) {
      print(`java.lang.IllegalStateException: number ${n} of ${host}`)
      for (let frame = 0; frame < 1 + Math.random() * 4; frame++) {
        if (Math.random() < 0.5) await sleep(Math.random() * 600)
        print(`\tat com.example.Orders.step${frame}(Orders.java:${n})`)
      }
      await sleep(Math.random() * 200)
    }
    print('the end')
  })()
  return {
    stop: async () => {
      isOver = true
      await printing
      return { app, lines }
    }
  }
}

async function openHost(folder: string, name: string, hubUrl: string) {
  const writers = await startWriters(join(folder), {
    name,
    containers: 3,
    logOptions: { 'max-size': '10m', 'max-file': '50' }
  })
  const agent = startAgent({ hubUrl, socket: writers.socket, stateDir: join(folder, `${name}-agent`), name })
  return { writers, agent }
}
