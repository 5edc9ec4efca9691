/** What every StateStore must do. `open` gives an empty one. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { SharedState, StateStore } from '../../../collector/store/state.ts'
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

/** What a state that hubs share must do beside. `open` gives one more hub's; all of them share what is kept. */
export function sharedStateContract(name: string, begin: () => Promise<() => Promise<StateStore>>): void {
  describe(`${name}, shared`, () => {
    test('who has a lower term is refused, each key by itself', async () => {
      const open = await begin()
      await using a = await open()
      await using b = await open()
      const [one, two] = [sharedOf(a), sharedOf(b)]
      expect(one.hub).not.toBe(two.hub)
      expect(await one.write([{ key: 'host/x', value: 1, term: 4 }])).toEqual([])
      expect(await one.write([{ key: 'host/x', value: 2, term: 4 }])).toEqual([])
      const behind = [
        { key: 'host/x', value: 'old', term: 3 },
        { key: 'host/y', value: 'new', term: 3 }
      ]
      expect(await two.write(behind)).toEqual(['host/x'])
      expect(await two.read(['host/y', 'nothing', 'host/x'])).toEqual(['new', undefined, 2])
      expect(await two.write([{ key: 'host/x', value: undefined, term: 5 }])).toEqual([])
      expect(await one.write([{ key: 'host/x', value: 'back', term: 4 }])).toEqual(['host/x'])
      expect(await a.get('host/x')).toBeUndefined()
      expect((await a.list('host/')).map(({ key }) => key)).toEqual(['host/y'])
    })

    test('what others change is told from the opening on, what one changes oneself is not', async () => {
      const open = await begin()
      await using a = await open()
      await a.put('before', 1)
      await using b = await open()
      await a.put('token/1', { name: 'one' })
      await b.put('own', 1)
      const stop = new AbortController()
      const told = new Map<string, unknown>()
      const listening = (async () => {
        for await (const entries of sharedOf(b).changes(stop.signal))
          for (const { key, value, term } of entries) told.set(key, { value, term })
      })()
      await until(() => told.has('token/1'))
      expect(told.get('token/1')).toEqual({ value: { name: 'one' }, term: 0 })
      await a.delete('token/1')
      await a.update('count', () => 7)
      await sharedOf(a).write([{ key: 'host/x', value: 'x', term: 9 }])
      await until(() => told.has('host/x'))
      expect(Object.fromEntries(told)).toEqual({
        'token/1': { value: undefined, term: 0 },
        count: { value: 7, term: 0 },
        'host/x': { value: 'x', term: 9 }
      })
      stop.abort()
      await listening
    })
  })
}

function sharedOf({ shared }: StateStore): SharedState {
  if (!shared) throw new Error('this state is not shared')
  return shared
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
