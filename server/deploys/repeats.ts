/** Callers that ask once more because they got no answer: a key that was used before gets the deploy that it got then. */
import { createHash } from 'node:crypto'
import type { StateStore } from '../../collector/store/state.ts'
import type { DeployAsked } from './deploy.ts'
import { isRefusal, RepeatError } from './errors.ts'

/** `deploy-key/<hash of caller and key>` */
interface Kept {
  deploy: string
  /** Hash of what was asked for. */
  asked: string
  atMs: number
}

const KEYS = 'deploy-key/'
/** Nobody tries again for longer. */
const KEPT_MS = 86_400_000

export class Repeats {
  readonly #state: StateStore
  readonly #nowMs: () => number

  constructor(state: StateStore, nowMs: () => number) {
    this.#state = state
    this.#nowMs = nowMs
  }

  /**
   * `id` counts for the first caller, and is given to `act` each time: it must not act twice for one. A key whose question was
   * refused is free again; where it is not known how far `act` came, the next one gets the same id. Throws RepeatError where
   * the key was used for something else.
   */
  async once<T>(key: string, question: DeployAsked, id: string, act: (id: string) => Promise<T>): Promise<T> {
    const { by, ...rest } = question
    const asked = hashOf(rest)
    const place = KEYS + hashOf([by.kind, by.id ?? by.name, key])
    const fresh: Kept = { deploy: id, asked, atMs: this.#nowMs() }
    const kept = await this.#state.update<Kept>(place, (old) => (old && !this.#isOver(old) ? old : fresh))
    if (!kept || kept.asked !== asked) throw new RepeatError(key)
    try {
      return await act(kept.deploy)
    } catch (error) {
      if (isRefusal(error))
        await this.#state.update<Kept>(place, (old) => (old?.deploy === kept.deploy ? undefined : old))
      throw error
    }
  }

  /** Forgets keys that are over. */
  async sweep(): Promise<void> {
    for (const { key, value } of await this.#state.list<Kept>(KEYS))
      if (this.#isOver(value)) await this.#state.delete(key)
  }

  #isOver({ atMs }: Kept): boolean {
    return this.#nowMs() - atMs > KEPT_MS
  }
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}
