/**
 * The index template, made of components: ours, and `driftlog@custom`, which is read and never written: there
 * people set shards, tiers and more fields.
 */
import type { Client } from '@elastic/elasticsearch'
import { SEARCHED_ONLY } from './document.ts'
import { ALL_RECORDS, ORIGINS_INDEX, POSITIONS_INDEX, STATE_INDEX, STATS_INDEX } from './names.ts'

/** Raised with each change of the template; a hub upgrades older ones, and leaves newer ones alone. */
const VERSION = 3
const SETTINGS = 'driftlog@settings'
const MAPPINGS = 'driftlog@mappings'
const TEMPLATE = 'driftlog'
const REMEMBERED_TEMPLATE = 'driftlog@remembered'
/** Elastic's own templates have 100 to 200. */
const PRIORITY = 300

export interface Layout {
  shards: number
  replicas: number
}

const keyword = { type: 'keyword' } as const
/** Found by, never sorted or counted by. */
const term = { type: 'keyword', doc_values: false } as const
const kept = { type: 'long', index: false } as const

const mappings = {
  dynamic: false,
  _source: { excludes: SEARCHED_ONLY },
  properties: {
    '@timestamp': { type: 'date_nanos' },
    message: { type: 'text', norms: false },
    labels: { type: 'flattened', ignore_above: 1024 },
    event: { properties: { ingested: { type: 'date' } } },
    log: { properties: { level: keyword, offset: { type: 'long' } } },
    service: { properties: { name: keyword, environment: keyword } },
    host: { properties: { id: keyword, name: keyword } },
    container: { properties: { id: keyword, name: keyword, image: { properties: { name: keyword } } } },
    driftlog: {
      properties: {
        time: { type: 'long' },
        origin: keyword,
        instance: keyword,
        stream: keyword,
        stream_number: { type: 'integer' },
        generation: { type: 'integer' },
        source: term,
        at: { type: 'long' },
        until: kept,
        output: keyword,
        flags: { type: 'integer', index: false, doc_values: false },
        arrival: { type: 'long', index: false },
        words: { type: 'text', analyzer: 'standard', norms: false },
        long: { type: 'boolean', doc_values: false },
        values: term,
        fields: { type: 'flattened', ignore_above: 8191, depth_limit: 20 }
      }
    }
  }
} as const

/** Makes or upgrades the templates and the indices of what hubs remember. Others are not touched. */
export async function ensureTemplates(client: Client, { shards, replicas }: Layout): Promise<void> {
  const settings = {
    number_of_shards: shards,
    number_of_replicas: replicas,
    codec: 'best_compression',
    sort: { field: ['driftlog.time'], order: ['desc'] }
  }
  const current = await versionOf(client)
  if (current !== undefined && current > VERSION) return
  for (const [index, properties] of Object.entries(REMEMBERED)) {
    const exists = await client.indices.exists({ index })
    if (exists) continue
    await client.indices
      .create({
        index,
        settings: { number_of_shards: 1, number_of_replicas: replicas },
        mappings: { dynamic: false, properties: properties as never }
      })
      .catch((error: unknown) => {
        // Another hub was faster.
        if (!/resource_already_exists/.test(String(error))) throw error
      })
  }
  await client.cluster.putComponentTemplate({
    name: SETTINGS,
    version: VERSION,
    template: { settings: { index: settings as never } }
  })
  if (current === VERSION) return
  // One that is deleted under a hub must not come back without its mapping, with the next document: fencing terms
  // and places would be lost without a word.
  await client.indices.putIndexTemplate({
    name: REMEMBERED_TEMPLATE,
    index_patterns: Object.keys(REMEMBERED),
    priority: PRIORITY,
    version: VERSION,
    allow_auto_create: false,
    _meta: { description: 'What hubs of Driftlog remember; a hub makes these indices when it starts' }
  })
  // The template comes last: where it is, everything else is there, also for a hub that starts meanwhile.
  await client.cluster.putComponentTemplate({
    name: MAPPINGS,
    version: VERSION,
    template: { mappings: mappings as never }
  })
  await client.indices.putIndexTemplate({
    name: TEMPLATE,
    index_patterns: [ALL_RECORDS],
    priority: PRIORITY,
    version: VERSION,
    composed_of: [SETTINGS, MAPPINGS, 'driftlog@custom'],
    ignore_missing_component_templates: ['driftlog@custom'],
    _meta: { description: 'Records of Driftlog, one index per environment and day' }
  } as never)
}

const REMEMBERED = {
  [STATE_INDEX]: { key: keyword, deleted: { type: 'long' } },
  [POSITIONS_INDEX]: {},
  [ORIGINS_INDEX]: { id: keyword },
  [STATS_INDEX]: { key: keyword, value: { type: 'binary' } }
}

async function versionOf(client: Client): Promise<number | undefined> {
  const { index_templates: [found] = [] } = await client.indices.getIndexTemplate(
    { name: TEMPLATE },
    { ignore: [404] }
  )
  return found?.index_template.version
}
