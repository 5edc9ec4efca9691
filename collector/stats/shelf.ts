/** Where blocks of stats lie: keys in order, several written as one step. */
import { mkdir } from 'node:fs/promises'
import { open, type RootDatabase } from 'lmdb'

export interface Shelf extends AsyncDisposable {
  get(key: string): Uint8Array | undefined
  /** Keys from `from` (included) to `to` (excluded), in order, at most `limit`. */
  keys(from: string, to: string, limit: number): string[]
  /** All of it survives a crash once this resolves, or nothing of it was done. */
  write(puts: readonly (readonly [key: string, value: Buffer])[], deletes: readonly string[]): Promise<void>
}

/** An LMDB environment of its own: its file does not grow with the state's, and syncs in a thread of its own. */
export async function openLmdbShelf(path: string): Promise<Shelf> {
  await mkdir(path, { recursive: true })
  const options = { path, encoding: 'binary', noSubdir: false, overlappingSync: false } as const
  return new LmdbShelf(open<Buffer, string>(options))
}

class LmdbShelf implements Shelf {
  readonly #database: RootDatabase<Buffer, string>

  constructor(database: RootDatabase<Buffer, string>) {
    this.#database = database
  }

  get(key: string): Uint8Array | undefined {
    return this.#database.getBinary(key)
  }

  keys(from: string, to: string, limit: number): string[] {
    return [...this.#database.getKeys({ start: from, end: to, limit })]
  }

  async write(
    puts: readonly (readonly [key: string, value: Buffer])[],
    deletes: readonly string[]
  ): Promise<void> {
    await this.#database.batch(() => {
      for (const [key, value] of puts) void this.#database.put(key, value)
      for (const key of deletes) void this.#database.remove(key)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close()
  }
}

/** Kept nowhere: for a hub whose store is `memory`. */
export class MemoryShelf implements Shelf {
  readonly #values = new Map<string, Buffer>()

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key)
  }

  keys(from: string, to: string, limit: number): string[] {
    const within = [...this.#values.keys()].filter((key) => key >= from && key < to)
    return within.sort().slice(0, limit)
  }

  async write(
    puts: readonly (readonly [key: string, value: Buffer])[],
    deletes: readonly string[]
  ): Promise<void> {
    for (const [key, value] of puts) this.#values.set(key, value)
    for (const key of deletes) this.#values.delete(key)
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
