/** Hubs that share a state and a store: any request may reach any of them, and nobody notices. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { MemoryLogStore } from '../../collector/store/memory.ts'
import { MemoryShare, MemoryStateStore } from '../../collector/store/memory-state.ts'
import { StaleTermError } from '../../collector/store/store.ts'
import { facts, startHub, TestAgent, type TestHub, textsIn } from './hub.ts'
import { dockerLine, randomFrom, readFile } from './parse/lines.ts'

/** Stands still, so that nothing is given out because this machine was slow. */
const nowMs = () => Date.UTC(2026, 10, 23)

async function startHubs(count: number, share = new MemoryShare()): Promise<TestHub[]> {
  const store = new MemoryLogStore()
  const open = () => startHub({ store, state: new MemoryStateStore(share), nowMs })
  return Promise.all(Array.from({ length: count }, open))
}

async function stopAll(hubs: readonly TestHub[]): Promise<void> {
  for (const hub of hubs) await hub[Symbol.asyncDispose]()
}

/** Stack traces, which are open between deliveries, and lines. */
function randomLines(random: (below: number) => number): Buffer {
  const lines: Buffer[] = []
  for (let i = 0; i < 150; i++) {
    const time = `2026-11-22T09:00:00.${String(i).padStart(3, '0')}Z`
    lines.push(dockerLine(`line ${i}\n`, { time }))
    for (let frames = random(4); frames > 0; frames--)
      lines.push(dockerLine(`    at com.example.Thing.work(Thing.java:${i}${frames})\n`, { time }))
  }
  return Buffer.concat(lines)
}

test.each([1, 2])(
  'every request at another hub, some of them killed: every line once, seed %i',
  {
    timeout: 60_000
  },
  async (seed) => {
    const random = randomFrom(seed * 104_729)
    const share = new MemoryShare()
    const store = new MemoryLogStore()
    const open = () => startHub({ store, state: new MemoryStateStore(share), nowMs })
    const hubs = [await open(), await open()]
    const file = randomLines(random)
    using agent = await TestAgent.joined(hubs[0]?.url ?? '', 'c1')
    const counts = { taken: 0, rewound: 0 }
    try {
      for (let [offset, ended] = [0, false]; !ended; ) {
        if (random(30) === 0) {
          const killed = random(2)
          await hubs[killed]?.[Symbol.asyncDispose]()
          hubs[killed] = await open()
        }
        agent.url = hubs[random(2)]?.url ?? ''
        const to = Math.min(file.length, offset + 1 + random(4000))
        const last = to === file.length
        const part = { container: 'c1', stream: 'docker', generation: 'g', offset, last }
        const reply = await agent.deliver([{ ...part, data: file.subarray(offset, to) }])
        expect(reply.body.code ?? 'DRIFTLOG_POSITION').toBe('DRIFTLOG_POSITION')
        const [position] = reply.body.positions
        if (reply.status === 200) counts.taken++
        else counts.rewound++
        offset = position?.next ?? 0
        ended = position?.ended === true
      }
      expect(counts.taken).toBeGreaterThan(10)
      expect(counts.rewound).toBeGreaterThan(0)
      // A hub that is stopped gives out the events that are open: they may be in two parts.
      const linesOf = (texts: string[]) => texts.flatMap((text) => text.split('\n'))
      expect(linesOf(await textsIn(store))).toEqual(linesOf(readFile(file).records.map(({ text }) => text)))
    } finally {
      await stopAll(hubs)
    }
  }
)

test('what one hub learns of a host is seen at the other, and a host that one hears is live at both', async () => {
  const hubs = await startHubs(2)
  const [a, b] = hubs as [TestHub, TestHub]
  try {
    using agent = await TestAgent.joined(a.url, 'c1')
    const { host } = agent
    await until(() => b.fleet.instances().length === 1)
    expect(b.fleet.instance(host, 'c1')).toEqual(a.fleet.instance(host, 'c1'))
    expect(b.fleet.host(host)).toMatchObject({ name: 'web-1', slot: a.fleet.host(host)?.slot })
    const lost = { container: 'c1', stream: 'docker', generation: 'g', bytes: 70, atMs: nowMs() }
    await agent.deliver([], { losses: [{ ...lost, cause: 'rotated-unread' }] })
    await until(() => b.fleet.ledger.gaps(host, 'c1').length === 1)
    agent.url = b.url
    const died = {
      kind: 'die',
      atMs: nowMs(),
      instance: facts('c1', { state: 'exited', exitCode: 3 })
    } as const
    expect(await agent.deliver([], { events: [died] })).toMatchObject({ status: 200 })
    await until(() => a.fleet.instance(host, 'c1')?.exitCode === 3)
    expect(a.fleet.ledger.gaps(host, 'c1')).toEqual(b.fleet.ledger.gaps(host, 'c1'))
  } finally {
    await stopAll(hubs)
  }
})

test('a key that one hub has issued opens the other at once; one that was revoked opens neither', async () => {
  const share = new MemoryShare()
  const store = new MemoryLogStore()
  const open = () => startHub({ store, state: new MemoryStateStore(share), open: false, nowMs })
  const hubs = [await open(), await open()]
  const [a, b] = hubs as [TestHub, TestHub]
  try {
    const { token, id } = await a.access.issue({ name: 'join', scopes: ['agent'] })
    using agent = new TestAgent(b.url)
    await agent.enrol('web-1', token)
    agent.url = a.url
    expect(await agent.hello()).toMatchObject({ status: 200 })
    await b.access.revoke(id)
    await b.access.revokeHostKey(agent.host)
    await until(() => a.access.check(token) === undefined)
    expect(await agent.hello()).toMatchObject({ status: 401, body: { code: 'DRIFTLOG_KEY' } })
  } finally {
    await stopAll(hubs)
  }
})

test('a copy of a live agent is refused by the other hub, too; a newer session ends the older one everywhere', async () => {
  const hubs = await startHubs(2)
  const [a, b] = hubs as [TestHub, TestHub]
  try {
    using agent = await TestAgent.joined(a.url, 'c1')
    using other = new TestAgent(b.url)
    Object.assign(other, { host: agent.host, key: agent.key })
    expect(await other.hello({ place: 'place-2' })).toMatchObject({ body: { code: 'DRIFTLOG_HOST_TAKEN' } })
    expect(await other.hello()).toMatchObject({ status: 200 })
    expect(await agent.deliver([])).toMatchObject({ status: 409, body: { code: 'DRIFTLOG_SESSION' } })
    expect(await other.deliver([])).toMatchObject({ status: 200 })
  } finally {
    await stopAll(hubs)
  }
})

test('a hub that is overtaken in the middle of a delivery takes nothing of it', async () => {
  const share = new MemoryShare()
  const store = new MemoryLogStore()
  const gate = new EventTarget()
  const [reached, go] = [once(gate, 'reached'), once(gate, 'go')]
  let isSlow = false
  class Slow extends MemoryLogStore {
    override async append(...args: Parameters<MemoryLogStore['append']>): Promise<void> {
      const [batches] = args
      if (isSlow) {
        gate.dispatchEvent(new Event('reached'))
        await go
        if ((batches[0]?.term ?? 0) < 2) throw new StaleTermError()
      }
      await store.append(...args)
    }
    override positions(...args: Parameters<MemoryLogStore['positions']>) {
      return store.positions(...args)
    }
  }
  const a = await startHub({ store: new Slow(), state: new MemoryStateStore(share), nowMs })
  const b = await startHub({ store, state: new MemoryStateStore(share), nowMs })
  try {
    using agent = await TestAgent.joined(a.url, 'c1')
    const line = (n: number) => dockerLine(`line ${n}\n`, { time: `2026-11-22T09:00:00.00${n}Z` })
    const part = { container: 'c1', stream: 'docker', generation: 'g', offset: 0, data: line(1) }
    isSlow = true
    const slow = agent.deliver([part])
    await reached
    using same = new TestAgent(b.url)
    Object.assign(same, { host: agent.host, key: agent.key, session: agent.session })
    expect(await same.deliver([{ ...part, data: Buffer.concat([line(1), line(2)]) }])).toMatchObject({
      status: 200
    })
    gate.dispatchEvent(new Event('go'))
    expect(await slow).toMatchObject({ status: 503, body: { code: 'DRIFTLOG_TURN' } })
    isSlow = false
    // The hub that was overtaken reads where the other one stands.
    const next = { ...part, offset: part.data.length * 2, data: line(3), last: true }
    expect(await agent.deliver([next])).toMatchObject({ status: 200 })
    expect(await textsIn(store)).toEqual(['line 1', 'line 2', 'line 3'])
  } finally {
    await stopAll([a, b])
  }
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10)
}
