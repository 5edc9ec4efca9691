/** What dashboards depend on. The same options give the same bytes. */
export interface Options {
  /** Zabbix's group of hosts. */
  groupName: string
  /** Address of Driftlog's page; without it there are no links to it. */
  hub?: URL
  /** Records live in Elasticsearch, and Grafana may read them there. */
  elasticsearch: boolean
  /** A series without a value for so long is drawn with a gap. */
  brokenAfterMs: number
}
