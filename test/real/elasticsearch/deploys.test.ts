/** Deploys by several hubs that share a real cluster. */
import { Client } from '@elastic/elasticsearch'
import { ElasticsearchStateStore } from '../../../collector/store/elasticsearch/state.ts'
import { deployingHubsContract } from '../../server/deploys/hubs-contract.ts'
import { CLUSTER, emptyCluster, openStore } from './cluster.ts'

deployingHubsContract(
  'elasticsearch',
  async () => {
    emptyCluster()
    await using _made = await openStore()
    return () => ElasticsearchStateStore.open(new Client({ node: CLUSTER }))
  },
  3000
)
