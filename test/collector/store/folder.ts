/** Data folders for tests of the embedded engine: made, copied as a crash would leave them, removed. */
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { EmbeddedLogStore, type EmbeddedOptions } from '../../../collector/store/embedded/engine.ts'
import type { StoreUnderTest } from './contract.ts'

export const silent = pino({ level: 'silent' })

export interface TestFolder extends AsyncDisposable {
  path: string
}

export async function testFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-store-'))
  return {
    path,
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true })
    }
  }
}

export type Settings = Omit<EmbeddedOptions, 'dataDir' | 'log'>

export function openEmbedded(path: string, settings: Settings = {}): Promise<EmbeddedLogStore> {
  return EmbeddedLogStore.open({ dataDir: path, log: silent, queryThreads: 1, ...settings })
}

/**
 * A copy of the folder as it lies on disk right now, without the lock: what a crash would leave. The store works on
 * meanwhile, and a copy takes time where a crash takes none: journals come first, because an unsealed one wins over
 * parts that were made of it later; and where a file went away under the copy, the copy is made again.
 */
export async function copyAfterCrash(path: string): Promise<TestFolder> {
  const journal = join(path, 'journal')
  for (;;) {
    const folder = await testFolder()
    try {
      await cp(journal, join(folder.path, 'journal'), { recursive: true })
      await cp(path, folder.path, { recursive: true, filter: (source) => source !== journal })
      await rm(join(folder.path, 'lock'), { force: true })
      return folder
    } catch (error) {
      await folder[Symbol.asyncDispose]()
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** An engine for the contract suite: reopening goes through a copy taken while the store is open. */
export async function embeddedUnderTest(settings: Settings = {}): Promise<StoreUnderTest & { path: string }> {
  const folders = [await testFolder()]
  let store = await openEmbedded(folders[0]?.path ?? '', settings)
  return {
    get store() {
      return store
    },
    get path() {
      return folders.at(-1)?.path ?? ''
    },
    settle: () => store.seal(),
    async reopen() {
      const copy = await copyAfterCrash(folders.at(-1)?.path ?? '')
      folders.push(copy)
      await store[Symbol.asyncDispose]()
      store = await openEmbedded(copy.path, settings)
    },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]()
      for (const folder of folders) await folder[Symbol.asyncDispose]()
    }
  }
}
