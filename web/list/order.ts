/** The one order of records, as collector/record.ts has it, over what the API gives. */
import type { RecordJson } from '../../server/api/logs.ts'

export type Placed = Pick<RecordJson, 'id' | 'time' | 'instance' | 'generation' | 'offset'>

/** Times carry nine digits and a Z, so they compare as text. */
export function compareRecords(a: Placed, b: Placed): number {
  if (a.time !== b.time) return a.time < b.time ? -1 : 1
  if (a.instance !== b.instance) return a.instance < b.instance ? -1 : 1
  return streamOf(a) - streamOf(b) || a.generation - b.generation || a.offset - b.offset
}

function streamOf(record: Placed): number {
  return Number(record.id.split('.')[1])
}

/** Nanoseconds since 1970 of an RFC 3339 time in UTC with up to nine digits of a second. */
export function nanosOf(time: string): bigint {
  const fraction = /\.(\d{1,9})/.exec(time)?.[1] ?? ''
  const seconds = Date.parse(time.replace(/\.\d+/, '')) / 1000
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'))
}

/** The time as the API writes it: UTC, nine digits. */
export function timeOf(nanos: bigint): string {
  const second = nanos >= 0n ? nanos / 1_000_000_000n : (nanos - 999_999_999n) / 1_000_000_000n
  const rest = nanos - second * 1_000_000_000n
  const whole = new Date(Number(second) * 1000).toISOString().slice(0, 19)
  return `${whole}.${String(rest).padStart(9, '0')}Z`
}

/** `nanos` later (or earlier, when negative). */
export function shifted(time: string, nanos: bigint): string {
  return timeOf(nanosOf(time) + nanos)
}

/** Milliseconds between two times. */
export function msBetween(from: string, to: string): number {
  return Number((nanosOf(to) - nanosOf(from)) / 1_000_000n)
}

/** The cursor that names a record's place: the page after it begins strictly behind it. */
export function cursorOf(record: Placed): string {
  return `${nanosOf(record.time)}_${record.id}`
}
