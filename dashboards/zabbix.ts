/** Questions to Zabbix, as the grafana-zabbix plugin takes them. */
import type { JsonObject } from './json.ts'
import { ZABBIX } from './sources.ts'

/** A question of a panel; its letter comes with its place among the panel's questions. */
export type Question = JsonObject & { datasource: JsonObject }

export const ALL_HOSTS = '/.*/'
const METRICS = '0'
const TEXT = '2'
const TRIGGERS = '4'
const PROBLEMS = '5'
const EVERY_SEVERITY = 0
const AVERAGE = 3
const ACKNOWLEDGED_OR_NOT = 2
const MOST_PROBLEMS = 100

interface Asked {
  /** Visible name of a host, or `/a regular expression/`. */
  host?: string
  /** As `tag: value`. */
  itemTag?: string
  functions?: readonly JsonObject[]
}

/** Values of items: `item` is an item's name, or `/a regular expression/`. */
export function values(item: string, { host = '$host', itemTag = '', functions = [] }: Asked = {}): Question {
  return {
    ...filters(METRICS, { group: '$group', host, itemTag, item }),
    functions,
    options: {
      showDisabledItems: false,
      skipEmptyValues: false,
      disableDataAlignment: false,
      useZabbixValueMapping: false,
      useTrends: 'default'
    }
  }
}

/** The last texts of items, one a row. */
export function texts(item: string, host = ALL_HOSTS): Question {
  return {
    ...filters(TEXT, { group: '$group', host, item }),
    ...{ resultFormat: 'table', useCaptureGroups: false, functions: [] },
    options: { showDisabledItems: false, skipEmptyValues: true }
  }
}

/** How many problems of this trigger there are now. */
export function problemCount(trigger: string): Question {
  return {
    ...filters(TRIGGERS, { group: '$group', host: ALL_HOSTS, trigger }),
    ...{ countTriggersBy: 'problems', functions: [] },
    options: { ...problemOptions(EVERY_SEVERITY), count: true, useTimeRange: false }
  }
}

/** What Zabbix has triggers for and is not over. */
export function problems(host: string): Question {
  return {
    ...filters(PROBLEMS, { group: '$group', host }),
    ...{ showProblems: 'problems', functions: [] },
    options: { ...problemOptions(EVERY_SEVERITY), severities: [0, 1, 2, 3, 4, 5], useTimeRange: false }
  }
}

/** Problems as marks in time. */
export function problemMarks(host: string): JsonObject {
  return {
    ...{ name: 'Problems', datasource: ZABBIX, enable: true, hide: false, iconColor: 'orange' },
    target: {
      ...{ refId: 'Anno', group: { filter: '$group' }, host: { filter: host }, application: { filter: '' } },
      trigger: { filter: '' },
      options: { minSeverity: AVERAGE, showOkEvents: true, hideAcknowledged: false, showHostname: true }
    }
  }
}

/** The series with the largest means alone: beyond some hundred a browser drowns. */
export function top(count: number): JsonObject {
  return call('top', 'Filter', ['number', 'value'], [String(count), 'avg'])
}

export function scale(factor: number): JsonObject {
  return call('scale', 'Transform', ['factor'], [String(factor)])
}

export function sumSeries(): JsonObject {
  return call('sumSeries', 'Aggregate', [], [])
}

export function setAlias(name: string): JsonObject {
  return call('setAlias', 'Alias', ['alias'], [name])
}

/** Parameters are texts: the plugin's backend refuses numbers in some of its functions. */
function call(name: string, category: string, names: string[], params: string[]): JsonObject {
  const def = { name, category, params: names.map((param) => ({ name: param, type: 'string' })) }
  return { def: { ...def, defaultParams: [] }, params, text: `${name}(${params.join(', ')})` }
}

type Filters = { group: string; host: string } & Partial<Record<'itemTag' | 'item' | 'trigger', string>>

/** Every field is there, also the empty ones: the plugin's page reads them all. */
function filters(
  queryType: string,
  { group, host, itemTag = '', item = '', trigger = '' }: Filters
): Question {
  return {
    ...{ datasource: ZABBIX, queryType, schema: 12, resultFormat: 'time_series', evaltype: '0' },
    ...{ group: { filter: group }, host: { filter: host }, application: { filter: '' } },
    ...{ itemTag: { filter: itemTag }, item: { filter: item }, macro: { filter: '' }, proxy: { filter: '' } },
    ...{ trigger: { filter: trigger }, tags: { filter: '' }, textFilter: '' }
  }
}

function problemOptions(minSeverity: number): JsonObject {
  return {
    ...{ minSeverity, acknowledged: ACKNOWLEDGED_OR_NOT, sortProblems: 'default', limit: MOST_PROBLEMS },
    ...{ hostsInMaintenance: true, hostProxy: false, showDisabledItems: false }
  }
}
