import { Client } from '@elastic/elasticsearch'
import { expect, test } from 'vitest'
import { STATE_INDEX } from '../../../collector/store/elasticsearch/names.ts'
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

test('an index that is deleted under a hub stays away until a hub starts, and whoever writes is told', async () => {
  emptyCluster()
  const client = new Client({ node: CLUSTER })
  {
    await using _made = await openStore()
    await using state = await ElasticsearchStateStore.open(client)
    await state.put('host/a', { host: 'a' })
    await client.indices.delete({ index: STATE_INDEX })
    await expect(state.put('host/a', { host: 'a' })).rejects.toThrow(/auto/)
    await expect(state.shared.write([{ key: 'host/a', value: { host: 'a' }, term: 3 }])).rejects.toThrow()
    expect(await client.indices.exists({ index: STATE_INDEX })).toBe(false)
  }
  await using _again = await openStore()
  await using state = await ElasticsearchStateStore.open(client)
  await state.put('host/a', { host: 'a' })
  expect(await state.list('host/')).toEqual([{ key: 'host/a', value: { host: 'a' } }])
})
