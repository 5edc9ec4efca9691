/** Definitions of apps, kept in versions: what was posted stands as it was, and a change is a further version. */
import { isDeepStrictEqual } from 'node:util'
import { type Static, Type } from 'typebox'
import type { StateStore } from '../../collector/store/state.ts'
import { AppDefinition, AppName } from './definition.ts'
import { By } from './deploy.ts'

/** One version of an app's definition. */
export const KeptDefinition = Type.Object({
  app: AppName,
  /** Counts from 1, also over a removal: what a deploy names by a number is never something else. */
  version: Type.Integer({ minimum: 1 }),
  atMs: Type.Number({ minimum: 0, description: 'ms since 1970, UTC' }),
  by: By,
  definition: AppDefinition
})
export type KeptDefinition = Static<typeof KeptDefinition>

/** Of an app: the newest version, perhaps not yet that of a moment ago. Stays when the app was removed. */
interface Newest {
  version: number
  removed?: boolean
}

const DEFINITIONS = 'app/'
const NEWEST = 'app-newest/'

export class Definitions {
  readonly #state: StateStore

  private constructor(state: StateStore) {
    this.#state = state
  }

  static async open(state: StateStore): Promise<Definitions> {
    return new Definitions(state)
  }

  /** `definition` has been checked. What equals the newest version makes no new one. */
  async put(app: string, definition: AppDefinition, by: By): Promise<{ version: number; changed: boolean }> {
    const newest = await this.newest(app)
    if (newest && isDeepStrictEqual(newest.definition, definition))
      return { version: newest.version, changed: false }
    const atMs = Date.now()
    let version = newest?.version ?? (await this.#newest(app))?.version ?? 0
    for (;;) {
      version++
      const kept: KeptDefinition = { app, version, atMs, by, definition }
      const there = await this.#state.update<KeptDefinition>(keyOf(app, version), (old) => old ?? kept)
      // Another hub had the same thought, and its version stands.
      if (!isDeepStrictEqual(there, kept)) continue
      await this.#tellNewest(app, version)
      return { version, changed: true }
    }
  }

  async newest(app: string): Promise<KeptDefinition | undefined> {
    const last = await this.#newest(app)
    let found = last && !last.removed ? await this.version(app, last.version) : undefined
    // The number is written behind the version: where the hub ended in between, it is one behind.
    for (let version = (last?.version ?? 0) + 1; ; version++) {
      const next = await this.version(app, version)
      if (!next) return found
      found = next
    }
  }

  async version(app: string, version: number): Promise<KeptDefinition | undefined> {
    return this.#state.get<KeptDefinition>(keyOf(app, version))
  }

  /** All versions of one app that are kept, oldest first. */
  async versions(app: string): Promise<KeptDefinition[]> {
    return (await this.#state.list<KeptDefinition>(`${DEFINITIONS}${app}/`)).map(({ value }) => value)
  }

  /** The newest version of each app, by name. */
  async list(): Promise<KeptDefinition[]> {
    const apps = await this.#state.list<Newest>(NEWEST)
    const found: KeptDefinition[] = []
    for (const { key, value } of apps) {
      const newest = value.removed ? undefined : await this.newest(key.slice(NEWEST.length))
      if (newest) found.push(newest)
    }
    return found
  }

  async #newest(app: string): Promise<Newest | undefined> {
    return this.#state.get<Newest>(NEWEST + app)
  }

  async #tellNewest(app: string, version: number): Promise<void> {
    await this.#state.update<Newest>(NEWEST + app, (old) =>
      old && old.version > version ? old : { version }
    )
  }
}

function keyOf(app: string, version: number): string {
  return `${DEFINITIONS}${app}/${String(version).padStart(8, '0')}`
}
