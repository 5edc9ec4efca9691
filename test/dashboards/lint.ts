/** What a dashboard must be for Grafana to draw it, beyond its schema. Returns what is wrong, in sentences. */
import type { Json, JsonObject } from '../../dashboards/json.ts'

const LEGACY_KEYS = [
  'rows',
  'span',
  'renderer',
  'height',
  'originalTitle',
  'style',
  'hideControls',
  'sharedCrosshair'
]
const LEGACY_TYPES = ['graph', 'singlestat', 'table-old']
const SOURCES = ['driftlog-zabbix', 'driftlog-logs']
/** Of Grafana itself. */
const BUILT_IN = /^__/
const FILTERS = ['group', 'host', 'application', 'itemTag', 'item', 'macro', 'proxy', 'trigger', 'tags']
const METRICS = '0'
const COLUMNS = 24

export interface Target extends JsonObject {
  refId: string
  datasource: { type: string; uid: string }
}
export interface Placed extends JsonObject {
  id: number
  type: string
  title: string
  gridPos: { x: number; y: number; w: number; h: number }
  targets?: readonly Target[]
  panels?: readonly Placed[]
}
export interface Made extends JsonObject {
  uid: string
  title: string
  panels: readonly Placed[]
  templating: { list: readonly (JsonObject & { name: string })[] }
}

export function lint(dashboard: Made): string[] {
  const panels = panelsOf(dashboard)
  return [
    ...headOf(dashboard),
    ...legacyIn(dashboard, ''),
    ...repeated(
      'id',
      panels.map(({ id }) => String(id))
    ),
    ...repeated(
      'title',
      panels.map(({ title }) => title)
    ),
    ...overlaps(dashboard.panels),
    ...panels.flatMap(targetsOf),
    ...variablesIn(dashboard)
  ]
}

/** Those in collapsed rows, too. */
export function panelsOf({ panels }: Pick<Made, 'panels'>): Placed[] {
  return panels.flatMap((panel) => [panel, ...(panel.panels ?? [])])
}

function headOf({ uid, title, schemaVersion }: Made): string[] {
  return [
    ...(/^[\w-]{1,40}$/.test(uid) ? [] : [`uid "${uid}" is none`]),
    ...(title === '' ? ['there is no title'] : []),
    ...(schemaVersion === 39 ? [] : [`schemaVersion ${schemaVersion}`])
  ]
}

function legacyIn(value: Json, path: string): string[] {
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, part]) => [
    ...(LEGACY_KEYS.includes(key) ? [`${path}.${key} is of an older Grafana`] : []),
    ...(key === 'type' && LEGACY_TYPES.includes(String(part)) ? [`${path} is a ${part}`] : []),
    ...(key === 'datasource' && (part === null || typeof part !== 'object')
      ? [`${path} names a source`]
      : []),
    ...legacyIn(part as Json, `${path}.${key}`)
  ])
}

function repeated(what: string, all: readonly string[]): string[] {
  return all.filter((one, i) => all.indexOf(one) !== i).map((one) => `${what} ${one} is there twice`)
}

function overlaps(panels: readonly Placed[]): string[] {
  const taken = new Map<string, string>()
  return panels.flatMap(({ title, gridPos: { x, y, w, h } }) => {
    if (x < 0 || w < 1 || h < 1 || x + w > COLUMNS) return [`${title} is outside the grid`]
    const cells = Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`)
    const other = cells.map((cell) => taken.get(cell)).find((one) => one !== undefined)
    for (const cell of cells) taken.set(cell, title)
    return other === undefined ? [] : [`${title} lies on ${other}`]
  })
}

function targetsOf({ title, type, targets = [] }: Placed): string[] {
  if (type === 'row' || type === 'text') return targets.length > 0 ? [`${title} asks`] : []
  const letters = targets.map(({ refId }) => refId)
  return [
    ...(targets.length === 0 ? [`${title} asks nothing`] : []),
    ...repeated(`${title}: refId`, letters),
    ...letters.filter((letter) => !/^[A-Z]$/.test(letter)).map((letter) => `${title}: refId "${letter}"`),
    ...targets.flatMap((target) => targetOf(title, target))
  ]
}

function targetOf(title: string, target: Target): string[] {
  const { datasource, queryType, schema } = target
  if (!SOURCES.includes(datasource?.uid)) return [`${title} asks a source that nobody makes`]
  if (datasource.uid !== 'driftlog-zabbix')
    return typeof target['query'] === 'string' ? [] : [`${title}: no query`]
  const empty = (name: string) => filterOf(target, name) === ''
  const needed = queryType === METRICS || queryType === '2' ? ['group', 'host', 'item'] : ['group', 'host']
  return [
    ...FILTERS.filter((name) => filterOf(target, name) === undefined).map((name) => `${title}: no ${name}`),
    ...needed.filter(empty).map((name) => `${title}: ${name} is empty, which matches nothing`),
    ...(schema === 12 ? [] : [`${title}: query schema ${schema}`])
  ]
}

export function filterOf(target: Target, name: string): string | undefined {
  const filter = target[name]
  if (filter === null || typeof filter !== 'object' || !('filter' in filter)) return undefined
  return String(filter['filter'])
}

/** `$name` and `${name…}` that nobody defines. `$1` and `$/` are of regular expressions. */
function variablesIn(dashboard: Made): string[] {
  const known = dashboard.templating.list.map(({ name }) => name)
  const used = [...JSON.stringify(dashboard).matchAll(/\$(?:\{(\w+)|([A-Za-z_]\w*))/g)].map(
    ([, braced, plain]) => braced ?? plain ?? ''
  )
  const dangling = new Set(used.filter((name) => !known.includes(name) && !BUILT_IN.test(name)))
  return [...dangling].map((name) => `$${name} is nowhere defined`)
}
