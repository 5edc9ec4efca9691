import { Client } from '@elastic/elasticsearch'
import { ElasticsearchStateStore } from '../../../collector/store/elasticsearch/state.ts'
import { sharedStateContract, stateStoreContract } from '../../collector/store/state-contract.ts'
import { emptyCluster, openStore, URL } from './cluster.ts'

stateStoreContract('elasticsearch', async () => {
  await emptyCluster()
  await using _made = await openStore()
  return ElasticsearchStateStore.open(new Client({ node: URL }))
})

sharedStateContract('elasticsearch', async () => {
  await emptyCluster()
  await using _made = await openStore()
  return () => ElasticsearchStateStore.open(new Client({ node: URL }))
})
