/**
 * An agent that speaks the protocol of orders over real sockets and carries orders out in memory: on an engine of its own,
 * with a journal that outlives it, as protocol-orders.ts says. What goes wrong is for the test to say.
 */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  ImageAsked,
  ImageFound,
  InstanceSpec,
  Order,
  OrderEnd,
  OrdersAsked,
  OrdersGiven,
  Report,
  Step
} from '../../../agent/protocol-orders.ts'

export interface Container {
  id: string
  order: string
  spec: InstanceSpec
}

/** What a host has, whether its agent runs or not. */
export class Machine {
  readonly containers = new Map<string, Container>()
  /** Orders as they were written down before each step. */
  readonly journal = new Map<string, Written>()
  /** Ports that strangers listen on. */
  readonly strangers = new Set<number>()
  made = 0
  /** More than one of a slot at a time is there only while one takes over. */
  running(app: string, environment: string): Container[] {
    return [...this.containers.values()].filter(
      ({ spec }) => spec.app === app && spec.environment === environment
    )
  }
}

interface Written {
  order: Order
  seq: number
  reports: Report[]
  /** The step that it is at. */
  step?: Step
  hasSwitched: boolean
  isWithdrawn: boolean
  end?: OrderEnd
}

/** Digests by reference; what is asked for by digest is there where any reference has it. */
export type Registry = Map<string, string>

export interface Play {
  url: string
  host: string
  key: string
  machine: Machine
  registry: Registry
  isHealthy?: (spec: InstanceSpec) => boolean
  /** Before each step: what goes wrong there. `die` ends the agent, `fail` the order, `hang` waits for ever. */
  fault?: (order: Order, step: Step) => 'die' | 'fail' | 'hang' | undefined
  /** How reports are sent: as they are, each twice, or in another order. */
  mail?: (reports: Report[]) => Report[]
}

class Died extends Error {}

const WAIT_MS = 20_000

export class PlayedAgent {
  readonly play: Play
  readonly #ending = new AbortController()
  readonly #http = new Agent({ keepAlive: true })
  readonly #work = new Set<Promise<void>>()
  #loop: Promise<void> | undefined
  #poll: AbortController | undefined

  constructor(play: Play) {
    this.play = play
  }

  start(): this {
    for (const written of this.play.machine.journal.values()) if (!written.end) this.#begin(written)
    this.#loop = this.#ask()
    return this
  }

  get isDead(): boolean {
    return this.#ending.signal.aborted
  }

  /** As by kill -9: what it was at stands as it was. */
  async kill(): Promise<void> {
    this.#ending.abort()
    this.#poll?.abort()
    await this.#loop
    await Promise.allSettled(this.#work)
    this.#http.destroy()
  }

  async #ask(): Promise<void> {
    const { signal } = this.#ending
    const { journal } = this.play.machine
    while (!signal.aborted) {
      const reports = [...journal.values()].flatMap((written) => written.reports)
      const sent = this.play.mail?.(reports) ?? reports
      this.#poll = new AbortController()
      const asked: OrdersAsked = { held: [...journal.keys()], reports: sent, waitMs: WAIT_MS }
      const given = await this.#post(asked, this.#poll.signal).catch(() => undefined)
      if (signal.aborted) return
      if (given) this.#take(given)
      else if (!this.#poll.signal.aborted) await sleep(20)
    }
  }

  #take(given: OrdersGiven): void {
    const { journal } = this.play.machine
    for (const [id, seq] of Object.entries(given.reported)) {
      const written = journal.get(id)
      if (written) written.reports = written.reports.filter((report) => report.seq > seq)
    }
    for (const id of given.ended) journal.delete(id)
    for (const id of given.withdrawn) {
      const written = journal.get(id)
      if (written) written.isWithdrawn = true
    }
    for (const order of given.orders) {
      if (journal.has(order.id)) continue
      const written = { order, seq: 0, reports: [], hasSwitched: false, isWithdrawn: false }
      journal.set(order.id, written)
      this.#begin(written)
    }
  }

  #begin(written: Written): void {
    const work = this.#carryOut(written).catch((error) => {
      if (!(error instanceof Died)) throw error
      this.#ending.abort()
      this.#poll?.abort()
    })
    this.#work.add(work)
    void work.finally(() => this.#work.delete(work))
  }

  async #carryOut(written: Written): Promise<void> {
    const { order } = written
    const { machine } = this.play
    try {
      if (order.kind === 'pull') {
        const image = await this.#step(written, 'pull', () => this.#image(order.image))
        this.#end(written, { kind: 'done', image })
      } else if (order.kind === 'remove') {
        await this.#step(written, 'stop', () => this.#clear(order.app, order.environment, order.slot))
        this.#end(written, { kind: 'done' })
      } else await this.#replace(written, order.spec)
    } catch (error) {
      if (error instanceof Died) throw error
      for (const [id, container] of machine.containers)
        if (container.order === order.id) machine.containers.delete(id)
      const code = (error as Error).message
      this.#tell(written, { state: 'failed', ...(written.step ? { step: written.step } : {}), text: code })
      this.#end(written, { kind: 'undone', code })
    }
  }

  async #replace(written: Written, spec: InstanceSpec): Promise<void> {
    const { machine, isHealthy = () => true } = this.play
    const id = written.order.id
    let image: ImageFound | undefined
    if (!written.hasSwitched) {
      image = await this.#step(written, 'pull', () => this.#image(spec.image))
      await this.#step(written, 'create', () => {
        const own = [...machine.containers.values()]
        const taken = own.some((one) => one.order !== id && one.spec.port === spec.port)
        if (taken || machine.strangers.has(spec.port)) throw new Error('DRIFTLOG_PORT_TAKEN')
        if (own.some((one) => one.order === id)) return
        machine.made++
        machine.containers.set(`c${machine.made}-${id}`, { id: `c${machine.made}-${id}`, order: id, spec })
      })
      await this.#step(written, 'start', () => undefined)
      await this.#step(written, 'check', () => {
        if (!isHealthy(spec)) throw new Error('DRIFTLOG_UNHEALTHY')
      })
      await this.#step(written, 'switch', () => {
        written.hasSwitched = true
      })
    }
    await this.#step(written, 'stop', () => this.#clear(spec.app, spec.environment, spec.slot, id))
    const own = [...machine.containers.values()].find((one) => one.order === id)
    this.#end(written, { kind: 'done', ...(own ? { container: own.id } : {}), ...(image ? { image } : {}) })
  }

  async #step<T>(written: Written, step: Step, act: () => T): Promise<T> {
    const { fault } = this.play
    written.step = step
    this.#tell(written, { step, state: 'begun' })
    const wrong = fault?.(written.order, step)
    if (wrong === 'die') throw new Died()
    if (wrong === 'hang') await sleep(1e9, undefined, { signal: this.#ending.signal }).catch(() => undefined)
    await sleep(1, undefined, { signal: this.#ending.signal }).catch(() => undefined)
    if (this.#ending.signal.aborted) throw new Died()
    if (wrong === 'fail') throw new Error('DRIFTLOG_ENGINE')
    if (written.isWithdrawn && !written.hasSwitched) throw new Error('DRIFTLOG_WITHDRAWN')
    const result = act()
    this.#tell(written, { step, state: 'done' })
    return result
  }

  #image({ reference, digest, imageId }: ImageAsked): ImageFound {
    const { registry } = this.play
    const known = digest ?? imageId ?? registry.get(reference)
    if (known === undefined || ![...registry.values()].includes(known)) throw new Error('DRIFTLOG_IMAGE')
    return { reference, digest: known, imageId: known }
  }

  #clear(app: string, environment: string, slot: number, keep?: string): void {
    const { containers } = this.play.machine
    for (const [id, { spec, order }] of containers) {
      if (order === keep || spec.app !== app || spec.environment !== environment) continue
      if (spec.slot === slot) containers.delete(id)
    }
  }

  #tell(written: Written, report: Pick<Report, 'state'> & Partial<Report>): void {
    written.seq++
    written.reports.push({ order: written.order.id, seq: written.seq, atMs: Date.now(), ...report })
    // Whoever waits for orders asks again with what there is to tell.
    this.#poll?.abort()
  }

  #end(written: Written, end: OrderEnd): void {
    written.end = end
    this.#tell(written, { state: 'ended', end })
  }

  #post(asked: OrdersAsked, signal: AbortSignal): Promise<OrdersGiven> {
    const { url, key } = this.play
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
      const call = request(
        `${url}/agent/v1/orders`,
        { method: 'POST', headers, agent: this.#http, signal },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (part) => {
            text += part
          })
          response.on('error', reject)
          response.on('end', () =>
            response.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text))
          )
        }
      )
      call.on('error', reject)
      call.end(JSON.stringify(asked))
    })
  }
}
