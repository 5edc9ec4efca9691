/**
 * Every way of rotating, through outages of the network: files that Docker deletes meanwhile are held, so nothing is
 * lost; what the bound does not allow to hold is lost, and told exactly.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../ports.ts'
import { LineCounter, PERFECT } from '../../system/lines.ts'
import { Hub, type Program, startAgent } from '../../system/programs.ts'
import { dockerHost, HUB_ADDRESS } from './hosts.ts'

const host = dockerHost(2)
/** Lines a second of each container; 1 MB is full after about seven seconds. */
const RATE = 1000
let folder: string
let hub: Hub
let agent: Program | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-rotation-outage-'))
  hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort(), host: HUB_ADDRESS }).start()
})

afterAll(async () => {
  await agent?.stop()
  await hub?.[Symbol.asyncDispose]()
  const left = await host.docker('ps', '-aq').catch(() => '')
  if (left) await host.docker('rm', '-f', ...left.split('\n'))
  await rm(folder, { recursive: true, force: true })
})

/** Docker compresses only where there is a second file. */
const ROTATIONS: Record<string, string>[] = [1, 2, 3, 4, 5].flatMap((files) => {
  const plain = { 'max-size': '1m', 'max-file': String(files) }
  return files === 1 ? [plain] : [plain, { ...plain, compress: 'true' }]
})

/** The longest one takes as long as everything else together. */
const OUTAGES_SECONDS = process.env['DRIFTLOG_TEST_ALL'] === undefined ? [0, 30] : [0, 30, 120]

test.each(OUTAGES_SECONDS)(
  'max-file 1 to 5, with and without compress, %i s without network',
  async (seconds) => {
    agent ??= await startOn()
    const lines = RATE * (seconds + 20)
    const writers = new Map<string, string>()
    for (const logOptions of ROTATIONS) {
      const name = writerOf(logOptions, `cut-${letters(seconds)}`)
      writers.set(name, await host.run({ name, logOptions, command: steady(name, lines) }))
    }
    await sleep(5000)
    if (seconds > 0) {
      await host.cut()
      await sleep(seconds * 1000)
      await host.heal()
    }
    await host.docker('wait', ...writers.values())
    for (const name of writers.keys()) {
      await hub.settled({ app: name }, lines, 30_000)
      expect((await countOf(name, lines)).get(name), name).toMatchObject({ ...PERFECT, lines })
    }
    await host.docker('rm', '-f', ...writers.values())
    expect(await lossesOf()).toBe(0)
  }
)

test('beyond the bound of what may be held the oldest is lost, and the ledger tells exactly that', async () => {
  await agent?.stop()
  agent = await startOn({ DRIFTLOG_HOLD_MAX_BYTES: '4000000' })
  const lines = RATE * 60
  const name = 'bounded-writer'
  const logOptions = { 'max-size': '1m', 'max-file': '2' }
  const container = await host.run({ name, logOptions, command: steady(name, lines) })
  await sleep(5000)
  await host.cut()
  await sleep(40_000)
  await host.heal()
  await host.docker('wait', container)
  await hub.settled({ app: name }, lines, 20_000)
  const count = (await countOf(name, lines)).get(name)
  expect(count).toMatchObject({ duplicated: 0, reordered: 0, altered: 0 })
  expect(count?.lostLines).toBeGreaterThan(0)
  const lost = agent.output().match(/"cause":"hold-exceeded"/g) ?? []
  expect(lost.length).toBeGreaterThan(0)
  const told = await lostBytesOf()
  // Docker's time stamps have no zeros at their end, so that lines differ by a byte or two.
  const bytesOfLine = 1_000_000 / (await linesOfMegabyte(container))
  console.log(JSON.stringify({ lostLines: count?.lostLines, holes: count?.lost, told, bytesOfLine }))
  expect(Math.abs(told / bytesOfLine - (count?.lostLines ?? 0))).toBeLessThan((count?.lostLines ?? 0) / 100)
  await host.docker('rm', '-f', container)
})

async function startOn(env: NodeJS.ProcessEnv = {}): Promise<Program> {
  const started = startAgent({
    hubUrl: hub.url,
    socket: host.socket,
    stateDir: join(folder, 'agent'),
    name: host.name,
    join: await hub.token('join'),
    prefix: host.inside,
    env
  })
  while (!started.output().includes('connected to the hub')) await sleep(50)
  return started
}

function writerOf(logOptions: Record<string, string>, prefix: string): string {
  // A trailing number would be taken for a replica's and cut off the app's name.
  return `${prefix}-over-${logOptions['max-file']}-files${logOptions['compress'] ? '-packed' : ''}`
}

function letters(seconds: number): string {
  return seconds === 0 ? 'never' : `for-${seconds}-s`
}

/** About RATE lines a second, a hundred at a time. */
function steady(writer: string, lines: number): string[] {
  const print = `print "counted ${writer} " i " " (i*7919+13)%100003 " a payload of usual length, GET /api 200"`
  const wait = `if(i%${RATE / 10}==${RATE / 10 - 1}){fflush();system("sleep 0.1")}`
  return ['awk', `BEGIN{for(i=0;i<${lines};i++){${print};${wait}}}`]
}

async function countOf(writer: string, lines: number) {
  const counter = new LineCounter(new Map([[writer, lines]]))
  for await (const text of hub.texts({ app: writer })) counter.add(text)
  return counter.counts()
}

async function linesOfMegabyte(container: string): Promise<number> {
  let lines = 0
  let bytes = 0
  for await (const text of host.written(container)) {
    lines++
    // What Docker writes around a text: {"log":"…\n","stream":"stdout","time":"2026-11-25T10:00:00.123456789Z"}
    bytes += Buffer.byteLength(text) + 70
  }
  return (lines / bytes) * 1_000_000
}

async function lossesOf(): Promise<number> {
  const { hosts } = await hub.get<{ hosts: { losses: number }[] }>('/api/hosts')
  return hosts.reduce((sum, { losses }) => sum + losses, 0)
}

async function lostBytesOf(): Promise<number> {
  const { hosts } = await hub.get<{ hosts: { lostBytes: number }[] }>('/api/hosts')
  return hosts.reduce((sum, { lostBytes }) => sum + lostBytes, 0)
}
