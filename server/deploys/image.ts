/**
 * References of images, by the grammar of distribution: `[registry[:port]/]path[:tag][@digest]`; and which of them this
 * hub may deploy.
 */
import { ImageNotAllowedError, ImageReferenceError } from './errors.ts'

export interface Image {
  /** As written: `nginx`, `shop/orders`, `registry.example.org:5000/shop/orders`. */
  name: string
  tag?: string
  /** `sha256:…` */
  digest?: string
}

/** Of registry and path together. */
const LONGEST_NAME = 255
/** Of a reference as written; longer ones are not looked at. */
const LONGEST_REFERENCE = 512
const SHOWN = 80
const HOST =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?$/
const PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const DEFAULT_REGISTRY = 'docker.io'

/** Throws DRIFTLOG_IMAGE_REFERENCE. */
export function readImage(text: string): Image {
  const fail = (reason: string) => new ImageReferenceError(shown(text), reason)
  if (text === '') throw fail('it is empty')
  if (text.length > LONGEST_REFERENCE) throw fail(`it is longer than ${LONGEST_REFERENCE} characters`)
  const [front = '', digest, ...more] = text.split('@')
  if (more.length > 0) throw fail('it has more than one "@"')
  if (digest !== undefined && !DIGEST.test(digest))
    throw fail('behind "@" stands no digest, which is sha256: and 64 hexadecimal digits')
  const colon = front.indexOf(':', front.lastIndexOf('/') + 1)
  const name = colon < 0 ? front : front.slice(0, colon)
  const tag = colon < 0 ? undefined : front.slice(colon + 1)
  if (tag !== undefined && !TAG.test(tag))
    throw fail('its tag is not 1 to 128 letters, digits, "_", "." and "-", the first no "." or "-"')
  const problem = nameProblem(name)
  if (problem) throw fail(problem)
  return { name, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) }
}

/**
 * What is to be pulled: the definition's image, or that of `asked`, which is a tag, a digest (`sha256:…`) or a whole
 * reference with at least one of `/`, `:` and `@`. Without tag and digest it is `latest`. Throws DRIFTLOG_IMAGE_REFERENCE.
 */
export function referenceOf(image: string, asked?: string): string {
  const { name, tag, digest } = readImage(image)
  if (asked === undefined) return digest ? `${name}@${digest}` : `${name}:${tag ?? 'latest'}`
  if (DIGEST.test(asked)) return `${name}@${asked}`
  if (!/[/:@]/.test(asked)) {
    if (!TAG.test(asked))
      throw new ImageReferenceError(shown(asked), 'it is neither tag nor digest nor reference')
    return `${name}:${asked}`
  }
  if (asked.startsWith('sha256:'))
    throw new ImageReferenceError(shown(asked), 'a digest has 64 hexadecimal digits')
  return referenceOf(asked)
}

/**
 * Throws DRIFTLOG_IMAGE_NOT_ALLOWED unless one of the patterns means the image. Tag and digest do not matter. In a
 * pattern `*` is any text within a part, `**` any text; `*` alone is every image. As Docker does it, what names no
 * registry is of docker.io, and there of library/ where it is one part alone.
 */
export function refuseImage(reference: string, allowed: readonly string[]): void {
  const name = wholeName(readImage(reference).name)
  if (allowed.some((pattern) => expressionOf(pattern).test(name))) return
  const reason =
    allowed.length === 0
      ? 'its list of images, DRIFTLOG_DEPLOY_IMAGES, is empty. Set it to patterns such as registry.example.org/shop/*, or to * for every image'
      : `its list, DRIFTLOG_DEPLOY_IMAGES, has ${allowed.join(', ')}. Have it extended, or use another image`
  throw new ImageNotAllowedError(name, reason)
}

/** What is wrong with a pattern of DRIFTLOG_DEPLOY_IMAGES. */
export function imagePatternProblem(pattern: string): string | undefined {
  if (pattern === '*' || pattern === '**') return undefined
  if (pattern.includes('@')) return 'has a digest; leave it away, any will do'
  const filled = pattern.replace(/\*+/g, 'x')
  if (/:[^/]*$/.test(filled)) return 'has a tag; leave it away, any will do'
  return nameProblem(filled)
}

function nameProblem(name: string): string | undefined {
  if (name.length > LONGEST_NAME) return `its name is longer than ${LONGEST_NAME} characters`
  const { registry, path } = cut(name)
  if (registry !== undefined && !HOST.test(registry))
    return `"${shown(registry)}" is no address of a registry`
  if (/^[0-9a-f]{64}$/.test(path)) return 'it looks like an id; images are named'
  if (/[A-Z]/.test(path)) return 'its name has upper case letters'
  const wrong = path.split('/').find((part) => !PART.test(part))
  if (wrong === undefined) return undefined
  return wrong === '' ? 'a part of its name is empty' : `"${shown(wrong)}" can not be part of its name`
}

/** The first part is a registry where it could be no path: it has a dot, a port or upper case, or is localhost. */
function cut(name: string): { registry?: string; path: string } {
  const slash = name.indexOf('/')
  if (slash < 0) return { path: name }
  const first = name.slice(0, slash)
  return /[.:[A-Z]/.test(first) || first === 'localhost'
    ? { registry: first, path: name.slice(slash + 1) }
    : { path: name }
}

function wholeName(name: string): string {
  const { registry, path } = cut(name)
  if (registry !== undefined && registry !== 'index.docker.io' && registry !== DEFAULT_REGISTRY)
    return `${registry.toLowerCase()}/${path}`
  return `${DEFAULT_REGISTRY}/${path.includes('/') ? path : `library/${path}`}`
}

function expressionOf(pattern: string): RegExp {
  if (pattern === '*' || pattern === '**') return /^/
  // The stars of a pattern stand where letters could, so that it is cut as a name is.
  const whole = wholeName(pattern)
  const source = whole.replace(/\*{2,}|\*|[^*]+/g, (piece) => {
    if (piece === '*') return '[^/]*'
    return piece.startsWith('*') ? '.*' : piece.replaceAll(/[.[\]]/g, '\\$&')
  })
  return new RegExp(`^${source}$`)
}

function shown(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}
