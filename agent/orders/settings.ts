/** Settings of a host that takes orders: nothing is allowed that is not named here. */
import { isIP } from 'node:net'
import { isAbsolute, resolve } from 'node:path'
import { type AgentOption, choiceOf, textOf, wrong } from '../option.ts'
import { patternProblem } from './image-name.ts'

const LONGEST_LIST = 65_536
const HOST_NAME = /^[A-Za-z0-9]([A-Za-z0-9-]{0,62})?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62})?)*$/
const SECRET = /^DRIFTLOG_SECRET_([A-Z][A-Z0-9_]{0,127})$/
const ORDERS = ['off', 'deploy'] as const

export const ORDER_OPTIONS = {
  orders: {
    name: 'DRIFTLOG_ORDERS',
    kind: 'text',
    default: 'off',
    oneOf: ORDERS,
    description:
      '"deploy": the agent carries out the hub’s orders, which start and stop containers on this host; the socket must let it. See docs/deploys.md.'
  },
  deployImages: {
    name: 'DRIFTLOG_DEPLOY_IMAGES',
    kind: 'text',
    maximum: LONGEST_LIST,
    description:
      'Images that orders may start here, with blanks or commas between: registry.example.org/shop/*, where * is any text within a part of the name and ** any text; * alone is every image. Needed with DRIFTLOG_ORDERS=deploy.'
  },
  deployBinds: {
    name: 'DRIFTLOG_DEPLOY_BINDS',
    kind: 'text',
    maximum: LONGEST_LIST,
    description:
      'Folders of this host that orders may mount into containers, and all below them, with commas between. Default: none; named volumes are always allowed.'
  },
  secretsDir: {
    name: 'DRIFTLOG_SECRETS_DIR',
    kind: 'path',
    description:
      'Folder of this host with the files that definitions name as secrets; they are mounted read-only at /run/secrets. An agent in a container sees it at the same path, or below DRIFTLOG_HOST_ROOT.'
  },
  registryAuthFile: {
    name: 'DRIFTLOG_REGISTRY_AUTH_FILE',
    kind: 'path',
    description:
      'Credentials for registries, in the format of Docker’s config.json ("auths"); read at each pull. Helpers (credHelpers, credsStore) are not supported.'
  },
  hostAddress: {
    name: 'DRIFTLOG_HOST_ADDRESS',
    kind: 'text',
    maximum: 255,
    description:
      'Address or name under which others reach the instances of this host; handed to them as HOST_IP. Default: the first address of the host.'
  },
  hostLabels: {
    name: 'DRIFTLOG_HOST_LABELS',
    kind: 'text',
    maximum: LONGEST_LIST,
    description:
      'Labels of this host for the placement of instances, with commas between: zone=a,disk=ssd. The engine’s own labels count as well; these win.'
  }
} as const satisfies Record<string, AgentOption>

export interface OrderSettings {
  /** Patterns as in image-name.ts; one at least. */
  images: string[]
  /** Absolute paths of the host. */
  binds: string[]
  /** An absolute path of the host. */
  secretsDir: string | undefined
  /** The agent's variables DRIFTLOG_SECRET_…, by what stands behind that. */
  secrets: Record<string, string>
  /** An absolute path. */
  registryAuthFile: string | undefined
}

/** Undefined where no orders are taken. Throws DRIFTLOG_CONFIG. */
export function readOrderSettings(env: NodeJS.ProcessEnv): OrderSettings | undefined {
  const { orders, deployImages, deployBinds, secretsDir, registryAuthFile } = ORDER_OPTIONS
  if (choiceOf(env, orders, ORDERS) === 'off') return undefined
  const images = (textOf(env, deployImages) ?? '').split(/[\s,]+/).filter((one) => one !== '')
  if (images.length === 0) {
    const wanted = `set where ${orders.name} is deploy, to patterns such as registry.example.org/shop/* (* alone is every image)`
    throw wrong(deployImages.name, wanted, 'not')
  }
  for (const pattern of images) {
    const problem = patternProblem(pattern)
    if (problem)
      throw wrong(deployImages.name, 'a list of patterns of images', `wrong: ${pattern} ${problem}`)
  }
  const binds = listOf(textOf(env, deployBinds))
  const relative = binds.find((path) => !isAbsolute(path))
  if (relative !== undefined) throw wrong(deployBinds.name, 'a list of absolute paths', relative)
  const secrets = textOf(env, secretsDir)
  const auth = textOf(env, registryAuthFile)
  return {
    images,
    binds: binds.map((path) => resolve(path)),
    secretsDir: secrets && resolve(secrets),
    secrets: secretsOf(env),
    registryAuthFile: auth && resolve(auth)
  }
}

/** Throws DRIFTLOG_CONFIG where it is neither a name nor an address. */
export function hostAddressOf(env: NodeJS.ProcessEnv): string | undefined {
  const { hostAddress } = ORDER_OPTIONS
  const address = textOf(env, hostAddress)
  if (address === undefined || isIP(address) !== 0 || HOST_NAME.test(address)) return address
  throw wrong(hostAddress.name, 'an address or a name without port, such as 10.0.0.11', address)
}

/** Throws DRIFTLOG_CONFIG where one is not `name=value`. */
export function hostLabelsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const { hostLabels } = ORDER_OPTIONS
  const labels: Record<string, string> = {}
  for (const text of listOf(textOf(env, hostLabels))) {
    const [, name, value] = /^([A-Za-z0-9][A-Za-z0-9._/-]{0,254})=(.{0,255})$/.exec(text) ?? []
    if (name === undefined || value === undefined)
      throw wrong(hostLabels.name, 'a list like zone=a,disk=ssd', text)
    labels[name] = value
  }
  return labels
}

/** Apart by commas or newlines. */
function listOf(text = ''): string[] {
  const parts = text.split(/[,\n]/).map((one) => one.trim())
  return parts.filter((one) => one !== '')
}

function secretsOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const secrets: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    const secret = SECRET.exec(name)?.[1]
    if (secret !== undefined && value !== undefined) secrets[secret] = value
  }
  return secrets
}
