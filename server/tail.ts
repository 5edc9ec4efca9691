import type { Arrival } from '../collector/store/store.ts'
import { recordJson } from './records.ts'
import type { EventStream } from './sse.ts'
import { formatTime } from './times.ts'

/** Records of one event. */
const BATCH_RECORDS = 500
/** Records are gathered for at most this long. */
const GATHER_MS = 100

type Records = Extract<Arrival, { kind: 'records' }>

/**
 * One live tail. Records are gathered into events; after a quiet time the first one goes out at once. Nobody
 * waits for a client that does not keep up: it is not read for, and the store leaves lines out and says so.
 */
export class Tail {
  readonly #stream: EventStream
  readonly #beatData: () => unknown
  #waiting: Records[] = []
  #count = 0
  /** Nothing that matches stands between what was sent or waits and here. */
  #cursor: string | undefined
  #timer: NodeJS.Timeout | undefined
  #sentMs = Number.NEGATIVE_INFINITY

  constructor(stream: EventStream, beatData: () => unknown) {
    this.#stream = stream
    this.#beatData = beatData
  }

  /** Sends what arrives until it ends, or until the signal says that the client is gone. */
  async run(arrivals: AsyncIterable<Arrival>, signal: AbortSignal): Promise<void> {
    try {
      for await (const arrival of arrivals) {
        this.#take(arrival)
        await this.#stream.drained(signal)
      }
    } finally {
      this.#flush()
    }
  }

  /** Something that has no place among the arrivals. It goes out behind the records that wait. */
  send(event: string, data: unknown): void {
    this.#flush()
    this.#stream.send(event, data)
  }

  /** Tells that the hub is there, and gives the client the place that was reached. */
  beat(): void {
    this.#flush()
    this.#stream.send('beat', this.#beatData(), this.#cursor)
  }

  #take(arrival: Arrival): void {
    switch (arrival.kind) {
      case 'records':
        this.#gather(arrival)
        break
      case 'beat': {
        const first = this.#cursor === undefined
        this.#cursor = arrival.cursor
        // A stream that is cut before its first line must know where it stood.
        if (first) this.beat()
        break
      }
      case 'skipped': {
        const { count, from, to, cursor } = arrival
        this.#flush()
        this.#cursor = cursor
        this.#stream.send('skipped', { count, from: formatTime(from), to: formatTime(to) }, cursor)
        break
      }
      case 'reset':
        this.#flush()
        this.#cursor = arrival.cursor
        this.#stream.send('reset', {}, arrival.cursor)
        break
      default:
        arrival satisfies never
    }
  }

  #gather(arrival: Records): void {
    if (this.#count + arrival.records.length > BATCH_RECORDS) this.#flush()
    this.#waiting.push(arrival)
    this.#count += arrival.records.length
    this.#cursor = arrival.cursor
    const waitMs = this.#sentMs + GATHER_MS - performance.now()
    if (waitMs <= 0 || this.#count >= BATCH_RECORDS) this.#flush()
    else this.#timer ??= setTimeout(() => this.#flush(), waitMs)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#count === 0) return
    const records = this.#waiting.flatMap((arrival) => arrival.records.map(recordJson))
    this.#waiting = []
    this.#count = 0
    this.#sentMs = performance.now()
    for (let from = 0; from < records.length; from += BATCH_RECORDS) {
      const part = records.slice(from, from + BATCH_RECORDS)
      // Only behind the last part is everything up to the cursor sent.
      const whole = from + BATCH_RECORDS >= records.length
      this.#stream.send('records', { records: part }, whole ? this.#cursor : undefined)
    }
  }
}
