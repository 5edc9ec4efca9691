/** A user of Zabbix that only programs are: with a role, a group of users and a token of its own. */
import { randomBytes } from 'node:crypto'
import type { ZabbixApi } from './api.ts'
import { atLeast } from './version.ts'

export interface Account {
  user: string
  /** Of its role and of its group of users. */
  name: string
  /** A user of the kind `admin` may change what its rights let it, one of the kind `user` nothing. */
  kind: 'admin' | 'user'
  /** Of the API; `*.get` stands for all that read. */
  methods: readonly string[]
  /** By the ids of groups. */
  rights: { right: 'read' | 'write'; hosts: string; templates?: string }
}

const TYPES = { user: '1', admin: '2' }
const PERMISSIONS = { read: '2', write: '3' }
/** Nobody logs in with it. */
const NO_FRONTEND = 3

/** Resolves to the user's id. What is not as it should be is mended. */
export async function ensureAccount(api: ZabbixApi, account: Account, done: string[]): Promise<string> {
  const { user: username, name, kind } = account
  const rights = rightsOf(api, account)
  const rules = rulesOf(account)
  const make = async (what: string, found: string | undefined, create: () => Promise<string>) => {
    if (found !== undefined) return found
    done.push(`made ${what}`)
    return create()
  }
  const usrgrpid = await make(
    `the group of users "${name}"`,
    await idOf(api, 'usergroup', 'usrgrpid', { name }),
    () => created(api, 'usergroup.create', { name, gui_access: NO_FRONTEND, ...rights }, 'usrgrpids')
  )
  await api.call('usergroup.update', { usrgrpid, ...rights })
  const roleid = await make(`the role "${name}"`, await idOf(api, 'role', 'roleid', { name }), () =>
    created(api, 'role.create', { name, type: TYPES[kind], rules }, 'roleids')
  )
  await api.call('role.update', { roleid, rules })
  const place = { roleid, usrgrps: [{ usrgrpid }] }
  const userid = await make(`the user "${username}"`, await idOf(api, 'user', 'userid', { username }), () => {
    const passwd = randomBytes(24).toString('base64url')
    return created(api, 'user.create', { username, passwd, ...place }, 'userids')
  })
  await api.call('user.update', { userid, ...place })
  return userid
}

/** The token's secret where it was made now: Zabbix shows it this once. */
export async function ensureToken(
  api: ZabbixApi,
  { userid, account: { user, name }, newToken }: { userid: string; account: Account; newToken: boolean },
  done: string[]
): Promise<string | undefined> {
  const old = await idOf(api, 'token', 'tokenid', { name }, { userids: userid })
  if (old !== undefined && !newToken) return undefined
  if (old !== undefined) await api.call('token.delete', [old])
  const tokenid = await created(api, 'token.create', { name, userid }, 'tokenids')
  const [generated] = await api.call<{ token: string }[]>('token.generate', [tokenid])
  done.push(`made a token for "${user}"${old === undefined ? '' : ', and threw the older one away'}`)
  return generated?.token
}

function rightsOf({ version }: ZabbixApi, { rights: { right, hosts, templates } }: Account): object {
  const of = (id: string | undefined) => (id === undefined ? [] : [{ id, permission: PERMISSIONS[right] }])
  // From 6.2 on groups of templates are things of their own.
  return atLeast(version, 6, 2)
    ? { hostgroup_rights: of(hosts), templategroup_rights: of(templates) }
    : { rights: [...of(hosts), ...of(templates)] }
}

function rulesOf({ methods }: Account): object {
  return {
    // A role has to show something.
    ui: [{ name: 'monitoring.hosts', status: '1' }],
    ...{ 'ui.default_access': '0', 'actions.default_access': '0', 'api.access': '1', 'api.mode': '1' },
    api: methods
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

export async function created(api: ZabbixApi, method: string, params: object, ids: string): Promise<string> {
  const answer = await api.call<Record<string, string[]>>(method, params)
  const id = answer[ids]?.[0]
  if (id === undefined) throw new Error(`Zabbix does not say what ${method} has made.`)
  return id
}
