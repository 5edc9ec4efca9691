/** The part of the Docker Engine API that agents use, as dockerd answers it, on a unix socket. */
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { cpus, release, totalmem } from 'node:os'
import { type Container, inspected, listed } from './container.ts'
import type { ActOptions, EngineActs } from './engine-acts.ts'
import type { Nanoseconds } from './jsonfile.ts'
import { statsOf } from './numbers.ts'

export interface EngineOptions {
  socketPath: string
  /** Docker's data root; logs lie in `<dir>/containers/<id>/<id>-json.log`. */
  dir: string
  /** The engine's own id, which clones of a machine repeat. */
  id: string
  /** The host's name. */
  name: string
  /** Source of container ids, default Math.random. */
  random?: () => number
  /** Absent: it can only be looked at. */
  acts?: ActOptions
}

export interface EngineEvent {
  container: string
  action: string
  attributes: Record<string, string>
  at: Nanoseconds
}

type Filters = Map<string, string[]>

export type Reply = { status: number } & ({ body: object } | { text: string } | { bytes: Uint8Array })

interface Listener {
  response: ServerResponse
  wants: (event: EngineEvent) => boolean
}

const VERSION = '27.5.1'
const API_VERSION = '1.47'
/** dockerd keeps this many events for those who ask with `since`. */
const EVENTS_KEPT = 256

export class EngineApi {
  readonly #options: EngineOptions
  readonly #containers: ReadonlyMap<string, Container>
  readonly #listeners = new Set<Listener>()
  readonly #acts: EngineActs | undefined
  #events: EngineEvent[] = []
  #server: Server | undefined

  constructor(options: EngineOptions, containers: ReadonlyMap<string, Container>, acts?: EngineActs) {
    this.#options = options
    this.#containers = containers
    this.#acts = acts
  }

  async listen(): Promise<void> {
    if (this.#server) return
    const { socketPath } = this.#options
    rmSync(socketPath, { force: true })
    const server = createServer((request, response) => {
      this.#answer(request, response).catch((error: Error) => response.destroy(error))
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(socketPath, resolve)
    })
    this.#server = server
  }

  async close(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = undefined
    this.#events = []
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  tell(event: EngineEvent): void {
    if (!this.#server) return
    this.#events = [...this.#events.slice(1 - EVENTS_KEPT), event]
    for (const { response, wants } of this.#listeners) if (wants(event)) response.write(eventText(event))
  }

  /** By id, a beginning of it that only one has, or name. */
  find(name: string): Container | undefined {
    const exact = this.#containers.get(name)
    if (exact) return exact
    const all = [...this.#containers.values()]
    const wanted = name.replace(/^\//, '')
    const named = all.find((container) => container.name === wanted)
    if (named) return named
    const begun = all.filter((container) => wanted !== '' && container.id.startsWith(wanted))
    return begun.length === 1 ? begun[0] : undefined
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://engine')
    const path = url.pathname.replace(/^\/v\d+\.\d+(?=\/)/, '')
    response.setHeader('Api-Version', API_VERSION)
    response.setHeader('Ostype', 'linux')
    response.setHeader('Server', `Docker/${VERSION} (linux)`)
    const acted = await this.#acts?.reply(request, path, url.searchParams)
    if (acted) return sendReply(response, acted)
    const looks = request.method === 'GET' || request.method === 'HEAD'
    const filters = readFilters(url.searchParams.get('filters'))
    if (!looks)
      sendReply(response, { status: 403, body: { message: 'a pretended engine can only be looked at' } })
    else if (!filters) sendReply(response, { status: 400, body: { message: 'invalid filter' } })
    else if (path === '/_ping') response.setHeader('Content-Type', 'text/plain').end('OK')
    else if (path === '/events') this.#stream(url.searchParams, filters, response)
    else sendReply(response, this.#reply(path, url.searchParams, filters))
  }

  #reply(path: string, asked: URLSearchParams, filters: Filters): Reply {
    if (path === '/version') return { status: 200, body: versionOf() }
    if (path === '/info') return { status: 200, body: this.#info() }
    if (path === '/containers/json') return { status: 200, body: this.#list(asked, filters) }
    const [, name, what] = /^\/containers\/([^/]+)\/(json|stats)$/.exec(path) ?? []
    if (name === undefined) return { status: 404, body: { message: 'page not found' } }
    const container = this.find(decodeURIComponent(name))
    if (!container) return { status: 404, body: { message: `No such container: ${name}` } }
    return { status: 200, body: what === 'stats' ? statsOf(container, Date.now()) : inspected(container) }
  }

  #list(asked: URLSearchParams, filters: Filters): object[] {
    const everything = ['1', 'true'].includes((asked.get('all') ?? '').toLowerCase()) || filters.has('status')
    return [...this.#containers.values()]
      .filter((container) => everything || container.state === 'running')
      .filter((container) => matchesContainer(filters, container))
      .sort((a, b) => (a.created < b.created ? 1 : -1))
      .map(listed)
  }

  /** Old events first where `since` asks for them, then live ones until the reader or `until` ends it. */
  #stream(asked: URLSearchParams, filters: Filters, response: ServerResponse): void {
    const since = secondsToTime(asked.get('since'))
    const until = secondsToTime(asked.get('until'))
    const listener: Listener = { response, wants: (event) => matchesEvent(filters, event) }
    response.writeHead(200, { 'Content-Type': 'application/json' })
    response.flushHeaders()
    for (const event of this.#events) {
      if (since === undefined || event.at < since || (until !== undefined && event.at > until)) continue
      if (listener.wants(event)) response.write(eventText(event))
    }
    this.#listeners.add(listener)
    const leftMs = until === undefined ? undefined : Number(until / 1_000_000n) - Date.now()
    const timer = leftMs === undefined ? undefined : setTimeout(() => response.end(), Math.max(0, leftMs))
    response.once('close', () => {
      clearTimeout(timer)
      this.#listeners.delete(listener)
    })
  }

  #info(): object {
    const running = [...this.#containers.values()].filter((container) => container.state === 'running').length
    return {
      ID: this.#options.id,
      Name: this.#options.name,
      Containers: this.#containers.size,
      ContainersRunning: running,
      ContainersPaused: 0,
      ContainersStopped: this.#containers.size - running,
      Driver: 'overlay2',
      LoggingDriver: 'json-file',
      CgroupDriver: 'systemd',
      CgroupVersion: '2',
      KernelVersion: release(),
      OperatingSystem: 'Pretended Linux',
      OSType: 'linux',
      Architecture: 'x86_64',
      NCPU: cpus().length,
      MemTotal: totalmem(),
      DockerRootDir: this.#options.dir,
      ServerVersion: VERSION,
      Labels: ['driftlog.pretended=true'],
      Swarm: { LocalNodeState: 'inactive' },
      Warnings: null
    }
  }
}

function versionOf(): object {
  return {
    Platform: { Name: 'Pretended Docker Engine' },
    Version: VERSION,
    ApiVersion: API_VERSION,
    MinAPIVersion: '1.24',
    Os: 'linux',
    Arch: 'amd64',
    KernelVersion: release()
  }
}

function sendReply(response: ServerResponse, reply: Reply): void {
  const { status } = reply
  if ('bytes' in reply) {
    const type = 'application/vnd.docker.multiplexed-stream'
    response.writeHead(status, { 'Content-Type': type }).end(reply.bytes)
  } else {
    const text = 'text' in reply ? reply.text : `${JSON.stringify(reply.body)}\n`
    response.writeHead(status, { 'Content-Type': 'application/json' })
    // These have no body.
    response.end(status === 204 || status === 304 ? undefined : text)
  }
}

/** `timeNano` has more digits than a double holds, so it is put into the text by hand. */
function eventText({ container, action, attributes, at }: EngineEvent): string {
  const { image: from } = attributes
  const head = { status: action, id: container, from, Type: 'container', Action: action }
  const body = JSON.stringify({ ...head, Actor: { ID: container, Attributes: attributes }, scope: 'local' })
  return `${body.slice(0, -1)},"time":${at / 1_000_000_000n},"timeNano":${at}}\n`
}

/** Both of Docker's forms: `{"type":["container"]}` and `{"type":{"container":true}}`. Undefined: neither. */
function readFilters(text: string | null): Filters | undefined {
  if (!text) return new Map()
  try {
    const entries = Object.entries(JSON.parse(text) as Record<string, string[] | Record<string, boolean>>)
    return new Map(
      entries.map(([key, wanted]) => [key, Array.isArray(wanted) ? wanted : Object.keys(wanted)])
    )
  } catch {
    return undefined
  }
}

function matchesEvent(filters: Filters, event: EngineEvent): boolean {
  for (const [key, wanted] of filters) {
    if (!wanted.some((value) => eventHas(event, key, value))) return false
  }
  return true
}

function eventHas(event: EngineEvent, key: string, value: string): boolean {
  const { name, image } = event.attributes
  if (key === 'type') return value === 'container'
  // A filter "health_status" means every status of it, as in dockerd.
  if (key === 'event') return event.action === value || event.action.startsWith(`${value}:`)
  if (key === 'container') return event.container.startsWith(value) || name === value
  if (key === 'label') return hasLabel(event.attributes, value)
  return key === 'image' && image === value
}

function matchesContainer(filters: Filters, container: Container): boolean {
  for (const [key, wanted] of filters) {
    const test = (value: string) =>
      key === 'label'
        ? hasLabel(container.labels, value)
        : (key === 'id' && container.id.startsWith(value)) ||
          (key === 'name' && container.name.includes(value.replace(/^\//, ''))) ||
          (key === 'status' && container.state === value)
    // Several labels must all be there; of several names one is enough.
    if (!(key === 'label' ? wanted.every(test) : wanted.some(test))) return false
  }
  return true
}

function hasLabel(labels: Record<string, string>, wanted: string): boolean {
  const [name = '', value] = wanted.split(/=(.*)/s)
  return value === undefined ? name in labels : labels[name] === value
}

/** "1700000000" or "1700000000.000000123" */
function secondsToTime(text: string | null): Nanoseconds | undefined {
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(text ?? '')
  if (!match) return undefined
  return BigInt(match[1] ?? 0) * 1_000_000_000n + BigInt((match[2] ?? '').padEnd(9, '0'))
}
