/** A state whose hub dies: from the n-th write on nothing that it asks is answered any more, as by kill -9. */
import type { StateStore } from '../../../collector/store/state.ts'

export class MortalState implements StateStore {
  readonly #state: StateStore
  /** Writes that are still done; the last one is not answered. */
  #left = Number.POSITIVE_INFINITY
  writes = 0
  /** Told when it dies. */
  onDeath: () => void = () => {}

  /** What several hubs could share is hidden: this one is alone. */
  constructor(state: StateStore) {
    this.#state = state
  }

  get isDead(): boolean {
    return this.#left <= 0
  }

  /** Dies behind so many more writes. */
  dieAfter(writes: number): void {
    this.#left = writes
    this.writes = 0
  }

  get<T>(key: string): Promise<T | undefined> {
    return this.#ask(() => this.#state.get<T>(key))
  }

  list<T>(prefix: string): Promise<{ key: string; value: T }[]> {
    return this.#ask(() => this.#state.list<T>(prefix))
  }

  put(key: string, value: unknown): Promise<void> {
    return this.#write(() => this.#state.put(key, value))
  }

  delete(key: string): Promise<void> {
    return this.#write(() => this.#state.delete(key))
  }

  update<T>(key: string, change: (old: T | undefined) => T | undefined): Promise<T | undefined> {
    return this.#write(() => this.#state.update(key, change))
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #write<T>(act: () => Promise<T>): Promise<T> {
    if (this.isDead) return forever()
    this.writes++
    this.#left--
    const dies = this.isDead
    const result = await act()
    if (!dies) return this.#left <= 0 ? forever() : result
    this.onDeath()
    return forever()
  }

  async #ask<T>(act: () => Promise<T>): Promise<T> {
    if (this.isDead) return forever()
    const result = await act()
    return this.isDead ? forever() : result
  }
}

function forever(): Promise<never> {
  return new Promise(() => {})
}
