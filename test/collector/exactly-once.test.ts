/** Whatever goes wrong between agent and hub: every record once, none altered, none left out. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { PIECE_BYTES } from '../../collector/parse/pieces.ts'
import { ParsePool } from '../../collector/parse/pool.ts'
import { MemoryLogStore } from '../../collector/store/memory.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import { facts, startHub, TestAgent, type TestHub, textsIn } from './hub.ts'
import { dockerLine, randomFrom, readFile } from './parse/lines.ts'

/** Stands still, so that no piece is given out because this machine was slow. */
const nowMs = () => Date.UTC(2026, 10, 23)
let pool: ParsePool
beforeAll(async () => {
  pool = await ParsePool.open({ threads: 1, nowMs })
})
afterAll(() => pool[Symbol.asyncDispose]())

class Flaky extends MemoryLogStore {
  readonly random: (below: number) => number
  faults = 0

  constructor(random: (below: number) => number) {
    super()
    this.random = random
  }

  override async append(...args: Parameters<MemoryLogStore['append']>): Promise<void> {
    const luck = this.random(6)
    if (luck === 0) this.fault()
    await super.append(...args)
    // Durable, but nobody hears of it.
    if (luck === 1) this.fault()
  }

  fault(): never {
    this.faults++
    throw new Error('the disk hiccups')
  }
}

test.each([1, 2, 3, 4, 5, 6])(
  'store faults, lost answers and restarts of the hub, seed %i',
  async (seed) => {
    const random = randomFrom(seed * 104_729)
    const state = new MemoryStateStore()
    const store = new Flaky(random)
    const file = randomFile(random)
    let hub: TestHub = await startHub({ store, state, pool, nowMs })
    let agent = await TestAgent.joined(hub.url, 'c1')
    try {
      let offset = 0
      let lost = 0
      let ended = false
      while (!ended) {
        const to = Math.min(file.length, offset + 1 + random(80_000))
        const last = to === file.length
        const part = {
          container: 'c1',
          stream: 'docker',
          generation: 'g',
          offset,
          data: file.subarray(offset, to),
          last
        }
        const reply = await agent.deliver([part])
        if (random(5) === 0) {
          // The answer is lost; an agent that died with it asks again.
          lost++
          if (random(2) === 0) {
            await hub[Symbol.asyncDispose]()
            hub = await startHub({ store, state, pool, nowMs })
            agent = await again(hub, agent)
          }
          const [position] = await agent.positions('c1')
          offset = position?.next ?? 0
          ended = position?.ended === true
        } else if (reply.status === 200) {
          offset = reply.body.positions[0]?.next ?? 0
          ended = last
        } else if (reply.status === 409) {
          offset = reply.body.positions?.[0]?.next ?? 0
          ended = reply.body.positions?.[0]?.ended === true
        } else
          expect(reply).toMatchObject({ status: 503, body: { code: expect.stringMatching(/STORE|THREAD/) } })
      }
      expect(lost + store.faults).toBeGreaterThan(0)
      const expected = readFile(file).records.map((record) => record.text)
      expect((await textsIn(store)).sort()).toEqual(expected.sort())
    } finally {
      agent[Symbol.dispose]()
      await hub[Symbol.asyncDispose]()
    }
  },
  60_000
)

async function again(hub: TestHub, old: TestAgent): Promise<TestAgent> {
  old[Symbol.dispose]()
  const agent = new TestAgent(hub.url)
  agent.host = old.host
  agent.key = old.key
  await agent.hello()
  await agent.deliver([], { events: [{ kind: 'seen', atMs: Date.now(), instance: facts('c1') }] })
  return agent
}

/** Lines of both outputs, long ones among them, interleaved. */
function randomFile(random: (below: number) => number): Buffer {
  const parts: Buffer[] = []
  for (let i = 0; i < 120; i++) {
    const stream = random(2) ? 'stdout' : 'stderr'
    const time = `2026-11-22T08:32:${String(10 + random(3))}.${random(2)}Z`
    if (random(4) > 0) parts.push(dockerLine(`line ${i}\n`, { stream, time: `2026-11-22T09:00:00.${i}Z` }))
    else parts.push(dockerLine(`${i}`.padEnd(PIECE_BYTES, 'p'), { stream, time }))
    if (random(20) === 0) parts.push(Buffer.alloc(random(3000)))
  }
  return Buffer.concat(parts)
}
