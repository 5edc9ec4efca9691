import { Client } from '@elastic/elasticsearch'
import { ElasticsearchStateStore } from '../../../collector/store/elasticsearch/state.ts'
import { stateStoreContract } from '../../collector/store/state-contract.ts'
import { CLUSTER, emptyCluster, openStore } from './cluster.ts'

stateStoreContract('elasticsearch', async () => {
  emptyCluster()
  await using _made = await openStore()
  return new ElasticsearchStateStore(new Client({ node: CLUSTER }))
})
