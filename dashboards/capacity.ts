/** How much of what hosts have is used. */
import type { JsonObject } from './json.ts'
import { toHost } from './links.ts'
import { bars, override, type Panel, table } from './panels.ts'
import { columns, hostTable, ratio } from './transformations.ts'
import { type Question, values } from './zabbix.ts'

/** Beyond four days the data source asks for hourly means: what a host has is told once a day, when it stays the same. */
const HOURLY = '5d'
const NOTE =
  'Means of the last full hour, since Zabbix is told once a day what a host has. A new host appears after its first hour.'
const SHARES = {
  CPU: ['Host: CPU used', 'Host: CPUs'],
  Memory: ['Host: memory used', 'Host: memory'],
  'Root disk': ['Host: root disk used', 'Host: root disk'],
  'Docker’s disk': ['Host: Docker’s disk used', 'Host: Docker’s disk']
} as const
const NEARLY_FULL = [
  { from: 0.7, color: 'yellow' },
  { from: 0.9, color: 'red' }
]
const LOAD = 'Host: load of 1 minute'
const HOST_COLUMN = 'host\\item'

/** A row for each host. */
export function capacityTable(host: string): Panel {
  const share = { unit: 'percentunit', custom: { cellOptions: { type: 'gauge', mode: 'basic' } } }
  const steps = [
    { value: null, color: 'green' },
    ...NEARLY_FULL.map(({ from, color }) => ({ value: from, color }))
  ]
  return table('Capacity', [questionOf(host, [LOAD])], {
    ...{ description: NOTE, timeFrom: HOURLY },
    transformations: [
      ...sharesByHost(),
      ...columns({ [HOST_COLUMN]: 'Host', ...sharesAsTheyAre(), [LOAD]: 'Load' })
    ],
    overrides: [
      override('Host', { links: [toHost('${__value.raw:percentencode}')] }),
      ...Object.keys(SHARES).map((name) =>
        override(name, {
          ...{ unit: share.unit, min: 0, max: 1, 'custom.cellOptions': share.custom.cellOptions },
          ...{ color: { mode: 'thresholds' }, thresholds: { mode: 'absolute', steps } }
        })
      )
    ]
  })
}

/** A bar for each thing that a host has. */
export function capacityBars(host: string): Panel {
  return bars('Capacity', [questionOf(host, [])], {
    ...{ description: NOTE, timeFrom: HOURLY, unit: 'percentunit', levels: NEARLY_FULL },
    transformations: [...sharesByHost(), ...columns(sharesAsTheyAre())]
  })
}

function sharesByHost(): JsonObject[] {
  const shares = Object.entries(SHARES).map(([name, [used, all]]) => ratio(name, used, all))
  return [...hostTable(), ...shares]
}

function sharesAsTheyAre(): Record<string, string> {
  return Object.fromEntries(Object.keys(SHARES).map((name) => [name, name]))
}

/** One question for all: each asks Zabbix for the items of every host. */
function questionOf(host: string, more: readonly string[]): Question {
  const names = [...Object.values(SHARES).flat(), ...more].map((name) => name.replace('Host: ', ''))
  return values(`/^Host: (${names.join('|')})$/`, { host })
}
