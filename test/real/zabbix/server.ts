/** The real Zabbix that test/services/zabbix has started. */
import { ZabbixApi } from '../../../server/zabbix/api.ts'
import type { TrapperSettings } from '../../../server/zabbix/trapper.ts'

export const API_URL = new URL(`http://127.0.0.1:${process.env['ZBX_WEB_PORT'] ?? '8085'}/api_jsonrpc.php`)
export const TRAPPER: TrapperSettings = {
  host: '127.0.0.1',
  port: Number(process.env['ZBX_PORT'] ?? '10051'),
  timeoutMs: 10_000
}
export const ADMIN = { name: 'Admin', password: 'zabbix' }

export function openAsAdmin(): Promise<ZabbixApi> {
  return ZabbixApi.open({ url: API_URL, user: ADMIN, timeoutMs: 60_000 })
}
