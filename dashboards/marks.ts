/** What happened to apps: annotations that the hub posts to Grafana, found by the tags that it gives them. */
import type { JsonObject } from './json.ts'
import { TAG } from './links.ts'
import { GRAFANA } from './sources.ts'

const MOST = 500

/** `filters` are further tags that a mark must have, as `app:${app}`. */
export function moves(...filters: string[]): JsonObject {
  return {
    ...{ name: 'Moves', datasource: GRAFANA, enable: true, hide: false, iconColor: 'blue' },
    target: { refId: 'Anno', type: 'tags', limit: MOST, matchAny: false, tags: [TAG, 'move', ...filters] }
  }
}
