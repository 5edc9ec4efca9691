/** Driftlog itself, as far as Zabbix is told of it: its agents, what they owe, what was lost. */
import { HEARD, heard } from './agents.ts'
import type { Drawing } from './dashboard.ts'
import { toHost } from './links.ts'
import type { Options } from './options.ts'
import { stat, stateTimeline, table, text, timeseries, total } from './panels.ts'
import { group } from './variables.ts'
import { ALL_HOSTS, problemCount, texts, values } from './zabbix.ts'

/** An agent's version is told when it changes, and once a day. */
const DAILY = '2d'
const BAD = [{ from: 1, color: 'red' }]
const NOTE = `Agents deliver what they read and the hub tells Zabbix. **Not delivered yet** falls back to nothing when all is
well; it grows while the hub is away, and nothing is lost by that. **Gaps** are lines that are gone: Driftlog's page names each
with its place and cause. The hub's own numbers are at its \`/metrics\`.`

export function itself({ groupName, brokenAfterMs }: Options): Drawing {
  const ofAll = (item: string) => values(item, { host: ALL_HOSTS })
  const links = [toHost('${__field.labels.host:percentencode}')]
  return {
    ...{ uid: 'driftlog-itself', title: 'Driftlog itself' },
    description: 'Agents, what they have not delivered yet, and lines that are missing.',
    variables: [group(groupName)],
    rows: [
      {
        title: 'Now',
        panels: [
          total('Agents heard', ofAll('Agent: last heard'), { span: 3, calc: 'count', brokenAfterMs }),
          stat('Agents silent', [problemCount('Driftlog agent is silent')], { span: 3, levels: BAD }),
          total('Not delivered yet', ofAll('Agent: log bytes not delivered yet'), {
            ...{ span: 3, calc: 'sum', brokenAfterMs, unit: 'bytes' }
          }),
          total('Gaps since the beginning', ofAll('Logs: gaps since the beginning'), {
            ...{ span: 3, calc: 'sum', brokenAfterMs, levels: BAD }
          }),
          text('What this says', NOTE)
        ]
      },
      {
        title: 'Agents',
        panels: [
          stateTimeline('Heard', [heard(ALL_HOSTS)], { ...HEARD, brokenAfterMs }),
          timeseries('Not delivered yet, by host', [ofAll('Agent: log bytes not delivered yet')], {
            ...{ unit: 'bytes', brokenAfterMs, links }
          }),
          timeseries('Gaps, by host', [ofAll('Logs: gaps since the beginning')], { brokenAfterMs, links }),
          timeseries('Lines a minute, by host', [ofAll('Logs: lines a minute')], { brokenAfterMs, links }),
          table('Versions', [texts('Agent: version')], { span: 6, timeFrom: DAILY })
        ]
      }
    ]
  }
}
