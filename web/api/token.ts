import { Store } from '../state/store.ts'

const KEY = 'driftlog.token'

/** The reader's token: kept for this tab alone, sent as `Authorization: Bearer`. */
export class Token {
  /** True while the hub demands a token that it has not got. */
  readonly demanded = new Store(false)
  readonly #storage: Pick<Storage, 'getItem' | 'setItem'>
  #value: string

  constructor(storage: Pick<Storage, 'getItem' | 'setItem'>) {
    this.#storage = storage
    this.#value = storage.getItem(KEY) ?? ''
  }

  get(): string {
    return this.#value
  }

  set(token: string): void {
    this.#value = token
    this.#storage.setItem(KEY, token)
    this.demanded.set(false)
  }

  /** The hub answered 401 to `token`; an answer to an older one is no news. */
  refused(token: string): void {
    if (token === this.#value) this.demanded.set(true)
  }
}
