/** How many records of each level there are over time. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LEVELS } from '../../collector/record.ts'
import type { Bounds, Coverage, LogStore, Query } from '../../collector/store/store.ts'
import { ErrorJson } from '../api/error.ts'
import { HistogramAnswer, HistogramQuery } from '../api/logs.ts'
import type { Asker } from '../asker.ts'
import { ZoneError } from '../errors.ts'
import { goneSignal } from '../gone.ts'
import { questionOf } from '../question.ts'
import { offsetsOf, type Steps, stepsOf } from '../steps.ts'
import { formatMs, msOf, nsOf } from '../times.ts'
import { tookMs } from './logs.ts'

const routes: FastifyPluginAsyncTypebox<{ asker: Asker }> = async (app, { asker }) => {
  app.get(
    '/logs/histogram',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Counts records by level in round steps of time',
        tags: ['logs'],
        querystring: HistogramQuery,
        response: { 200: HistogramAnswer, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const startedMs = performance.now()
      const { buckets, zone = 'UTC' } = request.query
      const { query } = questionOf(request.query, asker.nowMs())
      const offsets = offsetsOf(zone)
      if (!offsets) throw new ZoneError(zone)
      // `to` is exclusive: a range that ends within a millisecond reaches to its end.
      const steps = stepsOf(msOf(query.from), msOf(query.to + 999_999n), buckets, offsets)
      const { counts, coverage } = await asker.ask(goneSignal(reply), (logs, bounds) =>
        count(logs, query, steps, bounds)
      )
      return {
        stepMs: steps.stepMs,
        buckets: counts.map((levels, index) => ({ from: formatMs(steps.edges[index] ?? 0), counts: levels })),
        to: formatMs(steps.edges.at(-1) ?? 0),
        total: counts.flat().reduce((sum, value) => sum + value, 0),
        tookMs: tookMs(startedMs),
        coverage: asker.coverage(coverage)
      }
    }
  )
}

export default routes

interface Counted {
  /** One row per bucket, indexed as LEVELS. */
  counts: number[][]
  coverage: Coverage
}

/** Newest piece first, so that what a search out of time has seen is one stretch up to now. */
async function count(logs: LogStore, query: Query, steps: Steps, bounds: Bounds): Promise<Counted> {
  const { edges, pieces } = steps
  const counts = edges.slice(1).map(() => LEVELS.map(() => 0))
  const coverage: Coverage = { complete: true, unreadable: [], scannedRecords: 0 }
  const endMs = performance.now() + bounds.budgetMs
  for (const [index, piece] of [...pieces.entries()].reverse()) {
    const from = index === 0 ? query.from : nsOf(piece.fromMs)
    const to = index === pieces.length - 1 ? query.to : nsOf(piece.toMs)
    const step = { ns: nsOf(steps.stepMs), origin: nsOf(piece.originMs) }
    const budgetMs = Math.max(1, endMs - performance.now())
    const part = await logs.histogram({ ...query, from, to }, step, { ...bounds, budgetMs })
    for (const bucket of part.buckets) {
      const row = counts[edges.findLastIndex((edge) => edge <= Math.max(msOf(bucket.from), msOf(from)))]
      for (const [level, value] of bucket.counts.entries()) if (row) row[level] = (row[level] ?? 0) + value
    }
    coverage.scannedRecords += part.coverage.scannedRecords
    coverage.unreadable.push(...part.coverage.unreadable)
    if (part.coverage.complete) continue
    coverage.complete = false
    if (part.coverage.searchedTo === undefined) continue
    coverage.searchedTo = part.coverage.searchedTo
    break
  }
  return { counts, coverage }
}
