/** Puts a delivery together: u32 length of the head, the head as JSON, the chunks' bytes, in one buffer. */
import type { Log } from '../files/log.ts'
import type { Outbox, Telling } from '../outbox.ts'
import type { Delivery } from '../protocol.ts'
import { type Batch, Batcher, type Part, partsBytes } from './batch.ts'

export interface Prepared {
  /** Not compressed. Valid until the buffer's turn comes again. */
  body: Buffer
  parts: Part[]
  telling: Telling
  /** Bytes of log in it. */
  bytes: number
  /** There was more than fitted in: the next one need not wait. */
  full: boolean
}

/** JSON of what stands in every head, and of losses that are met while it is filled beside those of its chunks. */
const HEAD_BYTES = 4096
const SMALLEST_BYTES = 256 * 1024

export class Deliveries {
  /** As the hub asked for. */
  readonly maxBytes: number
  readonly #buffers: readonly [Buffer, Buffer]
  readonly #batcher = new Batcher()
  readonly #outbox: Outbox
  #turn: 0 | 1 = 0

  /** Two buffers: one is on its way while the other is filled. */
  constructor(outbox: Outbox, maxBytes: number) {
    const bytes = Math.max(SMALLEST_BYTES, maxBytes)
    this.#outbox = outbox
    this.maxBytes = maxBytes
    this.#buffers = [Buffer.allocUnsafeSlow(bytes), Buffer.allocUnsafeSlow(bytes)]
  }

  /** Undefined where there is nothing to say; `heartbeat` makes an empty one then. */
  async prepare(
    session: string,
    streams: readonly Log[],
    heartbeat: boolean,
    clockOffsetMs?: number
  ): Promise<Prepared | undefined> {
    const buffer = this.#buffers[this.#turn]
    const telling = this.#outbox.take(buffer.length / 4)
    const told = JSON.stringify(telling)
    // The head's room is kept in front of the bytes: what is told, and what the chunks and their losses take.
    const headBytes = Math.min(buffer.length / 8, partsBytes(streams))
    const start = HEAD_BYTES + Buffer.byteLength(told) + headBytes
    const mayShip = ({ container }: Log) => this.#outbox.told(container)
    const batch: Batch =
      start + SMALLEST_BYTES / 4 > buffer.length
        ? { parts: [], bytes: 0, headBytes: 0, full: true }
        : await this.#batcher.fill(streams, { space: buffer.subarray(start), headBytes }, mayShip)
    // Filling may have met losses: they go with the end of their file, so that neither is known without the other.
    telling.losses.push(...this.#outbox.takeLosses(telling.losses.length))
    const { stats, statsDropped } = telling
    const nothing = batch.parts.length === 0 && telling.losses.length === 0 && stats.length === 0
    if (nothing && statsDropped === 0 && telling.events.length === 0 && !telling.present && !heartbeat)
      return undefined
    this.#turn = this.#turn === 0 ? 1 : 0
    const head: Delivery = {
      session,
      events: telling.events,
      ...(telling.present && { present: telling.present }),
      chunks: batch.parts.map(({ chunk }) => chunk),
      losses: telling.losses,
      ...(stats.length > 0 && { stats }),
      ...(statsDropped > 0 && { statsDropped }),
      ...(clockOffsetMs !== undefined && { clockOffsetMs }),
      behindBytes: streams.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0)
    }
    const { parts, bytes, full } = batch
    return { body: join(head, buffer, start, bytes), parts, telling, bytes, full }
  }

  /** A delivery was not accepted, or is not to be sent any more: all of it will be prepared again. */
  undo(prepared: Prepared): void {
    for (const { section } of prepared.parts) section.rollBack()
    this.#outbox.giveBack(prepared.telling)
  }
}

/** The head goes right before the bytes; where it is longer than expected, both are copied. */
function join(head: Delivery, buffer: Buffer, start: number, bytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const from = start - json.length - 4
  if (from < 0) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(json.length)
    return Buffer.concat([length, json, buffer.subarray(start, start + bytes)])
  }
  buffer.writeUInt32LE(json.length, from)
  json.copy(buffer, from + 4)
  return buffer.subarray(from, start + bytes)
}
