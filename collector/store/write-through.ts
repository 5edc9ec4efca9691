/** Write-through to the state store: what changes while a write is under way goes out with the next one. */
import type { StateStore } from './state.ts'

export class WriteThrough {
  readonly #state: Pick<StateStore, 'put' | 'delete'>
  #dirty = new Map<string, unknown>()
  #writing: Promise<void> | undefined

  constructor(state: Pick<StateStore, 'put' | 'delete'>) {
    this.#state = state
  }

  /** Keeps `value` under `key` with the next write; undefined deletes it. */
  set(key: string, value: unknown): void {
    this.#dirty.set(key, value)
  }

  /** Resolves when everything that was set before survives a crash. */
  async saved(): Promise<void> {
    // What is being written may not hold what was set last; the write after it does.
    await this.#writing?.catch(() => {})
    if (this.#dirty.size > 0 && !this.#writing) this.#writing = this.#write()
    await this.#writing
  }

  async #write(): Promise<void> {
    const entries = this.#dirty
    this.#dirty = new Map()
    try {
      await Promise.all(
        [...entries].map(([key, value]) =>
          value === undefined ? this.#state.delete(key) : this.#state.put(key, value)
        )
      )
    } catch (error) {
      // Nothing newer may be overwritten when it is tried again.
      for (const [key, value] of entries) if (!this.#dirty.has(key)) this.#dirty.set(key, value)
      throw error
    } finally {
      this.#writing = undefined
    }
  }
}
