/**
 * Values on their way to Zabbix, in packets of one host, oldest first. While Zabbix is away they wait, as many as there is
 * room for; the oldest go first, and are counted. A packet of which Zabbix did not take all is sent again for a while: a new
 * item is known to it a minute after it was made. What it took right before it went away is sent again, too: a server that
 * ends loses what it has only queued. Sent again, a value is the same value: it has its time.
 */
import type { Taken, Value } from './sender.ts'

export interface Packet {
  host: string
  values: readonly Value[]
  /** When they were read. */
  atMs: number
}

export interface OutboxOptions {
  mostValues: number
  /** What was taken in this time before Zabbix went away is sent again. */
  doubtMs: number
  /** So long a packet is sent again of which something was not taken. */
  retryMs: number
  send: (values: readonly Value[]) => Promise<Taken>
  nowMs: () => number
}

export class Outbox {
  readonly #options: OutboxOptions
  #waiting: Packet[] = []
  /** Taken a moment ago. */
  #doubtful: { packet: Packet; takenMs: number }[] = []
  /** Values since the start: taken by Zabbix (again, some of them), not taken for long, given up for want of room. */
  readonly counts = { sent: 0, refused: 0, dropped: 0 }

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.reduce((sum, { values }) => sum + values.length, 0)
  }

  push(packets: readonly Packet[]): void {
    this.#waiting.push(...packets.filter(({ values }) => values.length > 0))
    for (let over = this.waiting - this.#options.mostValues; over > 0; ) {
      const oldest = this.#waiting.shift()
      if (!oldest) return
      over -= oldest.values.length
      this.counts.dropped += oldest.values.length
    }
  }

  /** Sends what waits. Rejects where Zabbix is away: what was not sent by then waits on. */
  async drain(signal: AbortSignal): Promise<void> {
    const { send, nowMs, retryMs, doubtMs } = this.#options
    this.#doubtful = this.#doubtful.filter(({ takenMs }) => takenMs >= nowMs() - doubtMs)
    const packets = this.#waiting
    const again: Packet[] = []
    this.#waiting = []
    let at = 0
    try {
      for (; at < packets.length && !signal.aborted; at++) {
        const packet = packets[at] as Packet
        const { processed, failed } = await send(packet.values)
        if (failed === 0) {
          this.counts.sent += processed
          this.#doubtful.push({ packet, takenMs: nowMs() })
        } else if (nowMs() - packet.atMs < retryMs) again.push(packet)
        else {
          this.counts.sent += processed
          this.counts.refused += failed
        }
      }
    } catch (error) {
      again.unshift(...this.#doubtful.map(({ packet }) => packet))
      this.#doubtful = []
      throw error
    } finally {
      this.#waiting = [...again, ...packets.slice(at), ...this.#waiting]
    }
  }
}
