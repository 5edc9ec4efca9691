/** One host: what it has, how much of it is used, what it waits for (utilisation, saturation, errors). */
import { capacityBars } from './capacity.ts'
import { containersTable } from './containers.ts'
import type { Drawing } from './dashboard.ts'
import { countsBy, lines } from './elasticsearch.ts'
import { linesInDriftlog } from './links.ts'
import { marks } from './marks.ts'
import type { Options } from './options.ts'
import { logs, type Panel, problemList, stat, timeseries } from './panels.ts'
import { group, host as hostVariable } from './variables.ts'
import { problemMarks, problems, values } from './zabbix.ts'

const THIS = '$host'
const ITS_RECORDS = 'host.name:${host:lucene}'
const BAD = [{ from: 1, color: 'red' }]

export function host({ groupName, hub, elasticsearch, brokenAfterMs }: Options): Drawing {
  return {
    ...{ uid: 'driftlog-host', title: 'Host', description: 'One container host and the containers on it.' },
    variables: [group(groupName), hostVariable()],
    annotations: [problemMarks(THIS), ...marks('host:${host}')],
    links: hub === undefined ? [] : [linesInDriftlog(hub, { q: 'host:%22${host:percentencode}%22' })],
    rows: [
      {
        title: 'Now',
        panels: [
          stat('Uptime', [values('Host: uptime')], { span: 3, unit: 'dtdhms' }),
          stat('Containers running', [values('Containers: running')], { span: 3 }),
          stat('Containers unhealthy', [values('Containers: unhealthy')], { span: 3, levels: BAD }),
          stat('Not delivered yet', [values('Agent: log bytes not delivered yet')], {
            span: 3,
            unit: 'bytes'
          }),
          capacityBars(THIS),
          problemList('Problems', problems(THIS), { span: 8 })
        ]
      },
      { title: 'Use and waiting', panels: resources(brokenAfterMs) },
      { title: 'Containers', panels: [containersTable(), ...ofContainers(brokenAfterMs)] },
      { title: 'Logs', panels: [...ofLogs(brokenAfterMs), ...(elasticsearch ? records() : [])] }
    ]
  }
}

function resources(brokenAfterMs: number): Panel[] {
  const drawn = (title: string, unit: string, ...items: string[]) =>
    timeseries(
      title,
      items.map((item) => values(item)),
      { unit, brokenAfterMs }
    )
  return [
    drawn('CPU, in cores', 'short', 'Host: CPU used', 'Host: CPU stolen', 'Host: CPU waiting for disks'),
    drawn('Load', 'short', 'Host: load of 1 minute'),
    drawn('Memory', 'bytes', 'Host: memory used', 'Host: swap used'),
    drawn('Network', 'binBps', 'Host: network received', 'Host: network sent'),
    drawn('Disks', 'binBps', 'Host: disks read', 'Host: disks written'),
    drawn('Disk space', 'bytes', 'Host: root disk used', 'Host: Docker’s disk used')
  ]
}

function ofContainers(brokenAfterMs: number): Panel[] {
  const each = (title: string, item: string, unit: string, stacked = false) =>
    timeseries(title, [values(`/^Container .+: ${item}$/`)], { unit, brokenAfterMs, stacked })
  return [
    each('CPU of containers, in cores', 'CPU', 'short', true),
    each('Memory of containers', 'memory', 'bytes', true),
    each('Network of containers', 'network (received|sent)', 'binBps'),
    each('Disks of containers', 'disks (read|written)', 'binBps')
  ]
}

function ofLogs(brokenAfterMs: number): Panel[] {
  return [
    timeseries(
      'Lines and errors a minute',
      [values('Logs: lines a minute'), values('Logs: errors a minute')],
      {
        brokenAfterMs
      }
    ),
    timeseries('Gaps since the beginning', [values('Logs: gaps since the beginning')], {
      brokenAfterMs,
      description: 'Places where lines are missing. Driftlog’s page names each with its cause.'
    })
  ]
}

function records(): Panel[] {
  return [
    timeseries('Lines by level', [countsBy('log.level', ITS_RECORDS)], { span: 12, stacked: true }),
    logs('Lines', lines(ITS_RECORDS))
  ]
}
