/** Opens the hub's stores as they are configured. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { MemoryShelf, openLmdbShelf, type Shelf } from '../stats/shelf.ts'
import type { ClusterSettings } from './elasticsearch/cluster.ts'
import type { Layout } from './elasticsearch/template.ts'
import { EmbeddedLogStore, type EmbeddedOptions } from './embedded/engine.ts'
import { MemoryLogStore } from './memory.ts'
import { MemoryStateStore } from './memory-state.ts'
import type { StateStore } from './state.ts'
import { openLmdbState } from './state-lmdb.ts'
import type { LogStore } from './store.ts'

export type Engine = 'embedded' | 'elasticsearch' | 'memory'

export interface Cluster {
  settings: ClusterSettings
  layout: Layout
}

export interface StoresOptions {
  engine: Engine
  /** Folder of the embedded engine; made where it is missing. */
  dataDir: string
  log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** With the engine `elasticsearch`. */
  cluster?: Cluster
  /** Ends the wait for a cluster that does not answer yet. */
  signal?: AbortSignal
  /** Settings of the embedded engine that tests and benchmarks change. */
  embedded?: Omit<EmbeddedOptions, 'dataDir' | 'log'>
}

export interface Stores extends AsyncDisposable {
  logs: LogStore
  state: StateStore
  /** Where the numbers of hosts and containers lie. */
  shelf: Shelf
}

/**
 * Rejects with the embedded engine's coded errors (folder locked, newer format, damage that stops a start), or with
 * StoreAwayError where the cluster does not answer.
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { engine, cluster } = options
  if (engine === 'memory') return together(new MemoryLogStore(), new MemoryStateStore(), new MemoryShelf())
  if (engine === 'embedded') return openEmbedded(options)
  if (!cluster) throw new Error('The engine elasticsearch needs to know its cluster.')
  const { logs, state, shelf } = await openCluster(options, cluster)
  return together(logs, state, shelf)
}

async function openEmbedded(options: StoresOptions): Promise<Stores> {
  const { dataDir, log } = options
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

/** Rejects with StoreAwayError where the cluster does not answer. Closing `logs` closes the way to it. */
export async function openCluster(
  { log, signal }: Pick<StoresOptions, 'log' | 'signal'>,
  { settings, layout }: Cluster
): Promise<{ logs: LogStore; state: StateStore; shelf: Shelf }> {
  const { ElasticsearchLogStore } = await import('./elasticsearch/engine.ts')
  const { clientOf } = await import('./elasticsearch/cluster.ts')
  const { ElasticsearchStateStore } = await import('./elasticsearch/state.ts')
  const { ElasticsearchShelf } = await import('./elasticsearch/shelf.ts')
  const client = clientOf(settings)
  try {
    const logs = await ElasticsearchLogStore.open({ client, log, layout, ...(signal ? { signal } : {}) })
    return { logs, state: await ElasticsearchStateStore.open(client), shelf: new ElasticsearchShelf(client) }
  } catch (error) {
    await client.close()
    throw error
  }
}

function together(logs: LogStore, state: StateStore, shelf: Shelf): Stores {
  return {
    logs,
    state,
    shelf,
    async [Symbol.asyncDispose]() {
      await state[Symbol.asyncDispose]()
      await logs[Symbol.asyncDispose]()
      await shelf[Symbol.asyncDispose]()
    }
  }
}
