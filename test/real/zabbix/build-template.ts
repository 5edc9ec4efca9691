/** The template as it is to be, from the list of items. What Zabbix makes of it is kept as server/zabbix/template.json. */
import { createHash } from 'node:crypto'
import {
  CONTAINER_ITEMS,
  DISCOVERY,
  HEALTH,
  HEARTBEAT,
  HOST_ITEMS,
  type Item,
  STATE,
  type ValueMap
} from '../../../server/zabbix/items.ts'
import { TEMPLATE, TEMPLATE_GROUP, VERSION_MACRO } from '../../../server/zabbix/template.ts'

const VALUE_TYPES = { whole: undefined, number: 'FLOAT', text: 'CHAR' } as const

export function buildTemplate(version: number): object {
  const macros: [string, string, string][] = [
    ['{$DRIFTLOG.CONTAINER.MATCHES}', '.*', 'Containers whose names match are discovered'],
    ['{$DRIFTLOG.CONTAINER.NOT_MATCHES}', 'CHANGE_IF_NEEDED', 'Containers whose names match are left out'],
    ['{$DRIFTLOG.DISK.WARN}', '90', 'Per cent of a disk that may be used'],
    ['{$DRIFTLOG.ERRORS.TIMES}', '3', 'An app fails when it has so many times the errors of the hour before'],
    ['{$DRIFTLOG.ERRORS.WARN}', '10', 'Errors a minute below which nothing is said of them'],
    ['{$DRIFTLOG.HOLD}', '30m', 'So long the last lost line or out of memory kill stays a problem'],
    ['{$DRIFTLOG.MEMORY.WARN}', '95', 'Per cent of its limit that a container may use for five minutes'],
    [
      '{$DRIFTLOG.RESTARTS.WARN}',
      '3',
      'Restarts in 15 minutes from which on a container counts as restarting'
    ],
    ['{$DRIFTLOG.SILENT}', '5m', 'Time without a sign of the agent'],
    [VERSION_MACRO, String(version), 'Raised by Driftlog with each change of the template; leave it alone']
  ]
  return {
    zabbix_export: {
      version: '6.0',
      groups: [{ uuid: uuid('group'), name: TEMPLATE_GROUP }],
      templates: [
        {
          uuid: uuid('template'),
          template: TEMPLATE,
          name: TEMPLATE,
          description:
            'A host of containers that a Driftlog agent watches. Made and upgraded by the Driftlog hub: keep your own thresholds in macros of hosts.',
          groups: [{ name: TEMPLATE_GROUP }],
          items: HOST_ITEMS.map((item) => ({ ...itemOf(item), ...triggersOf(HOST_TRIGGERS, item.key) })),
          discovery_rules: [discovery()],
          macros: macros.map(([macro, value, description]) => ({ macro, value, description })),
          valuemaps: [HEALTH, STATE].map(valueMapOf)
        }
      ],
      triggers: ofSeveral(HOST_TRIGGERS)
    }
  }
}

function discovery(): object {
  return {
    uuid: uuid(DISCOVERY),
    ...{ name: 'Containers', type: 'TRAP', key: DISCOVERY, delay: '0', lifetime: '7d' },
    filter: {
      evaltype: 'AND',
      conditions: [
        { macro: '{#NAME}', value: '{$DRIFTLOG.CONTAINER.MATCHES}', formulaid: 'A' },
        {
          ...{ macro: '{#NAME}', value: '{$DRIFTLOG.CONTAINER.NOT_MATCHES}' },
          ...{ operator: 'NOT_MATCHES_REGEX', formulaid: 'B' }
        }
      ]
    },
    item_prototypes: CONTAINER_ITEMS.map((item) => ({
      ...itemOf({
        ...item,
        key: `${item.key}["{#APP}","{#NAME}"]`,
        name: `Container {#NAME}: ${item.name}`
      }),
      tags: [
        { tag: 'app', value: '{#APP}' },
        { tag: 'component', value: item.component },
        { tag: 'container', value: '{#NAME}' },
        { tag: 'environment', value: '{#ENVIRONMENT}' }
      ],
      ...triggersOf(CONTAINER_TRIGGERS, item.key, 'trigger_prototypes')
    })),
    trigger_prototypes: ofSeveral(CONTAINER_TRIGGERS)
  }
}

function itemOf({ key, name, type, units, component, seldom, words, trends }: Item): object {
  const valueType = VALUE_TYPES[type]
  return {
    uuid: uuid(key),
    ...{ name, type: 'TRAP', key, delay: '0', history: '7d' },
    ...(trends === false ? { trends: '0' } : {}),
    ...(valueType ? { value_type: valueType } : {}),
    ...(units ? { units } : {}),
    ...(words ? { valuemap: { name: words.name } } : {}),
    ...(seldom ? { preprocessing: [{ type: 'DISCARD_UNCHANGED_HEARTBEAT', parameters: [seldom] }] } : {}),
    tags: [{ tag: 'component', value: component }]
  }
}

interface Trigger {
  /** Under the item with this key. */
  of: string
  name: string
  priority: 'INFO' | 'WARNING' | 'AVERAGE' | 'HIGH'
  /** $X stands for the item with the key X. */
  expression: string
  /** Says that this counter has gone up: a problem for a while, until somebody closes it or it goes up no more. */
  event?: true
}

const HOST_TRIGGERS: Trigger[] = [
  {
    ...{ of: HEARTBEAT, name: 'Driftlog agent is silent', priority: 'HIGH' },
    expression: `nodata($<${HEARTBEAT}>,{$DRIFTLOG.SILENT})=1`
  },
  {
    ...{ of: 'driftlog.logs.gaps', name: 'Log lines are missing', priority: 'WARNING', event: true },
    expression: 'change($<driftlog.logs.gaps>)>0'
  },
  ...(['root', 'docker'] as const).map(
    (disk): Trigger => ({
      of: `driftlog.host.disk.${disk}`,
      name: `${disk === 'root' ? 'Root disk' : 'Docker’s disk'} is nearly full`,
      priority: 'AVERAGE',
      expression: `last($<driftlog.host.disk.${disk}>)/last($<driftlog.host.disk.${disk}.total>)*100>{$DRIFTLOG.DISK.WARN}`
    })
  )
]

const CONTAINER_TRIGGERS: Trigger[] = [
  {
    of: 'driftlog.container.restarts',
    name: 'Container {#NAME} keeps restarting',
    priority: 'AVERAGE',
    expression:
      // A container that was replaced begins again at 0: only what came after the fewest counts.
      'last($<driftlog.container.restarts>)-min($<driftlog.container.restarts>,15m)>={$DRIFTLOG.RESTARTS.WARN}'
  },
  {
    of: 'driftlog.container.oom',
    name: 'Container {#NAME} ran out of memory',
    ...{ priority: 'AVERAGE', event: true },
    expression: 'change($<driftlog.container.oom>)>0'
  },
  {
    of: 'driftlog.container.health',
    name: 'Container {#NAME} is unhealthy',
    priority: 'HIGH',
    expression: 'last($<driftlog.container.health>)=0'
  },
  {
    of: 'driftlog.container.logs.errors',
    name: 'Container {#NAME} logs many more errors than before',
    priority: 'WARNING',
    expression:
      'avg($<driftlog.container.logs.errors>,5m)>{$DRIFTLOG.ERRORS.WARN} and avg($<driftlog.container.logs.errors>,5m)>{$DRIFTLOG.ERRORS.TIMES}*avg($<driftlog.container.logs.errors>,1h:now-5m)'
  },
  {
    of: 'driftlog.container.memory',
    name: 'Container {#NAME} is near its memory limit',
    priority: 'WARNING',
    expression:
      'last($<driftlog.container.memory.limit>)>0 and min($<driftlog.container.memory>,5m)/last($<driftlog.container.memory.limit>)*100>{$DRIFTLOG.MEMORY.WARN}'
  },
  {
    of: 'driftlog.container.logs.gaps',
    name: 'Log lines of container {#NAME} are missing',
    ...{ priority: 'WARNING', event: true },
    expression: 'change($<driftlog.container.logs.gaps>)>0'
  }
]

/** Triggers of several items stand beside the template, those of one below their item. */
function triggersOf(all: readonly Trigger[], key: string, name = 'triggers'): object {
  const own = all.filter(({ of, expression }) => of === key && keysIn(expression).size === 1)
  return own.length === 0 ? {} : { [name]: own.map(triggerOf) }
}

function ofSeveral(all: readonly Trigger[]): object[] {
  return all.filter(({ expression }) => keysIn(expression).size > 1).map(triggerOf)
}

function triggerOf({ of, name, priority, expression, event }: Trigger): object {
  return {
    uuid: uuid(name),
    expression: filled(expression),
    ...(event && {
      recovery_mode: 'RECOVERY_EXPRESSION',
      // Held by the expression above, what somebody closes by hand would be back with the next value. Increases are counted,
      // and not compared with the least: a container that is replaced after its end begins again at 0.
      recovery_expression: filled(`changecount($<${of}>,{$DRIFTLOG.HOLD},"inc")=0`)
    }),
    name,
    priority,
    ...(event && { manual_close: 'YES' })
  }
}

function filled(expression: string): string {
  return expression.replaceAll(/\$<([^>]+)>/g, (_, key: string) => {
    const whole = key.startsWith('driftlog.container.') ? `${key}["{#APP}","{#NAME}"]` : key
    return `/${TEMPLATE}/${whole}`
  })
}

function keysIn(expression: string): Set<string> {
  return new Set([...expression.matchAll(/\$<([^>]+)>/g)].map(([, key]) => key ?? ''))
}

function valueMapOf({ name, values }: ValueMap): object {
  const mappings = Object.entries(values).map(([value, newvalue]) => ({ value, newvalue }))
  return { uuid: uuid(name), name, mappings }
}

/** The same for the same name, for ever, in the form of a random one: Zabbix takes no others. */
function uuid(name: string): string {
  const digits = createHash('sha256').update(`driftlog ${name}`).digest('hex').slice(0, 32)
  return `${digits.slice(0, 12)}4${digits.slice(13, 16)}a${digits.slice(17)}`
}
