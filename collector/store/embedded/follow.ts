/** Following by arrival: the journals are read on as they grow; a cursor names a place in them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Arrival, FollowAsked } from '../store.ts'
import type { ArrivalPlace, Arrivals, ArrivalsAsked } from './arrivals.ts'
import { systemCode } from './fault.ts'
import { FILE_HEAD } from './frame.ts'
import type { JournalFile } from './journal.ts'

/** At most this many records in one arrival. */
const ARRIVAL_RECORDS = 500
/** A follower looks at most this often, so that many small appends are told together. */
const GATHER_MS = 30

/** What following needs of the store. */
export interface FollowSource {
  /** The folder's id, part of every cursor. */
  id: string
  /** Journals that can be read, sealed ones included, oldest first; the last is being written. */
  journals(): readonly JournalFile[]
  ask(asked: ArrivalsAsked): Promise<Arrivals>
  /** Resolves when more is durable; rejects when the signal aborts or the store closes. */
  more(signal: AbortSignal): Promise<void>
  keeps: number
}

/** `now` is where the store stood when it was asked to follow. */
export async function* follow(
  source: FollowSource,
  asked: FollowAsked,
  signal: AbortSignal,
  now: ArrivalPlace
): AsyncGenerator<Arrival, void> {
  const resumed = asked.after === undefined ? now : placeOf(source, asked.after)
  let place = resumed ?? now
  const cursor = (at: ArrivalPlace) => `${source.id}-${at.journal}-${at.at}-${at.row}`
  yield { kind: resumed ? 'beat' : 'reset', cursor: cursor(place) }
  let lookedMs = 0
  while (!signal.aborted) {
    const journal = source.journals().find(({ number }) => number === place.journal)
    if (!journal) {
      place = endOf(source)
      yield { kind: 'reset', cursor: cursor(place) }
      continue
    }
    if (place.at >= journal.bytes) {
      const next = source.journals().find(({ number }) => number > place.journal)
      if (next) place = { journal: next.number, at: FILE_HEAD, row: 0 }
      else if (!(await comes(source.more(signal), signal))) return
      continue
    }
    const waitMs = lookedMs + GATHER_MS - Date.now()
    if (waitMs > 0 && !(await comes(sleep(waitMs, undefined, { signal }), signal))) return
    lookedMs = Date.now()
    const { path, bytes } = journal
    let found: Arrivals
    try {
      found = await source.ask({ where: asked.where, from: place, bytes, path, keeps: source.keeps })
    } catch (error) {
      if (signal.aborted) return
      if (systemCode(error) !== 'ENOENT') throw error
      place = endOf(source)
      yield { kind: 'reset', cursor: cursor(place) }
      continue
    }
    if (found.skipped) {
      const { behind, ...skipped } = found.skipped
      yield { kind: 'skipped', ...skipped, cursor: cursor(behind) }
    }
    for (let at = 0; at < found.records.length && !signal.aborted; at += ARRIVAL_RECORDS) {
      const some = found.records.slice(at, at + ARRIVAL_RECORDS)
      const behind = some.at(-1)?.behind ?? place
      yield { kind: 'records', records: some.map(({ record }) => record), cursor: cursor(behind) }
    }
    place = found.behind
    if (!signal.aborted) yield { kind: 'beat', cursor: cursor(place) }
  }
}

/** The end of what is durable now. */
export function endOf(source: Pick<FollowSource, 'journals'>): ArrivalPlace {
  const last = source.journals().at(-1)
  return { journal: last?.number ?? 0, at: last?.bytes ?? FILE_HEAD, row: 0 }
}

/** The cursor's place; undefined where it can't be replayed. */
function placeOf(source: FollowSource, cursor: string): ArrivalPlace | undefined {
  const match = /^([0-9a-f]{8})-(\d{1,15})-(\d{1,15})-(\d{1,9})$/.exec(cursor)
  if (!match || match[1] !== source.id) return undefined
  const place = { journal: Number(match[2]), at: Number(match[3]), row: Number(match[4]) }
  const journal = source.journals().find(({ number }) => number === place.journal)
  return journal && place.at >= FILE_HEAD && place.at <= journal.bytes ? place : undefined
}

/** False when the signal aborted meanwhile. */
async function comes(waited: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  try {
    await waited
    return !signal.aborted
  } catch (error) {
    if (signal.aborted) return false
    throw error
  }
}
