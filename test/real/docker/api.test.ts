/**
 * Logs by way of the engine's API, on a real engine: agents that are killed, containers and an engine that are
 * started again. What the engine itself shows at the end is the truth.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../ports.ts'
import { Hub, type Program, startAgent } from '../../system/programs.ts'
import { dockerHost, IMAGE } from './hosts.ts'

const KILLS = 30
const RESTARTS = 10
const host = dockerHost(1)
let folder: string
let hub: Hub
let agent: Program | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-api-'))
  hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
})

afterEach(() => agent?.stop())

afterAll(async () => {
  await hub?.[Symbol.asyncDispose]()
  const left = await host.docker('ps', '-aq').catch(() => '')
  if (left) await host.docker('rm', '-f', ...left.split('\n'))
  await rm(folder, { recursive: true, force: true })
})

/** Files that lie where the agent does not see them are as good as none. */
const UNSEEN = { DRIFTLOG_CONTAINERS_DIR: '/nowhere/containers', DRIFTLOG_RESCAN_MS: '1000' }

test.each(['local', 'json-file'])(
  'driver %s: agents, container and engine are killed again and again',
  async (driver) => {
    const app = `asked-${driver}`
    const container = await run(app, driver)
    for (let kill = 0; kill < KILLS; kill++) {
      agent = asking()
      await sleep(300 + Math.random() * 900)
      await agent.kill()
      if (kill % (KILLS / RESTARTS) === 0) await host.docker('restart', '-t', '0', container)
      if (kill !== KILLS / 2) continue
      await host.crash()
      await host.up()
      await host.docker('start', container)
    }
    agent = asking()
    await sleep(1000)
    await host.docker('stop', '-t', '0', container)
    await expectWhole(app, container)
    expect(await lossesOf(app)).toEqual([])
    await agent.stop()
  }
)

test('a container with a terminal, one that came and went, one that is removed while it writes', async () => {
  agent = asking()
  const terminal = await run('asked-terminal', 'local', '-t')
  const removed = await run('asked-removed', 'local')
  await hub.settled({ app: 'asked-removed' }, 500)
  await hub.settled({ app: 'asked-terminal' }, 500)
  await host.docker('stop', '-t', '0', terminal)
  await expectWhole('asked-terminal', terminal)
  const quick = await host.docker(
    'run',
    '-d',
    '--log-driver',
    'local',
    '--network',
    'host',
    '--name',
    'asked-quick',
    IMAGE,
    'echo',
    'counted asked-quick 0 short'
  )
  expect(await hub.settled({ app: 'asked-quick' }, 1)).toBe(1)
  await host.docker('rm', '-f', quick, removed)
  await hub.settled({ app: 'asked-removed' }, Number.POSITIVE_INFINITY, 3000)
  const numbers: number[] = []
  for await (const text of hub.texts({ app: 'asked-removed' })) {
    if (text.startsWith('counted out ') && !text.includes('long')) numbers.push(Number(text.split(' ')[2]))
  }
  expect(numbers.length).toBeGreaterThan(100)
  expect(numbers).toEqual(numbers.map((_, index) => index))
})

test('a driver that cannot be read is named with the engine’s own words', async () => {
  agent = asking()
  const log = [
    '--log-driver',
    'syslog',
    '--log-opt',
    'syslog-address=udp://127.0.0.1:5514',
    '--log-opt',
    'cache-disabled=true'
  ]
  const container = await host.docker(
    'run',
    '-d',
    ...log,
    '--network',
    'host',
    '--name',
    'unasked',
    IMAGE,
    'sleep',
    '100'
  )
  const unread = async () => {
    const { instances } = await hub.get<{ instances: { container: string; unread?: string }[] }>(
      '/api/instances?app=unasked'
    )
    return instances.find((one) => one.container === container)?.unread ?? ''
  }
  for (let look = 0; look < 100 && (await unread()) === ''; look++) await sleep(100)
  expect(await unread()).toContain('does not support reading')
})

function asking(): Program {
  return startAgent({
    hubUrl: hub.url,
    socket: host.socket,
    stateDir: join(folder, 'agent'),
    name: 'host-1',
    env: UNSEEN
  })
}

/** Numbered lines on both outputs, every 500th of 100 KiB, about 1,000 a second; it goes on counting when restarted. */
function run(name: string, driver: string, ...options: string[]): Promise<string> {
  const long = 'head -c 100000 /dev/zero | tr "\\0" x'
  const script = [
    'run=$(ls /run-* 2>/dev/null | wc -l); touch /run-$run; i=0',
    `while :; do j=0; while [ $j -lt 20 ]; do echo "counted out $i run $run"; echo "counted err $i run $run" >&2`,
    `if [ $((i % 500)) = 250 ]; then { echo -n "counted out long $i "; ${long}; echo; }; { echo -n "counted err long $i "; ${long}; echo; } >&2; fi`,
    'i=$((i+1)); j=$((j+1)); done; sleep 0.02; done'
  ].join('; ')
  return host.docker(
    'run',
    '-d',
    '--log-driver',
    driver,
    '--network',
    'host',
    '--name',
    name,
    ...options,
    IMAGE,
    'sh',
    '-c',
    script
  )
}

async function expectWhole(app: string, container: string): Promise<void> {
  const truth = await shown(container)
  const expected = truth.out.length + truth.err.length
  expect(expected).toBeGreaterThan(500)
  await hub.settled({ app }, expected, 15_000)
  const found = { out: [] as string[], err: [] as string[] }
  for await (const record of hub.records({ app })) {
    // A terminal gives both outputs in one.
    const isError = /^counted err/.test(record.text) || (record as { output?: string }).output === 'stderr'
    const texts = found[isError ? 'err' : 'out']
    // The hub waits 2 s for the rest of a long line: an agent that was killed in its middle may come back too late.
    if (/^x+$/.test(record.text)) texts.push(`${texts.pop() ?? ''}${record.text}`)
    else texts.push(record.text)
  }
  // Lost, doubled, altered. The order of writing is that of the spool, which has tests of its own; here the hub
  // orders by times that it corrects by each agent's measure of its clock, and every agent lives for a second.
  for (const output of ['out', 'err'] as const) {
    expect(differences(found[output].sort(), truth[output].sort())).toEqual([])
  }
}

/** The first places at which the texts differ. */
function differences(found: readonly string[], truth: readonly string[]): string[] {
  const all: string[] =
    found.length === truth.length ? [] : [`${found.length} lines instead of ${truth.length}`]
  for (let at = 0; at < truth.length && all.length < 4; at++) {
    if (found[at] === truth[at]) continue
    all.push(
      `${at}: ${found[at]?.slice(0, 60)} (${found[at]?.length}) ≠ ${truth[at]?.slice(0, 60)} (${truth[at]?.length})`
    )
  }
  return all
}

/** What the engine shows of the container's log. */
async function shown(container: string): Promise<{ out: string[]; err: string[] }> {
  const child = spawn('docker', ['-H', `unix://${host.socket}`, 'logs', container], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const texts = { out: [] as string[], err: [] as string[] }
  const read = async (from: NodeJS.ReadableStream, terminal: boolean) => {
    for await (const line of createInterface({ input: from })) {
      // A terminal gives both outputs in one.
      const output = terminal && !line.startsWith('counted err') ? 'out' : 'err'
      // Some engines show the end of a long line without its newline, and all what was killed in its middle, or right before that.
      texts[output].push(
        ...line.split(/(?<=x|long \d+ )\r?(?=counted )/).map((text) => text.replace(/\r$/, ''))
      )
    }
  }
  await Promise.all([read(child.stdout, true), read(child.stderr, false)])
  return texts
}

async function lossesOf(app: string): Promise<unknown[]> {
  const { instances } = await hub.get<{ instances: { losses?: { count: number } }[] }>(
    `/api/instances?app=${app}`
  )
  return instances.map(({ losses }) => losses).filter((losses) => losses && losses.count > 0)
}
