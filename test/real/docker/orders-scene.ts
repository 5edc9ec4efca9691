/** A real engine, an agent that takes orders on it, and a small hub that gives them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InstanceSpec, Order, OrderEnd } from '../../../agent/protocol-orders.ts'
import { FakeHub } from '../../agent/hub.ts'
import { linesOf } from '../../agent/scene.ts'
import { type Program, startAgent } from '../../system/programs.ts'
import { type DockerHost, dockerHost, HUB_ADDRESS, IMAGE } from './hosts.ts'

export interface SpecOptions extends Partial<InstanceSpec> {
  port: number
}

/** An app that counts lines until it is told to end, and answers on its port. */
export const APP = `
trap 'echo "last $i"; exit 0' TERM
mkdir -p /www && echo well > /www/well
httpd -p "$PORT" -h /www
i=0; while :; do echo "counted $i"; i=$((i+1)); sleep 0.05; done`

export const HEALTH = { everyMs: 200, timeoutMs: 2000, withinMs: 60_000, successes: 2 }

let orders = 0

export function specOf({ port, ...more }: SpecOptions): InstanceSpec {
  return {
    ...{ app: 'shop', environment: 'test', slot: 1, deploy: 'd-1', version: 1, port },
    image: { reference: IMAGE },
    command: ['sh', '-c', APP],
    env: {},
    secrets: [],
    volumes: [],
    health: { http: { path: '/well' }, ...HEALTH },
    logMaxBytes: 2 ** 20,
    logMaxFiles: 3,
    stopGraceMs: 5000,
    labels: { 'driftlog.app': 'shop', 'driftlog.env': 'test' },
    ...more
  }
}

export function replaceBy(spec: InstanceSpec): Order {
  return { id: `o-${++orders}`, deploy: spec.deploy, kind: 'replace', spec }
}

export class OrderScene implements AsyncDisposable {
  readonly folder: string
  readonly host: DockerHost
  readonly hub: FakeHub
  #agent: Program | undefined
  #startAgain: () => Program = () => this.start()

  private constructor(folder: string, host: DockerHost, hub: FakeHub) {
    this.folder = folder
    this.host = host
    this.hub = hub
  }

  static async open(number = 1): Promise<OrderScene> {
    const folder = await mkdtemp(join(tmpdir(), 'driftlog-orders-'))
    const hub = await new FakeHub({ host: HUB_ADDRESS }).start()
    return new OrderScene(folder, dockerHost(number), hub)
  }

  get agent(): Program {
    if (!this.#agent) throw new Error('no agent was started')
    return this.#agent
  }

  /** `socket`: where the engine is for it, if not on its own. */
  start(env: NodeJS.ProcessEnv = {}, socket = this.host.socket): Program {
    this.#startAgain = () => this.start(env, socket)
    this.#agent = startAgent({
      hubUrl: this.hub.url,
      socket,
      stateDir: join(this.folder, 'state'),
      name: this.host.name,
      prefix: this.host.inside,
      env: {
        DRIFTLOG_ORDERS: 'deploy',
        DRIFTLOG_DEPLOY_IMAGES: 'busybox',
        DRIFTLOG_HOST_ADDRESS: this.host.address,
        ...env
      }
    })
    return this.#agent
  }

  /** As it was started before. */
  startAgain(): Program {
    return this.#startAgain()
  }

  /** Gives the order and waits for its end. */
  async carriedOut(order: Order): Promise<OrderEnd> {
    this.hub.orders.give(order)
    return this.end(order.id)
  }

  async end(order: string): Promise<OrderEnd> {
    for (;;) {
      const end = this.hub.orders.end(order)
      if (end) return end
      await sleep(50)
    }
  }

  /** Ids of those of the slot that run, by their orders. */
  async running(slot = 1): Promise<Record<string, string>> {
    const words = ['-a', '--no-trunc', '--filter', `label=driftlog.slot=${slot}`]
    const text = await this.host.docker(
      'ps',
      ...words,
      '--format',
      '{{.Label "driftlog.order"}} {{.ID}} {{.State}}'
    )
    const rows = text.split('\n').filter((line) => line.endsWith(' running'))
    return Object.fromEntries(rows.map((line) => line.split(' ').slice(0, 2)))
  }

  /** All containers that orders have made, by name, with their state. */
  async all(): Promise<Record<string, string>> {
    const words = ['-a', '--filter', 'label=driftlog.order', '--format', '{{.Names}} {{.State}}']
    const text = await this.host.docker('ps', ...words)
    return Object.fromEntries(
      text
        .split('\n')
        .filter(Boolean)
        .map((line) => line.split(' '))
    )
  }

  /** What of a container's log is at the hub. */
  lines(container: string): string[] {
    return linesOf(this.hub.text(container))
  }

  async clear(): Promise<void> {
    const left = await this.host.docker('ps', '-aq', '--filter', 'label=driftlog.order')
    if (left) await this.host.docker('rm', '-f', ...left.split('\n'))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.stop()
    await this.clear()
    await this.hub.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** The numbers of counted lines: each once, in order, and the last one told at the end. */
export function isWhole(lines: readonly string[]): boolean {
  const last = /^last (\d+)$/.exec(lines.at(-1) ?? '')?.[1]
  const counted = lines.slice(0, -1)
  return last === String(counted.length) && counted.every((line, index) => line === `counted ${index}`)
}
