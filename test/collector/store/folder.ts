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

/** A copy of the folder as it lies on disk right now, without the lock: what a crash would leave. */
export async function copyAfterCrash(path: string): Promise<TestFolder> {
  const folder = await testFolder()
  await cp(path, folder.path, { recursive: true })
  await rm(join(folder.path, 'lock'), { force: true })
  return folder
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
