/** What agents told as lost: bytes of logs that nobody can read any more. */
import type { Loss } from '../../agent/protocol.ts'

export interface Losses {
  count: number
  /** Sum of those whose size is known. */
  bytes: number
  /** By container and stream, the ones that lost most recently. */
  streams: StreamLoss[]
  /** Names of the last losses, so that one told again is not counted again. */
  told: string[]
}

export interface StreamLoss {
  container: string
  stream: string
  count: number
  bytes: number
  /** Losses of unknown size. */
  unknown: number
  lastMs: number
  lastCause: Loss['cause']
}

const MOST_STREAMS = 500
const MOST_TOLD = 1000
/** Beyond this, in milliseconds, there are no dates. */
const LAST_DATE_MS = 8.64e15

export function noLosses(): Losses {
  return { count: 0, bytes: 0, streams: [], told: [] }
}

/** `old` itself where every loss was told before. */
export function addLosses(old: Losses, losses: readonly Loss[]): Losses {
  const told = new Set(old.told)
  const streams = new Map(old.streams.map((stream) => [`${stream.container} ${stream.stream}`, stream]))
  let { count, bytes } = old
  for (const loss of losses) {
    const name = [loss.container, loss.stream, loss.generation, loss.atMs, loss.cause, loss.bytes].join(' ')
    if (told.has(name)) continue
    told.add(name)
    count++
    bytes += loss.bytes ?? 0
    const key = `${loss.container} ${loss.stream}`
    const before = streams.get(key)
    streams.delete(key)
    streams.set(key, {
      container: loss.container,
      stream: loss.stream,
      count: (before?.count ?? 0) + 1,
      bytes: (before?.bytes ?? 0) + (loss.bytes ?? 0),
      unknown: (before?.unknown ?? 0) + (loss.bytes === undefined ? 1 : 0),
      lastMs: Math.max(before?.lastMs ?? 0, Math.min(loss.atMs, LAST_DATE_MS)),
      lastCause: loss.cause
    })
  }
  if (count === old.count) return old
  return {
    count,
    bytes,
    streams: [...streams.values()].slice(-MOST_STREAMS),
    told: [...told].slice(-MOST_TOLD)
  }
}
