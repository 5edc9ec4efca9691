/** StateStore in memory: of one hub, or of several in one process that share it. Nothing outlives the process. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { SharedState, StateEntry, StateStore } from './state.ts'

interface Kept {
  /** JSON; absent where it was deleted. */
  text?: string
  term: number
}

/** What hubs share: each opens a MemoryStateStore on it. */
export class MemoryShare extends EventTarget {
  readonly values = new Map<string, Kept>()
  /** All changes, in their order. */
  readonly history: { by: string; entry: StateEntry }[] = []

  tell(by: string, entry: StateEntry): void {
    this.history.push({ by, entry })
    this.dispatchEvent(new Event('change'))
  }
}

export class MemoryStateStore implements StateStore {
  readonly shared?: SharedState
  readonly #share: MemoryShare
  readonly #hub = randomBytes(8).toString('hex')

  constructor(share?: MemoryShare) {
    this.#share = share ?? new MemoryShare()
    const { length: begin } = this.#share.history
    if (share)
      this.shared = {
        hub: this.#hub,
        write: async (entries) => entries.filter((entry) => !this.#set(entry)).map(({ key }) => key),
        read: async (keys) => Promise.all(keys.map((key) => this.get(key))),
        changes: (signal) => this.#changes(begin, signal)
      }
  }

  async get<T>(key: string): Promise<T | undefined> {
    return valueIn<T>(this.#share.values.get(key))
  }

  async list<T>(prefix: string): Promise<{ key: string; value: T }[]> {
    return [...this.#share.values]
      .filter(([key, { text }]) => key.startsWith(prefix) && text !== undefined)
      .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map(([key, kept]) => ({ key, value: valueIn<T>(kept) as T }))
  }

  async put(key: string, value: unknown): Promise<void> {
    this.#set({ key, value, term: 0 })
  }

  async delete(key: string): Promise<void> {
    this.#set({ key, value: undefined, term: 0 })
  }

  async update<T>(key: string, change: (old: T | undefined) => T | undefined): Promise<T | undefined> {
    const kept = this.#share.values.get(key)
    const value = change(valueIn<T>(kept))
    this.#set({ key, value, term: kept?.term ?? 0 })
    return value
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** False where it was written with a higher term before. */
  #set({ key, value, term }: StateEntry): boolean {
    const { values } = this.#share
    if ((values.get(key)?.term ?? 0) > term) return false
    values.set(key, value === undefined ? { term } : { text: JSON.stringify(value), term })
    this.#share.tell(this.#hub, {
      key,
      value: value === undefined ? undefined : structuredClone(value),
      term
    })
    return true
  }

  async *#changes(begin: number, signal: AbortSignal): AsyncGenerator<StateEntry[], void> {
    const { history } = this.#share
    for (let at = begin; !signal.aborted; ) {
      const news = history.slice(at).filter(({ by }) => by !== this.#hub)
      at = history.length
      if (news.length > 0) yield news.map(({ entry }) => entry)
      else await once(this.#share, 'change', { signal }).catch(() => undefined)
    }
  }
}

function valueIn<T>(kept: Kept | undefined): T | undefined {
  return kept?.text === undefined ? undefined : (JSON.parse(kept.text) as T)
}
