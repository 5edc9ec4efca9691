import { Store } from '../state/store.ts'

/** Where an earlier version of the page kept a token. */
const OLD_KEY = 'driftlog.token'

/**
 * Whether the reader is logged in, as far as the hub's answers tell: the cookie itself is nothing that a script can see.
 */
export class Login {
  /** What the hub misses: nothing, a first login, or another one because the last has ended. */
  readonly demanded = new Store<'' | 'first' | 'again'>('')
  /** Counts up with every login: what failed for want of one asks again. */
  readonly round = new Store(0)
  #had = false

  constructor(storage: Pick<Storage, 'removeItem'>) {
    storage.removeItem(OLD_KEY)
  }

  /** The hub answered a question. */
  answered(): void {
    this.#had = true
  }

  /** The hub wants a login; an answer to a question of before the last one is no news. */
  refused(round: number): void {
    if (round === this.round.get()) this.demanded.set(this.#had ? 'again' : 'first')
  }

  /** The hub has set its cookie. */
  done(): void {
    this.demanded.set('')
    this.round.update((round) => round + 1)
  }
}
