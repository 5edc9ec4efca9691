/** What of the host a container may see: named volumes, folders that the settings allow, files of secrets. */
import { realpathSync, statSync } from 'node:fs'
import { isAbsolute, join, normalize, resolve } from 'node:path'
import type { InstanceSpec, VolumeAsked } from '../protocol-orders.ts'
import { OrderFailure } from './codes.ts'

export interface Mount {
  kind: 'bind' | 'volume'
  source: string
  target: string
  readOnly: boolean
}

export interface MountRules {
  /** Absolute paths of the host. */
  binds: readonly string[]
  /** An absolute path of the host. */
  secretsDir: string | undefined
  /** The agent's variables of secrets. */
  secrets: Readonly<Record<string, string>>
  /** Where the host's root is for this process; '' where it is its own. */
  hostRoot: string
}

const VOLUME_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$/
/** Where files of secrets are in a container. */
const SECRETS = '/run/secrets'

/** Throws DRIFTLOG_BIND_NOT_ALLOWED or DRIFTLOG_SECRET. */
export function mountsOf({ volumes, secrets }: InstanceSpec, rules: MountRules): Mount[] {
  // Several variables may name one file; an engine takes no place twice.
  const files = new Set(secrets.flatMap(({ file }) => file ?? []))
  return [
    ...volumes.map((volume) => mountOf(volume, rules)),
    ...[...files].map((file) => secretFile(file, rules))
  ]
}

/** Values of variables, by name. Throws DRIFTLOG_SECRET. */
export function secretValues({ secrets }: InstanceSpec, rules: MountRules): Record<string, string> {
  const values = secrets.map(({ name, file, env }) => {
    if (file !== undefined) return [name, `${SECRETS}/${file}`]
    const value = env === undefined ? undefined : rules.secrets[env]
    if (value === undefined || !Object.hasOwn(rules.secrets, env ?? ''))
      throw new OrderFailure(
        'DRIFTLOG_SECRET',
        `the agent of this host has no variable DRIFTLOG_SECRET_${env}`
      )
    return [name, value]
  })
  return Object.fromEntries(values)
}

function mountOf({ source, target, readOnly }: VolumeAsked, rules: MountRules): Mount {
  if (!isAbsolute(target) || normalize(target) !== target.replace(/(?<=.)\/$/, '') || target === '/')
    throw refused(`${target} is no place for a volume: an absolute path without . and ..`)
  if (VOLUME_NAME.test(source)) return { kind: 'volume', source, target, readOnly }
  if (!isAbsolute(source)) throw refused(`${source} is neither the name of a volume nor an absolute path`)
  return { kind: 'bind', source: bindSource(source, rules), target, readOnly }
}

/** The path without links: what is checked is what is mounted. */
function bindSource(path: string, { binds, hostRoot }: MountRules): string {
  const allowed = binds.some((folder) => isBelow(resolve(path), folder))
  const way = binds.length === 0 ? 'there are none' : `they are ${binds.join(', ')}`
  if (!allowed || path.split('/').includes('..'))
    throw refused(`${path} is not below the folders of DRIFTLOG_DEPLOY_BINDS: ${way}`)
  const real = realOf(path, hostRoot)
  if (real === undefined)
    throw refused(
      `${path} is not there, or not for the agent to see: an agent in a container needs it mounted at the same path, or DRIFTLOG_HOST_ROOT`
    )
  const realBinds = binds.flatMap((folder) => realOf(folder, hostRoot) ?? [])
  if (!realBinds.some((folder) => isBelow(real, folder)))
    throw refused(`${path} leads to ${real}, which is not below the folders of DRIFTLOG_DEPLOY_BINDS`)
  return real
}

function secretFile(file: string, { secretsDir, hostRoot }: MountRules): Mount {
  if (secretsDir === undefined)
    throw new OrderFailure(
      'DRIFTLOG_SECRET',
      `the secret ${file} is a file, and DRIFTLOG_SECRETS_DIR is not set on this host`
    )
  const real = realOf(join(secretsDir, file), hostRoot)
  const folder = realOf(secretsDir, hostRoot)
  const isThere = real !== undefined && folder !== undefined && isBelow(real, folder)
  if (!isThere || !statSync(hostRoot + real).isFile())
    throw new OrderFailure(
      'DRIFTLOG_SECRET',
      `there is no file ${file} in ${secretsDir}, the folder of this host's secrets`
    )
  return { kind: 'bind', source: real, target: `${SECRETS}/${file}`, readOnly: true }
}

/** As the host sees it; undefined where it is not there, or leads out of the host's root. */
function realOf(path: string, hostRoot: string): string | undefined {
  try {
    const real = realpathSync(hostRoot + path)
    if (hostRoot === '') return real
    const root = realpathSync(hostRoot)
    return real.startsWith(`${root}/`) ? real.slice(root.length) : undefined
  } catch {
    return undefined
  }
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || folder === '/' || path.startsWith(`${folder}/`)
}

function refused(text: string): OrderFailure {
  return new OrderFailure('DRIFTLOG_BIND_NOT_ALLOWED', text)
}
