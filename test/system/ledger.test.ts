/** Losses that are made on purpose are told exactly: what the ledger says is what is missing by counting. */
import { closeSync, openSync, truncateSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { CompletenessAnswer } from '../../server/api/completeness.ts'
import { type PretendedEngine, startPretendedEngine } from '../../server/demo/engine.ts'
import type { LogOptions } from '../../server/demo/jsonfile.ts'
import { freePort } from '../ports.ts'
import { countLines, numbered } from './lines.ts'
import { Hub, type Program, startAgent } from './programs.ts'

const NAME = 'shop-counted'
const PAYLOAD = 'x'.repeat(60)
const KIB = 1024
/** What Docker makes of `64k`. */
const FILE_BYTES = 64_000
const PATIENCE_MS = 60_000

test.each<[string, number, number]>([
  ['the rest of one file: all but what it may have been longer than its limit', 500, 1],
  ['several files: at least what the first one had left', 1200, 1200]
])('rotated away while the agent is stopped, %s', async (_name, lines, closeness) => {
  await using scene = await openScene({ 'max-size': '64k', 'max-file': '2' })
  await scene.write(200)
  await scene.delivered()
  await scene.stopAgent()
  await scene.write(lines)
  scene.startAgent()
  const { lost, missing } = await scene.counted()
  const offset = 200 * scene.recordBytes
  expect(lost.gaps).toMatchObject([
    { cause: 'rotated-unread', more: true, offset, bytes: FILE_BYTES - offset }
  ])
  expect(missing.bytes).toBeGreaterThanOrEqual(lost.bytes)
  expect(missing.bytes - lost.bytes).toBeLessThan(closeness * scene.recordBytes)
  expectBounds(lost, missing)
})

test('more than the agent may hold: exactly what is missing, as one gap, and nothing once the hub was back', async () => {
  await using scene = await openScene(
    { 'max-size': '64k', 'max-file': '2' },
    { DRIFTLOG_HOLD_MAX_BYTES: String(256 * KIB) }
  )
  await scene.write(50)
  await scene.delivered()
  await scene.hub.program.kill()
  for (let i = 0; i < 100; i++) {
    await scene.write(50)
    await sleep(20)
  }
  await scene.hub.start()
  const { lost, missing } = await scene.counted()
  expect(missing.lines).toBeGreaterThan(1000)
  expect(lost.gaps.map(({ cause }) => cause)).toEqual(['hold-exceeded'])
  expect([lost.bytes, lost.lines, lost.unknown]).toEqual([missing.bytes, missing.lines, 0])
  expectBounds(lost, missing)
})

test('truncated before it was read: all of what was cut off, and perhaps more, since nobody can know', async () => {
  await using scene = await openScene({})
  await scene.write(50)
  await scene.delivered()
  await scene.hub.program.kill()
  await scene.write(20_000)
  await sleep(3000)
  truncateSync(scene.path, 0)
  await scene.write(100)
  await sleep(500)
  await scene.hub.start()
  const { lost, missing } = await scene.counted()
  expect(missing.lines).toBeGreaterThan(1000)
  expect(lost.gaps).toMatchObject([{ cause: 'truncated', more: true }])
  expect([lost.bytes, lost.lines]).toEqual([missing.bytes, missing.lines])
  expectBounds(lost, missing)
})

test('zeros in place of lines: exactly these', async () => {
  await using scene = await openScene({})
  await scene.write(50)
  await scene.delivered()
  await scene.stopAgent()
  await scene.write(300)
  const file = openSync(scene.path, 'r+')
  writeSync(file, Buffer.alloc(40 * scene.recordBytes), 0, 40 * scene.recordBytes, 150 * scene.recordBytes)
  closeSync(file)
  scene.startAgent()
  const { lost, missing } = await scene.counted()
  expect(missing).toMatchObject({ lines: 40, from: 150, to: 189 })
  expect(lost.gaps).toMatchObject([{ cause: 'nul', offset: 150 * scene.recordBytes }])
  expect([lost.bytes, lost.lines, lost.unknown]).toEqual([missing.bytes, 40, 0])
  expectBounds(lost, missing)
})

test('removed while no agent looked: told with its last line, of unknown size; one that had ended is no gap', async () => {
  await using scene = await openScene({})
  scene.engine.run({ name: 'ended', image: 'writer:1' })
  scene.engine.write('ended', 'stdout', 'last words\n')
  scene.engine.stop('ended')
  await scene.write(50)
  await scene.delivered()
  // The hub hears that everything has arrived.
  await sleep(6000)
  let lastShown = ''
  for await (const { time } of scene.hub.records({ q: 'counted' })) lastShown = time
  await scene.stopAgent()
  await scene.write(10)
  scene.engine.remove(NAME)
  scene.engine.remove('ended')
  scene.startAgent()
  await scene.until(async () => (await scene.lost()).gapCount > 0)
  const lost = await scene.lost()
  expect(lost.gaps).toMatchObject([{ cause: 'removed-unread', containerName: NAME }])
  expect(lost.gaps[0]?.from).toBe(lastShown.replace(/\d{6}Z$/, '000000Z'))
})

/** The gap lies between the very lines around it, to the millisecond. */
function expectBounds({ gaps }: CompletenessAnswer, { around }: { around: (string | undefined)[] }): void {
  expect([gaps[0]?.from, gaps[0]?.to]).toEqual(around.map((time) => time?.replace(/\d{6}Z$/, '000000Z')))
}

/** One container whose every record has the same length and a time of its own. */
async function openScene(logOptions: LogOptions, env: NodeJS.ProcessEnv = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-ledger-'))
  const socket = join(folder, 'docker.sock')
  const dir = join(folder, 'docker')
  const engine: PretendedEngine = await startPretendedEngine({
    socketPath: socket,
    dir,
    id: 'ENGINE',
    name: 'ledger'
  })
  const id = engine.run({ name: NAME, image: 'writer:1', logOptions })
  const hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
  const begin = (): Program =>
    startAgent({ hubUrl: hub.url, socket, stateDir: join(folder, 'agent'), name: 'ledger', env })
  let agent = begin()
  const times: number[] = []
  const line = (number: number) => `${String(number).padStart(8, '0')} ${numbered(NAME, number, PAYLOAD)}`
  /** Numbers of one width; a last digit that is no zero, which would be left out. */
  const text = (number: number) => line(number).padEnd(140, '.')
  const record = `{"log":"${text(0)}\\n","stream":"stdout","time":"2026-11-25T10:00:00.000000001Z"}\n`
  const until = async (condition: () => Promise<boolean>) => {
    for (const endMs = Date.now() + PATIENCE_MS; !(await condition().catch(() => false)); await sleep(200))
      if (Date.now() > endMs) throw new Error('it never came to that')
  }
  const lost = () =>
    hub.get<CompletenessAnswer>(`/api/completeness?app=${NAME}&from=now-1h&to=now%2B1m&limit=5000`)
  return {
    engine,
    hub,
    until,
    lost,
    recordBytes: record.length,
    path: join(dir, 'containers', id, `${id}-json.log`),
    async write(count: number) {
      for (let i = 0; i < count; i++) {
        const atMs = Math.max(Date.now(), (times.at(-1) ?? 0) + 1)
        const number = times.push(atMs) - 1
        engine.write(NAME, 'stdout', `${text(number)}\n`, BigInt(atMs) * 1_000_000n + 1n)
      }
    },
    delivered: () => until(async () => (await hub.total({ q: 'counted' })) >= times.length),
    startAgent() {
      agent = begin()
    },
    stopAgent: () => agent.stop(),
    /** Waits until everything that can come has come: the last line is there, and the host says that it has no more. */
    async counted() {
      const last = numbered(NAME, times.length - 1, PAYLOAD)
      await until(async () => (await hub.total({ q: `"${last}"` })) > 0)
      await until(async () => {
        const { hosts } = await hub.get<{ hosts: { live: boolean; behindBytes: number }[] }>('/api/hosts')
        return hosts.every((host) => host.live && host.behindBytes === 0)
      })
      await sleep(1500)
      const texts: string[] = []
      const shown = new Map<number, string>()
      for await (const found of hub.records({ q: 'counted' })) {
        shown.set(Number(found.text.slice(0, 8)), found.time)
        texts.push(found.text.replace(/^\d{8} |\.+$/g, ''))
      }
      const count = countLines(texts, new Map([[NAME, times.length]]), PAYLOAD).get(NAME)
      if (!count) throw new Error('nothing was counted')
      expect(count).toMatchObject({ duplicated: 0, reordered: 0, altered: 0 })
      expect(count.lost.length).toBeLessThanOrEqual(1)
      const [[from, to] = [0, -1]] = count.lost
      const around = [shown.get(from - 1), shown.get(to + 1)]
      const missing = { lines: count.lostLines, bytes: count.lostLines * record.length, from, to, around }
      return { lost: await lost(), missing }
    },
    async [Symbol.asyncDispose]() {
      await agent.stop()
      await hub[Symbol.asyncDispose]()
      await engine.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
