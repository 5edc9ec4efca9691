/** What takes orders, between a small hub and a small engine, both over real sockets. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { actingEngine } from '../../../agent/docker/dockerode-acting.ts'
import { Checks } from '../../../agent/orders/checks.ts'
import type { Barred } from '../../../agent/orders/host.ts'
import { openJournal } from '../../../agent/orders/journal.ts'
import { Orders } from '../../../agent/orders/orders.ts'
import type { InstanceSpec, Order } from '../../../agent/protocol-orders.ts'
import { Hub } from '../../../agent/ship/hub.ts'
import { freePort } from '../../ports.ts'
import { FakeHub } from '../hub.ts'
import { until } from '../scene.ts'
import { SmallEngine } from './small-engine.ts'

export const IMAGE_ID = `sha256:${'1'.repeat(64)}`
const FACTS = { name: 'test' }

export class OrdersScene implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'driftlog-orders-'))
  readonly hub: FakeHub
  readonly engine: SmallEngine
  /** An error: the engine does not say it. */
  barred: Barred | Error | undefined
  #running: { stop: AbortController; run: Promise<void>; hub: Hub } | undefined
  #key = ''

  private constructor(hub: FakeHub, engine: SmallEngine) {
    this.hub = hub
    this.engine = engine
  }

  static async open(): Promise<OrdersScene> {
    const folder = mkdtempSync(join(tmpdir(), 'driftlog-engine-'))
    const engine = await SmallEngine.open(folder)
    engine.images.push({ id: IMAGE_ID, tags: ['shop/app:1'], digests: [] })
    const scene = new OrdersScene(await new FakeHub().start(), engine)
    const hub = new Hub(new URL(scene.hub.url))
    const enrolled = await hub.enrol(
      { protocol: 1, version: '0', facts: FACTS },
      new AbortController().signal
    )
    if (enrolled.kind === 'accepted') scene.#key = enrolled.value.key
    hub.close()
    return scene
  }

  start(): void {
    const engine = actingEngine(this.engine)
    const log = pino({ level: 'silent' })
    const checks = new Checks({ engine, address: () => '127.0.0.1', log, changed: () => {} })
    const hub = new Hub(new URL(this.hub.url))
    hub.use(this.#key)
    const orders = new Orders({
      ...{ hub, log, journal: openJournal(join(this.folder, 'orders')), ended: () => {} },
      host: {
        ...{ engine, checks, log, address: () => '127.0.0.1' },
        rules: {
          ...{ images: ['shop/*'], registryAuthFile: undefined },
          ...{ binds: [], secretsDir: undefined, secrets: {}, hostRoot: '' }
        },
        logs: { delivered: () => 'committed', connected: () => true },
        barred: async () => {
          if (this.barred instanceof Error) throw this.barred
          return this.barred
        }
      },
      backoff: { minMs: 20, maxMs: 100 }
    })
    const stop = new AbortController()
    this.#running = { stop, hub, run: orders.run(stop.signal).finally(() => checks.close()) }
  }

  /** As a kill does: what was under way is given up where it is. */
  async stop(): Promise<void> {
    this.#running?.stop.abort()
    await this.#running?.run
    this.#running?.hub.close()
    this.#running = undefined
  }

  async ended(order: Order) {
    await until(() => this.hub.orders.end(order.id) !== undefined)
    return this.hub.orders.end(order.id)
  }

  async carriedOut(order: Order) {
    this.hub.orders.give(order)
    return this.ended(order)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.engine[Symbol.asyncDispose]()
    await this.hub.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

let orders = 0

export async function replacing(more: Partial<InstanceSpec> = {}): Promise<Order & { kind: 'replace' }> {
  const spec: InstanceSpec = {
    ...{ app: 'shop', environment: 'test', slot: 1, deploy: 'd', version: 1 },
    ...{ image: { reference: 'shop/app:1' }, port: await freePort(), env: {}, secrets: [], volumes: [] },
    health: { http: { path: '/' }, everyMs: 20, timeoutMs: 500, withinMs: 3000, successes: 2 },
    ...{ logMaxBytes: 65_536, logMaxFiles: 1, stopGraceMs: 0, labels: {} },
    ...more
  }
  return { id: `o-${++orders}`, deploy: 'd', kind: 'replace', spec }
}
