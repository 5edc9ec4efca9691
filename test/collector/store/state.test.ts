import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import type { StateStore } from '../../../collector/store/state.ts'
import { openLmdbState } from '../../../collector/store/state-lmdb.ts'
import { type TestFolder, testFolder } from './folder.ts'
import { sharedStateContract, stateStoreContract } from './state-contract.ts'

const engines: [string, (folder: TestFolder) => Promise<StateStore>][] = [
  ['memory', async () => new MemoryStateStore()],
  ['lmdb', (folder) => openLmdbState(folder.path)]
]

for (const [name, open] of engines) stateStoreContract(name, open)

sharedStateContract('memory', async () => {
  const share = new MemoryShare()
  return async () => new MemoryStateStore(share)
})

test('lmdb: values outlive the store, and keys that it can not hold are refused', async () => {
  await using folder = await testFolder()
  {
    await using state = await openLmdbState(folder.path)
    await state.put('a', 1)
    await expect(state.put('x'.repeat(3000), 1)).rejects.toMatchObject({ code: 'DRIFTLOG_STATE_KEY' })
  }
  await using state = await openLmdbState(folder.path)
  expect(await state.get('a')).toBe(1)
})
