import { expect, test } from 'vitest'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { Archive } from '../../../server/deploys/archive.ts'
import type { Deploy } from '../../../server/deploys/deploy.ts'
import { deployMarks } from '../../../server/deploys/marks.ts'
import { BY } from './scene.ts'

const T0 = Date.UTC(2026, 10, 23, 12)
const DAY_MS = 86_400_000

async function archived(...deploys: (Partial<Deploy> & { id: string })[]): Promise<Archive> {
  const state = new MemoryStateStore()
  const archive = await Archive.open(state)
  for (const more of deploys) {
    const deploy: Deploy = {
      ...{ app: 'orders', environment: 'staging', version: 3, reference: 'shop/orders:1', by: BY },
      ...{ state: 'succeeded', createdMs: T0 },
      ...{ slots: [], checks: [], ...more }
    }
    const wanted = { image: 'shop/orders' }
    await archive.add({
      deploy,
      wanted,
      image: { reference: wanted.image },
      term: 0,
      lastSeq: 0,
      unsaved: []
    })
  }
  // As a hub that starts anew has them.
  return Archive.open(state)
}

test('a deploy is a mark once it has ended, however long ago it was asked for', async () => {
  const archive = await archived(
    { id: 'a', createdMs: T0 - 30 * DAY_MS, startedMs: T0 + 1000, endedMs: T0 + 2000 },
    { id: 'b', state: 'rolled-back', why: 'it was sick', startedMs: T0 + 3000, endedMs: T0 + 4000 }
  )
  const marks = await deployMarks(archive)(T0)
  expect(marks.map(({ id }) => id).sort()).toEqual(['deploy-a', 'deploy-b'])
  expect(marks.find(({ id }) => id === 'deploy-b')).toEqual({
    ...{ id: 'deploy-b', kind: 'deploy', atMs: T0 + 3000, endMs: T0 + 4000, hosts: [] },
    ...{ app: 'orders', environment: 'staging' },
    text: 'orders in staging: shop/orders:1, version 3, by ann: rolled-back (it was sick)'
  })
})

test('only what ended since then is read; what touched nothing and what is under way are none', async () => {
  const archive = await archived(
    { id: 'a', startedMs: T0 - 2000, endedMs: T0 - 1 },
    { id: 'b', state: 'running', startedMs: T0 },
    { id: 'c', state: 'cancelled', endedMs: T0 }
  )
  const read: string[] = []
  const asked = {
    ids: archive.ids.bind(archive),
    read(id: string) {
      read.push(id)
      return archive.read(id)
    }
  }
  const marks = await deployMarks(asked)(T0)
  expect([marks, read]).toEqual([[], ['c']])
})
