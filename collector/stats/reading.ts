/** Reads many things of a shelf, some at a time, and lets others have their turn meanwhile. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Logger } from 'pino'
import { decodeEntry } from './journal.ts'
import type { Row, Sample } from './rows.ts'
import { decoded } from './seal.ts'
import type { Shelf } from './shelf.ts'
import { blockKey, type Tier } from './tiers.ts'

/** `fromMs` ≤ time < `toMs` */
export interface Range {
  fromMs: number
  toMs: number
}

/** Blocks or entries that are decoded before others get their turn. */
const AT_ONCE = 8
/** Those that are read together. */
const BLOCKS_AT_ONCE = 200
const ENTRIES_AT_ONCE = 64

/** Entries that are gone are left out. */
export async function* entriesOf(
  shelf: Shelf,
  keys: readonly string[]
): AsyncGenerator<[key: string, samples: Sample[]]> {
  for (let at = 0; at < keys.length; at += ENTRIES_AT_ONCE) {
    const some = keys.slice(at, at + ENTRIES_AT_ONCE)
    const values = await shelf.read(some)
    for (const [i, key] of some.entries()) {
      const bytes = values[i]
      if (bytes) yield [key, decodeEntry(bytes)]
      if (i % AT_ONCE === AT_ONCE - 1) await turn()
    }
  }
}

/** Rows of all blocks of the subject that may lie in the range. Blocks that can't be read are told, and left out. */
export async function rowsOfBlocks(
  { shelf, log }: { shelf: Shelf; log: Pick<Logger, 'warn'> },
  tier: Tier,
  subject: string,
  { fromMs, toMs }: Range
): Promise<Row[]> {
  const keys: string[] = []
  for (let atMs = Math.floor(fromMs / tier.blockMs) * tier.blockMs; atMs < toMs; atMs += tier.blockMs)
    keys.push(blockKey(tier, atMs, subject))
  const rows: Row[] = []
  for (let at = 0; at < keys.length; at += BLOCKS_AT_ONCE) {
    const some = keys.slice(at, at + BLOCKS_AT_ONCE)
    const blocks = await shelf.read(some)
    for (const [i, key] of some.entries()) {
      for (const row of decoded(blocks[i], { key, tier, log })) rows.push(row)
      if (i % AT_ONCE === AT_ONCE - 1) await turn()
    }
  }
  return rows
}
