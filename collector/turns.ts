/**
 * Which hub serves a host, where several share a state: one at a time. A hub that gets a request of the host takes the
 * turn, with the next fencing term, and reads anew what is remembered of the host; whoever had it before is refused by
 * the term from then on, whatever it is in the middle of.
 */
import type { SharedState, StateStore } from './store/state.ts'

/** What all hubs know of the session of a host's agent. */
export interface SharedSession {
  id: string
  host: string
  hostName: string
  /** See Session. */
  place: string
  address: string
  beganMs: number
}

/** As the state keeps it. */
export interface Turn {
  hub: string
  term: number
  session: SharedSession
}

export interface TurnsOptions {
  state: StateStore
  shared: SharedState
  /** This hub serves the host from now on: what it remembers of it is read anew. */
  taken: (host: string, term: number) => Promise<void>
}

const PREFIX = 'turn/'

export class Turns {
  readonly #options: TurnsOptions
  /** By host: the term under which this hub has read what is remembered of it. */
  readonly #own = new Map<string, number>()
  #asked: { keys: string[]; answer: Promise<unknown[]> } | undefined

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  /** Whose turn it is, and with which session; undefined where the host never said hello. */
  async of(host: string): Promise<Turn | undefined> {
    return (await this.#read(PREFIX + host)) as Turn | undefined
  }

  /**
   * Takes the turn with the session that `next` makes of what is there; `next` may throw, and may be called again. Call
   * it for one host at a time.
   */
  async take(host: string, next: (old: Turn | undefined) => SharedSession): Promise<Turn> {
    const { state, shared, taken } = this.#options
    const turn = await state.update<Turn>(PREFIX + host, (old) => {
      const session = next(old)
      return { hub: shared.hub, term: (old?.term ?? 0) + (old?.hub === shared.hub ? 0 : 1), session }
    })
    if (!turn) throw new Error('a turn was not written')
    if (this.#own.get(host) !== turn.term) {
      await taken(host, turn.term)
      this.#own.set(host, turn.term)
    }
    return turn
  }

  /** It is this hub's turn, and what is remembered of the host has been read. */
  isOwn(host: string, { hub, term }: Turn): boolean {
    return hub === this.#options.shared.hub && this.#own.get(host) === term
  }

  /** It is this hub's turn now, and what is remembered of the host has been read. */
  async isMine(host: string): Promise<boolean> {
    const turn = await this.of(host)
    return turn !== undefined && this.isOwn(host, turn)
  }

  /** The term under which this hub serves or served the host. */
  termOf(host: string): number | undefined {
    return this.#own.get(host)
  }

  /** What is remembered of the host may be old: the next request reads it anew. */
  drop(host: string): void {
    this.#own.delete(host)
  }

  /** What is asked for at the same time is read at once. */
  #read(key: string): Promise<unknown> {
    if (!this.#asked) {
      const keys: string[] = []
      const answer = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
        this.#asked = undefined
        return this.#options.shared.read(keys)
      })
      this.#asked = { keys, answer }
    }
    const { keys, answer } = this.#asked
    const index = keys.push(key) - 1
    return answer.then((values) => values[index])
  }
}
