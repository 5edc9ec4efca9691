/** Opens the hub's stores as they are configured. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { EmbeddedLogStore, type EmbeddedOptions } from './embedded/engine.ts'
import { MemoryLogStore, MemoryStateStore } from './memory.ts'
import type { StateStore } from './state.ts'
import { openLmdbState } from './state-lmdb.ts'
import type { LogStore } from './store.ts'

export const ENGINES = ['embedded', 'memory'] as const
export type Engine = (typeof ENGINES)[number]

export interface StoresOptions {
  engine: Engine
  /** Folder of the embedded engine; made where it is missing. */
  dataDir: string
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Settings of the embedded engine that tests and benchmarks change. */
  embedded?: Omit<EmbeddedOptions, 'dataDir' | 'log'>
}

export interface Stores extends AsyncDisposable {
  logs: LogStore
  state: StateStore
}

/** Rejects with the embedded engine's coded errors: folder locked, newer format, damage that stops a start. */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { engine, dataDir, log } = options
  if (engine === 'memory') return together(new MemoryLogStore(), new MemoryStateStore())
  const logs = await EmbeddedLogStore.open({ ...options.embedded, dataDir, log })
  try {
    logs.warm()
    return together(logs, await openLmdbState(join(dataDir, 'state')))
  } catch (error) {
    await logs[Symbol.asyncDispose]()
    throw error
  }
}

function together(logs: LogStore, state: StateStore): Stores {
  return {
    logs,
    state,
    async [Symbol.asyncDispose]() {
      await logs[Symbol.asyncDispose]()
      await state[Symbol.asyncDispose]()
    }
  }
}
