/** Names of images, cut as Docker cuts them, and the patterns by which a host says which it starts. */

export interface ImageName {
  /** As written, without tag and digest. */
  name: string
  tag: string | undefined
  /** `sha256:…` */
  digest: string | undefined
}

/** Of the grammar of references; longer ones no engine takes. */
const LONGEST_NAME = 255
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?$/
const PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/
const TAG = /^\w[\w.-]{0,127}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/
const DOCKER_HUB = 'docker.io'

/** Undefined where it is no reference of an image. */
export function readImageName(text: string): ImageName | undefined {
  const [front = '', digest, ...more] = text.split('@')
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined
  const colon = front.indexOf(':', front.lastIndexOf('/') + 1)
  const name = colon < 0 ? front : front.slice(0, colon)
  const tag = colon < 0 ? undefined : front.slice(colon + 1)
  if ((tag !== undefined && !TAG.test(tag)) || !isName(name)) return undefined
  return { name, tag, digest }
}

/** What is wrong with a pattern: it means names, with any tag and digest. */
export function patternProblem(pattern: string): string | undefined {
  if (isEvery(pattern)) return undefined
  if (pattern.includes('@')) return 'has a digest: leave it away, any will do'
  const filled = pattern.replace(/\*+/g, 'x')
  if (filled.indexOf(':', filled.lastIndexOf('/') + 1) >= 0) return 'has a tag: leave it away, any will do'
  return isName(filled) ? undefined : 'is no name of an image'
}

/**
 * `*` is any text within a part of the name, `**` any text; `*` alone is every image. What names no registry is Docker
 * Hub's, and there of `library/` where it is one part alone.
 */
export function isAllowed({ name }: Pick<ImageName, 'name'>, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => isEvery(pattern) || expressionOf(pattern).test(wholeName(name)))
}

/** Of whom an image is to be had: `docker.io`, `registry.example.org:5000`. */
export function registryOf(name: string): string {
  return cut(name).registry
}

/** Two ways to write one name: `nginx`, `docker.io/library/nginx`. */
export function isSameName(one: string, other: string): boolean {
  return wholeName(one) === wholeName(other)
}

function isEvery(pattern: string): boolean {
  return pattern === '*' || pattern === '**'
}

function isName(name: string): boolean {
  if (name.length > LONGEST_NAME) return false
  const { registry, path } = cut(name)
  return REGISTRY.test(registry) && path.split('/').every((part) => PART.test(part))
}

/** The first part is a registry where it could be no path: it has a dot or a port, or is localhost. */
function cut(name: string): { registry: string; path: string } {
  const slash = name.indexOf('/')
  const first = name.slice(0, Math.max(0, slash))
  if (/[.:[A-Z]/.test(first) || first === 'localhost') return { registry: first, path: name.slice(slash + 1) }
  return { registry: DOCKER_HUB, path: name }
}

function wholeName(name: string): string {
  const { registry, path } = cut(name)
  if (registry !== DOCKER_HUB && registry !== 'index.docker.io') return `${registry.toLowerCase()}/${path}`
  return `${DOCKER_HUB}/${path.includes('/') ? path : `library/${path}`}`
}

/** The stars of a pattern stand where letters could, so it is cut as a name is. */
function expressionOf(pattern: string): RegExp {
  const source = wholeName(pattern).replace(/\*{2,}|\*|[^*]+/g, (piece) => {
    if (piece === '*') return '[^/]*'
    return piece.startsWith('*') ? '.*' : piece.replaceAll(/[.[\]]/g, '\\$&')
  })
  return new RegExp(`^${source}$`)
}
