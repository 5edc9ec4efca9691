/**
 * A run without losses tells none: containers write, rotate, compress, restart and move, agents and the hub are
 * restarted and killed, and the ledger never speaks of a gap. DRIFTLOG_SOAK_MINUTES makes it longer than a minute.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { CompletenessAnswer } from '../../server/api/completeness.ts'
import { type PretendedEngine, startPretendedEngine } from '../../server/demo/engine.ts'
import { freePort } from '../ports.ts'
import { countLines, numbered, PERFECT } from './lines.ts'
import { Hub, type Program, startAgent } from './programs.ts'

const MINUTES = Number(process.env['DRIFTLOG_SOAK_MINUTES'] ?? 1)
const HOSTS = ['soak-1', 'soak-2', 'soak-3']
/** Enough is kept that Docker deletes nothing that an agent has not read when it comes back. */
const LOGS = [
  { 'max-size': '128k', 'max-file': '40' },
  { 'max-size': '128k', 'max-file': '40', compress: 'true' },
  { 'max-size': '2m', 'max-file': '4' },
  {}
]
const APPS = LOGS.map((_, index) => `soak-app${String.fromCharCode(97 + index)}`)
const TICK_MS = 50
const LINES_PER_TICK = 12

test(`${MINUTES} min of rotation, restarts, kills and moves without a false alarm`, {
  timeout: (MINUTES + 4) * 60_000
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-soak-'))
  await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
  const hosts = await Promise.all(HOSTS.map((name) => openHost(folder, name, hub.url)))
  const places = new Map(APPS.map((app, index) => [app, index % hosts.length]))
  const written = new Map(APPS.map((app) => [app, 0]))
  for (const [index, app] of APPS.entries()) run(hosts, places, app, index)
  const resting = new Set<string>()
  const write = () => {
    for (const app of APPS) {
      const from = written.get(app) ?? 0
      let text = ''
      if (resting.has(app)) continue
      for (let number = from; number < from + LINES_PER_TICK; number++) text += `${numbered(app, number)}\n`
      hosts[places.get(app) ?? 0]?.engine.write(app, 'stdout', text)
      written.set(app, from + LINES_PER_TICK)
    }
  }
  const writing = setInterval(write, TICK_MS)
  /** This line of the app is here: the agent of its host runs and has read it. */
  const arrived = async (app: string, number: number) => {
    const question = { q: `"${numbered(app, number, '').trim()}"`, app, from: 'now-2d' }
    while ((await hub.total(question).catch(() => 0)) === 0) await sleep(100)
  }
  const gaps = async () =>
    (await hub.get<CompletenessAnswer>('/api/completeness?from=now-2d&to=now%2B1m')).gaps

  try {
    const endMs = Date.now() + MINUTES * 60_000
    for (let round = 0; Date.now() < endMs; round++) {
      const host = hosts[round % hosts.length]
      const app = APPS[round % APPS.length] ?? ''
      switch (round % 5) {
        case 0:
          await host?.agent.kill()
          await sleep(Math.random() * 1500)
          host?.begin()
          break
        case 1: {
          // What is written right before a container is removed may be lost for good, with a file that nobody has seen.
          resting.add(app)
          await arrived(app, (written.get(app) ?? 0) - 1)
          move(hosts, places, app, APPS.indexOf(app))
          resting.delete(app)
          break
        }
        case 2:
          await hub.program.kill()
          await sleep(Math.random() * 1500)
          await hub.start()
          break
        case 3:
          hosts[places.get(app) ?? 0]?.engine.restart(app)
          break
        default:
          await host?.agent.stop()
          host?.begin()
      }
      await sleep(1000 + Math.random() * 1000)
      expect(await gaps(), `round ${round}`).toEqual([])
    }
    clearInterval(writing)
    write()
    const total = [...written.values()].reduce((sum, lines) => sum + lines, 0)
    // As much as a run of an hour writes is more than an export gives at once: each app by itself.
    await hub.settled({ q: 'counted', from: 'now-2d' }, total)
    for (const [app, lines] of written) {
      const texts: string[] = []
      for await (const text of hub.texts({ q: 'counted', app, from: 'now-2d' })) texts.push(text)
      const count = countLines(texts, new Map([[app, lines]])).get(app)
      expect(count, app).toMatchObject({ ...PERFECT, lines })
    }
    expect(await gaps()).toEqual([])
    const answer = await hub.get<CompletenessAnswer>('/api/completeness?from=now-2d')
    process.stdout.write(`soak: ${total} lines in ${MINUTES} min, ${answer.gapCount} gaps\n`)
  } finally {
    clearInterval(writing)
    for (const host of hosts) await host.close()
    await hub[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
})

interface Host {
  engine: PretendedEngine
  agent: Program
  begin(): void
  close(): Promise<void>
}

async function openHost(folder: string, name: string, hubUrl: string): Promise<Host> {
  const socket = join(folder, `${name}.sock`)
  const dir = join(folder, `${name}-docker`)
  const engine = await startPretendedEngine({ socketPath: socket, dir, id: name, name })
  const start = () => startAgent({ hubUrl, socket, stateDir: join(folder, name), name })
  const host: Host = {
    engine,
    agent: start(),
    begin: () => {
      host.agent = start()
    },
    close: async () => {
      await host.agent.stop()
      await engine.close()
    }
  }
  return host
}

function run(hosts: readonly Host[], places: Map<string, number>, app: string, index: number): void {
  hosts[places.get(app) ?? 0]?.engine.run({ name: app, image: 'soak:1', logOptions: LOGS[index] ?? {} })
}

/** Ends on one host and begins on the next. Its old host's agent runs, so its last lines are read. */
function move(hosts: readonly Host[], places: Map<string, number>, app: string, index: number): void {
  const from = places.get(app) ?? 0
  hosts[from]?.engine.remove(app)
  places.set(app, (from + 1) % hosts.length)
  run(hosts, places, app, index)
}
