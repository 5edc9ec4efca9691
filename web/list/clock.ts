/** Times of rows: many, so the zone's offset is asked once per quarter of an hour and the rest is arithmetic. */
import { offsetMs, offsetText } from '../time/zone.ts'

/** Offsets change on quarters of an hour. */
const QUARTER_MS = 900_000

export class Clock {
  readonly zone: string
  readonly #offsets = new Map<number, number>()

  constructor(zone: string) {
    this.zone = zone
  }

  /** `11:02:41.118` */
  time(time: string): string {
    return this.#wall(time).toISOString().slice(11, 23)
  }

  /** `11:02:41` */
  second(time: string): string {
    return this.#wall(time).toISOString().slice(11, 19)
  }

  /** `2026-11-22` */
  day(time: string): string {
    return this.#wall(time).toISOString().slice(0, 10)
  }

  /** `2026-11-22 11:02:41.118204557 +02:00`: every digit that is known. */
  full(time: string): string {
    const digits = /\.(\d+)/.exec(time)?.[1] ?? '000'
    return `${this.day(time)} ${this.second(time)}.${digits} ${offsetText(Date.parse(time), this.zone)}`
  }

  /** Hour and minute, with the day where it is not `now`'s. */
  short(time: string, now: string): string {
    const clock = this.time(time).slice(0, 5)
    return this.day(time) === this.day(now) ? clock : `${this.day(time)} ${clock}`
  }

  #wall(time: string): Date {
    const ms = Date.parse(time)
    const quarter = Math.floor(ms / QUARTER_MS)
    let offset = this.#offsets.get(quarter)
    if (offset === undefined) {
      offset = offsetMs(ms, this.zone)
      this.#offsets.set(quarter, offset)
    }
    return new Date(ms + offset)
  }
}
