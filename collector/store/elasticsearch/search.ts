/** Pages of records in the one order, and what stands around a record. */
import { matcher } from '../../query/match.ts'
import { type LogRecord, placeOf } from '../../record.ts'
import { readCursor } from '../cursor.ts'
import {
  type Bounds,
  type Context,
  type ContextAsked,
  cursorOf,
  type Direction,
  type Page,
  type PageAsked,
  type Query,
  StoreAwayError
} from '../store.ts'
import { READ_BACK, recordOf } from './document.ts'
import { ALL_RECORDS } from './names.ts'
import { placeClause } from './narrow.ts'
import { type Answer, type Hit, Question, type Reader } from './question.ts'

/** The order of compareRecords(). */
const ORDER = [
  'driftlog.time',
  'driftlog.instance',
  'driftlog.stream_number',
  'driftlog.generation',
  'log.offset'
] as const

/** Records that are fetched at once where each must be looked at: some at first, since they may do. */
export const FIRST_LOOKED_AT = 1000
/** The cluster gives no more at once. */
const MOST_LOOKED_AT = 10_000
/** Of text, in UTF-16 units. */
const LOOKED_AT_UNITS = 8 << 20

const FOREVER = { from: -(1n << 63n), to: (1n << 63n) - 1n }

export async function search(reader: Reader, query: Query, page: PageAsked, bounds: Bounds): Promise<Page> {
  const { limit, direction } = page
  let after = page.after === undefined ? undefined : placeValues(page.after)
  const range = rangeBehind(query, page)
  const question = await Question.ask(reader, { ...query, ...range }, bounds)
  const matches = question.narrowed.exact ? undefined : matcher(query.where)
  const records: LogRecord[] = []
  let lookedAt = FIRST_LOOKED_AT
  await question.byDays(direction === 'older' ? -1 : 1, async (indices) => {
    for (;;) {
      const size = matches ? lookedAt : limit + 1 - records.length
      const answer = await question.search(indices, {
        ...{ query: question.clause, size, sort: sortBy(direction), _source: READ_BACK },
        ...(after ? { search_after: after } : {})
      })
      // What a request found that ran out of time is some of what there is, not the first of it: the page that goes on
      // behind the last of them would pass over the others.
      if (answer.timed_out) {
        question.runsOut(after ? BigInt(after[0] as string) : direction === 'older' ? range.to : range.from)
        return 'enough'
      }
      const { hits } = answer.hits
      question.coverage.scannedRecords += hits.length
      const found = await recordsOf(reader, hits)
      for (const record of found) if (!matches || matches(record)) records.push(record)
      if (records.length > limit) return 'enough'
      const last = found.at(-1)
      if (hits.length < size || !last) return 'more'
      after = placeValues(cursorOf(last))
      lookedAt = nextLookedAt(found)
      if (question.leftMs > 0) continue
      question.runsOut(direction === 'older' ? last.time : last.time + 1n)
      return 'enough'
    }
  })
  const more = records.length > limit || question.coverage.searchedTo !== undefined
  return { records: records.slice(0, limit), coverage: question.coverage, more }
}

export async function find(reader: Reader, id: string, bounds: Bounds): Promise<LogRecord | undefined> {
  const place = placeOf(id)
  if (!place) return undefined
  const { signal } = bounds
  const { hits, _shards } = (await reader.client.search(
    {
      ...{ index: ALL_RECORDS, ignore_unavailable: true, size: 1, _source: READ_BACK as string[] },
      query: placeClause(place)
    },
    signal ? { signal } : {}
  )) as unknown as Answer
  // It may lie in what could not be read.
  if (hits.hits.length === 0 && _shards.failed > 0)
    throw new StoreAwayError(`${_shards.failed} of ${_shards.total} shards can't be read`)
  return (await recordsOf(reader, hits.hits))[0]
}

export async function context(
  reader: Reader,
  id: string,
  asked: ContextAsked,
  bounds: Bounds
): Promise<Context | undefined> {
  const record = await find(reader, id, bounds)
  if (!record) return undefined
  const { origin } = record
  const near =
    asked.scope === 'instance'
      ? [['driftlog.instance', origin.instance]]
      : [
          ['service.name', origin.app],
          ['service.environment', origin.environment]
        ]
  const filter = near.map(([field = '', value]) => ({ term: { [field]: value } }))
  const side = async (direction: Direction, limit: number): Promise<LogRecord[]> => {
    if (limit === 0) return []
    const after = cursorOf(record)
    const range = rangeBehind(FOREVER, { direction, after })
    const question = await Question.ask(reader, { where: { kind: 'all' }, ...range }, bounds)
    const records: LogRecord[] = []
    await question.byDays(direction === 'older' ? -1 : 1, async (indices) => {
      const { hits, timed_out } = await question.search(indices, {
        query: { bool: { filter: [...filter, question.clause] } },
        ...{ size: limit - records.length, sort: sortBy(direction), _source: READ_BACK },
        search_after: placeValues(after)
      })
      if (timed_out) return 'over'
      records.push(...(await recordsOf(reader, hits.hits)))
      return records.length < limit ? 'more' : 'enough'
    })
    // A neighbour that was not read looks as if it were not there.
    const { complete, unreadable } = question.coverage
    if (!complete) throw new StoreAwayError(unreadable[0]?.reason ?? 'it took too long to answer')
    return records
  }
  const [before, behind] = await Promise.all([side('older', asked.before), side('newer', asked.after)])
  return { before: before.reverse(), record, after: behind }
}

/** Hits as records, in their order. */
export async function recordsOf(reader: Reader, hits: readonly Hit[]): Promise<LogRecord[]> {
  await reader.origins.know(hits.map(({ _source }) => _source.driftlog.origin))
  // One that is unknown even now has lost its records meanwhile.
  return hits.flatMap(({ _source }) => {
    const origin = reader.origins.get(_source.driftlog.origin)
    return origin ? [recordOf(_source, origin)] : []
  })
}

/** Each request costs the cluster the whole search for words within words once more; large lines are fetched in smaller lots. */
export function nextLookedAt(records: readonly LogRecord[]): number {
  const units = records.reduce((sum, { text }) => sum + text.length, 0)
  const many = Math.floor((LOOKED_AT_UNITS * records.length) / Math.max(1, units))
  return Math.min(MOST_LOOKED_AT, Math.max(100, many))
}

export function sortBy(direction: Direction): Record<string, string>[] {
  return ORDER.map((field) => ({ [field]: direction === 'older' ? 'desc' : 'asc' }))
}

/** A place in the order, as the cluster's `search_after`: numbers of 64 bits as text, since JSON would round them. */
export function placeValues(cursor: string): (string | number)[] {
  const { time, id } = readCursor(cursor)
  const place = placeOf(id)
  return [
    String(time),
    place?.instance ?? '',
    place?.streamNumber ?? 0,
    place?.generation ?? 0,
    place?.offset ?? 0
  ]
}

/** Nothing before a cursor has to be looked at. */
function rangeBehind(
  { from, to }: Pick<Query, 'from' | 'to'>,
  { direction, after }: Pick<PageAsked, 'direction' | 'after'>
): { from: bigint; to: bigint } {
  if (after === undefined) return { from, to }
  const { time } = readCursor(after)
  if (direction === 'older') return { from, to: time + 1n < to ? time + 1n : to }
  return { from: time > from ? time : from, to }
}
