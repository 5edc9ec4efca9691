/**
 * The conversation with the hub: hello, positions, then deliveries, one in flight while the next is prepared.
 * The hub's word is always the truth about where a stream goes on; nothing here is remembered on disk.
 */
import type { Logger } from 'pino'
import type { Log, Pool } from '../files/log.ts'
import type { Metrics } from '../metrics.ts'
import type { Outbox } from '../outbox.ts'
import type { Hello, Position, Receipt, Welcome } from '../protocol.ts'
import { Asking, type Standing } from './asking.ts'
import { type Backoff, pause } from './backoff.ts'
import { type Compress, compressor } from './codec.ts'
import { Deliveries, type Prepared } from './delivery.ts'
import type { Hub, Packed } from './hub.ts'
import type { Outcome } from './outcome.ts'
import { type AskPositions, isUnplaced, isWaiting, placeAll } from './placing.ts'

export interface ShipperOptions {
  hub: Hub
  hello: () => Hello
  outbox: Outbox
  metrics: Metrics
  log: Logger
  streams: () => readonly Log[]
  pools: () => readonly Pool[]
  find: (container: string, stream: string) => Log | undefined
  /** Looks for new bytes, so that a delivery holds what is there now. */
  look: () => void
  /** Puts every known instance into the outbox: a session begins. */
  retell: () => void
  /** Gather at least this long between two deliveries, in ms, whatever the hub asks. */
  gatherMs: number
  backoff?: Backoff
}

/** On the end of the agent the hub gets this long to take the last bytes. */
const FAREWELL_MS = 2000
/** A hub that did not take anything for so long was away: what is new goes first then. */
const AWAY_MS = 3000
/** With less to send than this all of it is there at once, in its order. */
const FAR_BEHIND_BYTES = 4 * 1024 * 1024
/** So many answers in a row that name other positions are believed without a pause. */
const QUICK_REPOSITIONS = 3

interface Flight {
  prepared: Prepared
  startedMs: number
  outcome: Promise<Outcome<Receipt> | undefined>
}

type Landing = 'accepted' | 'repositioned' | 'session' | 'stopped'

export class Shipper {
  readonly #options: ShipperOptions
  readonly #stop: AbortSignal
  /** Fires when even the farewell has to end. */
  readonly #hardStop = new AbortController()
  readonly #asking: Asking
  #deliveries: Deliveries | undefined
  #compress: Compress = (body) => body
  #codec: Welcome['codec'] = 'identity'
  #gatherMs = 100
  #lastMs = 0
  #repositions = 0
  #woken = false
  #wake: (() => void) | undefined
  #again = false
  /** Logs were placed, or the hub was away: the newest lines are to be sent first. */
  #late = false

  constructor(options: ShipperOptions, signal: AbortSignal) {
    this.#options = options
    this.#stop = signal
    const { metrics, log, backoff } = options
    this.#asking = new Asking({ metrics, log, backoff }, signal)
    const end = () => setTimeout(() => this.#hardStop.abort(), FAREWELL_MS).unref()
    if (signal.aborted) this.#hardStop.abort()
    else signal.addEventListener('abort', end, { once: true })
  }

  get standing(): Standing {
    return this.#asking.standing
  }

  /** There is something to send. */
  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  /** What the agent says of its host has changed: the next session tells it. */
  greetAgain(): void {
    this.#again = true
    this.wake()
  }

  /** Ends when the signal is aborted; whatever the hub does, it goes on. */
  async run(): Promise<void> {
    while (!this.#stop.aborted) {
      const welcome = await this.#greet()
      if (!welcome) return
      for (const stream of this.#options.streams()) stream.placed = false
      for (const pool of this.#options.pools()) pool.placed = false
      this.#options.outbox.forget()
      this.#options.retell()
      await this.#session(welcome)
      this.standing.connected = false
    }
  }

  async #greet(): Promise<Welcome | undefined> {
    const { hub, hello, log, metrics, outbox } = this.#options
    this.#again = false
    const welcome = await this.#asking.insist(() => hub.hello(hello(), this.#hardStop.signal))
    if (!welcome) return undefined
    this.#codec = welcome.codec
    this.#compress = compressor(welcome.codec)
    this.#gatherMs = Math.max(welcome.gatherMs, this.#options.gatherMs)
    if (this.#deliveries?.maxBytes !== welcome.maxDeliveryBytes) {
      this.#deliveries = new Deliveries(outbox, welcome.maxDeliveryBytes)
    }
    metrics.sessions++
    const { host, codec, session } = welcome
    log.info({ host, codec, session }, 'connected to the hub')
    return welcome
  }

  /** Ends when the session does, or the agent. */
  async #session(welcome: Welcome): Promise<void> {
    const deliveries = this.#deliveries
    if (!deliveries) return
    let flight: Flight | undefined
    for (;;) {
      const unplaced = this.#options.streams().some(isUnplaced) || this.#options.pools().some(isWaiting)
      if (flight && (unplaced || this.#again || this.#stop.aborted)) {
        const landing = await this.#land(flight, deliveries)
        flight = undefined
        if (landing === 'session' || landing === 'stopped') return
      }
      if (this.#again && !this.#stop.aborted) return
      if (unplaced && !(await this.#place(welcome.session))) return
      this.#woken = false
      this.#options.look()
      if (this.#late) this.#jumpAhead()
      const quietMs = Date.now() - this.#lastMs
      const heartbeat = quietMs >= welcome.heartbeatMs * 0.8
      const prepared = await deliveries.prepare(
        welcome.session,
        this.#options.streams(),
        heartbeat && !flight,
        this.#options.hub.clockOffsetMs
      )
      if (flight) {
        const landing = await this.#land(flight, deliveries)
        flight = undefined
        if (landing !== 'accepted') {
          if (prepared) deliveries.undo(prepared)
          if (landing === 'repositioned') continue
          return
        }
      }
      if (!prepared) {
        if (this.#stop.aborted) return
        await this.#quiet(welcome.heartbeatMs * 0.8 - quietMs)
        continue
      }
      flight = this.#launch(prepared)
      if (prepared.full) continue
      const { startedMs } = flight
      const landing = await this.#land(flight, deliveries)
      flight = undefined
      if (landing === 'session' || landing === 'stopped') return
      await pause(this.#gatherMs - (Date.now() - startedMs), this.#stop)
    }
  }

  #jumpAhead(): void {
    this.#late = false
    const streams = this.#options.streams()
    const behindBytes = streams.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0)
    if (behindBytes < FAR_BEHIND_BYTES) return
    for (const stream of streams) stream.jumpAhead()
    this.#options.log.info({ behindBytes }, 'far behind, the newest lines go first')
  }

  #launch(prepared: Prepared): Flight {
    this.#lastMs = Date.now()
    const outcome = this.#deliver(prepared).catch((error: Error) => {
      return { kind: 'refused', code: 'DRIFTLOG_CODEC', message: error.message, status: 0 } as const
    })
    return { prepared, startedMs: this.#lastMs, outcome }
  }

  /** The same bytes again and again until there is an answer: a lost acknowledgement shows as a position. */
  async #deliver({ body }: Prepared): Promise<Outcome<Receipt> | undefined> {
    const packed: Packed = {
      codec: this.#codec,
      body: await this.#compress(body),
      bytes: body.length
    }
    const outcome = await this.#asking.untilAnswered(() =>
      this.#options.hub.deliver(packed, this.#hardStop.signal)
    )
    if (outcome?.kind === 'accepted') this.#options.metrics.wireBytes += packed.body.length
    return outcome
  }

  async #land({ prepared, startedMs, outcome }: Flight, deliveries: Deliveries): Promise<Landing> {
    const { metrics } = this.#options
    const result = await outcome
    this.#lastMs = Date.now()
    if (this.#lastMs - startedMs >= AWAY_MS) this.#late = true
    if (result?.kind === 'accepted') {
      metrics.deliveries++
      metrics.deliveredBytes += prepared.bytes
      metrics.lastReceiptMs = this.#lastMs
      this.#repositions = 0
      this.#gatherMs = Math.max(result.value.gatherMs, this.#options.gatherMs)
      if (this.#accept(prepared, result.value.positions)) return 'accepted'
      for (const { section } of prepared.parts) section.rollBack()
      return 'repositioned'
    }
    deliveries.undo(prepared)
    if (result === undefined) return 'stopped'
    if (result.kind !== 'position') {
      if (result.kind === 'refused') await this.#asking.refused(result.code, result.message)
      return 'session'
    }
    metrics.repositions++
    this.#follow(result.positions)
    if (++this.#repositions > QUICK_REPOSITIONS)
      await pause(Math.min(this.#repositions * 100, 5000), this.#stop)
    return 'repositioned'
  }

  /** False where the hub stands elsewhere than the delivery led. */
  #accept(prepared: Prepared, positions: readonly Position[]): boolean {
    for (const { section, chunk } of prepared.parts) section.next = chunk.offset + chunk.bytes
    const ends = new Map(prepared.parts.map(({ section }) => [section, section.next]))
    const streams = new Set(prepared.parts.map(({ stream }) => stream))
    for (const position of positions) {
      const stream = this.#options.find(position.container, position.stream)
      stream?.find(position.generation)?.section.accept(position)
      if (stream) streams.add(stream)
    }
    for (const stream of streams) stream.settle()
    return [...ends].every(([section, next]) => section.next === next)
  }

  /** Everything goes on from where the hub says; where it is ahead of the file, the stream is placed anew. */
  #follow(positions: readonly Position[]): void {
    for (const position of positions) {
      const stream = this.#options.find(position.container, position.stream)
      const place = stream?.find(position.generation)
      if (!stream || !place) continue
      const { generation, section } = place
      section.follow(position)
      if (section.from + position.next > generation.fileBytes) (stream.pool ?? stream).placed = false
      stream.settle()
    }
  }

  /** Asks where the unplaced streams stand. False: the session or the agent has ended. */
  async #place(session: string): Promise<boolean> {
    const { streams, pools, hub, log } = this.#options
    const ask: AskPositions = async (asked) => {
      const question = { ...asked, session }
      const outcome = await this.#asking.untilAnswered(() => hub.positions(question, this.#hardStop.signal))
      if (outcome?.kind === 'refused') await this.#asking.refused(outcome.code, outcome.message)
      return outcome?.kind === 'accepted' ? outcome.value.positions : undefined
    }
    // What is found by a new session, or in a container that is new to this agent, may be much.
    this.#late = true
    return placeAll({ streams, pools, ask, log })
  }

  /** Until there is something to send, or a heartbeat is due. */
  #quiet(ms: number): Promise<void> {
    if (this.#woken || this.#stop.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#stop.removeEventListener('abort', end)
        this.#wake = undefined
        resolve()
      }
      const timer = setTimeout(end, Math.max(10, ms))
      this.#wake = end
      this.#stop.addEventListener('abort', end, { once: true })
    })
  }
}
