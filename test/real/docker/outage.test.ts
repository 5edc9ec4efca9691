import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../ports.ts'
import { countLines, PERFECT } from '../../system/lines.ts'
import { Hub, type Program, startAgent } from '../../system/programs.ts'
import { type DockerHost, dockerHost, HUB_ADDRESS } from './hosts.ts'

let folder: string
let hub: Hub
const hosts: DockerHost[] = [dockerHost(1), dockerHost(2), dockerHost(3)]
const agents = new Map<string, Program>()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-outage-'))
  hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort(), host: HUB_ADDRESS }).start()
  for (const host of hosts) await agentOn(host)
})

afterAll(async () => {
  for (const agent of agents.values()) await agent.stop()
  await hub?.[Symbol.asyncDispose]()
  for (const host of hosts) {
    const left = await host.docker('ps', '-aq').catch(() => '')
    if (left) await host.docker('rm', '-f', ...left.split('\n'))
  }
  await rm(folder, { recursive: true, force: true })
})

test('a host that is cut off for 60 s delivers everything when it is back', async () => {
  const [, host] = hosts
  if (!host) throw new Error('no host')
  const container = await host.run({ name: 'cut-off', command: steady('cut-off') })
  await hub.settled({ app: 'cut-off' }, 100)
  await host.cut()
  await sleep(60_000)
  await host.heal()
  await sleep(3_000)
  await host.docker('stop', '-t', '0', container)
  await everyLine(host, container, 'cut-off')
})

test('a host that crashes and starts again loses nothing that stands in its files', async () => {
  const [, , host] = hosts
  if (!host) throw new Error('no host')
  const container = await host.run({ name: 'crashed', command: steady('crashed') })
  await hub.settled({ app: 'crashed' }, 1000)
  await host.crash()
  await agents.get(host.name)?.kill()
  const lines = await linesWritten(host, container)
  await host.up()
  await agentOn(host)
  expect(await hub.settled({ app: 'crashed' }, lines)).toBe(lines)
  await everyLine(host, container, 'crashed')
})

async function agentOn(host: DockerHost): Promise<void> {
  agents.set(
    host.name,
    startAgent({
      hubUrl: hub.url,
      socket: host.socket,
      stateDir: join(folder, host.name),
      name: host.name,
      join: await hub.token('join'),
      prefix: host.inside
    })
  )
}

async function everyLine(host: DockerHost, container: string, writer: string): Promise<void> {
  const lines = await linesWritten(host, container)
  expect(lines).toBeGreaterThan(500)
  expect(await hub.settled({ app: writer }, lines)).toBe(lines)
  const texts: string[] = []
  for await (const text of hub.texts({ app: writer })) texts.push(text)
  expect(countLines(texts, new Map([[writer, lines]])).get(writer)).toMatchObject({ ...PERFECT, lines })
}

async function linesWritten(host: DockerHost, container: string): Promise<number> {
  let lines = 0
  for await (const _ of host.written(container)) lines++
  return lines
}

/** About 400 lines a second until it is stopped. */
function steady(writer: string): string[] {
  return [
    'sh',
    '-c',
    `i=0; while :; do j=0; while [ $j -lt 20 ]; do echo "counted ${writer} $i $(((i*7919+13)%100003)) steady"; i=$((i+1)); j=$((j+1)); done; sleep 0.05; done`
  ]
}
