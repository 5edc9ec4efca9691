/**
 * What an administrator does once, so that the hub can do the rest with little rights: groups, the template, a role and a
 * user that may change hosts of the hub's group and nothing else, a token for it, and the action that registers hosts.
 * Doing it again changes nothing that is as it should be.
 */
import { randomBytes } from 'node:crypto'
import type { ZabbixApi } from './api.ts'
import { groupId } from './groups.ts'
import { ensureTemplate, TEMPLATE_GROUP } from './template.ts'
import { atLeast } from './version.ts'

/** What agents' greetings begin with, and the action looks for. */
export const METADATA = 'driftlog/1'
export const NAME = 'Driftlog hub'
const USER = 'driftlog'
const WRITES = '3'
/** A user of this kind may change what its groups let it. */
const ADMIN_TYPE = '2'
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
  /** An older token of the hub's user is thrown away. */
  newToken: boolean
}

export async function bootstrap(api: ZabbixApi, { group, newToken }: BootstrapAsked): Promise<Bootstrapped> {
  const done: string[] = []
  const make = async (what: string, found: string | undefined, create: () => Promise<string>) => {
    if (found !== undefined) return found
    done.push(`made ${what}`)
    return create()
  }
  const hosts = await make(`the group "${group}" of hosts`, await groupId(api, group), () =>
    created(api, 'hostgroup.create', { name: group }, 'groupids')
  )
  const template = await ensureTemplate(api)
  const templates = await groupId(api, TEMPLATE_GROUP, 'templates')
  if (templates === undefined) throw new Error(`The group "${TEMPLATE_GROUP}" of the template is not there.`)
  const rights = rightsOf(api, hosts, templates)
  const users = await make(
    'the group of its user',
    await idOf(api, 'usergroup', 'usrgrpid', { name: NAME }),
    () => created(api, 'usergroup.create', { name: NAME, gui_access: 3, ...rights }, 'usrgrpids')
  )
  await api.call('usergroup.update', { usrgrpid: users, ...rights })
  const role = await make('its role', await idOf(api, 'role', 'roleid', { name: NAME }), () =>
    created(api, 'role.create', { name: NAME, type: ADMIN_TYPE, rules: rulesOf(api) }, 'roleids')
  )
  await api.call('role.update', { roleid: role, rules: rulesOf(api) })
  const user = await make(`the user "${USER}"`, await idOf(api, 'user', 'userid', { username: USER }), () =>
    created(
      api,
      'user.create',
      // Nobody logs in with it: the hub has a token.
      {
        username: USER,
        passwd: randomBytes(24).toString('base64url'),
        roleid: role,
        usrgrps: [{ usrgrpid: users }]
      },
      'userids'
    )
  )
  const token = await tokenOf(api, user, newToken, done)
  await ensureAction(api, { hosts, template }, done)
  return { done, ...(token === undefined ? {} : { token }) }
}

async function tokenOf(api: ZabbixApi, userid: string, newToken: boolean, done: string[]) {
  const old = await idOf(api, 'token', 'tokenid', { name: NAME }, { userids: userid })
  if (old !== undefined && !newToken) return undefined
  if (old !== undefined) await api.call('token.delete', [old])
  const tokenid = await created(api, 'token.create', { name: NAME, userid }, 'tokenids')
  const [generated] = await api.call<{ token: string }[]>('token.generate', [tokenid])
  done.push('made a token for it')
  return generated?.token
}

function rightsOf({ version }: ZabbixApi, hosts: string, templates: string): object {
  const right = (id: string) => ({ id, permission: WRITES })
  if (!atLeast(version, 6, 2)) return { rights: [right(hosts), right(templates)] }
  return { hostgroup_rights: [right(hosts)], templategroup_rights: [right(templates)] }
}

function rulesOf({ version }: ZabbixApi): object {
  return {
    // A role has to show something.
    ui: [{ name: 'monitoring.hosts', status: '1' }],
    ...{ 'ui.default_access': '0', 'actions.default_access': '0', 'api.access': '1', 'api.mode': '1' },
    api: atLeast(version, 6, 2) ? [...METHODS, ...LATER_METHODS] : METHODS
  }
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

async function idOf(
  api: ZabbixApi,
  kind: string,
  id: string,
  filter: object,
  more: object = {}
): Promise<string | undefined> {
  const [found] = await api.call<Record<string, string>[]>(`${kind}.get`, { filter, output: [id], ...more })
  return found?.[id]
}

async function created(api: ZabbixApi, method: string, params: object, ids: string): Promise<string> {
  const answer = await api.call<Record<string, string[]>>(method, params)
  const id = answer[ids]?.[0]
  if (id === undefined) throw new Error(`Zabbix does not say what ${method} has made.`)
  return id
}
