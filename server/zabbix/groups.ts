import type { ZabbixApi } from './api.ts'
import { atLeast } from './version.ts'

/** Id of a group by its name. Until 6.0 hosts and templates share groups. */
export async function groupId(
  api: ZabbixApi,
  name: string,
  of: 'hosts' | 'templates' = 'hosts'
): Promise<string | undefined> {
  const method = of === 'templates' && atLeast(api.version, 6, 2) ? 'templategroup.get' : 'hostgroup.get'
  const [found] = await api.call<{ groupid: string }[]>(method, { filter: { name }, output: ['groupid'] })
  return found?.groupid
}
