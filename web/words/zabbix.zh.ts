import type { zabbixEn } from './zabbix.en.ts'

export const zabbixZh: Record<keyof typeof zabbixEn, string> = {
  'zabbix.enabled': '已纳入 Zabbix',
  'zabbix.disabled': '在 Zabbix 中已停用',
  'zabbix.absent': '尚未纳入 Zabbix',
  'zabbix.refused': '被 Zabbix 拒绝：{reason}',
  'zabbix.unknown': '在 Zabbix 中的状态未知',
  'zabbix.away': '在 Zabbix 中的状态未知：{reason}',
  'zabbix.ofHost': '{host}：{standing}',
  'zabbix.open': '{host}：{standing}。打开其在 Zabbix 中的最新数据。',
  'zabbix.latest': '最新数据'
}
