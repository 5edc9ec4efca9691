/** The journal: what each delivery told of a host, one entry a delivery, until it is made into blocks. */
import type { Sample } from './rows.ts'
import { SAMPLES, timeKey } from './tiers.ts'

export interface Entry {
  host: string
  /** When the time of its first sample's block begins. */
  beginMs: number
}

const NUMBER_DIGITS = 12

/** Entries of a host stand in the order of their time. `hub` is of one hub alone, and `number` used once by it. */
export function entryKey(host: string, firstMs: number, hub: string, number: number): string {
  const beginMs = Math.floor(firstMs / SAMPLES.blockMs) * SAMPLES.blockMs
  return `${entriesBefore(host, beginMs)}${hub}/${String(number).padStart(NUMBER_DIGITS, '0')}`
}

/** Where the entries of a host end whose time begins before `beginMs`. */
export function entriesBefore(host: string, beginMs: number): string {
  return timeKey(`j/${host}`, beginMs)
}

/** Undefined where the key is none of an entry. */
export function entryOf(key: string): Entry | undefined {
  const [, host = '', begin] = /^j\/(.+)\/(\d{16})\/[^/]+\/\d+$/.exec(key) ?? []
  return begin === undefined ? undefined : { host, beginMs: Number(begin) }
}

export function encodeEntry(samples: readonly Sample[]): Buffer {
  return Buffer.from(JSON.stringify(samples))
}

export function decodeEntry(bytes: Uint8Array): Sample[] {
  return JSON.parse(Buffer.from(bytes).toString()) as Sample[]
}
