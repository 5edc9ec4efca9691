/** A shelf that does one thing at a time, as the poorest may, and stops its hub at one of them. */
import type { Kept, Put, Shelf } from '../../../collector/stats/shelf.ts'

export interface Fault {
  /** At which of the things that change something, from 0. */
  step: number
  /** Dead without having done it; dead with its answer lost; or asleep before it, until wake(). */
  kind: 'before' | 'after' | 'asleep'
}

class Latch {
  open = () => {}
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve
  })
}

export class FaultyShelf implements Shelf {
  readonly #shelf: Shelf
  readonly #fault: Fault | undefined
  readonly #awake = new Latch()
  readonly #stopping = new Latch()
  #dead = false
  steps = 0

  constructor(shelf: Shelf, fault?: Fault) {
    this.#shelf = shelf
    this.#fault = fault
  }

  get isShared(): boolean {
    return this.#shelf.isShared
  }

  /** Resolves when the fault has come. */
  get stopped(): Promise<void> {
    return this.#stopping.opened
  }

  wake(): void {
    this.#awake.open()
  }

  read(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return this.#asked(() => this.#shelf.read(keys))
  }

  keys(from: string, to: string, limit: number): Promise<string[]> {
    return this.#asked(() => this.#shelf.keys(from, to, limit))
  }

  record(key: string): Promise<Kept | undefined> {
    return this.#asked(() => this.#shelf.record(key))
  }

  changes(since: string | undefined): Promise<{ keys: string[]; place: string }> {
    return this.#asked(() => this.#shelf.changes(since))
  }

  async write(puts: readonly Put[], deletes: readonly string[]): Promise<void> {
    for (const put of puts) await this.#step(() => this.#shelf.write([put], []))
    for (const key of deletes) await this.#step(() => this.#shelf.write([], [key]))
  }

  async writeBlocks(puts: readonly Put[]): Promise<void> {
    for (const put of puts) await this.#step(() => this.#shelf.writeBlocks([put]))
  }

  replace(key: string, value: Buffer, version: string | undefined): Promise<string | undefined> {
    return this.#step(() => this.#shelf.replace(key, value, version))
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #step<T>(act: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Error('this hub is dead')
    if (this.steps++ !== this.#fault?.step) return act()
    if (this.#fault.kind === 'asleep') {
      this.#stopping.open()
      await this.#awake.opened
      return act()
    }
    this.#dead = true
    if (this.#fault.kind === 'after') await act()
    this.#stopping.open()
    throw new Error('this hub dies')
  }

  async #asked<T>(act: () => Promise<T>): Promise<T> {
    if (this.#dead) throw new Error('this hub is dead')
    return act()
  }
}
