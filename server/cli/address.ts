/** Which hub a command asks, with which token, and how the hub is known. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { fingerprintOf, type Trust } from '../../agent/ship/trust.ts'
import { isLoopback } from '../listen-config.ts'
import { CliError, EXIT } from './exit.ts'

export interface HubAddress {
  url: URL
  token?: string
  trust?: Trust
}

/** Where client commands look when nobody says where. */
const HOME = 'http://127.0.0.1:7400'

/** What a command has to add to reach this hub: nothing where it looks anyway. */
export function hubFlag(localUrl: string): string {
  return localUrl === HOME ? '' : ` --hub ${localUrl}`
}

export interface AddressOptions {
  hub?: string
  tokenFile?: string
  ca?: string
  fingerprint?: string
}

/**
 * --hub or DRIFTLOG_HUB_URL or this machine; the token from --token-file, DRIFTLOG_TOKEN or the hub's own folder, where
 * one of each scope lies.
 */
export function hubAddress(
  options: AddressOptions,
  env: NodeJS.ProcessEnv,
  scope: 'read' | 'admin' = 'read'
): HubAddress {
  const { DRIFTLOG_HUB_URL, DRIFTLOG_LISTEN_PORT, DRIFTLOG_TOKEN, DRIFTLOG_DATA_DIR } = env
  const scheme = env['DRIFTLOG_TLS_CERT_FILE'] ? 'https' : 'http'
  const text = options.hub ?? (DRIFTLOG_HUB_URL || `${scheme}://127.0.0.1:${DRIFTLOG_LISTEN_PORT || 7400}`)
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.username || url?.password)
    throw new CliError(
      EXIT.usage,
      'An address of a hub has no name and password in it. Give a token by --token-file.'
    )
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CliError(EXIT.usage, `"${text}" is no address of a hub. Write it like http://127.0.0.1:7400.`)
  }
  const folder = join(DRIFTLOG_DATA_DIR || './data', 'tokens')
  const trust = trustOf(options, env, url) ?? (isThisMachine(url.hostname) ? ownTrust(folder) : {})
  if (options.tokenFile !== undefined) return { url, trust, token: readToken(options.tokenFile) }
  if (DRIFTLOG_TOKEN) return { url, trust, token: DRIFTLOG_TOKEN }
  // A token of this machine's hub is nobody else's business.
  if (!isThisMachine(url.hostname)) return { url, trust }
  try {
    return { url, trust, token: readToken(join(folder, scope)) }
  } catch {
    return { url, trust }
  }
}

/** Undefined where nobody says whom to trust. A flag wins over both variables. */
function trustOf({ ca, fingerprint }: AddressOptions, env: NodeJS.ProcessEnv, url: URL): Trust | undefined {
  const isSaid = ca !== undefined || fingerprint !== undefined
  const caFile = isSaid ? ca : env['DRIFTLOG_HUB_CA_FILE'] || undefined
  const text = isSaid ? fingerprint : env['DRIFTLOG_HUB_FINGERPRINT'] || undefined
  if (caFile === undefined && text === undefined) return undefined
  if (caFile !== undefined && text !== undefined)
    throw new CliError(EXIT.usage, 'An authority and a fingerprint are set: one of them says whom to trust.')
  if (url.protocol === 'http:') {
    const reason = `${url.origin} is reached by http, where nobody proves who they are`
    throw new CliError(EXIT.usage, `${reason}. Write https://, or leave --ca and --fingerprint away.`)
  }
  if (text === undefined) return { caFile }
  return {
    fingerprints: text.split(',').map((one) => {
      const known = fingerprintOf(one)
      if (known === undefined)
        throw new CliError(EXIT.usage, `"${one}" is no fingerprint. One is sha256: and 64 hex digits.`)
      return known
    })
  }
}

/** The hub of this machine leaves its certificate's fingerprint beside its tokens. */
function ownTrust(folder: string): Trust {
  try {
    const fingerprint = fingerprintOf(readFileSync(join(folder, 'fingerprint'), 'utf8'))
    return fingerprint === undefined ? {} : { fingerprints: [fingerprint] }
  } catch {
    return {}
  }
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new CliError(EXIT.usage, `The token file ${path} can not be read: ${(error as Error).message}.`)
  }
}

function isThisMachine(hostname: string): boolean {
  if (isLoopback(hostname)) return true
  const name = hostname.replace(/^\[|\]$/g, '')
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === name)
  )
}
