/**
 * Following: each shard numbers what is written to it, so a place in the order of arrival is a number for each shard.
 * What lies up to a shard's checkpoint is there for good on all copies, and found once it was refreshed: between two
 * checkpoints nothing is passed over and nothing comes twice, on whichever hub one asks.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { Client } from '@elastic/elasticsearch'
import { matcher } from '../../query/match.ts'
import type { LogRecord } from '../../record.ts'
import type { Arrival, FollowAsked } from '../store.ts'
import { refresh } from './cluster.ts'
import { READ_BACK } from './document.ts'
import { ALL_RECORDS } from './names.ts'
import { narrow } from './narrow.ts'
import type { Hit, Reader } from './question.ts'
import { recordsOf } from './search.ts'

/** At most this many records in one arrival. */
const ARRIVAL_RECORDS = 500
/** Records that are read of one shard at once. */
const ROUND_RECORDS = 2000
const CURSOR_LIMIT = 64 * 1024

/** By `<index>#<shard>`: everything up to this number has arrived. */
export type Checkpoints = ReadonlyMap<string, number>

/** Tells followers how far the shards are; asks the cluster only while somebody follows, once for all. */
export class Pulse {
  readonly #client: Client
  readonly #everyMs: number
  #asking: Promise<Checkpoints> | undefined
  #askedMs = Number.NEGATIVE_INFINITY

  constructor(client: Client, everyMs: number) {
    this.#client = client
    this.#everyMs = everyMs
  }

  /** The next look at the shards: at most one in each interval. */
  async next(signal: AbortSignal): Promise<Checkpoints> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    const checkpoints = await this.#asking
    signal.throwIfAborted()
    return checkpoints
  }

  async #ask(): Promise<Checkpoints> {
    const waitMs = this.#askedMs + this.#everyMs - performance.now()
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
    this.#askedMs = performance.now()
    return checkpointsOf(this.#client)
  }
}

interface ShardStats {
  routing: { primary: boolean }
  seq_no?: { global_checkpoint: number }
}

/** How far each shard is now; nothing is refreshed yet. */
export async function checkpointsOf(client: Client, index = ALL_RECORDS): Promise<Checkpoints> {
  const { indices = {} } = await client.indices.stats({
    ...{ index, level: 'shards', metric: 'docs' },
    filter_path: 'indices.*.shards.*.routing.primary,indices.*.shards.*.seq_no.global_checkpoint'
  })
  const checkpoints = new Map<string, number>()
  for (const [name, { shards = {} }] of Object.entries(indices)) {
    for (const [shard, copies] of Object.entries(shards as unknown as Record<string, ShardStats[]>)) {
      const primary = copies.find(({ routing }) => routing.primary)
      checkpoints.set(`${name}#${shard}`, primary?.seq_no?.global_checkpoint ?? -1)
    }
  }
  return checkpoints
}

export async function* follow(
  reader: Reader,
  pulse: Pulse,
  asked: FollowAsked,
  signal: AbortSignal
): AsyncGenerator<Arrival, void> {
  const matches = matcher(asked.where)
  const resumed = asked.after === undefined ? undefined : readArrivals(asked.after)
  const reached = new Map(resumed ?? (await checkpointsOf(reader.client)))
  const isReset = asked.after !== undefined && !resumed
  yield { kind: isReset ? 'reset' : 'beat', cursor: arrivalCursor(reached) }
  while (!signal.aborted) {
    let checkpoints: Checkpoints
    try {
      checkpoints = await pulse.next(signal)
    } catch (error) {
      if (signal.aborted) return
      throw error
    }
    yield* catchUp(reader, asked, matches, { reached, checkpoints, signal })
  }
}

interface Round {
  /** Moved on as records are given. */
  reached: Map<string, number>
  checkpoints: Checkpoints
  signal: AbortSignal
}

async function* catchUp(
  reader: Reader,
  { where }: FollowAsked,
  matches: (record: LogRecord) => boolean,
  { reached, checkpoints, signal }: Round
): AsyncGenerator<Arrival, void> {
  // An index that was deleted and made anew counts from the beginning.
  for (const [shard, checkpoint] of checkpoints)
    if ((reached.get(shard) ?? -1) > checkpoint) reached.delete(shard)
  for (const shard of reached.keys()) if (!checkpoints.has(shard)) reached.delete(shard)
  const moved = [...checkpoints].filter(([shard, checkpoint]) => checkpoint > (reached.get(shard) ?? -1))
  if (moved.length === 0) return
  const indices = [...new Set(moved.map(([shard]) => shard.split('#')[0] ?? ''))]
  await refresh(reader.client, indices)
  const query = narrow(where, await reader.origins.all()).query
  let left = moved
  while (left.length > 0 && !signal.aborted) {
    const rounds = await Promise.all(
      left.map(async ([shard, checkpoint]) => {
        const arrivals = await arrivalsOf(reader, query, shard, reached.get(shard) ?? -1, checkpoint)
        return { shard, checkpoint, ...arrivals }
      })
    )
    const inOrder = rounds.flatMap(({ shard, found }) => found.map((arrived) => ({ ...arrived, shard })))
    inOrder.sort((a, b) => a.arrival - b.arrival)
    // Within a shard its own numbers decide, whatever two hubs' clocks say.
    const queues = new Map(rounds.map(({ shard, found }) => [shard, found[Symbol.iterator]()]))
    let records: LogRecord[] = []
    for (const { shard } of inOrder) {
      const arrived = queues.get(shard)?.next().value
      if (!arrived) continue
      reached.set(shard, arrived.number)
      if (matches(arrived.record)) records.push(arrived.record)
      if (records.length < ARRIVAL_RECORDS) continue
      yield { kind: 'records', records, cursor: arrivalCursor(reached) }
      records = []
      if (signal.aborted) return
    }
    for (const { shard, checkpoint, isWhole } of rounds) if (isWhole) reached.set(shard, checkpoint)
    const cursor = arrivalCursor(reached)
    if (records.length > 0) yield { kind: 'records', records, cursor }
    left = rounds.filter(({ isWhole }) => !isWhole).map(({ shard, checkpoint }) => [shard, checkpoint])
  }
  if (!signal.aborted) yield { kind: 'beat', cursor: arrivalCursor(reached) }
}

interface Arrived {
  /** The shard's own number. */
  number: number
  arrival: number
  record: LogRecord
}

/** `isWhole`: there is nothing more up to the checkpoint. */
async function arrivalsOf(
  reader: Reader,
  query: Readonly<Record<string, unknown>>,
  shard: string,
  from: number,
  to: number
): Promise<{ found: Arrived[]; isWhole: boolean }> {
  const [index = '', number = '0'] = shard.split('#')
  const { hits } = (await reader.client.search({
    ...{ index, preference: `_shards:${number}`, ignore_unavailable: true, size: ROUND_RECORDS },
    // What a shard can't give now would be passed over for good.
    allow_partial_search_results: false,
    ...{ track_total_hits: false, seq_no_primary_term: true, sort: [{ _seq_no: 'asc' }] },
    query: { bool: { filter: [query, { range: { _seq_no: { gt: from, lte: to } } }] } },
    _source: [...READ_BACK, 'driftlog.arrival']
  } as never)) as unknown as { hits: { hits: (Hit & { _seq_no: number })[] } }
  const records = await recordsOf(reader, hits.hits)
  const known = hits.hits.filter(({ _source }) => reader.origins.get(_source.driftlog.origin))
  const found = known.map(({ _seq_no, _source }, i) => ({
    number: _seq_no,
    arrival: Number((_source.driftlog as { arrival?: string }).arrival ?? 0),
    record: records[i] as LogRecord
  }))
  return { found, isWhole: hits.hits.length < ROUND_RECORDS }
}

/** The place as a text: what it says is for this engine alone. */
export function arrivalCursor(reached: ReadonlyMap<string, number>): string {
  const text = JSON.stringify([...reached].sort(([a], [b]) => (a < b ? -1 : 1)))
  return `e-${deflateRawSync(text).toString('base64url')}`
}

/** Undefined where the text is no such place. */
export function readArrivals(cursor: string): Map<string, number> | undefined {
  if (!cursor.startsWith('e-') || cursor.length > CURSOR_LIMIT) return undefined
  try {
    const bytes = inflateRawSync(Buffer.from(cursor.slice(2), 'base64url'), { maxOutputLength: 4 << 20 })
    const read: unknown = JSON.parse(bytes.toString())
    const isPlace = (entry: unknown) =>
      Array.isArray(entry) && typeof entry[0] === 'string' && Number.isSafeInteger(entry[1])
    return Array.isArray(read) && read.every(isPlace) ? new Map(read as [string, number][]) : undefined
  } catch {
    return undefined
  }
}
