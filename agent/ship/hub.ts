/** The hub in the words of the protocol. */

import { Clock } from '../clock.ts'
import type {
  Codec,
  Enrol,
  Enrolled,
  Hello,
  Positions,
  PositionsAsked,
  Receipt,
  Welcome
} from '../protocol.ts'
import type { OrdersAsked, OrdersGiven } from '../protocol-orders.ts'
import { Connection } from './http.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { type Trust, TrustError } from './trust.ts'

/** The version of the protocol that this agent speaks; protocol.ts states the same. */
export const PROTOCOL = 1
const DELIVERY_TYPE = 'application/vnd.driftlog.delivery'
const ASK_DEADLINE_MS = 10_000
const DELIVER_DEADLINE_MS = 20_000

export interface Packed {
  codec: Codec
  body: Buffer
  /** Length before compression. */
  bytes: number
}

export class Hub {
  readonly #connection: Connection
  readonly #clock = new Clock()
  #key = ''

  constructor(url: URL, trust: Trust = {}) {
    this.#connection = new Connection(url, trust)
  }

  /** This host's clock minus the hub's, in ms; undefined before the first answer. */
  get clockOffsetMs(): number | undefined {
    return this.#clock.offsetMs
  }

  /** Every later request carries it. */
  use(key: string): void {
    this.#key = key
  }

  enrol(enrol: Enrol, signal: AbortSignal): Promise<Outcome<Enrolled>> {
    return this.#ask('/agent/v1/enrol', enrol, signal)
  }

  hello(hello: Hello, signal: AbortSignal): Promise<Outcome<Welcome>> {
    return this.#ask('/agent/v1/hello', hello, signal)
  }

  positions(asked: PositionsAsked, signal: AbortSignal): Promise<Outcome<Positions>> {
    return this.#ask('/agent/v1/positions', asked, signal)
  }

  /** Answered at once where there is something new, else after `asked.waitMs`. */
  orders(asked: OrdersAsked, signal: AbortSignal): Promise<Outcome<OrdersGiven>> {
    return this.#ask('/agent/v1/orders', asked, signal, asked.waitMs + ASK_DEADLINE_MS)
  }

  deliver({ codec, body, bytes }: Packed, signal: AbortSignal): Promise<Outcome<Receipt>> {
    const headers = {
      'content-type': DELIVERY_TYPE,
      'driftlog-length': bytes,
      ...(codec !== 'identity' && { 'content-encoding': codec })
    }
    return this.#post('/agent/v1/deliver', headers, body, DELIVER_DEADLINE_MS, signal)
  }

  close(): void {
    this.#connection.close()
  }

  #ask<T>(
    path: string,
    value: object,
    signal: AbortSignal,
    deadlineMs = ASK_DEADLINE_MS
  ): Promise<Outcome<T>> {
    const body = Buffer.from(JSON.stringify(value))
    return this.#post(path, { 'content-type': 'application/json' }, body, deadlineMs, signal)
  }

  async #post<T>(
    path: string,
    headers: Record<string, string | number>,
    body: Buffer,
    deadlineMs: number,
    signal: AbortSignal
  ): Promise<Outcome<T>> {
    const authorization = this.#key === '' ? {} : { authorization: `Bearer ${this.#key}` }
    try {
      const all = { ...headers, ...authorization }
      const sentMs = Date.now()
      const reply = await this.#connection.post({ path, headers: all, body, deadlineMs, signal })
      const receivedMs = Date.now()
      const outcome = outcomeOf<T>(reply)
      const { hubMs, tookMs } =
        outcome.kind === 'accepted' ? (outcome.value as { hubMs?: unknown; tookMs?: unknown }) : {}
      const answered = { sentMs, receivedMs, ...(typeof tookMs === 'number' && { tookMs }) }
      if (typeof hubMs === 'number') this.#clock.add({ ...answered, hubMs })
      return outcome
    } catch (error) {
      if (error instanceof TrustError)
        return { kind: 'refused', code: error.code, message: error.message, status: 0 }
      return { kind: 'retry', reason: reasonOf(error as Error), afterMs: undefined }
    }
  }
}

/** Where several addresses were tried (IPv6 and IPv4), Node's error has no message of its own. */
function reasonOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one: Error) => one.message).join('; ')
  return error.message
}
