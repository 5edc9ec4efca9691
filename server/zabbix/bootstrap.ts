/**
 * What an administrator does once, so that the hub can do the rest with little rights: groups, the template, a role and a
 * user that may change hosts of the hub's group and nothing else, a token for it, and the action that registers hosts; and
 * so that Grafana can read what the hub tells: a user that may see that group. Doing it again changes nothing that is as it
 * should be.
 */
import { type Account, created, ensureAccount, ensureToken } from './account.ts'
import type { ZabbixApi } from './api.ts'
import { groupId } from './groups.ts'
import { ensureTemplate, TEMPLATE_GROUP } from './template.ts'
import { atLeast } from './version.ts'

/** What agents' greetings begin with, and the action looks for. */
export const METADATA = 'driftlog/1'
export const NAME = 'Driftlog hub'
const READER_NAME = 'Driftlog Grafana'
/** Methods that the hub's role may call. */
const METHODS = [
  'action.get',
  'configuration.import',
  'history.get',
  'host.create',
  'host.get',
  'host.update',
  'hostgroup.get',
  'item.get',
  'problem.get',
  'template.get',
  'trigger.get'
]
/** From 6.2 on groups of templates are things of their own. */
const LATER_METHODS = ['templategroup.get']

export interface Bootstrapped {
  /** Shown now and never again; absent where there is one already. */
  token?: string
  /** What was made or changed. */
  done: string[]
}

export interface BootstrapAsked {
  /** Hosts go here. */
  group: string
  /** An older token of the user is thrown away. */
  newToken: boolean
}

export async function bootstrap(api: ZabbixApi, { group, newToken }: BootstrapAsked): Promise<Bootstrapped> {
  const done: string[] = []
  const hosts = await ensureGroup(api, group, done)
  const template = await ensureTemplate(api)
  const templates = await groupId(api, TEMPLATE_GROUP, 'templates')
  if (templates === undefined) throw new Error(`The group "${TEMPLATE_GROUP}" of the template is not there.`)
  const account: Account = {
    ...{ user: 'driftlog', name: NAME, kind: 'admin' },
    methods: atLeast(api.version, 6, 2) ? [...METHODS, ...LATER_METHODS] : METHODS,
    rights: { right: 'write', hosts, templates }
  }
  const userid = await ensureAccount(api, account, done)
  const token = await ensureToken(api, { userid, account, newToken }, done)
  await ensureAction(api, { hosts, template }, done)
  return { done, ...(token === undefined ? {} : { token }) }
}

/** For Grafana. */
export async function bootstrapReader(
  api: ZabbixApi,
  { group, newToken }: BootstrapAsked
): Promise<Bootstrapped> {
  const done: string[] = []
  const hosts = await ensureGroup(api, group, done)
  const account: Account = {
    ...{ user: 'driftlog-grafana', name: READER_NAME, kind: 'user' },
    // Which ones the plugin calls differs with its version.
    methods: ['*.get'],
    rights: { right: 'read', hosts }
  }
  const userid = await ensureAccount(api, account, done)
  const token = await ensureToken(api, { userid, account, newToken }, done)
  return { done, ...(token === undefined ? {} : { token }) }
}

async function ensureGroup(api: ZabbixApi, name: string, done: string[]): Promise<string> {
  const found = await groupId(api, name)
  if (found !== undefined) return found
  done.push(`made the group "${name}" of hosts`)
  return created(api, 'hostgroup.create', { name }, 'groupids')
}

interface Action {
  actionid: string
  status: string
  operations: {
    operationtype: string
    opgroup?: { groupid: string }[]
    optemplate?: { templateid: string }[]
  }[]
}

/** Zabbix disables an action, and takes parts of it away, when somebody deletes what it speaks of. */
async function ensureAction(
  api: ZabbixApi,
  { hosts, template }: { hosts: string; template: string },
  done: string[]
): Promise<void> {
  const what = 'the action that registers hosts'
  const [found] = await api.call<Action[]>('action.get', {
    ...{ filter: { name: NAME }, output: ['actionid', 'status'], selectOperations: 'extend' }
  })
  const action = actionOf(hosts, template)
  if (!found) {
    await api.call('action.create', action)
    done.push(`made ${what}`)
    return
  }
  const groups = found.operations.flatMap(({ opgroup = [] }) => opgroup.map(({ groupid }) => groupid))
  const templates = found.operations.flatMap(({ optemplate = [] }) =>
    optemplate.map(({ templateid }) => templateid)
  )
  if (found.status === '0' && groups.includes(hosts) && templates.includes(template)) return
  const { eventsource: _, ...change } = action
  await api.call('action.update', { actionid: found.actionid, ...change })
  done.push(`mended ${what}`)
}

/** Hosts whose agents greet with our metadata are added, put into the group, and given the template. */
function actionOf(groupid: string, templateid: string) {
  return {
    ...{ name: NAME, eventsource: 2, status: 0 },
    filter: { evaltype: 0, conditions: [{ conditiontype: 24, operator: 2, value: METADATA }] },
    operations: [
      { operationtype: 2 },
      { operationtype: 4, opgroup: [{ groupid }] },
      { operationtype: 6, optemplate: [{ templateid }] },
      { operationtype: 10, opinventory: { inventory_mode: 1 } }
    ]
  }
}
