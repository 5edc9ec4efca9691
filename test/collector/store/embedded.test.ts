import { logStoreContract } from './contract.ts'
import { embeddedUnderTest } from './folder.ts'

logStoreContract('embedded', () => embeddedUnderTest())
