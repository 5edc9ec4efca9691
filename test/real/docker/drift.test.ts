import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../ports.ts'
import { countLines, PERFECT } from '../../system/lines.ts'
import { Hub, type Program, startAgent } from '../../system/programs.ts'
import { type DockerHost, dockerHost, HUB_ADDRESS } from './hosts.ts'

const APPS = ['orders', 'billing', 'search', 'mail']
const MOVES_PER_APP = 5

let folder: string
let hub: Hub
const hosts: DockerHost[] = [dockerHost(1), dockerHost(2), dockerHost(3)]
const agents: Program[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-drift-'))
  hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort(), host: HUB_ADDRESS }).start()
  const token = await hub.token('join')
  for (const host of hosts) {
    agents.push(
      startAgent({
        hubUrl: hub.url,
        socket: host.socket,
        stateDir: join(folder, host.name),
        name: host.name,
        join: token,
        prefix: host.inside
      })
    )
  }
})

afterAll(async () => {
  for (const agent of agents) await agent.stop()
  await hub?.[Symbol.asyncDispose]()
  for (const host of hosts) {
    const left = await host.docker('ps', '-aq')
    if (left) await host.docker('rm', '-f', ...left.split('\n'))
  }
  await rm(folder, { recursive: true, force: true })
})

test('apps that drift over three hosts keep one history: every line once, every move on the timeline', async () => {
  const expected = new Map<string, number>()
  const tail = followTail(hub, 'orders')
  await Promise.all(
    APPS.map(async (app, index) => {
      for (let life = 0; life <= MOVES_PER_APP; life++) {
        const host = hosts[(index + life) % hosts.length]
        if (!host) throw new Error('no host')
        const writer = `${app}-${life}`
        // Writes until it is stopped, a burst every 10 ms: what it wrote stands in its file when it is gone.
        const container = await host.run({
          name: `${app}-1`,
          labels: { 'com.docker.compose.project': 'shop', 'com.docker.compose.service': app },
          command: ['sh', '-c', `i=0; while :; do ${burst(writer)}; i=$((i+20)); sleep 0.01; done`]
        })
        await sleep(1500 + 500 * index)
        await host.docker('stop', '-t', '0', container)
        let lines = 0
        for await (const _ of host.written(container)) lines++
        expected.set(writer, lines)
        await host.docker('rm', '-f', container)
      }
    })
  )
  const total = [...expected.values()].reduce((sum, lines) => sum + lines, 0)
  expect(total).toBeGreaterThan(1000)
  expect(await hub.settled({}, total)).toBe(total)

  for (const app of APPS) {
    const mine = new Map([...expected].filter(([writer]) => writer.startsWith(`${app}-`)))
    const counts = countLines(await collect(hub.texts({ app })), mine)
    for (const [writer, count] of counts) {
      expect(count, writer).toMatchObject({ ...PERFECT, lines: mine.get(writer) })
    }
  }

  const { moves } = await hub.get<{ moves: { app: string; fromHostName: string; toHostName: string }[] }>(
    '/api/moves'
  )
  expect(moves).toHaveLength(APPS.length * MOVES_PER_APP)
  for (const move of moves) expect(move.fromHostName).not.toBe(move.toHostName)

  // The tail of one app was opened once, before its first line, and nobody touched it since.
  const orders = [...expected].filter(([writer]) => writer.startsWith('orders-'))
  const ordersLines = orders.reduce((sum, [, lines]) => sum + lines, 0)
  for (let wait = 0; wait < 100 && tail.texts.length < ordersLines; wait++) await sleep(100)
  tail.close()
  for (const [writer, count] of countLines(tail.texts, new Map(orders))) {
    expect(count, `tail of ${writer}`).toMatchObject(PERFECT)
  }
  expect(tail.moves).toBe(MOVES_PER_APP)
})

/** Twenty numbered lines from $i on, in shell arithmetic. */
function burst(writer: string): string {
  return `j=0; while [ $j -lt 20 ]; do n=$((i+j)); echo "counted ${writer} $n $(((n*7919+13)%100003)) drifting along"; j=$((j+1)); done`
}

interface Tail {
  texts: string[]
  moves: number
  close(): void
}

function followTail(from: Hub, app: string): Tail {
  const controller = new AbortController()
  const tail: Tail = { texts: [], moves: 0, close: () => controller.abort() }
  void (async () => {
    const answer = await fetch(`${from.url}/api/tail?app=${app}`, {
      headers: { authorization: `Bearer ${await from.token('read')}` },
      signal: controller.signal
    })
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of answer.body ?? []) {
      rest += decoder.decode(bytes as Uint8Array, { stream: true })
      const events = rest.split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const kind = /^event: (.*)$/m.exec(event)?.[1]
        const data = /^data: (.*)$/m.exec(event)?.[1]
        if (kind === 'move') tail.moves++
        if (kind === 'records' && data)
          tail.texts.push(...JSON.parse(data).records.map((record: { text: string }) => record.text))
      }
    }
  })().catch(() => undefined)
  return tail
}

async function collect(texts: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = []
  for await (const text of texts) all.push(text)
  return all
}
