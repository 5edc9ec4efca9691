/** Histograms and facets: counted by the cluster where it can tell what matches, else by looking at every record. */
import { matcher } from '../../query/match.ts'
import { LEVELS, type LogRecord } from '../../record.ts'
import { countRecord, FacetCounter, needsTexts } from '../facets.ts'
import { bucketsOf, type Step } from '../steps.ts'
import { type Bounds, cursorOf, type Facets, type FacetsAsked, type Histogram, type Query } from '../store.ts'
import { READ_BACK } from './document.ts'
import type { Clause } from './narrow.ts'
import { Question, type Reader } from './question.ts'
import { FIRST_LOOKED_AT, nextLookedAt, placeValues, recordsOf, sortBy } from './search.ts'

/** More origins than this in one answer are more than the cluster makes. */
const MOST_ORIGINS = 60_000
/** `date_nanos` holds times from 1970 on, up to here; the cluster's histograms count in milliseconds. */
const LAST = 9_223_372_000_000_000_000n
const MS = 1_000_000n

interface Counted {
  key: number | string
  doc_count: number
  levels?: { buckets: Counted[] }
}

export async function histogram(
  reader: Reader,
  query: Query,
  step: Step,
  bounds: Bounds
): Promise<Histogram> {
  const { first, count } = bucketsOf(query, step)
  const counts = Array.from({ length: count }, () => LEVELS.map(() => 0))
  const add = (bucket: number, level: string, records: number) => {
    const row = counts[bucket]
    const column = LEVELS.indexOf(level as (typeof LEVELS)[number])
    if (row) row[column] = (row[column] ?? 0) + records
  }
  const question = await Question.ask(reader, query, bounds)
  if (count > 0 && question.narrowed.exact) await countBuckets(question, query, { first, count, step }, add)
  else if (count > 0) {
    const matches = matcher(query.where)
    await eachRecord(reader, question, (record) => {
      if (matches(record)) add(Number((record.time - first) / step.ns), record.level, 1)
      return true
    })
  }
  return {
    buckets: counts.map((row, i) => ({ from: first + BigInt(i) * step.ns, counts: row })),
    to: first + BigInt(count) * step.ns,
    total: counts.flat().reduce((sum, records) => sum + records, 0),
    coverage: question.coverage
  }
}

const BY_LEVEL = { levels: { terms: { field: 'log.level', size: LEVELS.length } } }

async function countBuckets(
  question: Question,
  { from, to }: Query,
  { first, count, step }: { first: bigint; count: number; step: Step },
  add: (bucket: number, level: string, records: number) => void
): Promise<void> {
  const isRound = step.ns % MS === 0n && first % MS === 0n && from >= 0n && to <= LAST
  const edges = Array.from({ length: count }, (_, i) => first + BigInt(i) * step.ns)
  const buckets = isRound
    ? {
        date_histogram: {
          field: '@timestamp',
          fixed_interval: `${step.ns / MS}ms`,
          offset: `${(first % step.ns) / MS}ms`,
          min_doc_count: 1
        },
        aggs: BY_LEVEL
      }
    : { filters: { filters: edges.map((edge) => between(edge, edge + step.ns)) }, aggs: BY_LEVEL }
  await question.byDays(-1, async (indices) => {
    const answer = await question.search(indices, { query: question.clause, size: 0, aggs: { buckets } })
    const found = (answer.aggregations?.['buckets'] as { buckets: Counted[] } | undefined)?.buckets ?? []
    for (const [i, { key, levels }] of found.entries()) {
      const bucket = isRound ? Number((BigInt(key) * MS - first) / step.ns) : i
      for (const level of levels?.buckets ?? []) {
        add(bucket, String(level.key), level.doc_count)
        question.coverage.scannedRecords += level.doc_count
      }
    }
    return answer.timed_out ? 'over' : 'more'
  })
}

function between(from: bigint, to: bigint): Clause {
  return { range: { 'driftlog.time': { gte: String(from), lt: String(to) } } }
}

export async function facets(
  reader: Reader,
  query: Query,
  asked: FacetsAsked,
  sampleLimit: number,
  bounds: Bounds
): Promise<Facets> {
  const counter = new FacetCounter(asked)
  const question = await Question.ask(reader, query, bounds)
  const wantsTexts = needsTexts(asked)
  let [matched, sampled] = [0, 0]
  const sample = (record: LogRecord): void => {
    if (!wantsTexts || sampled >= sampleLimit) return
    counter.addText(record.text)
    sampled++
  }
  if (!question.narrowed.exact) {
    const matches = matcher(query.where)
    await eachRecord(reader, question, (record) => {
      if (matches(record)) {
        countRecord(counter, record)
        matched++
        sample(record)
      }
      return true
    })
  } else {
    matched = await countOrigins(reader, question, counter)
    if (wantsTexts)
      await eachRecord(reader, question, (record) => {
        sample(record)
        return sampled < sampleLimit
      })
  }
  return { facets: counter.facets(), fields: counter.fields(), sampled, matched, coverage: question.coverage }
}

async function countOrigins(reader: Reader, question: Question, counter: FacetCounter): Promise<number> {
  let matched = 0
  const aggs = {
    origins: { terms: { field: 'driftlog.origin', size: MOST_ORIGINS } },
    levels: { terms: { field: 'log.level', size: LEVELS.length } },
    outputs: { terms: { field: 'driftlog.output', size: 3 } }
  }
  const counts = {
    level: new Map<string, number>(),
    output: new Map<string, number>(),
    origin: new Map<string, number>()
  }
  await question.byDays(-1, async (indices) => {
    const { aggregations, timed_out } = await question.search(indices, {
      query: question.clause,
      size: 0,
      aggs
    })
    const told = (name: string) => (aggregations?.[name] as { buckets: Counted[] } | undefined)?.buckets ?? []
    const others = (aggregations?.['origins'] as { sum_other_doc_count?: number } | undefined)
      ?.sum_other_doc_count
    if (others) {
      question.coverage.complete = false
      const reason = `${others} records are of more origins than are counted`
      question.coverage.unreadable.push({ part: indices.join(', '), reason })
    }
    for (const [name, into] of [
      ['origins', counts.origin],
      ['levels', counts.level],
      ['outputs', counts.output]
    ] as const)
      for (const { key, doc_count } of told(name))
        into.set(String(key), (into.get(String(key)) ?? 0) + doc_count)
    const found = told('levels').reduce((sum, { doc_count }) => sum + doc_count, 0)
    matched += found
    question.coverage.scannedRecords += found
    return timed_out ? 'over' : 'more'
  })
  await reader.origins.know(counts.origin.keys())
  for (const [id, records] of counts.origin) {
    const origin = reader.origins.get(id)
    if (origin) counter.addOrigin(origin, records)
  }
  for (const [level, records] of counts.level) counter.add('level', level, records)
  for (const [output, records] of counts.output) counter.add('output', output, records)
  return matched
}

/** Every record that the cluster finds, newest first, until `visit` says false; all from one point in time. */
async function eachRecord(
  reader: Reader,
  question: Question,
  visit: (record: LogRecord) => boolean
): Promise<void> {
  const { client } = reader
  await question.byDays(-1, async (indices) => {
    const { id } = await client.openPointInTime({
      index: indices,
      keep_alive: '1m',
      ignore_unavailable: true
    })
    let pit = id
    let after: (string | number)[] | undefined
    let size = FIRST_LOOKED_AT
    try {
      for (;;) {
        const answer = await question.search(undefined, {
          ...{ query: question.clause, size, sort: sortBy('older'), _source: READ_BACK },
          pit: { id: pit, keep_alive: '1m' },
          ...(after ? { search_after: after } : {})
        })
        pit = answer.pit_id ?? pit
        const records = await recordsOf(reader, answer.hits.hits)
        question.coverage.scannedRecords += records.length
        for (const record of records) if (!visit(record)) return 'enough'
        const last = records.at(-1)
        if (answer.timed_out) return 'over'
        if (answer.hits.hits.length < size || !last) return 'more'
        if (question.leftMs === 0) {
          question.runsOut(last.time)
          return 'enough'
        }
        size = nextLookedAt(records)
        // The cluster adds a last sort value of its own, which breaks ties that ours has none of.
        after = [...placeValues(cursorOf(last)), Number.MAX_SAFE_INTEGER]
      }
    } finally {
      await client.closePointInTime({ id: pit }).catch(() => {})
    }
  })
}
