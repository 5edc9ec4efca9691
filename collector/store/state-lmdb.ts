/** StateStore on LMDB: one environment in a folder of its own, each put durable when it resolves. */
import { mkdir } from 'node:fs/promises'
import { open, type RootDatabase } from 'lmdb'
import type { StateStore } from './state.ts'

/** Keys are kept below this, in bytes of UTF-8; LMDB can't hold longer ones. */
const KEY_LIMIT = 1900

export class StateKeyError extends Error {
  readonly code = 'DRIFTLOG_STATE_KEY'
  constructor(key: string) {
    super(`"${key.slice(0, 80)}" can't be a key: keys have 1 to ${KEY_LIMIT} bytes and no NUL.`)
  }
}

/** Opens the folder, or makes it. */
export async function openLmdbState(path: string): Promise<StateStore> {
  await mkdir(path, { recursive: true })
  const database = open<string, string>({ path, encoding: 'string', noSubdir: false, overlappingSync: false })
  return new LmdbState(database)
}

/** Values are kept as JSON texts, so that what is read back is what any other engine would give. */
class LmdbState implements StateStore {
  readonly #database: RootDatabase<string, string>

  constructor(database: RootDatabase<string, string>) {
    this.#database = database
  }

  async get<T>(key: string): Promise<T | undefined> {
    const text = this.#database.get(checked(key))
    return text === undefined ? undefined : (JSON.parse(text) as T)
  }

  async list<T>(prefix: string): Promise<{ key: string; value: T }[]> {
    const found: { key: string; value: T }[] = []
    for (const { key, value } of this.#database.getRange({ start: prefix })) {
      if (!key.startsWith(prefix)) break
      found.push({ key, value: JSON.parse(value) as T })
    }
    return found
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.#database.put(checked(key), JSON.stringify(value))
  }

  async delete(key: string): Promise<void> {
    await this.#database.remove(checked(key))
  }

  async update<T>(key: string, change: (old: T | undefined) => T | undefined): Promise<T | undefined> {
    const name = checked(key)
    return this.#database.transaction(() => {
      const text = this.#database.get(name)
      const next = change(text === undefined ? undefined : (JSON.parse(text) as T))
      if (next === undefined) this.#database.removeSync(name)
      else this.#database.putSync(name, JSON.stringify(next))
      return next
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#database.close()
  }
}

function checked(key: string): string {
  if (key === '' || key.includes('\0') || Buffer.byteLength(key) > KEY_LIMIT) throw new StateKeyError(key)
  return key
}
