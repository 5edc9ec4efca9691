/** What containers have in common, on whichever dashboard. */
import { HEALTH, STATE } from '../server/zabbix/items.ts'
import { toContainer } from './links.ts'
import { mappings, override, type Panel, stateTimeline, table } from './panels.ts'
import { containerTable } from './transformations.ts'
import { type Question, values } from './zabbix.ts'

/** State and health are told when they change, and every ten minutes; two of these may be missing. */
const SELDOM_BROKEN_AFTER_MS = 25 * 60_000
const SELDOM = '25m'

const STATE_COLORS = {
  ...{ running: 'green', created: 'blue', paused: 'yellow', restarting: 'orange' },
  ...{ exited: 'gray', dead: 'red', gone: 'gray' }
}
const HEALTH_COLORS = { healthy: 'green', starting: 'yellow', unhealthy: 'red', 'not checked': 'gray' }

/** Containers of a host, a row each. */
export function containersTable(): Panel {
  return table('Containers now', [values('/^Container .+: (state|health|CPU|memory|restarts)$/')], {
    ...{ timeFrom: SELDOM, transformations: containerTable() },
    overrides: [
      override('container\\metric', {
        displayName: 'Container',
        links: [toContainer('${__value.raw:percentencode}')]
      }),
      override('state', { mappings: mappings(STATE, STATE_COLORS) }),
      override('health', { mappings: mappings(HEALTH, HEALTH_COLORS) }),
      override('CPU', { unit: 'short', decimals: 2 }),
      override('memory', { unit: 'bytes' })
    ]
  })
}

export function states(title: string, question: Question): Panel {
  return stateTimeline(title, [question], {
    ...{ words: STATE, colors: STATE_COLORS, brokenAfterMs: SELDOM_BROKEN_AFTER_MS }
  })
}

export function healths(title: string, question: Question): Panel {
  return stateTimeline(title, [question], {
    ...{ words: HEALTH, colors: HEALTH_COLORS, brokenAfterMs: SELDOM_BROKEN_AFTER_MS }
  })
}
