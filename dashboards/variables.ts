/** What a person chooses above a dashboard. All but the group follow from what Zabbix knows. */
import type { JsonObject } from './json.ts'
import { ZABBIX } from './sources.ts'
import { ALL_HOSTS } from './zabbix.ts'

const EACH_LOAD = 1
const EACH_RANGE = 2
const ALPHABETIC = 1

/** The group of hosts that the hub puts its hosts into, and groups below it. */
export function group(name: string): JsonObject {
  const escaped = name.replaceAll(/[\\^$*+?.()|[\]{}/]/g, '\\$&')
  return variable('group', 'Group', { queryType: 'group', group: `/^${escaped}(\\/.*)?$/` })
}

export function host(): JsonObject {
  return variable('host', 'Host', { queryType: 'host', group: '$group', host: ALL_HOSTS })
}

/** Apps are tags of items: they are known while their containers are. */
export function app(): JsonObject {
  return tagged('app', 'App', ALL_HOSTS)
}

export function container(): JsonObject {
  return tagged('container', 'Container', '$host')
}

function tagged(tag: string, label: string, host: string): JsonObject {
  return {
    ...variable(tag, label, { queryType: 'itemTag', group: '$group', host, itemTag: `/^${tag}: .*/` }),
    ...{ regex: `/^${tag}: (.*)$/`, refresh: EACH_RANGE }
  }
}

interface Query {
  queryType: string
  group: string
  host?: string
  itemTag?: string
}

function variable(name: string, label: string, query: Query): JsonObject {
  const whole = { host: '', itemTag: '', ...query, application: '', item: '', showDisabledItems: false }
  return {
    ...{ name, label, type: 'query', datasource: ZABBIX, query: whole },
    ...{ definition: `Zabbix - ${query.queryType}`, refresh: EACH_LOAD, regex: '', sort: ALPHABETIC },
    ...{ multi: false, includeAll: false, hide: 0, options: [] }
  }
}
