/** What Zabbix has kept of values, in the form in which they were sent. */
import type { ZabbixApi } from '../../../server/zabbix/api.ts'
import type { Value } from '../../../server/zabbix/sender.ts'

/** By host, key and time; numbers without zeros behind them, as both sides may write them. */
export function placesOf(values: readonly Value[]): Map<string, string> {
  return new Map(
    values.map(({ host, key, value, clock, ns }) => [`${host} ${key} ${clock}.${ns}`, plain(value)])
  )
}

function plain(value: string): string {
  return /^-?\d+\.\d+$/.test(value) ? String(Number(value)) : value
}

/** Everything that the history has of the group's hosts. */
export async function kept(api: ZabbixApi, groupids: string): Promise<Map<string, string>> {
  const hosts = await api.call<{ host: string; hostid: string }[]>('host.get', {
    ...{ output: ['host'], groupids }
  })
  const names = new Map(hosts.map(({ host, hostid }) => [hostid, host]))
  const items = await api.call<{ itemid: string; key_: string; hostid: string; value_type: string }[]>(
    'item.get',
    { groupids, output: ['itemid', 'key_', 'hostid', 'value_type'] }
  )
  const byId = new Map(items.map((item) => [item.itemid, item]))
  const values: Value[] = []
  for (const type of new Set(items.map(({ value_type }) => value_type))) {
    const itemids = items.filter(({ value_type }) => value_type === type).map(({ itemid }) => itemid)
    const history = await api.call<{ itemid: string; clock: string; ns: string; value: string }[]>(
      'history.get',
      { history: Number(type), itemids }
    )
    for (const { itemid, clock, ns, value } of history) {
      const { key_: key = '', hostid = '' } = byId.get(itemid) ?? {}
      values.push({ host: names.get(hostid) ?? '', key, value, clock: Number(clock), ns: Number(ns) })
    }
  }
  return placesOf(values)
}
