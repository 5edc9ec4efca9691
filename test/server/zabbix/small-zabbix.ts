/** A small Zabbix: as much of its API as registration asks for, with hosts in memory, and a port that takes values. */
import { packetOf } from '../../../server/zabbix/packet.ts'
import { TEMPLATE_VERSION, VERSION_MACRO } from '../../../server/zabbix/template.ts'
import { type FakeApi, type FakeTrapper, type Rpc, startApi, startTrapper } from './fakes.ts'

export const TOKEN = 'a'.repeat(64)

interface Kept extends Record<string, unknown> {
  hostid: string
  name: string
  parentTemplates: { templateid: string }[]
}

export interface SmallZabbix extends AsyncDisposable {
  api: FakeApi
  trapper: FakeTrapper
  hosts: Kept[]
  /** Names of hosts that it does not take, and why. */
  refusals: Map<string, string>
  /** Answers as a proxy does whose Zabbix is down, while it is set. */
  isAway: boolean
}

export async function startSmallZabbix(): Promise<SmallZabbix> {
  const hosts: Kept[] = []
  const zabbix = { hosts, refusals: new Map<string, string>(), isAway: false }
  const change = ({ method, params }: Rpc) => {
    const reason = zabbix.refusals.get(String(params['name']))
    if (reason !== undefined) return { error: { code: -32602, data: reason } }
    const { templates, ...rest } = params as { templates?: { templateid: string }[] }
    const set = { ...rest, ...(templates && { parentTemplates: templates }) } as Kept
    const known = hosts.find(({ hostid }) => hostid === set.hostid)
    if (method === 'host.update' && known) Object.assign(known, set)
    else hosts.push({ ...set, hostid: String(10_084 + hosts.length) })
    return { hostids: [known?.hostid ?? hosts.at(-1)?.hostid] }
  }
  const answers: Record<string, (rpc: Rpc) => unknown> = {
    'apiinfo.version': () => '6.0.14',
    'hostgroup.get': () => [{ groupid: '5' }],
    'template.get': () => [
      { templateid: '7', macros: [{ macro: VERSION_MACRO, value: String(TEMPLATE_VERSION) }] }
    ],
    'host.get': ({ params }) =>
      params['filter']
        ? hosts.filter(({ host }) => host === (params['filter'] as { host: string }).host)
        : hosts.map((host) => ({ ...host, status: String(host['status']) })),
    'host.create': change,
    'host.update': change
  }
  const api = await startApi((rpc) => {
    if (zabbix.isAway) return { raw: '<html>502', status: 502, type: 'text/html' }
    const answer = answers[rpc.method]
    return answer ? answer(rpc) : { error: { code: -32601, data: `no ${rpc.method} here` } }
  })
  const trapper = await startTrapper((_, socket) => {
    socket.end(packetOf({ response: 'success', info: 'processed: 1; failed: 0; total: 1' }))
  })
  return Object.assign(zabbix, {
    ...{ api, trapper },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await trapper[Symbol.asyncDispose]()
    }
  })
}
