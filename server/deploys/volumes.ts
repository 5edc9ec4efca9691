/** Volumes of a definition: named ones, that belong to app and environment, and folders of the host. */
import type { VolumeAsked } from '../../agent/protocol-orders.ts'
import type { Wanted } from './definition.ts'
import type { ShapeProblem } from './shape.ts'

type Volumes = NonNullable<Wanted['volumes']>

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/
/** Files of secrets lie there in the container. */
const SECRETS = '/run/secrets'

/** Named volumes are called as compose calls them, so that staging never writes into production's. */
export function volumesOf(project: string, volumes: Volumes): VolumeAsked[] {
  return volumes.map(({ source, target, readOnly = false }) => ({
    source: isNamed(source) ? `${project}_${source}` : source,
    target,
    readOnly
  }))
}

/** Else it is a path of the host. */
export function isNamed(source: string): boolean {
  return !source.startsWith('/')
}

export function* volumeProblems(volumes: Volumes): Generator<ShapeProblem, void> {
  const targets = new Set<string>()
  for (const [at, { source, target }] of volumes.entries()) {
    const path = ['volumes', at]
    if (isNamed(source) ? !NAME.test(source) : !isPlain(source))
      yield {
        path: [...path, 'source'],
        message:
          'must be the name of a volume (letters, digits, "_", "." and "-", at most 64) or an absolute path without "." and ".."'
      }
    if (!isPlain(target) || target === '/')
      yield { path: [...path, 'target'], message: 'must be an absolute path below "/", without "." and ".."' }
    const place = target.replace(/\/$/, '')
    if (targets.has(place)) yield { path: [...path, 'target'], message: 'is the place of another volume' }
    if (place === SECRETS || place.startsWith(`${SECRETS}/`))
      yield { path: [...path, 'target'], message: `is where files of secrets are; take another place` }
    targets.add(place)
  }
}

/** Absolute, and it says itself where it leads. */
function isPlain(path: string): boolean {
  const parts = path.slice(1).replace(/\/$/, '').split('/')
  if (path === '/') return true
  return (
    path.startsWith('/') &&
    parts.every((part) => !['', '.', '..'].includes(part)) &&
    !/[\x00-\x1f\x7f]/.test(path)
  )
}
