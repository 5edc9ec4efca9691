/** CPU, memory, network and disks of hosts, apps and instances. */
import type { FastifyPluginAsyncTypebox, Static } from '@fastify/type-provider-typebox'
import { METRIC_NAMES, METRICS, type MetricName } from '../../collector/stats/metrics.ts'
import { ErrorJson } from '../api/error.ts'
import { StatsAnswer, StatsLatestAnswer, StatsLatestQuery, StatsQuery } from '../api/stats.ts'
import { StatsMetricError, StatsSubjectError, TimeOrderError } from '../errors.ts'
import { timeOf } from '../question.ts'
import type { StatsAsked, StatsView } from '../stats-view.ts'
import { roundStep } from '../steps.ts'
import { msOf } from '../times.ts'

const routes: FastifyPluginAsyncTypebox<{ stats: StatsView; nowMs: () => number }> = async (
  app,
  { stats, nowMs }
) => {
  app.get(
    '/stats',
    {
      config: { demand: 'read' },
      schema: {
        summary:
          'CPU, memory, network and disks over time: of an instance, a host, or an app over its instances',
        tags: ['stats'],
        querystring: StatsQuery,
        response: { 200: StatsAnswer, '4xx': ErrorJson }
      }
    },
    (request) => {
      const { from = 'now-1h', to = 'now', stepSeconds, points } = request.query
      const fromMs = msOf(timeOf('from', from, nowMs()))
      const toMs = msOf(timeOf('to', to, nowMs()))
      if (fromMs > toMs) throw new TimeOrderError()
      // A second is the shortest step that there is.
      const wantedMs = Math.max(1000, (toMs - fromMs) / points)
      const stepMs = stepSeconds === undefined ? roundStep(wantedMs) : stepSeconds * 1000
      const metrics = metricsOf(request.query.metrics)
      return stats.series({ subject: subjectOf(request.query), metrics, fromMs, toMs, stepMs })
    }
  )

  app.get(
    '/stats/latest',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'The newest numbers of every host and of every container that runs',
        tags: ['stats'],
        querystring: StatsLatestQuery,
        response: { 200: StatsLatestAnswer, '4xx': ErrorJson }
      }
    },
    (request) => stats.latest(request.query)
  )
}

export default routes

function subjectOf({
  instance,
  host,
  app,
  environment,
  by
}: Static<typeof StatsQuery>): StatsAsked['subject'] {
  if (instance) return { kind: 'instance', instance }
  if (app) return { kind: 'app', app, by, ...(environment && { environment }) }
  if (host) return { kind: 'host', host }
  throw new StatsSubjectError()
}

function metricsOf(list: string): MetricName[] {
  const names = list.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !Object.hasOwn(METRICS, name))
  if (unknown !== undefined) throw new StatsMetricError(unknown.slice(0, 80), METRIC_NAMES.join(', '))
  return [...new Set(names as MetricName[])]
}
