/** One container, by its name on its host: the name outlives what is deployed under it. */
import { HEALTH, STATE } from '../server/zabbix/items.ts'
import { healths, states } from './containers.ts'
import type { Drawing } from './dashboard.ts'
import { countsBy, lines } from './elasticsearch.ts'
import { linesInDriftlog } from './links.ts'
import type { Options } from './options.ts'
import { logs, type Panel, stat, timeseries } from './panels.ts'
import { container as containerVariable, group, host } from './variables.ts'
import { problemMarks, type Question, values } from './zabbix.ts'

const ITS_RECORDS = 'host.name:${host:lucene} AND container.name:${container:lucene}'
const ITS_LINES = 'host:%22${host:percentencode}%22%20container:%22${container:percentencode}%22'
/** Told when they change, and every ten minutes. */
const SELDOM = '25m'

export function container({ groupName, hub, elasticsearch, brokenAfterMs }: Options): Drawing {
  return {
    ...{ uid: 'driftlog-container', title: 'Container', description: 'One container on one host.' },
    variables: [group(groupName), host(), containerVariable()],
    annotations: [problemMarks('$host')],
    links: hub === undefined ? [] : [linesInDriftlog(hub, { q: ITS_LINES })],
    rows: [
      { title: 'Now', panels: now() },
      { title: 'Use and waiting', panels: resources(brokenAfterMs) },
      { title: 'Logs', panels: [...rates(brokenAfterMs), ...(elasticsearch ? records() : [])] }
    ]
  }
}

function now(): Panel[] {
  return [
    stat('State now', [item('state')], { span: 3, timeFrom: SELDOM, words: STATE }),
    stat('Health now', [item('health')], { span: 3, timeFrom: SELDOM, words: HEALTH }),
    stat('Restarts', [item('restarts')], { span: 3 }),
    stat('Out of memory kills', [item('out of memory kills')], {
      span: 3,
      levels: [{ from: 1, color: 'red' }]
    }),
    states('State', item('state')),
    healths('Health', item('health'))
  ]
}

function resources(brokenAfterMs: number): Panel[] {
  const drawn = (title: string, unit: string, ...items: string[]) =>
    timeseries(title, items.map(item), { unit, brokenAfterMs })
  return [
    drawn('CPU, in cores', 'short', 'CPU', 'CPU throttled'),
    drawn('Memory and its limit', 'bytes', 'memory', 'memory limit'),
    drawn('Network', 'binBps', 'network received', 'network sent'),
    drawn('Disks', 'binBps', 'disks read', 'disks written'),
    drawn('Processes', 'short', 'processes')
  ]
}

function rates(brokenAfterMs: number): Panel[] {
  const counts = ['log lines a minute', 'errors in logs a minute']
  return [
    timeseries('Lines and errors a minute', counts.map(item), { brokenAfterMs }),
    timeseries('Gaps since the beginning', [item('gaps in logs since the beginning')], { brokenAfterMs })
  ]
}

function records(): Panel[] {
  return [
    timeseries('Lines by level', [countsBy('log.level', ITS_RECORDS)], { span: 12, stacked: true }),
    logs('Lines', lines(ITS_RECORDS))
  ]
}

function item(name: string): Question {
  return values(`/^Container .+: ${name}$/`, { itemTag: 'container: $container' })
}
