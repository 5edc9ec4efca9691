/** The hub's face on a real socket over a real store, for tests of routes. */
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { type Access, openAccess } from '../../collector/access.ts'
import { openFleet } from '../../collector/fleet/fleet.ts'
import type { Batch } from '../../collector/record.ts'
import { openStats } from '../../collector/stats/store.ts'
import { type Engine, openStores } from '../../collector/store/open.ts'
import type { LogStore } from '../../collector/store/store.ts'
import { type AppParts, buildApp } from '../../server/app.ts'
import { readConfig } from '../../server/config.ts'
import type { FleetChange, FleetView } from '../../server/fleet-view.ts'
import { openLogins } from '../../server/logins.ts'
import { statsView } from '../../server/stats-view.ts'
import { formatTime } from '../../server/times.ts'

export interface Face extends AsyncDisposable {
  url: string
  app: FastifyInstance
  logs: LogStore
  access: Access
  /** Asks and reads JSON. */
  get(
    path: string,
    headers?: Record<string, string>
  ): Promise<{ status: number; body: Body; headers: Headers }>
}

/** The body of an answer: tests look into those whose shape the test of the schemas holds. */
// biome-ignore lint/suspicious/noExplicitAny: an answer of any route
export type Body = any

export interface FaceOptions {
  batches?: Batch[]
  engine?: Engine
  /** Instead of the engine's own. */
  logs?: LogStore
  env?: Record<string, string>
  parts?: Partial<AppParts>
}

export async function openFace(options: FaceOptions = {}): Promise<Face> {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-face-'))
  const log = pino({ level: 'silent' })
  const stores = await openStores({ engine: options.engine ?? 'memory', dataDir: folder, log })
  const logs = options.logs ?? stores.logs
  await logs.append(options.batches ?? [])
  const agents = await openFleet(stores.state)
  const { shelf } = stores
  const retention = { samplesMs: 1e9, minutesMs: 1e9, hoursMs: 1e9 }
  const stats = await openStats({ shelf, retention, log })
  const access = options.parts?.access ?? (await openAccess(stores.state))
  const config = readConfig({ DRIFTLOG_DATA_DIR: folder, DRIFTLOG_LISTEN_PORT: '0', ...options.env })
  const app = await buildApp({
    config,
    log,
    logs,
    access,
    logins: await openLogins({
      state: stores.state,
      access,
      maxAgeMs: config.loginMaxAgeMs,
      nowMs: Date.now
    }),
    fleet: noFleet,
    stats: statsView(agents, stats, Date.now),
    join: () => 'dlj_test',
    url: () => 'http://192.0.2.1:7400',
    version: '0.0.0-test',
    nowMs: Date.now,
    pageFolder: folder,
    ...options.parts
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  return {
    url,
    app,
    logs,
    access,
    async get(path, headers = {}) {
      const response = await fetch(url + path, { headers })
      return { status: response.status, body: await response.json(), headers: response.headers }
    },
    async [Symbol.asyncDispose]() {
      await app.close()
      await agents[Symbol.asyncDispose]()
      await stores[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** A fleet that nobody has joined. */
export const noFleet: FleetView = {
  hosts: () => [],
  apps: async () => [],
  instances: async () => [],
  moves: () => [],
  delivery: () => [],
  completeness: ({ from, to }) => ({
    verdict: 'complete',
    from: formatTime(from),
    to: formatTime(to),
    hubTime: formatTime(to),
    gapCount: 0,
    bytes: 0,
    lines: 0,
    unknown: 0,
    gaps: [],
    others: 0,
    behind: [],
    notes: [],
    otherNotes: 0
  }),
  streams: async () => undefined,
  changes: (signal) => changesOf(new EventTarget(), signal)
}

/** Changes as a test dispatches them, until the signal aborts. */
export async function* changesOf(source: EventTarget, signal: AbortSignal): AsyncGenerator<FleetChange> {
  const waiting: FleetChange[] = []
  const bell = new EventTarget()
  source.addEventListener('change', (event) => {
    waiting.push((event as CustomEvent<FleetChange>).detail)
    bell.dispatchEvent(new Event('ring'))
  })
  while (!signal.aborted) {
    const next = waiting.shift()
    if (next) yield next
    else await once(bell, 'ring', { signal }).catch(() => undefined)
  }
}

/** Nanoseconds since 1970 as the query string takes them. */
export function range(from: bigint, to: bigint): string {
  return `from=${from}&to=${to}`
}
