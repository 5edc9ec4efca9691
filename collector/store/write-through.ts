/** Write-through to the state store: what changes while a write is under way goes out with the next one. */
import type { SharedState, StateEntry, StateStore } from './state.ts'

export class WriteThrough {
  readonly #state: Pick<StateStore, 'put' | 'delete' | 'shared'>
  /** Told what another hub has written since with a higher term: what was set here does not count. */
  readonly #refused: (entries: StateEntry[]) => void
  #dirty = new Map<string, StateEntry>()
  #writing: Promise<void> | undefined

  constructor(
    state: Pick<StateStore, 'put' | 'delete' | 'shared'>,
    refused: (entries: StateEntry[]) => void = () => {}
  ) {
    this.#state = state
    this.#refused = refused
  }

  /** Keeps `value` under `key` with the next write; undefined deletes it. `term` counts where several hubs write. */
  set(key: string, value: unknown, term = 0): void {
    this.#dirty.set(key, { key, value, term })
  }

  /** Resolves when everything that was set before survives a crash, or was refused. */
  async saved(): Promise<void> {
    // What is being written may not hold what was set last; the write after it does.
    await this.#writing?.catch(() => {})
    if (this.#dirty.size > 0 && !this.#writing) this.#writing = this.#write()
    await this.#writing
  }

  async #write(): Promise<void> {
    const entries = this.#dirty
    this.#dirty = new Map()
    const { shared } = this.#state
    try {
      if (shared) await this.#share(shared, [...entries.values()])
      else await Promise.all([...entries.values()].map((entry) => this.#keep(entry)))
    } catch (error) {
      // Nothing newer may be overwritten when it is tried again.
      for (const [key, entry] of entries) if (!this.#dirty.has(key)) this.#dirty.set(key, entry)
      throw error
    } finally {
      this.#writing = undefined
    }
  }

  async #share(shared: SharedState, entries: readonly StateEntry[]): Promise<void> {
    const refused = new Set(await shared.write(entries))
    if (refused.size > 0) this.#refused(entries.filter(({ key }) => refused.has(key)))
  }

  #keep({ key, value }: StateEntry): Promise<void> {
    return value === undefined ? this.#state.delete(key) : this.#state.put(key, value)
  }
}
