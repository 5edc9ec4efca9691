/** Deploys that a test ends by itself: begun as the hub begins them, by real definitions and the real list of images. */
import { once } from 'node:events'
import type { StateStore } from '../../../collector/store/state.ts'
import type { Beginner, DeployFeed } from '../../../server/deploys/begin.ts'
import { Definitions } from '../../../server/deploys/definitions.ts'
import type { Deploy, DeployAsked } from '../../../server/deploys/deploy.ts'
import { DefinitionNotFoundError, DeployingError } from '../../../server/deploys/errors.ts'
import { referenceOf, refuseImage } from '../../../server/deploys/image.ts'
import { Repeats } from '../../../server/deploys/repeats.ts'
import { wantedOf } from '../../../server/deploys/wanted.ts'

export class Orders implements Beginner, DeployFeed {
  readonly asked: DeployAsked[] = []
  readonly deploys: Deploy[] = []
  /** Thrown instead of beginning. */
  fault?: Error
  readonly #definitions: Definitions
  readonly #repeats: Repeats
  readonly #bell = new EventTarget()

  private constructor(definitions: Definitions, repeats: Repeats) {
    this.#definitions = definitions
    this.#repeats = repeats
  }

  /** With an app `orders` in `staging` and `production`. */
  static async open(state: StateStore): Promise<Orders> {
    const definitions = await Definitions.open(state)
    const by = { kind: 'person' as const, name: 'test' }
    const environments = { staging: {}, production: {} }
    await definitions.put('orders', { image: 'registry.example.org/shop/orders', environments }, by)
    return new Orders(definitions, new Repeats(state, Date.now))
  }

  async begin(asked: DeployAsked, key: string): Promise<Deploy> {
    if (this.fault) throw this.fault
    const next = `d${String(this.deploys.length + 1).padStart(4, '0')}`
    return this.#repeats.once(key, asked, next, async (id) => {
      return this.deploys.find((deploy) => deploy.id === id) ?? this.#start(id, asked)
    })
  }

  async #start(id: string, asked: DeployAsked): Promise<Deploy> {
    const kept = await this.#definitions.newest(asked.app)
    if (!kept) throw new DefinitionNotFoundError(asked.app)
    const reference = referenceOf(wantedOf(kept.definition, asked.environment).image, asked.image)
    refuseImage(reference, ['registry.example.org/shop/*'])
    const running = this.deploys.find(
      ({ app, environment, state }) =>
        app === asked.app && environment === asked.environment && state === 'running'
    )
    if (running) throw new DeployingError(asked.app, asked.environment, running.id)
    this.asked.push(asked)
    const { app, environment, by, reason } = asked
    const createdMs = Date.now()
    const deploy: Deploy = {
      ...{ id, app, environment, by },
      ...{ version: kept.version, reference, state: 'running', createdMs, startedMs: createdMs },
      ...{ slots: [], checks: [] },
      ...(reason === undefined ? {} : { reason })
    }
    this.deploys.push(deploy)
    this.#tell(deploy)
    return deploy
  }

  async list(asked: Parameters<DeployFeed['list']>[0]): Promise<Deploy[]> {
    const { app, environment, beforeId, limit } = asked
    return structuredClone(this.deploys)
      .reverse()
      .filter(({ id }) => beforeId === undefined || id < beforeId)
      .filter((deploy) => app === undefined || (app === deploy.app && environment === deploy.environment))
      .slice(0, limit)
  }

  async *changes(signal: AbortSignal): AsyncGenerator<{ deploy: Deploy }> {
    while (!signal.aborted) {
      const [event] = await once(this.#bell, 'change', { signal }).catch(() => [undefined])
      if (event) yield { deploy: (event as CustomEvent<Deploy>).detail }
    }
  }

  become(id: string, change: Partial<Deploy>): void {
    const deploy = this.deploys.find((one) => one.id === id)
    if (!deploy) throw new Error(`there is no ${id}`)
    Object.assign(deploy, change)
    this.#tell(deploy)
  }

  #tell(deploy: Deploy): void {
    this.#bell.dispatchEvent(new CustomEvent('change', { detail: structuredClone(deploy) }))
  }
}
