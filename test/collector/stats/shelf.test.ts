import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { MemoryShelf, openLmdbShelf } from '../../../collector/stats/shelf.ts'
import { SharedShelf } from './shared-shelf.ts'
import { statsShelfContract } from './shelf-contract.ts'

const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))))

statsShelfContract('memory', async () => new MemoryShelf())
statsShelfContract('memory, shared', async () => new SharedShelf())
statsShelfContract('lmdb', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-shelf-'))
  folders.push(folder)
  return openLmdbShelf(folder)
})
