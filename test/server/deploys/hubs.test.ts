import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { deployingHubsContract } from './hubs-contract.ts'

deployingHubsContract(
  'memory',
  async () => {
    const share = new MemoryShare()
    return async () => new MemoryStateStore(share)
  },
  400
)
