/** All hosts at once. */
import { HEARD, heard } from './agents.ts'
import { capacityTable } from './capacity.ts'
import type { Drawing } from './dashboard.ts'
import { countsBy, lines, most } from './elasticsearch.ts'
import { linesInDriftlog, toHost } from './links.ts'
import { marks } from './marks.ts'
import type { Options } from './options.ts'
import {
  logs,
  override,
  type Panel,
  problemList,
  stat,
  stateTimeline,
  table,
  timeseries,
  total
} from './panels.ts'
import { group } from './variables.ts'
import { ALL_HOSTS, problemCount, problems, top, values } from './zabbix.ts'

const LARGEST = 10
const BAD = [{ from: 1, color: 'red' }]
const ERRORS = 'log.level:(error OR fatal)'

export function fleet({ groupName, hub, elasticsearch, brokenAfterMs }: Options): Drawing {
  const largest = (title: string, item: string, unit: string) =>
    timeseries(
      `${title}: the ${LARGEST} largest`,
      [values(item, { host: ALL_HOSTS, functions: [top(LARGEST)] })],
      { unit, brokenAfterMs, links: [toHost('${__field.labels.host:percentencode}')] }
    )
  return {
    ...{ uid: 'driftlog-fleet', title: 'Fleet', description: 'Every container host that Driftlog knows.' },
    variables: [group(groupName)],
    annotations: marks(),
    links: hub === undefined ? [] : [linesInDriftlog(hub, {})],
    rows: [
      { title: 'Now', panels: [...now(brokenAfterMs), problemList('Problems', problems(ALL_HOSTS))] },
      {
        title: 'Hosts',
        panels: [
          capacityTable(ALL_HOSTS),
          stateTimeline('Agents', [heard(ALL_HOSTS)], { ...HEARD, brokenAfterMs }),
          largest('CPU', 'Host: CPU used', 'short'),
          largest('Memory', 'Host: memory used', 'bytes'),
          largest('Network received', 'Host: network received', 'binBps'),
          largest('Errors in logs a minute', 'Logs: errors a minute', 'short')
        ]
      },
      ...(elasticsearch ? [{ title: 'Logs', panels: ofLogs() }] : [])
    ]
  }
}

function now(brokenAfterMs: number): Panel[] {
  const ofAll = (item: string) => values(item, { host: ALL_HOSTS })
  return [
    total('Hosts heard', ofAll('Agent: last heard'), { calc: 'count', brokenAfterMs }),
    stat('Agents silent', [problemCount('Driftlog agent is silent')], { levels: BAD }),
    total('Containers running', ofAll('Containers: running'), { calc: 'sum', brokenAfterMs }),
    total('Containers unhealthy', ofAll('Containers: unhealthy'), {
      calc: 'sum',
      brokenAfterMs,
      levels: BAD
    }),
    total('Log lines a minute', ofAll('Logs: lines a minute'), { calc: 'sum', brokenAfterMs }),
    total('Errors a minute', ofAll('Logs: errors a minute'), { calc: 'sum', brokenAfterMs })
  ]
}

function ofLogs(): Panel[] {
  return [
    timeseries('Lines by level', [countsBy('log.level', '*')], { stacked: true }),
    table('Apps with most errors', [most(['service.name', 'host.name'], ERRORS)], {
      span: 6,
      overrides: [override('Count', { displayName: 'Errors' })]
    }),
    logs('Errors', lines(ERRORS))
  ]
}
