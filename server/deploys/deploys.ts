/** Deploys as the hub's other parts ask for them: begun, promoted, stopped, listed. Whoever is on duty rolls them on. */
import { randomBytes } from 'node:crypto'
import type { Logger } from 'pino'
import type { ImageAsked } from '../../agent/protocol-orders.ts'
import type { StateStore } from '../../collector/store/state.ts'
import type { Archive, DeployChange, DeploysListed } from './archive.ts'
import { claim, holderOf } from './claim.ts'
import type { Wanted } from './definition.ts'
import type { Definitions, KeptDefinition } from './definitions.ts'
import type { By, Check, Deploy, DeployAsked, DeployStep, SlotState } from './deploy.ts'
import { DeployingError, DeployNotFoundError, DeployStateError, NothingBeforeError } from './errors.ts'
import { readImage, referenceOf, refuseImage } from './image.ts'
import { hasEnded, type KeptDeploy, type Running, runningKey } from './kept.ts'
import { planOf } from './plan.ts'
import { refuseOwnApproval, refusePromotion, refuseUnpromoted, withCheck } from './promotion.ts'
import type { Repeats } from './repeats.ts'
import { approved, type Request, resumed, stopped, takenBack } from './requests.ts'
import type { DeploySettings } from './settings.ts'
import { tell } from './steps.ts'
import type { Surroundings } from './surroundings.ts'
import { wantedOf } from './wanted.ts'

export interface DeploysOptions {
  state: StateStore
  archive: Archive
  definitions: Pick<Definitions, 'newest' | 'find'>
  fleet: Pick<Surroundings, 'hosts' | 'nameOf' | 'isUp'>
  settings: Pick<DeploySettings, 'images'>
  repeats: Repeats
  log: Pick<Logger, 'info'>
  nowMs: () => number
}

export interface PromoteAsked {
  environment: string
  reason?: string
  by: By
}

/** What is to run, once it is known that it may. */
interface Prepared extends Pick<Deploy, 'app' | 'environment' | 'by'> {
  definition: KeptDefinition
  wanted: Wanted
  image: ImageAsked
  more?: Partial<Deploy>
  /** A person must say yes first. */
  needsApproval: boolean
}

export class Deploys {
  readonly #options: DeploysOptions

  constructor(options: DeploysOptions) {
    this.#options = options
  }

  /**
   * Does not wait for its end. The same `key` of the same caller gets the same deploy. Throws what the definition, the image
   * and the hosts are refused for, PromoteOnlyError, DeployingError or RepeatError.
   */
  async begin(asked: DeployAsked, key?: string): Promise<Deploy> {
    if (key === undefined) return this.#start(await this.#prepare(asked), this.#newId())
    const { archive, repeats } = this.#options
    return repeats.once(key, asked, this.#newId(), async (id) => {
      const known = await archive.read(id)
      return known?.deploy ?? this.#start(await this.#prepare(asked), id)
    })
  }

  /** What begin() would do, slot by slot. Throws what it would throw, but for DeployingError. */
  async plan(asked: DeployAsked): Promise<SlotState[]> {
    return this.#slotsOf(await this.#prepare(asked), this.#newId())
  }

  /** Throws DeployNotFoundError, as all that are asked of one deploy. */
  async get(id: string): Promise<Deploy> {
    return (await this.#read(id)).deploy
  }

  /** Newest first. */
  list(asked: DeploysListed): Promise<Deploy[]> {
    return this.#options.archive.list(asked)
  }

  /** Deploys and their steps from now on, until the signal aborts. */
  changes(signal: AbortSignal): AsyncIterable<DeployChange> {
    return this.#options.archive.changes(signal)
  }

  /** In order, those behind `afterSeq`. */
  steps(id: string, afterSeq?: number): Promise<DeployStep[]> {
    return this.#options.archive.steps(id, afterSeq)
  }

  /** Brings the very image of a deploy that went well into another environment. Throws PromoteFromError or ChecksError, too. */
  async promote(id: string, { environment, reason, by }: PromoteAsked): Promise<Deploy> {
    const { deploy: source } = await this.#read(id)
    const definition = await this.#options.definitions.find(source.app, source.version)
    const rollout = await this.#rolloutOf(definition, environment)
    refusePromotion(source, environment, rollout, await this.#takenBackBy(source))
    const wanted = wantedOf(definition.definition, environment)
    const image = askedOf(source)
    refuseImage(image.reference, this.#options.settings.images)
    const more = { promotedFrom: id, ...(reason === undefined ? {} : { reason }) }
    const needsApproval = rollout.approval === true
    const prepared = { app: source.app, environment, by, definition, wanted, image, more, needsApproval }
    return this.#start(prepared, this.#newId())
  }

  /** What CI says of it. */
  report(id: string, check: Check): Promise<Deploy> {
    const { name, passed, by, text = '' } = check
    return this.#change(id, by, 'a check was reported', (kept) => {
      const next = structuredClone(kept)
      next.deploy.checks = withCheck(next.deploy.checks, check)
      const words = `${name} ${passed ? 'passed' : 'failed'}${text === '' ? '' : `: ${text}`}`
      tell(next, check.atMs, { step: 'check-reported', state: passed ? 'done' : 'failed', text: words, by })
      return next
    })
  }

  /** Throws OwnApprovalError, DeployingError or DeployStateError. */
  async approve(id: string, by: By): Promise<Deploy> {
    const { deploy } = await this.#read(id)
    refuseOwnApproval(deploy, by)
    const holder = deploy.state === 'waiting' ? await holderOf(this.#options.state, deploy) : undefined
    if (holder !== undefined) throw new DeployingError(deploy.app, deploy.environment, holder)
    return this.#change(id, by, 'a deploy was approved', approved)
  }

  /** Throws DeployStateError, as resume() does. */
  stop(id: string, by: By): Promise<Deploy> {
    return this.#change(id, by, 'a deploy was stopped', stopped)
  }

  resume(id: string, by: By): Promise<Deploy> {
    return this.#change(id, by, 'a deploy was let go on', resumed)
  }

  /** The same once more, as a deploy of its own. */
  async retry(id: string, by: By): Promise<Deploy> {
    const kept = await this.#read(id)
    const { deploy } = kept
    if (!hasEnded(deploy) || deploy.state === 'succeeded')
      throw new DeployStateError(id, deploy.state, 'only one that did not go well can be tried again')
    const { app, environment, version, promotedFrom, takesBack, reason } = deploy
    const again = { environment, by, ...(reason === undefined ? {} : { reason }) }
    if (promotedFrom !== undefined) return this.promote(promotedFrom, again)
    const definition = await this.#options.definitions.find(app, version)
    const rollout = await this.#rolloutOf(definition, environment)
    if (takesBack === undefined) refuseUnpromoted(environment, rollout)
    const more = {
      ...(takesBack === undefined ? {} : { takesBack }),
      ...(reason === undefined ? {} : { reason })
    }
    const image = deploy.image ? askedOf(deploy) : kept.image
    refuseImage(image.reference, this.#options.settings.images)
    const wanted = wantedOf(definition.definition, environment)
    const needsApproval = rollout.approval === true && takesBack === undefined
    return this.#start(
      { app, environment, by, definition, wanted, image, more, needsApproval },
      this.#newId()
    )
  }

  /** Of one that has succeeded and runs: a deploy of its own, with what ran before. */
  async rollBack(id: string, by: By): Promise<Deploy> {
    const { deploy } = await this.#read(id)
    if (deploy.state !== 'succeeded') return this.#change(id, by, 'a deploy was rolled back', takenBack)
    const { app, environment, before } = deploy
    const running = await this.#options.state.get<Running>(runningKey(deploy))
    if (running?.deploy !== id)
      throw new DeployStateError(id, deploy.state, `but ${running?.deploy ?? 'none'} is what runs now`)
    if (!before) throw new NothingBeforeError(id)
    const definition = await this.#options.definitions.find(app, before.version)
    const wanted = wantedOf(definition.definition, environment)
    const image = before.image ? askedOf({ image: before.image }) : { reference: referenceOf(wanted.image) }
    refuseImage(image.reference, this.#options.settings.images)
    const more = { takesBack: id }
    const prepared = { app, environment, by, definition, wanted, image, more, needsApproval: false }
    return this.#start(prepared, this.#newId())
  }

  async #prepare({ app, environment, image: asked, version, reason, by }: DeployAsked): Promise<Prepared> {
    const definition = await this.#options.definitions.find(app, version)
    const wanted = wantedOf(definition.definition, environment)
    const rollout = await this.#rolloutOf(definition, environment)
    refuseUnpromoted(environment, rollout)
    const reference = referenceOf(wanted.image, asked)
    refuseImage(reference, this.#options.settings.images)
    const { digest } = readImage(reference)
    const image = { reference, ...(digest === undefined ? {} : { digest }) }
    const more = reason === undefined ? {} : { reason }
    const needsApproval = rollout.approval === true
    return { app, environment, by, definition, wanted, image, more, needsApproval }
  }

  async #start(prepared: Prepared, id: string): Promise<Deploy> {
    const { archive, state, log, nowMs } = this.#options
    const { app, environment, definition, wanted, image, by, more, needsApproval } = prepared
    const { version } = definition
    const holder = needsApproval ? undefined : await holderOf(state, { app, environment })
    if (holder !== undefined && holder !== id) throw new DeployingError(app, environment, holder)
    const deploy: Deploy = {
      ...{ id, app, environment, version, reference: image.reference, by, ...more },
      ...{ state: needsApproval ? 'waiting' : 'running', createdMs: nowMs(), checks: [] },
      slots: await this.#slotsOf(prepared, id)
    }
    const kept: KeptDeploy = { deploy, term: 0, wanted, image, lastSeq: 0, unsaved: [] }
    await archive.add(kept)
    if (!needsApproval) {
      const first = await claim(state, deploy)
      if (first !== id) {
        await archive.remove(id)
        throw new DeployingError(app, environment, first)
      }
    }
    const { reference } = image
    log.info({ deploy: id, app, environment, version, reference, by }, 'a deploy was asked for')
    return deploy
  }

  async #slotsOf(
    { app, environment, definition, wanted, image }: Prepared,
    id: string
  ): Promise<SlotState[]> {
    const { state, fleet } = this.#options
    const running = await state.get<Running>(runningKey({ app, environment }))
    const { isUp, nameOf } = fleet
    const { version } = definition
    const planned = { app, environment, deploy: id, version, wanted, image, isUp, nameOf }
    return planOf(planned, fleet.hosts(), running?.slots ?? []).map(({ change, before }) => ({
      ...{ ...change, state: before?.unknown === undefined ? 'old' : 'unknown' },
      ...(before ? { port: before.port } : {}),
      ...(before?.container === undefined ? {} : { container: before.container })
    }))
  }

  /** What may come in is for the newest version to say: an older one may know nothing of it. */
  async #rolloutOf({ app, definition }: KeptDefinition, environment: string) {
    const newest = (await this.#options.definitions.newest(app))?.definition ?? definition
    const ruling = Object.hasOwn(newest.environments, environment) ? newest : definition
    return wantedOf(ruling, environment).rollout ?? {}
  }

  async #takenBackBy({ id, app, environment }: Deploy): Promise<string | undefined> {
    const { archive } = this.#options
    for (const other of archive.ids((one) => one.app === app && one.environment === environment)) {
      if (other <= id) return undefined
      const kept = await archive.read(other)
      if (kept?.deploy.takesBack === id && kept.deploy.state === 'succeeded') return other
    }
    return undefined
  }

  async #read(id: string): Promise<KeptDeploy> {
    const kept = await this.#options.archive.read(id)
    if (!kept) throw new DeployNotFoundError(id)
    return kept
  }

  async #change(id: string, by: By, text: string, request: Request): Promise<Deploy> {
    const { archive, log, nowMs } = this.#options
    const kept = await archive.change(id, (old) => request(old, by, nowMs()))
    if (!kept) throw new DeployNotFoundError(id)
    const { app, environment, state } = kept.deploy
    log.info({ deploy: id, app, environment, state, by }, text)
    return kept.deploy
  }

  #newId(): string {
    return deployId(this.#options.nowMs())
  }
}

/** Sorts by time; part of the names of containers. */
function deployId(nowMs: number): string {
  return nowMs.toString(36).padStart(9, '0') + randomBytes(3).readUIntBE(0, 3).toString(36).padStart(5, '0')
}

/** The very image that ran. */
function askedOf({ image }: Pick<Deploy, 'image'>): ImageAsked {
  if (!image) throw new Error('a deploy without an image was asked for it')
  const { reference, digest, imageId } = image
  return digest === undefined ? { reference, imageId } : { reference, digest }
}
