/** Ways out of a dashboard: to the others, and to the lines themselves on Driftlog's page. */
import type { JsonObject } from './json.ts'

export const TAG = 'driftlog'

/** All of Driftlog's dashboards, with the same time and the same choices. */
export function otherDashboards(): JsonObject {
  return {
    ...{ type: 'dashboards', title: 'Driftlog', tags: [TAG], asDropdown: true, icon: 'external link' },
    ...{ keepTime: true, includeVars: true, targetBlank: false, tooltip: '', url: '' }
  }
}

/** On the page the address is the state: `/<environment>/<app>/logs`, `-` stands for all. */
export function linesInDriftlog(hub: URL, { app = '-', q = '' }: { app?: string; q?: string }): JsonObject {
  const query = q === '' ? '' : `q=${q}&`
  return {
    ...{
      type: 'link',
      title: 'Lines in Driftlog',
      icon: 'external link',
      tooltip: 'The same time in Driftlog'
    },
    ...{ url: `${hub.origin}/-/${app}/logs?${query}from=\${__from:date:iso}&to=\${__to:date:iso}` },
    ...{ keepTime: false, includeVars: false, asDropdown: false, targetBlank: true, tags: [] }
  }
}

/** From a series, or a row of a table, to the dashboard of its host. */
export function toHost(host: string): JsonObject {
  const url = `/d/driftlog-host?var-group=\${group:percentencode}&var-host=${host}&\${__url_time_range}`
  return { title: 'This host', url, targetBlank: false }
}

export function toContainer(container: string): JsonObject {
  const chosen = `var-group=\${group:percentencode}&var-host=\${host:percentencode}&var-container=${container}`
  return {
    title: 'This container',
    url: `/d/driftlog-container?${chosen}&\${__url_time_range}`,
    targetBlank: false
  }
}
