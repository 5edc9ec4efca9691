/** The real Elasticsearch that test/services/elasticsearch has started, for tests that share it. */
import { Client } from '@elastic/elasticsearch'
import {
  ElasticsearchLogStore,
  type ElasticsearchOptions
} from '../../../collector/store/elasticsearch/engine.ts'
import type { StoreUnderTest } from '../../collector/store/contract.ts'
import { CLUSTER, emptyCluster } from '../../system/engine.ts'

export { CLUSTER, emptyCluster }

const QUIET = { info() {}, warn() {}, error: console.error }

/** A hub's store; searches see at once what was written. */
export function openStore(options: Partial<ElasticsearchOptions> = {}): Promise<ElasticsearchLogStore> {
  return ElasticsearchLogStore.open({
    ...{ client: new Client({ node: CLUSTER }), log: QUIET, layout: { shards: 1, replicas: 0 } },
    ...{ refresh: true, followEveryMs: 50, facetSample: 1_000_000 },
    ...options
  })
}

export async function elasticsearchUnderTest(): Promise<StoreUnderTest> {
  emptyCluster()
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
