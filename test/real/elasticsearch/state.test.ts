import { Client } from '@elastic/elasticsearch'
import { ElasticsearchStateStore } from '../../../collector/store/elasticsearch/state.ts'
import { sharedStateContract, stateStoreContract } from '../../collector/store/state-contract.ts'
import { CLUSTER, emptyCluster, openStore } from './cluster.ts'

stateStoreContract('elasticsearch', async () => {
  emptyCluster()
  await using _made = await openStore()
  return ElasticsearchStateStore.open(new Client({ node: CLUSTER }))
})

sharedStateContract('elasticsearch', async () => {
  emptyCluster()
  await using _made = await openStore()
  return () => ElasticsearchStateStore.open(new Client({ node: CLUSTER }))
})
