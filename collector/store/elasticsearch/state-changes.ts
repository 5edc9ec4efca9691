/** What other hubs change in the state: the one shard of its index numbers every write. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import type { StateEntry } from '../state.ts'
import { isPassing } from './cluster.ts'
import { STATE_INDEX } from './names.ts'

/** A key that was deleted stays for a while as a document without value: who follows changes finds it. */
export interface KeptState {
  key: string
  /** JSON. */
  value?: string
  /** The hub that wrote it. */
  by?: string
  term?: number
  /** When it was deleted, in milliseconds. */
  deleted?: number
}

const EVERY_MS = 1000
const PAGE = 1000

/** Everything up to this number of the shard has been told. */
export interface Place {
  number: number
}

/** What lies up to this number is there for good, on all copies. */
export async function checkpointOf(client: Client): Promise<number> {
  const { indices = {} } = await client.indices.stats({
    ...{ index: STATE_INDEX, level: 'shards', metric: 'docs' },
    filter_path: 'indices.*.shards.*.routing.primary,indices.*.shards.*.seq_no.global_checkpoint'
  })
  const shards = Object.values(indices)[0]?.shards as unknown as Record<string, ShardStats[]> | undefined
  const primary = shards?.['0']?.find(({ routing }) => routing.primary)
  return primary?.seq_no?.global_checkpoint ?? -1
}

interface ShardStats {
  routing: { primary: boolean }
  seq_no?: { global_checkpoint: number }
}

/** Moves `place` on with what it gives. */
export async function* changesOf(
  client: Client,
  hub: string,
  place: Place,
  signal: AbortSignal
): AsyncGenerator<StateEntry[], void> {
  while (!signal.aborted) {
    try {
      const checkpoint = await checkpointOf(client)
      // An index that was made anew counts from the beginning.
      if (checkpoint < place.number) place.number = -1
      if (checkpoint > place.number) {
        await client.indices.refresh({ index: STATE_INDEX })
        while (place.number < checkpoint && !signal.aborted) {
          const entries = await page(client, hub, place, checkpoint)
          if (entries.length > 0) yield entries
        }
      }
    } catch (error) {
      // The cluster is away, which the hub's health tells; what was changed meanwhile is found when it is back.
      if (!isPassing(error)) throw error
    }
    await sleep(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

async function page(client: Client, hub: string, place: Place, to: number): Promise<StateEntry[]> {
  const { hits } = await client.search<KeptState>({
    ...{ index: STATE_INDEX, size: PAGE, track_total_hits: false, seq_no_primary_term: true },
    ...{ sort: [{ _seq_no: 'asc' }], query: { range: { _seq_no: { gt: place.number, lte: to } } } }
  } as never)
  const last = hits.hits.at(-1)?._seq_no
  place.number = hits.hits.length < PAGE || last === undefined ? to : last
  return hits.hits.flatMap(({ _source }) =>
    _source && _source.by !== hub
      ? [{ key: _source.key, value: keptValue(_source), term: _source.term ?? 0 }]
      : []
  )
}

export function keptValue(kept: KeptState | undefined): unknown {
  return kept?.value === undefined ? undefined : JSON.parse(kept.value)
}
