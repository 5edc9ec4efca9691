import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { type LeaseOptions, onDuty } from '../../collector/lease.ts'
import { MemoryShare, MemoryStateStore } from '../../collector/store/memory-state.ts'

const QUIET = { info() {}, warn() {} }
const FREE_AFTER_MS = 200

/** A hub that notes when it is on duty. */
function hub(share: MemoryShare, notes: string[], name: string, state = new MemoryStateStore(share)) {
  const stopping = new AbortController()
  const options: LeaseOptions = { state, name: 'sweep', log: QUIET, freeAfterMs: FREE_AFTER_MS }
  const duty = async (term: number, signal: AbortSignal) => {
    notes.push(`${name} begins ${term}`)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    notes.push(`${name} ends ${term}`)
  }
  const done = onDuty(options, duty, stopping.signal)
  return { state, stop: () => stopping.abort(), done }
}

test('one hub of several is on duty; one that stops hands it over at once, with a higher term', async () => {
  const share = new MemoryShare()
  const notes: string[] = []
  const a = hub(share, notes, 'a')
  await until(() => notes.length === 1)
  const b = hub(share, notes, 'b')
  await sleep(2 * FREE_AFTER_MS)
  expect(notes).toEqual(['a begins 1'])
  a.stop()
  await a.done
  await until(() => notes.length === 3)
  expect(notes).toEqual(['a begins 1', 'a ends 1', 'b begins 2'])
  b.stop()
  await b.done
})

test('a hub that dies is followed by another once its lease was not renewed for long enough', async () => {
  const share = new MemoryShare()
  const notes: string[] = []
  const dead = new MemoryStateStore(share)
  await dead.put('lease/sweep', { hub: 'dead', term: 7, beat: 3 })
  const a = hub(share, notes, 'a')
  await sleep(FREE_AFTER_MS / 2)
  expect(notes).toEqual([])
  await until(() => notes.length === 1)
  expect(notes).toEqual(['a begins 8'])
  a.stop()
  await a.done
})

test('a hub that is cut off from the state ends its duty before another can begin', async () => {
  const share = new MemoryShare()
  const notes: string[] = []
  class CutOff extends MemoryStateStore {
    isCut = false
    override async update<T>(key: string, change: (old: T | undefined) => T | undefined) {
      if (this.isCut) throw new Error('cut off')
      return super.update(key, change)
    }
  }
  const state = new CutOff(share)
  const a = hub(share, notes, 'a', state)
  await until(() => notes.length === 1)
  const b = hub(share, notes, 'b')
  await sleep(FREE_AFTER_MS / 4)
  state.isCut = true
  await until(() => notes.length === 3)
  expect(notes).toEqual(['a begins 1', 'a ends 1', 'b begins 2'])
  for (const one of [a, b]) one.stop()
  await Promise.all([a.done, b.done])
})

test('a hub that is alone is on duty from the start', async () => {
  const terms: number[] = []
  const stopping = new AbortController()
  const options = { state: new MemoryStateStore(), name: 'sweep', log: QUIET }
  await onDuty(options, async (term) => void terms.push(term), stopping.signal)
  expect(terms).toEqual([0])
})

test('a duty that fails begins again, with the same term', async () => {
  const state = new MemoryStateStore(new MemoryShare())
  const terms: number[] = []
  const stopping = new AbortController()
  const options = { state, name: 'sweep', log: QUIET, freeAfterMs: FREE_AFTER_MS }
  const done = onDuty(
    options,
    async (term) => {
      terms.push(term)
      throw new Error('not today')
    },
    stopping.signal
  )
  await until(() => terms.length >= 2)
  stopping.abort()
  await done
  expect(terms.slice(0, 2)).toEqual([1, 1])
})

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
