/** One app over all its instances, wherever they run: rate and errors of its lines, and what it uses. */
import { healths, states } from './containers.ts'
import type { Drawing } from './dashboard.ts'
import { countsBy, lines } from './elasticsearch.ts'
import { linesInDriftlog } from './links.ts'
import { marks } from './marks.ts'
import type { Options } from './options.ts'
import { logs, type Panel, timeseries } from './panels.ts'
import { joined, ratio } from './transformations.ts'
import { app as appVariable, group } from './variables.ts'
import { ALL_HOSTS, type Question, setAlias, sumSeries, values } from './zabbix.ts'

const ITS_RECORDS = 'service.name:${app:lucene}'
const LINES = 'log lines a minute'
const ERRORS = 'errors in logs a minute'

export function app({ groupName, hub, elasticsearch, brokenAfterMs }: Options): Drawing {
  return {
    ...{ uid: 'driftlog-app', title: 'App', description: 'One app over all its containers and hosts.' },
    variables: [group(groupName), appVariable()],
    annotations: marks('app:${app}'),
    links: hub === undefined ? [] : [linesInDriftlog(hub, { app: '${app:percentencode}' })],
    rows: [
      { title: 'Where it runs', panels: [states('State', each('state')), healths('Health', each('health'))] },
      { title: 'Rate and errors', panels: rates(brokenAfterMs) },
      { title: 'What it uses', panels: resources(brokenAfterMs) },
      ...(elasticsearch ? [{ title: 'Logs', panels: records() }] : [])
    ]
  }
}

function rates(brokenAfterMs: number): Panel[] {
  const sum = (item: string, alias: string) =>
    values(itemOf(item), { ...OF_APP, functions: [sumSeries(), setAlias(alias)] })
  return [
    timeseries('Lines a minute', [each(LINES)], { span: 4, brokenAfterMs }),
    timeseries('Errors a minute', [each(ERRORS)], { span: 4, brokenAfterMs }),
    timeseries('Share of errors', [sum(LINES, 'lines'), sum(ERRORS, 'errors')], {
      ...{ span: 4, unit: 'percentunit', brokenAfterMs },
      transformations: [joined(), ratio('share of errors', 'errors', 'lines', true)]
    })
  ]
}

function resources(brokenAfterMs: number): Panel[] {
  const drawn = (title: string, unit: string, ...items: string[]) =>
    timeseries(title, items.map(each), { unit, brokenAfterMs })
  return [
    drawn('CPU, in cores', 'short', 'CPU', 'CPU throttled'),
    drawn('Memory and its limit', 'bytes', 'memory', 'memory limit'),
    drawn('Network', 'binBps', 'network received', 'network sent'),
    drawn('Disks', 'binBps', 'disks read', 'disks written'),
    drawn('Restarts and out of memory kills', 'short', 'restarts', 'out of memory kills'),
    drawn('Processes', 'short', 'processes')
  ]
}

function records(): Panel[] {
  return [
    timeseries('Lines by level', [countsBy('log.level', ITS_RECORDS)], { stacked: true }),
    timeseries('Lines by host', [countsBy('host.name', ITS_RECORDS)], { stacked: true }),
    logs('Lines', lines(ITS_RECORDS))
  ]
}

const OF_APP = { host: ALL_HOSTS, itemTag: 'app: $app' } as const

function each(item: string): Question {
  return values(itemOf(item), OF_APP)
}

function itemOf(item: string): string {
  return `/^Container .+: ${item}$/`
}
