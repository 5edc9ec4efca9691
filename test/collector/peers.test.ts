import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openFleet } from '../../collector/fleet/fleet.ts'
import { keepUp } from '../../collector/peers.ts'
import { MemoryShare, MemoryStateStore } from '../../collector/store/memory-state.ts'
import type { StateEntry } from '../../collector/store/state.ts'

test('changes of others that could not be read are told, and read once they can be', async () => {
  const share = new MemoryShare()
  const state = new MemoryStateStore(share)
  const { shared } = state
  if (!shared) throw new Error('this state is one that hubs share')
  let failures = 0
  const failing = {
    ...shared,
    write: shared.write.bind(shared),
    read: shared.read.bind(shared),
    async *changes(signal: AbortSignal) {
      if (failures++ === 0) throw new Error('index is closed')
      yield* shared.changes(signal)
    }
  }
  const warnings: string[] = []
  const log = { warn: (...told: unknown[]) => void warnings.push(String(told.at(-1))) }
  const seen: string[] = []
  const keeper = {
    apply: (entries: readonly StateEntry[]) => void seen.push(...entries.map(({ key }) => key))
  }
  await using fleet = await openFleet(state)
  const stopping = new AbortController()
  const options = { state, shared: failing, fleet, keepers: [keeper], log, againMs: 20 }
  const done = keepUp(options, stopping.signal)
  await new MemoryStateStore(share).put('token/other', { id: 'other' })
  while (!seen.includes('token/other')) await sleep(5)
  stopping.abort()
  await done
  expect(warnings).toEqual(['what other hubs have changed could not be read, will try again'])
})
