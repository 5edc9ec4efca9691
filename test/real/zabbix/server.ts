/** The real Zabbix that test/services/zabbix has started. */
import { ZabbixApi } from '../../../server/zabbix/api.ts'
import type { TrapperSettings } from '../../../server/zabbix/trapper.ts'

/** As that script has them. */
const PORTS: Readonly<Record<string, { web: string; trapper: string }>> = {
  '6.0': { web: '8085', trapper: '10051' },
  '7.0': { web: '8087', trapper: '10071' }
}
const { ZBX_RELEASE: release = '6.0', ZBX_WEB_PORT, ZBX_PORT } = process.env
const ports = PORTS[release]

export const API_URL = new URL(`http://127.0.0.1:${ZBX_WEB_PORT ?? ports?.web}/api_jsonrpc.php`)
export const TRAPPER: TrapperSettings = {
  host: '127.0.0.1',
  port: Number(ZBX_PORT ?? ports?.trapper),
  timeoutMs: 10_000
}
export const ADMIN = { name: 'Admin', password: 'zabbix' }

export function openAsAdmin(): Promise<ZabbixApi> {
  return ZabbixApi.open({ url: API_URL, user: ADMIN, timeoutMs: 60_000 })
}
