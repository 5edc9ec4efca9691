/** What was parsed of a chunk, as the store takes it. */
import type { Labels } from './handling.ts'
import type { Parsed } from './parse/pool.ts'
import type { Batch, Origin } from './record.ts'
import { setBack } from './set-back.ts'
import type { Generation } from './streams.ts'

interface Around {
  origin: Origin
  labels: Labels
  receivedMs: number
  /** How far the host's clock is ahead of the hub's. */
  aheadMs: number
}

/** Where the parser stands now is written into the generation. */
export function advance(
  generation: Generation,
  { next, committed, stored, waitMs }: Parsed,
  nowMs: number
): void {
  generation.next = next
  generation.committed = committed
  generation.stored = stored
  if (waitMs > 0) generation.openUntilMs = nowMs + waitMs
  else delete generation.openUntilMs
}

/** The times of the records are set back by the host's clock; the generation remembers how far that went. */
export function batchOf(generation: Generation, { records }: Parsed, around: Around): Batch {
  const { origin, labels, receivedMs, aheadMs } = around
  const { generation: id, number, file, committed, stored, ended } = generation
  generation.clock = setBack(records, generation.clock, aheadMs)
  const state = { generation: id, number, file, committed, stored, ended }
  return { origin, state, receivedMs, records, labels }
}

export function withTerm(batches: Batch[], term: number | undefined): Batch[] {
  return term === undefined ? batches : batches.map((batch) => ({ ...batch, term }))
}
