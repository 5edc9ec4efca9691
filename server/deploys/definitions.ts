/** Definitions of apps, kept in versions: what was posted stands as it was, and a change is a further version. */
import { isDeepStrictEqual } from 'node:util'
import { type Static, Type } from 'typebox'
import type { StateStore } from '../../collector/store/state.ts'
import { AppDefinition, AppName } from './definition.ts'
import { By } from './deploy.ts'
import { AppInUseError, DefinitionNotFoundError, VersionNotFoundError } from './errors.ts'
import { CLAIMS, DEPLOYS, type KeptDeploy, RUNNING, type Running } from './kept.ts'

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

/** Of an app. What is older goes, but for what a deploy names or an instance runs. */
const MOST_VERSIONS = 100
/** Looking for what is named reads every deploy, so it is done once in so many versions. */
const MORE_VERSIONS = 20
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
    if (newest && isDeepStrictEqual(newest.definition, definition)) {
      // A hub may have ended before it could.
      await this.#tellNewest(app, newest.version)
      return { version: newest.version, changed: false }
    }
    let version = newest?.version ?? (await this.#newest(app))?.version ?? 0
    for (;;) {
      version++
      const kept: KeptDefinition = { app, version, atMs: Date.now(), by, definition }
      const there = await this.#state.update<KeptDefinition>(keyOf(app, version), (old) => old ?? kept)
      // Another hub had the same thought, and its version stands.
      if (!isDeepStrictEqual(there, kept)) continue
      await this.#tellNewest(app, version)
      await this.#dropOld(app)
      return { version, changed: true }
    }
  }

  /**
   * Removes all versions; a later definition goes on counting. Throws DRIFTLOG_APP_IN_USE while instances run or a deploy
   * is under way, DRIFTLOG_DEFINITION_NOT_FOUND.
   */
  async remove(app: string): Promise<void> {
    const newest = await this.newest(app)
    if (!newest) throw new DefinitionNotFoundError(app)
    const use = await this.#neededFor(app)
    if (use !== undefined) throw new AppInUseError(app, use)
    await this.#state.put(NEWEST + app, { version: newest.version, removed: true } satisfies Newest)
    for (const { version } of await this.versions(app)) await this.#state.delete(keyOf(app, version))
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

  /** This version, or the newest. Throws DRIFTLOG_DEFINITION_NOT_FOUND or DRIFTLOG_VERSION_NOT_FOUND. */
  async find(app: string, version?: number): Promise<KeptDefinition> {
    const found = version === undefined ? undefined : await this.version(app, version)
    if (found) return found
    const newest = await this.newest(app)
    if (!newest) throw new DefinitionNotFoundError(app)
    if (version !== undefined) throw new VersionNotFoundError(app, version)
    return newest
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

  /** Who needs it, in words. */
  async #neededFor(app: string): Promise<string | undefined> {
    const claims = (await this.#state.list<{ deploy: string }>(CLAIMS)).filter(({ key }) => isOf(app, key))
    const [claim] = claims
    if (claim) return `deploy ${claim.value.deploy} is under way in ${environmentOf(claim.key)}`
    for (const { key, value } of await this.#state.list<Running>(RUNNING))
      if (isOf(app, key) && value.slots.length + value.leftovers.length > 0)
        return `instances of it run in ${environmentOf(key)}`
    return undefined
  }

  async #dropOld(app: string): Promise<void> {
    const versions = await this.versions(app)
    if (versions.length <= MOST_VERSIONS + MORE_VERSIONS) return
    const named = await this.#namedVersions(app)
    for (const { version } of versions.slice(0, -MOST_VERSIONS))
      if (!named.has(version)) await this.#state.delete(keyOf(app, version))
  }

  async #namedVersions(app: string): Promise<Set<number>> {
    const deploys = await this.#state.list<KeptDeploy>(DEPLOYS)
    const running = (await this.#state.list<Running>(RUNNING)).filter(({ key }) => isOf(app, key))
    return new Set([
      ...deploys.flatMap(({ value: { deploy } }) =>
        deploy.app === app ? [deploy.version, deploy.before?.version ?? 0] : []
      ),
      ...running.flatMap(({ value }) => value.slots.map(({ spec }) => spec.version))
    ])
  }

  async #tellNewest(app: string, version: number): Promise<void> {
    const last = await this.#newest(app)
    if (last?.version === version && !last.removed) return
    await this.#state.update<Newest>(NEWEST + app, (old) =>
      old && old.version > version ? old : { version }
    )
  }
}

function keyOf(app: string, version: number): string {
  return `${DEFINITIONS}${app}/${String(version).padStart(8, '0')}`
}

/** `running/<environment>/<app>`, `deploying/<environment>/<app>` */
function isOf(app: string, key: string): boolean {
  return key.split('/')[2] === app
}

function environmentOf(key: string): string {
  return key.split('/')[1] ?? ''
}
