/** The triggers that there are, as the state keeps them. Every hub reads them anew, so that none is behind. */
import type { StateStore } from '../../../collector/store/state.ts'
import type { By } from '../deploy.ts'
import { TriggerError, TriggerKindError, TriggerLimitError, TriggerNotFoundError } from '../errors.ts'
import { checkTrigger } from './check.ts'
import { Secrets } from './secret.ts'
import type { TriggerBody } from './trigger.ts'

export interface KeptTrigger extends TriggerBody {
  /** Its secret is made of this and the hub's key. */
  word: string
  changedMs: number
  by: By
}

const PREFIX = 'trigger/'
/** Rows that hang on a trigger. */
const ATTACHED = ['hook-delivery/', 'hook-seen/', 'hook-strangers/', 'trigger-beat/']
const MOST = 500

export class Triggers {
  readonly #state: StateStore
  readonly #secrets: Secrets
  readonly #nowMs: () => number

  private constructor(state: StateStore, secrets: Secrets, nowMs: () => number) {
    this.#state = state
    this.#secrets = secrets
    this.#nowMs = nowMs
  }

  static async open(state: StateStore, nowMs: () => number): Promise<Triggers> {
    return new Triggers(state, await Secrets.open(state), nowMs)
  }

  async list(): Promise<KeptTrigger[]> {
    return (await this.#state.list<KeptTrigger>(PREFIX)).map(({ value }) => value)
  }

  async get(name: string): Promise<KeptTrigger | undefined> {
    return await this.#state.get<KeptTrigger>(PREFIX + name)
  }

  /** `secret` is there where it is a new one. Throws DRIFTLOG_TRIGGER with the place. */
  async put(asked: TriggerBody, by: By): Promise<{ trigger: KeptTrigger; secret?: string }> {
    checkTrigger(asked)
    const before = await this.get(asked.name)
    if (before && before.kind !== asked.kind) throw new TriggerKindError(asked.name, before.kind)
    if (!before && (await this.list()).length >= MOST) throw new TriggerLimitError(MOST)
    const word = this.#secrets.newWord()
    const trigger = await this.#state.update<KeptTrigger>(PREFIX + asked.name, (old) => ({
      ...{ ...asked, word: old?.word ?? word, changedMs: this.#nowMs(), by }
    }))
    if (!trigger) throw new TriggerNotFoundError(asked.name)
    const isNew = trigger.word === word && trigger.kind !== 'schedule'
    return { trigger, ...(isNew ? { secret: this.secretOf(trigger) } : {}) }
  }

  /** The one before opens nothing from now on. */
  async renewSecret(name: string, by: By): Promise<{ trigger: KeptTrigger; secret: string }> {
    const word = this.#secrets.newWord()
    if ((await this.get(name))?.kind === 'schedule')
      throw new TriggerError(`"${name}" is a schedule, which nobody calls and which has no secret.`)
    const trigger = await this.#state.update<KeptTrigger>(
      PREFIX + name,
      (old) => old && { ...old, word, changedMs: this.#nowMs(), by }
    )
    if (!trigger) throw new TriggerNotFoundError(name)
    return { trigger, secret: this.secretOf(trigger) }
  }

  /** With all that is remembered of it. */
  async delete(name: string): Promise<void> {
    if (!(await this.get(name))) throw new TriggerNotFoundError(name)
    await this.#state.delete(PREFIX + name)
    for (const prefix of ATTACHED) {
      await this.#state.delete(prefix + name)
      for (const { key } of await this.#state.list(`${prefix}${name}/`)) await this.#state.delete(key)
    }
  }

  secretOf(trigger: Pick<KeptTrigger, 'name' | 'word'>): string {
    return this.#secrets.of(trigger)
  }
}
