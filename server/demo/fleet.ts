/**
 * Three pretended hosts and the instances of six apps on them. A fleet knows where each instance is and
 * moves it; what the instances write and why they move is told by traffic.ts and incidents.ts.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Agenda } from './agenda.ts'
import { APP_NAMES, type App, type AppName, apps, containerOf, REGISTRY, RELEASED } from './apps.ts'
import type { Chance } from './chance.ts'
import type { Container } from './container.ts'
import { type PretendedEngine, startPretendedEngine } from './engine.ts'
import type { Nanoseconds } from './jsonfile.ts'
import { farewell, greeting, refusal } from './lines.ts'

const HOST_NAMES = ['berlin-1', 'berlin-2', 'oslo-1'] as const

/** A unix socket's path may have no more bytes than this on Linux (107) and macOS (103). */
const LONGEST_SOCKET_PATH = 103

export interface PretendedHost {
  name: string
  engine: PretendedEngine
  /** Folder that an agent of this host may use for its own state. */
  agentDir: string
  /** What stands for the host's /proc. */
  procDir: string
}

export interface Instance {
  app: App
  replica: number
  host: PretendedHost
  container: string
  running: boolean
  /** The hub has it run there, and nobody else moves it. */
  isOrdered: boolean
}

export class Fleet implements AsyncDisposable {
  readonly hosts: readonly PretendedHost[]
  readonly apps = apps()
  readonly #chance: Chance
  readonly #agenda: Agenda
  readonly #instances: Instance[] = []
  /** Ended containers that still lie on their host. */
  readonly #left: { instance: Instance; endedMs: number }[] = []
  #turn = 0

  private constructor(hosts: readonly PretendedHost[], agenda: Agenda, chance: Chance) {
    this.hosts = hosts
    this.#agenda = agenda
    this.#chance = chance
  }

  /** Engines that answer, without containers. */
  static async open(dir: string, agenda: Agenda, chance: Chance): Promise<Fleet> {
    const hosts: PretendedHost[] = []
    const fleet = new Fleet(hosts, agenda, chance)
    for (const name of HOST_NAMES) {
      const home = join(dir, name)
      const socketPath = join(home, 'docker.sock')
      if (Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH) throw new FolderNameError(dir)
      mkdirSync(home, { recursive: true })
      const engine = await startPretendedEngine({
        socketPath,
        dir: join(home, 'docker'),
        id: `PRETENDED:${name.toUpperCase()}`,
        name,
        random: () => chance.next(),
        acts: {
          registry: REGISTRY,
          started: (container) => fleet.#adopt(host, container, Date.now()),
          ending: ({ id }) => fleet.#leave(id, Date.now())
        }
      })
      const host = { name, engine, agentDir: join(home, 'agent'), procDir: join(home, 'proc') }
      hosts.push(host)
    }
    return fleet
  }

  /** Starts every app, spread over the hosts. */
  begin(atMs: number): void {
    let place = 0
    for (const name of APP_NAMES) {
      const app = this.apps[name]
      for (let replica = 1; replica <= app.replicas; replica++) {
        const host = this.hosts[place++ % this.hosts.length]
        if (host) this.#start(app, replica, host, atMs)
      }
    }
  }

  /** Writes as one of the app's running instances, each in its turn; false while none runs. */
  write(name: AppName, output: 'stdout' | 'stderr', text: string, atMs: number): boolean {
    const running = this.#instances.filter((instance) => instance.app.name === name && instance.running)
    const instance = running[this.#turn++ % Math.max(1, running.length)]
    if (!instance) return false
    instance.host.engine.write(instance.container, output, text, nanoseconds(atMs))
    return true
  }

  /** Writes into the file that an app keeps in its container, which dies with it. */
  writeFile(name: AppName, path: string, text: string): void {
    const [instance] = this.running({ app: name })
    instance?.host.engine.writeFile(instance.container, path, text)
  }

  isUp(name: AppName): boolean {
    return this.#instances.some((instance) => instance.app.name === name && instance.running)
  }

  /** One running instance of the app, or of any app on the host. */
  running(where: { app?: AppName; host?: PretendedHost }): Instance[] {
    return this.#instances.filter(
      ({ app, host, running }) =>
        running && (!where.app || app.name === where.app) && (!where.host || host === where.host)
    )
  }

  /** Ends here, begins `awayMs` later on another host; negative: the next begins before this one ends. */
  move(instance: Instance, atMs: number, awayMs: number, ending: { exitCode: number; oom?: boolean }): void {
    if (!instance.running || instance.isOrdered) return
    const next = this.#chance.pick(this.#others(instance.host))
    const place = this.#instances.indexOf(instance)
    const begin = (startMs: number) => {
      this.#instances[place] = this.#launch(instance.app, instance.replica, next, startMs)
    }
    if (awayMs >= 0) {
      this.end(instance, atMs, ending)
      this.#agenda.at(atMs + awayMs, begin)
    } else {
      begin(atMs)
      this.#agenda.at(atMs - awayMs, (endMs) => this.end(instance, endMs, ending))
    }
  }

  end(instance: Instance, atMs: number, ending: { exitCode: number; oom?: boolean }): void {
    if (!instance.running) return
    const last = ending.exitCode === 143 ? farewell(instance.app, atMs) : ''
    if (last) instance.host.engine.write(instance.container, 'stdout', last, nanoseconds(atMs))
    instance.running = false
    instance.host.engine.stop(instance.container, {
      exitCode: ending.exitCode,
      oom: ending.oom ?? false,
      at: nanoseconds(atMs + 1)
    })
    this.#left.push({ instance, endedMs: atMs })
  }

  /** It dies and its restart policy starts it again in place. */
  crash(instance: Instance, atMs: number, awayMs: number, exitCode: number): void {
    const { engine } = instance.host
    instance.running = false
    engine.stop(instance.container, { exitCode, how: 'die', at: nanoseconds(atMs) })
    this.#agenda.at(atMs + awayMs, (startMs) => {
      engine.start(instance.container, nanoseconds(startMs), { byPolicy: true })
      instance.running = true
      engine.write(instance.container, 'stdout', greeting(instance.app, startMs), nanoseconds(startMs + 1))
    })
  }

  /** Removes the container that ended first, if that was before this moment, as platforms do after a while. */
  removeOneEndedBefore(momentMs: number, atMs: number): void {
    if (!this.#left[0] || this.#left[0].endedMs > momentMs) return
    const left = this.#left.shift()
    left?.instance.host.engine.remove(left.instance.container, nanoseconds(atMs))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.engine.close()))
  }

  #start(app: App, replica: number, host: PretendedHost, atMs: number): void {
    this.#instances.push(this.#launch(app, replica, host, atMs))
  }

  #launch(app: App, replica: number, host: PretendedHost, atMs: number): Instance {
    const { name, labels } = containerOf(app, replica, this.#chance)
    this.#clearName(host, name, atMs)
    const container = host.engine.run({
      name,
      image: `${app.image}:${app.version}`,
      labels,
      logOptions: { 'max-size': '20m', 'max-file': '5' },
      ...(app.healthCheck ? { health: 'starting' } : {}),
      at: nanoseconds(atMs)
    })
    const instance = { app, replica, host, container, running: true, isOrdered: false }
    host.engine.write(container, 'stdout', greeting(app, atMs), nanoseconds(atMs + 2))
    if (app.healthCheck) {
      this.#agenda.at(atMs + 4000, (healthyMs) => {
        if (instance.running) host.engine.health(container, 'healthy', nanoseconds(healthyMs))
      })
    }
    return instance
  }

  /** An order has started it: it writes as its app does, and what others had started of the app there ends. */
  #adopt(host: PretendedHost, { id, image, labels }: Container, atMs: number): void {
    const name = APP_NAMES.find((known) => known === labels['driftlog.app'])
    if (name === undefined) return
    const known = this.apps[name]
    const version = /:([^:@]+)(?:@|$)/.exec(image)?.[1] ?? known.version
    const app = { ...known, version, environment: labels['driftlog.env'] ?? known.environment }
    const isBad = version === RELEASED.bad
    host.engine.write(id, 'stdout', isBad ? refusal(version, atMs) : greeting(app, atMs), nanoseconds(atMs))
    if (isBad) return
    const before = this.running({ app: name }).filter(
      (one) => !one.isOrdered && one.app.environment === app.environment
    )
    this.#instances.push({ app, replica: 1, host, container: id, running: true, isOrdered: true })
    for (const instance of before) this.end(instance, atMs, { exitCode: 143 })
  }

  #leave(container: string, atMs: number): void {
    const place = this.#instances.findIndex((one) => one.container === container)
    const [instance] = place < 0 ? [] : this.#instances.splice(place, 1)
    instance?.host.engine.write(container, 'stdout', farewell(instance.app, atMs), nanoseconds(atMs))
  }

  /** Compose gives the same name again, so what is left of it on this host has to go first. */
  #clearName(host: PretendedHost, name: string, atMs: number): void {
    const left = this.#left.find(
      ({ instance }) => instance.host === host && host.engine.find(instance.container).name === name
    )
    if (!left) return
    host.engine.rename(left.instance.container, `${name}-old-${this.#chance.digits(4)}`, nanoseconds(atMs))
  }

  #others(host: PretendedHost): [PretendedHost, ...PretendedHost[]] {
    const others = this.hosts.filter((other) => other !== host)
    const loads = others.map((other) => this.running({ host: other }).length)
    const least = Math.min(...loads)
    const [first = host, ...rest] = others.filter((_, n) => loads[n] === least)
    return [first, ...rest]
  }
}

class FolderNameError extends Error {
  readonly code = 'DRIFTLOG_DEMO_FOLDER'
  constructor(dir: string) {
    super(
      `The path of the folder ${dir} is too long for unix sockets inside it. Give a shorter one with --data.`
    )
  }
}

function nanoseconds(ms: number): Nanoseconds {
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.floor((ms - whole) * 1_000_000))
}
