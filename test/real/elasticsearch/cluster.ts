/** The real Elasticsearch that test/services/elasticsearch has started, for tests that share it. */
import { Client } from '@elastic/elasticsearch'
import {
  ElasticsearchLogStore,
  type ElasticsearchOptions
} from '../../../collector/store/elasticsearch/engine.ts'
import type { StoreUnderTest } from '../../collector/store/contract.ts'

export const URL = `http://127.0.0.1:${process.env['ES_PORT'] ?? '9200'}`

const QUIET = { info() {}, warn() {}, error: console.error }

/** Deletes all that Driftlog keeps there. */
export async function emptyCluster(): Promise<void> {
  await using client = disposable(new Client({ node: URL }))
  await client.client.indices.delete({ index: ['driftlog-*', 'driftlog.*'], allow_no_indices: true })
  await client.client.indices.deleteIndexTemplate({ name: 'driftlog' }, { ignore: [404] })
  for (const name of ['driftlog@settings', 'driftlog@mappings', 'driftlog@custom'])
    await client.client.cluster.deleteComponentTemplate({ name }, { ignore: [404] })
}

/** A hub's store; searches see at once what was written. */
export function openStore(options: Partial<ElasticsearchOptions> = {}): Promise<ElasticsearchLogStore> {
  return ElasticsearchLogStore.open({
    ...{ client: new Client({ node: URL }), log: QUIET, layout: { shards: 1, replicas: 0 } },
    ...{ refresh: true, followEveryMs: 50, facetSample: 1_000_000 },
    ...options
  })
}

export async function elasticsearchUnderTest(): Promise<StoreUnderTest> {
  await emptyCluster()
  let store = await openStore()
  return {
    get store() {
      return store
    },
    // Nothing is said to the cluster when a hub dies.
    reopen: async () => {
      store = await openStore()
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]()
  }
}

function disposable(client: Client) {
  return { client, [Symbol.asyncDispose]: () => client.close() }
}

/** Settings of a hub that keeps its records there. */
export function hubEnv(): NodeJS.ProcessEnv {
  return {
    DRIFTLOG_STORE: 'elasticsearch',
    DRIFTLOG_ELASTICSEARCH_URL: URL,
    DRIFTLOG_ELASTICSEARCH_REPLICAS: '0'
  }
}
