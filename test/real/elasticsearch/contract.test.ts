import { logStoreContract } from '../../collector/store/contract.ts'
import { elasticsearchUnderTest } from './cluster.ts'

logStoreContract('elasticsearch', elasticsearchUnderTest)
