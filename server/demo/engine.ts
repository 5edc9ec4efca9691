/**
 * A pretended Docker Engine. The API that agents use is answered on a real unix socket (engine-api.ts), and
 * the containers' logs are real files (jsonfile.ts); only the containers themselves do not exist.
 *
 * Every operation takes the moment at which it is to have happened, so that a history can be played first.
 * Operations name a container by its id, the beginning of it, or its name.
 */
import { appendFileSync, mkdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { attributesOf, type Container, imageIdOf, logAttributes, type Mount } from './container.ts'
import { EngineActs } from './engine-acts.ts'
import { EngineApi, type EngineEvent, type EngineOptions } from './engine-api.ts'
import { JsonFileLog, type LogOptions, type Nanoseconds } from './jsonfile.ts'

export interface RunOptions {
  name: string
  image: string
  /** Default: made of its name. */
  imageId?: string
  labels?: Record<string, string>
  /** "NAME=value" */
  env?: string[]
  logOptions?: LogOptions
  mounts?: Mount[]
  /** Present where the image has a health check. */
  health?: 'starting' | 'healthy' | 'unhealthy'
  at?: Nanoseconds
}

export interface Ending {
  exitCode?: number
  oom?: boolean
  /** `die`: by itself; `stop`: as `docker stop` ends it. Default: `stop` for exit codes 0, 137 and 143 without OOM. */
  how?: 'die' | 'stop'
  at?: Nanoseconds
}

/** Above the highest pid that Linux gives: it is never a process of this machine. */
const FIRST_PID = 4_194_305

export async function startPretendedEngine(options: EngineOptions): Promise<PretendedEngine> {
  const engine = new PretendedEngine(options)
  await engine.comeBack()
  return engine
}

export class PretendedEngine implements AsyncDisposable {
  readonly options: EngineOptions
  readonly #containers = new Map<string, Container>()
  readonly #api: EngineApi
  #pids = FIRST_PID

  constructor(options: EngineOptions) {
    this.options = options
    this.#api = new EngineApi(options, this.#containers, options.acts && new EngineActs(this, options.acts))
  }

  /** Creates and starts a container; answers its id. */
  run(asked: RunOptions): string {
    const at = asked.at ?? now()
    const id = this.create({ ...asked, at })
    this.start(id, at)
    return id
  }

  /** A container that was never started; answers its id. */
  create(asked: RunOptions): string {
    const { name, image, labels = {}, env = [], logOptions = {} } = asked
    if ([...this.#containers.values()].some((other) => other.name === name)) {
      throw new Error(`the container name "${name}" is already in use on ${this.options.name}`)
    }
    const at = asked.at ?? now()
    const id = this.#newId()
    const folder = join(this.options.dir, 'containers', id)
    mkdirSync(folder, { recursive: true, mode: 0o710 })
    const upperDir = join(this.options.dir, 'overlay2', id, 'diff')
    mkdirSync(upperDir, { recursive: true })
    const container: Container = {
      id,
      name,
      image,
      imageId: asked.imageId ?? imageIdOf(image),
      labels,
      env,
      logOptions,
      logPath: join(folder, `${id}-json.log`),
      upperDir,
      mounts: asked.mounts ?? [],
      created: at,
      state: 'created',
      pid: 0,
      exitCode: 0,
      oomKilled: false,
      started: undefined,
      finished: undefined,
      restarts: 0,
      health: asked.health,
      log: undefined
    }
    this.#containers.set(id, container)
    this.#tell(container, 'create', at)
    return id
  }

  /** `text` is what the process writes: lines end with a newline, an unfinished one waits for its end. */
  write(name: string, output: 'stdout' | 'stderr', text: string | Uint8Array, at: Nanoseconds = now()): void {
    const { log } = this.find(name)
    if (!log) throw new Error(`${name} is not running on ${this.options.name}`)
    log.write(output, typeof text === 'string' ? Buffer.from(text) : text, at)
  }

  /** What the process writes into a file of its own file system. */
  writeFile(name: string, path: string, text: string): void {
    const file = join(this.find(name).upperDir, path)
    mkdirSync(dirname(file), { recursive: true })
    appendFileSync(file, text)
  }

  /** `byPolicy`: its restart policy starts it, which counts as a restart. */
  start(name: string, at: Nanoseconds = now(), { byPolicy = false } = {}): void {
    const container = this.find(name)
    if (container.state === 'running') return
    const { logPath, logOptions, labels, env } = container
    container.log = new JsonFileLog(logPath, logOptions, logAttributes(logOptions, labels, env))
    container.state = 'running'
    container.pid = this.#pids++
    container.started = at
    container.exitCode = 0
    container.oomKilled = false
    if (byPolicy) container.restarts++
    this.#tell(container, 'start', at)
  }

  stop(name: string, ending: Ending = {}): void {
    const { exitCode = 0, oom = false, at = now() } = ending
    const container = this.find(name)
    if (container.state !== 'running') return
    const how = ending.how ?? (!oom && [0, 137, 143].includes(exitCode) ? 'stop' : 'die')
    container.log?.close(at)
    container.log = undefined
    container.state = 'exited'
    container.exitCode = exitCode
    container.oomKilled = oom
    container.finished = at
    const seconds = String((at - (container.started ?? at)) / 1_000_000_000n)
    if (oom) this.#tell(container, 'oom', at)
    if (how === 'stop') this.#tell(container, 'kill', at, { signal: '15' })
    this.#tell(container, 'die', at, { exitCode: String(exitCode), execDuration: seconds })
    if (how === 'stop') this.#tell(container, 'stop', at)
  }

  /** With an ending: it died, and the restart policy started it again. Without: `docker restart`. */
  restart(name: string, ending?: Ending): void {
    const container = this.find(name)
    this.stop(name, ending ? { how: 'die', exitCode: 1, ...ending } : {})
    this.start(name, ending?.at ?? now(), { byPolicy: ending !== undefined })
    if (!ending) this.#tell(container, 'restart', now())
  }

  /** As `docker rm -f`: the files are unlinked; whoever holds them open can still read them. */
  remove(name: string, at: Nanoseconds = now()): void {
    const container = this.find(name)
    this.stop(name, { exitCode: 137, at })
    this.#containers.delete(container.id)
    rmSync(join(container.logPath, '..'), { recursive: true, force: true })
    rmSync(join(container.upperDir, '..'), { recursive: true, force: true })
    this.#tell(container, 'destroy', at)
  }

  rename(name: string, to: string, at: Nanoseconds = now()): void {
    const container = this.find(name)
    const oldName = `/${container.name}`
    container.name = to
    this.#tell(container, 'rename', at, { oldName })
  }

  health(name: string, status: 'starting' | 'healthy' | 'unhealthy', at: Nanoseconds = now()): void {
    const container = this.find(name)
    container.health = status
    this.#tell(container, `health_status: ${status}`, at)
  }

  /** All that exist, also stopped ones. */
  get containers(): Iterable<Container> {
    return this.#containers.values()
  }

  /** Throws where no container, or more than one, is meant by `name`. */
  find(name: string): Container {
    const container = this.#api.find(name)
    if (!container) throw new Error(`no container "${name}" on ${this.options.name}`)
    return container
  }

  /** The engine is away: the socket is gone and every connection broken; containers run on. */
  async goAway(): Promise<void> {
    await this.#api.close()
  }

  /** It answers (again). Events of the time between are not told to anyone, as after a restart of dockerd. */
  async comeBack(): Promise<void> {
    mkdirSync(join(this.options.dir, 'containers'), { recursive: true })
    await this.#api.listen()
  }

  async close(): Promise<void> {
    for (const container of this.#containers.values()) {
      container.log?.close(now())
      container.log = undefined
    }
    await this.#api.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #tell(container: Container, action: string, at: Nanoseconds, more: Record<string, string> = {}): void {
    const event: EngineEvent = {
      container: container.id,
      action,
      attributes: { ...attributesOf(container), ...more },
      at
    }
    this.#api.tell(event)
  }

  #newId(): string {
    const random = this.options.random ?? Math.random
    return Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join('')
  }
}

/** The clock with digits below a millisecond, as a Go program would see it; it never goes back. */
function now(): Nanoseconds {
  return BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1000)) * 1000n
}
