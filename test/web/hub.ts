/** The hub's real face over a real store and fleet, in this process, for tests that look at the page. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { type Fleet, openFleet } from '../../collector/fleet/fleet.ts'
import type { Level, Origin } from '../../collector/record.ts'
import { MemoryLogStore, type MemoryOptions, MemoryStateStore } from '../../collector/store/memory.ts'
import type { LogStore } from '../../collector/store/store.ts'
import { type AppParts, buildApp } from '../../server/app.ts'
import { readConfig } from '../../server/config.ts'
import { fleetView } from '../../server/fleet-view.ts'
import { batch, origin } from '../collector/store/corpus.ts'

const BUILT_PAGE = fileURLToPath(new URL('../../dist/web', import.meta.url))

export interface HubOptions {
  memory?: MemoryOptions
  env?: Record<string, string>
  parts?: Partial<AppParts>
  /** Wraps the store, to make it slow or broken. */
  logs?: (store: LogStore) => LogStore
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
}

export interface TestHub extends AsyncDisposable {
  url: string
  logs: LogStore
  fleet: Fleet
  /** A host that has joined, by name. */
  host(name: string): Promise<string>
  writer(app: string, hostName: string, container: string, image?: string): Promise<Writer>
  /** Closes the face and opens it again on the same port, over the same store. */
  restart(): Promise<void>
}

export async function openHub(options: HubOptions = {}): Promise<TestHub> {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-page-'))
  const store = new MemoryLogStore(options.memory)
  const logs = options.logs?.(store) ?? store
  const fleet = await openFleet(new MemoryStateStore())
  const hosts = new Map<string, string>()
  let app: FastifyInstance | undefined
  let port = 0

  const open = async () => {
    app = await buildApp({
      config: readConfig({ DRIFTLOG_DATA_DIR: folder, DRIFTLOG_LISTEN_PORT: String(port), ...options.env }),
      log: pino({ level: 'silent' }),
      logs,
      access: { check: () => undefined },
      fleet: fleetView(fleet, logs, Date.now),
      join: 'dlj_test',
      url: () => `http://127.0.0.1:${port}`,
      version: '0.0.0-test',
      nowMs: Date.now,
      pageFolder: BUILT_PAGE,
      ...options.parts
    })
    const url = await app.listen({ host: '127.0.0.1', port })
    port = Number(new URL(url).port)
    return url
  }

  const host = async (name: string) => {
    const known = hosts.get(name)
    if (known) return known
    const facts = { name, engineVersion: '29.1' }
    const enrolled = await fleet.enrol(facts, '0.1.0')
    fleet.hello(enrolled.host, { facts, agentVersion: '0.1.0', clockOffsetMs: 0 })
    fleet.heard(enrolled.host, 0)
    hosts.set(name, enrolled.host)
    return enrolled.host
  }

  // A host that says nothing is silent; these are well.
  const alive = setInterval(() => {
    for (const id of hosts.values()) fleet.heard(id, 0)
  }, 3000)

  return {
    url: await open(),
    logs,
    fleet,
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
          await logs.append([{ ...made, receivedMs: Date.now() }])
        },
        start(atMs) {
          fleet.tell(id, [{ kind: 'start', atMs, instance: { ...facts, createdMs: atMs, startedMs: atMs } }])
        },
        end(atMs, exitCode, oomKilled = false) {
          const ended = { ...facts, state: 'exited', finishedMs: atMs, exitCode, oomKilled }
          fleet.tell(id, [{ kind: 'die', atMs, instance: ended }])
        }
      }
    },
    async restart() {
      await app?.close()
      await open()
    },
    async [Symbol.asyncDispose]() {
      clearInterval(alive)
      await app?.close()
      await logs[Symbol.asyncDispose]()
      await fleet[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    }
  }
}
