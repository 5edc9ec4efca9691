/** The data sources that dashboards ask. Their uids are fixed: a dashboard names them, whichever Grafana it lies in. */
import type { JsonObject } from './json.ts'

export type Source = JsonObject & { type: string; uid: string }

export const ZABBIX: Source = { type: 'alexanderzobnin-zabbix-datasource', uid: 'driftlog-zabbix' }
export const LOGS: Source = { type: 'elasticsearch', uid: 'driftlog-logs' }
/** Grafana's own annotations. */
export const GRAFANA: Source = { type: 'grafana', uid: '-- Grafana --' }
