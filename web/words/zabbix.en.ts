/** Words of how a host stands in Zabbix; they come with the parts of the page that show it. */
export const zabbixEn = {
  'zabbix.enabled': 'in Zabbix',
  'zabbix.disabled': 'disabled in Zabbix',
  'zabbix.absent': 'not in Zabbix yet',
  'zabbix.refused': 'refused by Zabbix: {reason}',
  'zabbix.unknown': 'standing in Zabbix unknown',
  'zabbix.away': 'standing in Zabbix unknown: {reason}',
  'zabbix.ofHost': '{host}: {standing}',
  'zabbix.open': '{host}: {standing}. Opens its latest data there.',
  'zabbix.latest': 'Latest data'
} as const
