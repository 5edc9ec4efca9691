/** What is other in one instance than in another: names, never values, because those may be secret. */
import { isDeepStrictEqual } from 'node:util'
import type { ImageAsked, InstanceSpec } from '../../agent/protocol-orders.ts'

/** Made from all the rest. */
const HASH_LABEL = 'com.docker.compose.config-hash'

/** In order of name; port, deploy and version are nobody's wish. */
export function differs(old: InstanceSpec, next: InstanceSpec): string[] {
  const found: string[] = []
  if (!sameImage(old.image, next.image)) found.push('image')
  found.push(...names('env', old.env, next.env))
  found.push(...names('label', meant(old.labels), meant(next.labels)))
  const byName = (spec: InstanceSpec) => Object.fromEntries(spec.secrets.map((one) => [one.name, one]))
  found.push(...names('secret', byName(old), byName(next)))
  const byTarget = (spec: InstanceSpec) => Object.fromEntries(spec.volumes.map((one) => [one.target, one]))
  found.push(...names('volume', byTarget(old), byTarget(next)))
  for (const part of PARTS) if (!isDeepStrictEqual(old[part], next[part])) found.push(part)
  return found
}

const PARTS = [
  'command',
  'cpus',
  'entrypoint',
  'health',
  'logMaxBytes',
  'logMaxFiles',
  'memoryBytes',
  'pidsLimit',
  'stopGraceMs',
  'user',
  'workingDir'
] as const

/** A digest is what it is, wherever it comes from; without one the reference is all there is. */
function sameImage(old: ImageAsked, next: ImageAsked): boolean {
  if (next.digest !== undefined) return old.digest === next.digest
  if (next.imageId !== undefined) return old.imageId === next.imageId
  return old.reference === next.reference
}

function meant(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== HASH_LABEL))
}

function names(kind: string, old: Record<string, unknown>, next: Record<string, unknown>): string[] {
  return [...new Set([...Object.keys(old), ...Object.keys(next)])]
    .filter((name) => !isDeepStrictEqual(old[name], next[name]))
    .sort()
    .map((name) => `${kind} ${name}`)
}
