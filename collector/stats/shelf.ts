/** Where blocks of stats lie: keys in order. What is written becomes whole by steps that may be repeated: seal.ts. */
import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { open, type RootDatabase } from 'lmdb'
import { sealOf } from './block.ts'

export type Put = readonly [key: string, value: Buffer]

export interface Kept {
  value: Uint8Array
  /** Changes with the value. */
  version: string
}

export interface Shelf extends AsyncDisposable {
  /** Other hubs write here, too. */
  readonly isShared: boolean
  /** In the order of the keys; undefined where there is nothing. */
  read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>
  /** Keys from `from` (included) to `to` (excluded), in order, at most `limit`, as they were at one moment. */
  keys(from: string, to: string, limit: number): Promise<string[]>
  /** Each of them survives a crash once this resolves; where it rejects, some may be done and some not. */
  write(puts: readonly Put[], deletes: readonly string[]): Promise<void>
  /** The same for blocks, but what lies there and is of the same seal or a later one stays. */
  writeBlocks(puts: readonly Put[]): Promise<void>
  record(key: string): Promise<Kept | undefined>
  /** The new version, or undefined where something else than `version` lies there: then nothing is done. */
  replace(key: string, value: Buffer, version: string | undefined): Promise<string | undefined>
  /**
   * Records and journals that were written since the place `since`, by whomever, in the order of their writing; all that
   * there are where it is undefined. A shelf that is not shared tells nothing later.
   */
  changes(since: string | undefined): Promise<{ keys: string[]; place: string }>
}

/** An LMDB environment of its own: its file does not grow with the state's, and syncs in a thread of its own. */
export async function openLmdbShelf(path: string): Promise<Shelf> {
  await mkdir(path, { recursive: true })
  const options = { path, encoding: 'binary', noSubdir: false, overlappingSync: false } as const
  return new LmdbShelf(open<Buffer, string>(options))
}

class LmdbShelf implements Shelf {
  readonly isShared = false
  readonly #database: RootDatabase<Buffer, string>

  constructor(database: RootDatabase<Buffer, string>) {
    this.#database = database
  }

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#database.getBinary(key))
  }

  async keys(from: string, to: string, limit: number): Promise<string[]> {
    return [...this.#database.getKeys({ start: from, end: to, limit })]
  }

  async write(puts: readonly Put[], deletes: readonly string[]): Promise<void> {
    await this.#database.batch(() => {
      for (const [key, value] of puts) void this.#database.put(key, value)
      for (const key of deletes) void this.#database.remove(key)
    })
  }

  async writeBlocks(puts: readonly Put[]): Promise<void> {
    const newer = puts.filter(([key, value]) => isNewer(value, this.#database.getBinary(key)))
    await this.write(newer, [])
  }

  async record(key: string): Promise<Kept | undefined> {
    return keptOf(this.#database.getBinary(key))
  }

  replace(key: string, value: Buffer, version: string | undefined): Promise<string | undefined> {
    return this.#database.transaction(() => {
      if (keptOf(this.#database.getBinary(key))?.version !== version) return undefined
      this.#database.putSync(key, value)
      return versionOf(value)
    })
  }

  async changes(since: string | undefined): Promise<{ keys: string[]; place: string }> {
    return { keys: since === undefined ? await remembered(this) : [], place: 'all' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close()
  }
}

/** Kept nowhere: for a hub whose store is `memory`. */
export class MemoryShelf implements Shelf {
  readonly isShared: boolean = false
  /** By the first letter of the key: those of one do not slow down the others. */
  readonly #drawers = new Map<string, Map<string, Buffer>>()

  async read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#drawer(key).get(key))
  }

  async keys(from: string, to: string, limit: number): Promise<string[]> {
    const within = [...this.#drawer(from).keys()].filter((key) => key >= from && key < to)
    return within.sort().slice(0, limit)
  }

  async write(puts: readonly Put[], deletes: readonly string[]): Promise<void> {
    for (const [key, value] of puts) this.#drawer(key).set(key, value)
    for (const key of deletes) this.#drawer(key).delete(key)
  }

  async writeBlocks(puts: readonly Put[]): Promise<void> {
    for (const [key, value] of puts) {
      const drawer = this.#drawer(key)
      if (isNewer(value, drawer.get(key))) drawer.set(key, value)
    }
  }

  async record(key: string): Promise<Kept | undefined> {
    return keptOf(this.#drawer(key).get(key))
  }

  async replace(key: string, value: Buffer, version: string | undefined): Promise<string | undefined> {
    const drawer = this.#drawer(key)
    if (keptOf(drawer.get(key))?.version !== version) return undefined
    drawer.set(key, value)
    return versionOf(value)
  }

  async changes(since: string | undefined): Promise<{ keys: string[]; place: string }> {
    return { keys: since === undefined ? await remembered(this) : [], place: 'all' }
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #drawer(key: string): Map<string, Buffer> {
    const letter = key.slice(0, 1)
    const known = this.#drawers.get(letter)
    if (known) return known
    const drawer = new Map<string, Buffer>()
    this.#drawers.set(letter, drawer)
    return drawer
  }
}

async function remembered(shelf: Shelf): Promise<string[]> {
  const all = Number.MAX_SAFE_INTEGER
  return [...(await shelf.keys('p/', 'p0', all)), ...(await shelf.keys('j/', 'j0', all))]
}

function isNewer(block: Uint8Array, old: Uint8Array | undefined): boolean {
  return !old || sealOf(block) > sealOf(old)
}

function keptOf(value: Uint8Array | undefined): Kept | undefined {
  return value && { value, version: versionOf(value) }
}

function versionOf(value: Uint8Array): string {
  return createHash('sha1').update(value).digest('hex')
}
