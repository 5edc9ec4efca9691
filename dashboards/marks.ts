/** What happened to apps: annotations that the hub posts to Grafana, found by the tags that it gives them. */
import type { JsonObject } from './json.ts'
import { TAG } from './links.ts'
import { GRAFANA } from './sources.ts'

/** Each can be switched off above a dashboard. */
const KINDS = [
  { name: 'Moves', tag: 'move', color: 'blue' },
  { name: 'Deploys', tag: 'deploy', color: 'purple' }
]
const MOST = 500

/** One for each kind. `filters` are further tags that a mark must have, as `app:${app}`. */
export function marks(...filters: string[]): JsonObject[] {
  return KINDS.map(({ name, tag, color }) => ({
    ...{ name, datasource: GRAFANA, enable: true, hide: false, iconColor: color },
    target: { refId: 'Anno', type: 'tags', limit: MOST, matchAny: false, tags: [TAG, tag, ...filters] }
  }))
}
