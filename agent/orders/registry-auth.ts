/** Credentials for registries, from a file in the format of Docker's own config.json. */
import { readFileSync } from 'node:fs'
import type { RegistryCredentials } from '../docker/acting-engine.ts'
import { OrderFailure } from './codes.ts'

/** Docker keeps its own hub's by this name. */
const DOCKER_HUB = 'https://index.docker.io/v1/'

interface ConfigFile {
  auths?: Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>
  credHelpers?: Record<string, string>
  credsStore?: string
}

/**
 * Those of the registry; undefined where there are none, and where no file is set. Throws DRIFTLOG_REGISTRY_AUTH where
 * the file cannot be used.
 */
export function credentialsFor(registry: string, path: string | undefined): RegistryCredentials | undefined {
  if (path === undefined) return undefined
  const { auths = {}, credHelpers = {}, credsStore } = read(path)
  const key = registry === 'docker.io' ? DOCKER_HUB : registry
  const helper = credHelpers[registry] ?? credHelpers[key]
  const found = auths[key] ?? Object.entries(auths).find(([name]) => hostOf(name) === registry)?.[1]
  const known = found && ofEntry(found, key, path)
  if (known) return known
  if (helper !== undefined || credsStore !== undefined)
    throw wrong(
      path,
      `it names the helper ${helper ?? credsStore} for ${registry}, and helpers are not supported: put "auth" for the registry into "auths", as docker login does without a helper`
    )
  return undefined
}

function ofEntry(
  { auth, username, password, identitytoken }: NonNullable<ConfigFile['auths']>[string],
  serveraddress: string,
  path: string
): RegistryCredentials | undefined {
  if (identitytoken) return { identitytoken, serveraddress }
  if (username !== undefined && password !== undefined) return { username, password, serveraddress }
  if (!auth) return undefined
  const [name, ...secret] = Buffer.from(auth, 'base64').toString().split(':')
  if (!name || secret.length === 0)
    throw wrong(path, `"auth" of ${serveraddress} is not name:password in base64`)
  // Docker itself once wrote NUL behind it.
  return { username: name, password: secret.join(':').replace(/\0+$/, ''), serveraddress }
}

function read(path: string): ConfigFile {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw wrong(path, code === undefined ? 'it is no JSON' : `it cannot be read (${code})`)
  }
  throw wrong(path, 'it is no object')
}

/** `https://registry.example.org/v2/` is of `registry.example.org`. */
function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, '').split('/', 1)[0] ?? ''
}

function wrong(path: string, why: string): OrderFailure {
  return new OrderFailure('DRIFTLOG_REGISTRY_AUTH', `DRIFTLOG_REGISTRY_AUTH_FILE (${path}): ${why}`)
}
