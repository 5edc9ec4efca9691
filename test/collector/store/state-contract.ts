/** What every StateStore must do. `open` gives an empty one. */
import { describe, expect, test } from 'vitest'
import type { StateStore } from '../../../collector/store/state.ts'
import { type TestFolder, testFolder } from './folder.ts'

export function stateStoreContract(name: string, open: (folder: TestFolder) => Promise<StateStore>): void {
  describe(name, () => {
    test('keeps, lists and deletes values', async () => {
      await using folder = await testFolder()
      await using state = await open(folder)
      await state.put('host/b', { name: 'b', at: [1, null] })
      await state.put('host/a', 'text')
      await state.put('hosts', 1)
      await state.put('host/é', true)
      expect(await state.get('host/b')).toEqual({ name: 'b', at: [1, null] })
      expect(await state.get('nothing')).toBeUndefined()
      expect((await state.list('host/')).map(({ key }) => key)).toEqual(['host/a', 'host/b', 'host/é'])
      await state.delete('host/b')
      await state.delete('nothing')
      expect(await state.get('host/b')).toBeUndefined()
      expect(await state.list('')).toHaveLength(3)
    })

    test('what is read is a copy', async () => {
      await using folder = await testFolder()
      await using state = await open(folder)
      const value = { list: [1] }
      await state.put('a', value)
      value.list.push(2)
      expect(await state.get('a')).toEqual({ list: [1] })
    })

    test('updates happen one after another', async () => {
      await using folder = await testFolder()
      await using state = await open(folder)
      await Promise.all(Array.from({ length: 50 }, () => state.update<number>('count', (old = 0) => old + 1)))
      expect(await state.get('count')).toBe(50)
      expect(await state.update('count', () => undefined)).toBeUndefined()
      expect(await state.get('count')).toBeUndefined()
      const failing = state.update('count', () => {
        throw new Error('not like this')
      })
      await expect(failing).rejects.toThrow('not like this')
    })
  })
}
