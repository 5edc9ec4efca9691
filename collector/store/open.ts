/** Opens the hub's stores as they are configured. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { MemoryShelf, openLmdbShelf, type Shelf } from '../stats/shelf.ts'
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
  /** Where the numbers of hosts and containers lie. */
  shelf: Shelf
}

/** Rejects with the embedded engine's coded errors: folder locked, newer format, damage that stops a start. */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { engine, dataDir, log } = options
  if (engine === 'memory') return together(new MemoryLogStore(), new MemoryStateStore(), new MemoryShelf())
  const logs = await EmbeddedLogStore.open({ ...options.embedded, dataDir, log })
  let state: StateStore | undefined
  try {
    logs.warm()
    state = await openLmdbState(join(dataDir, 'state'))
    return together(logs, state, await openLmdbShelf(join(dataDir, 'stats')))
  } catch (error) {
    await state?.[Symbol.asyncDispose]()
    await logs[Symbol.asyncDispose]()
    throw error
  }
}

function together(logs: LogStore, state: StateStore, shelf: Shelf): Stores {
  return {
    logs,
    state,
    shelf,
    async [Symbol.asyncDispose]() {
      await logs[Symbol.asyncDispose]()
      await state[Symbol.asyncDispose]()
      await shelf[Symbol.asyncDispose]()
    }
  }
}
