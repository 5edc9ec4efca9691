/** Having the image on this host: exactly the one that was asked for. */
import type { ActingEngine, EngineImage } from '../docker/acting-engine.ts'
import { EngineRefusal } from '../docker/engine.ts'
import type { ImageAsked, ImageFound } from '../protocol-orders.ts'
import { pause } from '../ship/backoff.ts'
import { OrderFailure } from './codes.ts'
import { type ImageName, isAllowed, isSameName, readImageName, registryOf } from './image-name.ts'
import { untilAnswered, type Waiting } from './patience.ts'
import { credentialsFor } from './registry-auth.ts'

export interface ImageRules {
  /** Patterns of what may be started here. */
  images: readonly string[]
  registryAuthFile: string | undefined
}

export interface ImageParts extends Waiting {
  engine: Pick<ActingEngine, 'image' | 'pull'>
  rules: ImageRules
  /** For people who wait. */
  going: (text: string) => void
}

/** Registries fail for moments. */
const PULLS = 3
const PULL_PAUSE_MS = 2000

/** Throws DRIFTLOG_IMAGE_NOT_ALLOWED. */
export function refuseImage(reference: string, { images }: Pick<ImageRules, 'images'>): ImageName {
  const name = readImageName(reference)
  if (name && isAllowed(name, images)) return name
  throw new OrderFailure(
    'DRIFTLOG_IMAGE_NOT_ALLOWED',
    `${reference} is not among the images that this host starts: DRIFTLOG_DEPLOY_IMAGES is ${images.join(', ')}`
  )
}

/**
 * Asked for by digest or id, what is here already is not pulled; by tag it always is, unless it was made or imported
 * here. Throws DRIFTLOG_IMAGE, DRIFTLOG_REGISTRY_AUTH, DRIFTLOG_IMAGE_NOT_ALLOWED, DRIFTLOG_ENGINE_AWAY.
 */
export async function haveImage(asked: ImageAsked, parts: ImageParts): Promise<ImageFound> {
  const { name, tag, digest: written } = refuseImage(asked.reference, parts.rules)
  const digest = asked.digest ?? written
  const reference = `${name}${tag === undefined ? '' : `:${tag}`}`
  const look = (id: string) => untilAnswered((signal) => parts.engine.image(id, signal), parts)
  if (digest !== undefined) {
    const exact = `${name}@${digest}`
    if (!(await look(exact))) await pull(name, digest, parts)
    const image = await look(exact)
    if (!image) throw missing(`${exact} was pulled, and the engine does not have it`)
    return { reference, digest, imageId: image.id }
  }
  if (asked.imageId !== undefined) {
    const image = await look(asked.imageId)
    if (!image)
      throw missing(
        `${asked.reference} with the id ${asked.imageId} never was in a registry, and is not on this host: import it (docker save, docker load)`
      )
    refuseOther(image, asked.imageId, parts.rules)
    return { reference, imageId: image.id }
  }
  return byTag(name, tag ?? 'latest', parts)
}

async function byTag(name: string, tag: string, parts: ImageParts): Promise<ImageFound> {
  const reference = `${name}:${tag}`
  const look = () => untilAnswered((signal) => parts.engine.image(reference, signal), parts)
  const before = await look()
  const isLocal = before !== undefined && digestOf(before, name) === undefined
  // Without a registry in its name it would be looked for in Docker Hub, whose image is another one.
  if (!isLocal || registryOf(name) !== 'docker.io') {
    try {
      await pull(name, tag, parts)
    } catch (error) {
      if (!isLocal || parts.signal.aborted) throw error
      parts.going(`${(error as Error).message}: the one that was made or imported here is taken`)
    }
  }
  const image = await look()
  if (!image) throw missing(`${reference} was pulled, and the engine does not have it`)
  const digest = digestOf(image, name)
  return { reference, imageId: image.id, ...(digest !== undefined && { digest }) }
}

async function pull(name: string, version: string, parts: ImageParts): Promise<void> {
  const { engine, signal, going, rules } = parts
  const what = version.startsWith('sha256:') ? `${name}@${version}` : `${name}:${version}`
  const credentials = credentialsFor(registryOf(name), rules.registryAuthFile)
  for (let attempt = 1; ; attempt++) {
    try {
      const layers = new Map<string, boolean>()
      for await (const { status, layer } of engine.pull({ name, version, credentials }, signal)) {
        if (layer === undefined || layer === version) continue
        layers.set(layer, /^(Pull complete|Already exists)/.test(status))
        const have = [...layers.values()].filter(Boolean).length
        going(`${have} of ${layers.size} layers of ${what}`)
      }
      return
    } catch (error) {
      signal.throwIfAborted()
      const { message } = error as Error
      const text = `${what} could not be pulled: ${message}`
      const isFinal = error instanceof EngineRefusal && error.status < 500
      if (isFinal || attempt >= PULLS) throw new OrderFailure('DRIFTLOG_IMAGE', text, { cause: error })
      going(`${text}; will try again`)
      await pause(PULL_PAUSE_MS * attempt, signal)
      // An engine that is being restarted is waited for.
      await untilAnswered((until) => engine.image(what, until), parts)
    }
  }
}

/**
 * By its id any image of this host could be named. One that has lost all of its names to newer ones came here by a name
 * that was allowed, or by the hands of this host's owner.
 */
function refuseOther({ tags, digests }: EngineImage, imageId: string, rules: ImageRules): void {
  const names = [...tags, ...digests].flatMap((text) => readImageName(text) ?? [])
  if (names.length === 0 || names.some((name) => isAllowed(name, rules.images))) return
  throw new OrderFailure(
    'DRIFTLOG_IMAGE_NOT_ALLOWED',
    `${imageId} is ${names[0]?.name}, which is not among the images that this host starts`
  )
}

function digestOf({ digests }: EngineImage, name: string): string | undefined {
  const all = digests.flatMap((text) => readImageName(text) ?? [])
  return all.find((one) => isSameName(one.name, name))?.digest
}

function missing(text: string): OrderFailure {
  return new OrderFailure('DRIFTLOG_IMAGE', text)
}
