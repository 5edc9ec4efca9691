/** One container of this host, or the host itself: what is known of it, and what is read of it. */
import type { Instance } from './facts.ts'
import type { Log } from './files/log.ts'
import type { InstanceFacts } from './protocol.ts'
import type { Source } from './sources/source.ts'

export interface Member {
  instance: Instance
  facts: InstanceFacts
  /** The container's own log among them, where that is read. */
  streams: Log[]
  sources: Source[]
  sinceMs: number
  /** Why some of its logs cannot be read just now, by what cannot be: a stream's path, or a source. */
  troubles: Map<unknown, string>
  removed: boolean
}

export function newMember(instance: Instance): Member {
  const { facts } = instance
  return {
    instance,
    facts,
    streams: [],
    sources: [],
    sinceMs: Date.now(),
    troubles: new Map(),
    removed: false
  }
}

export function told({ facts, troubles }: Member): InstanceFacts {
  return troubles.size === 0 ? facts : { ...facts, unread: [...troubles.values()].join('; ').slice(0, 4096) }
}

/** How far the hub is with all that it wrote. */
export function deliveredOf({ streams, sources }: Member): Log['delivered'] {
  if (sources.some(({ behind, pool }) => behind || pool?.waiting)) return 'behind'
  const all = streams.map(({ delivered }) => delivered)
  return all.find((one) => one === 'behind') ?? all.find((one) => one === 'sent') ?? 'committed'
}
