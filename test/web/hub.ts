/** A real hub in this process, with its embedded engine and its HTTP face, for tests that look at the page. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Enrolled } from '../../agent/protocol.ts'
import { openAccess } from '../../collector/access.ts'
import { type Fleet, instanceId, openFleet } from '../../collector/fleet/fleet.ts'
import type { Level, Origin } from '../../collector/record.ts'
import { instanceSubject } from '../../collector/stats/arrivals.ts'
import type { Sample } from '../../collector/stats/rows.ts'
import type { StatsStore } from '../../collector/stats/store.ts'
import { MemoryLogStore, type MemoryOptions } from '../../collector/store/memory.ts'
import { MemoryStateStore } from '../../collector/store/memory-state.ts'
import type { LogStore } from '../../collector/store/store.ts'
import { buildApp } from '../../server/app.ts'
import { type Config, readConfig } from '../../server/config.ts'
import { type DeployParts, openDeploys } from '../../server/deploys/open.ts'
import { fleetView } from '../../server/fleet-view.ts'
import { startHub } from '../../server/hub.ts'
import { openLogins } from '../../server/logins.ts'
import { batch, origin } from '../collector/store/corpus.ts'
import { Machine, type Play, PlayedAgent } from '../server/deploys/agent.ts'
import { shown, storeEnv } from '../system/engine.ts'
import { testPage } from './build.ts'

/** What played agents can pull. */
const IMAGES = [1, 2, 3].map((n) => [`shop/orders:${n}`, `sha256:${String(n).repeat(64)}`] as const)
const LOG = pino({ level: 'silent' })

export interface HubOptions {
  /** Settings, by the names of their variables. */
  env?: Record<string, string>
  demo?: { reason?: string }
  /**
   * The same face over a store in memory, for faults that a whole engine does not have: `logs` makes it slow or
   * broken, `memory` makes it forget.
   */
  broken?: { memory?: MemoryOptions; logs?: (store: LogStore) => LogStore }
}

export interface WrittenLine {
  text: string
  /** Milliseconds since 1970; now where absent. */
  atMs?: number
  /** Added to `atMs`. */
  nanos?: number
  level?: Level
  output?: 'stdout' | 'stderr'
}

/** One instance that writes: its lines go into the store as the collector would put them there. */
export interface Writer {
  origin: Origin
  /** In file order. */
  write(lines: readonly (string | WrittenLine)[]): Promise<void>
  /** The container runs, or has ended. */
  start(atMs: number): void
  end(atMs: number, exitCode: number, oomKilled?: boolean): void
  /** Numbers of the instance, oldest first. */
  measure(samples: readonly Omit<Sample, 'subject'>[]): Promise<void>
}

export interface TestHub extends AsyncDisposable {
  url: string
  /** Of the hub that runs now. */
  logs(): LogStore
  fleet(): Fleet
  deploys(): DeployParts
  /** A host that takes orders: its agent is played, and what runs there is in memory. */
  deployHost(name: string, play?: Partial<Play>): Promise<PlayedAgent>
  /** What a reader needs where the hub is guarded. */
  token(scope?: 'read' | 'admin'): string
  /** A host that has joined, by name. */
  host(name: string): Promise<string>
  writer(app: string, hostName: string, container: string, image?: string): Promise<Writer>
  /** Stops the hub and starts it again on the same port, over the same data. */
  restart(): Promise<void>
}

/** What a test hub is made of, whichever way it was put together. */
interface Running {
  url: string
  logs: LogStore
  fleet: Fleet
  deploys: DeployParts
  /** Absent where it has no place for numbers. */
  stats?: StatsStore
  tokens: { read: string; admin: string; join: string }
  close(): Promise<void>
}

export async function openHub({ env, demo, broken }: HubOptions = {}): Promise<TestHub> {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-page-'))
  const hosts = new Map<string, string>()
  const agents: PlayedAgent[] = []
  const store = broken ? {} : storeEnv(folder)
  const settings = { DRIFTLOG_DATA_DIR: folder, DRIFTLOG_LISTEN_PORT: '0', ...store, ...env }
  const memory = broken && (await inMemory(broken))
  const open = (port?: string) => {
    const config = readConfig(port === undefined ? settings : { ...settings, DRIFTLOG_LISTEN_PORT: port })
    return memory ? memory(config) : real(config, demo)
  }
  let hub = await open()

  const host = async (name: string) => {
    const known = hosts.get(name)
    if (known) return known
    const facts = { name, engineVersion: '29.1' }
    const enrolled = await hub.fleet.enrol(facts, '0.1.0')
    hub.fleet.hello(enrolled.host, { facts, agentVersion: '0.1.0', clockOffsetMs: 0 })
    hub.fleet.heard(enrolled.host, 0)
    hosts.set(name, enrolled.host)
    return enrolled.host
  }

  // A host that says nothing is silent; these are well.
  const alive = setInterval(() => {
    for (const id of hosts.values()) hub.fleet.heard(id, 0)
  }, 3000)

  return {
    url: hub.url,
    logs: () => hub.logs,
    fleet: () => hub.fleet,
    deploys: () => hub.deploys,
    async deployHost(name, play = {}) {
      const facts = { name, engineVersion: '29.1', address: '192.0.2.7', takesOrders: true }
      const answer = await fetch(`${hub.url}/agent/v1/enrol`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ protocol: 1, version: '0.1.0', join: hub.tokens.join, facts })
      })
      const { host: id, key } = (await answer.json()) as Enrolled
      hub.fleet.hello(id, { facts, agentVersion: '0.1.0', clockOffsetMs: 0 })
      hub.fleet.heard(id, 0)
      hosts.set(name, id)
      const registry = new Map(IMAGES)
      const agent = new PlayedAgent({
        url: hub.url,
        host: id,
        key,
        machine: new Machine(),
        registry,
        ...play
      })
      agents.push(agent.start())
      return agent
    },
    token: (scope = 'read') => hub.tokens[scope],
    host,
    async writer(name, hostName, container, image = `registry/${name}:1`) {
      const id = await host(hostName)
      const from = origin(name, id, container, { hostName, image, environment: 'prod' })
      let offset = 0
      const facts = {
        container,
        name: container,
        app: name,
        environment: 'prod',
        identity: 'compose' as const,
        image,
        imageId: `sha256:${image}`,
        labels: {},
        state: 'running'
      }
      return {
        origin: from,
        async write(lines) {
          if (lines.length === 0) return
          const nowMs = Date.now()
          const written = lines.map((line) => {
            const {
              text,
              atMs = nowMs,
              nanos = 0,
              level,
              output
            } = typeof line === 'string' ? { text: line } : line
            const time = BigInt(Math.trunc(atMs)) * 1_000_000n + BigInt(nanos)
            return { text, time, ...(level ? { level } : {}), ...(output ? { output } : {}) }
          })
          const made = batch(from, written, offset)
          offset = made.state.stored
          await hub.logs.append([{ ...made, receivedMs: Date.now() }])
          await shown()
        },
        start(atMs) {
          hub.fleet.tell(id, [
            { kind: 'start', atMs, instance: { ...facts, createdMs: atMs, startedMs: atMs } }
          ])
        },
        async measure(samples) {
          const subject = instanceSubject(instanceId(id, container))
          await hub.stats?.take(
            id,
            samples.map((sample) => ({ ...sample, subject }))
          )
        },
        end(atMs, exitCode, oomKilled = false) {
          const ended = { ...facts, state: 'exited', finishedMs: atMs, exitCode, oomKilled }
          hub.fleet.tell(id, [{ kind: 'die', atMs, instance: ended }])
        }
      }
    },
    async restart() {
      await hub.close()
      hub = await open(new URL(hub.url).port)
    },
    async [Symbol.asyncDispose]() {
      clearInterval(alive)
      await Promise.all(agents.map((agent) => agent.kill()))
      await hub.close()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

async function real(config: Config, demo: HubOptions['demo']): Promise<Running> {
  const hub = await startHub(config, { log: LOG, pageFolder: testPage(), ...(demo ? { demo } : {}) })
  return {
    url: hub.localUrl,
    logs: hub.logs,
    fleet: hub.fleet,
    deploys: hub.deploys,
    stats: hub.stats,
    tokens: hub.tokens,
    close: hub.close
  }
}

async function inMemory({ memory, logs: wrap }: NonNullable<HubOptions['broken']>) {
  const store = new MemoryLogStore(memory)
  const logs = wrap?.(store) ?? store
  const state = new MemoryStateStore()
  const fleet = await openFleet(state)
  const access = await openAccess(state)
  return async (config: Config): Promise<Running> => {
    const deploys = await openDeploys({
      ...{ state, fleet, access, log: LOG, settings: config.deploy, nowMs: Date.now }
    })
    const app = await buildApp({
      config,
      log: LOG,
      logs,
      access,
      logins: await openLogins({ state, access, maxAgeMs: config.loginMaxAgeMs, nowMs: Date.now }),
      fleet: fleetView(fleet, logs, Date.now),
      deploys,
      join: () => 'dlj_test',
      url: () => '',
      version: '0.0.0-test',
      nowMs: Date.now,
      pageFolder: testPage()
    })
    const url = await app.listen({ host: '127.0.0.1', port: config.listenPort })
    return { url, logs, fleet, deploys, tokens: { read: '', admin: '', join: '' }, close: () => app.close() }
  }
}
