/** Settings of where the hub listens, and how people and agents reach it. */
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { type Static, Type } from 'typebox'
import { ConfigError } from './errors.ts'

export const LISTEN_OPTIONS = {
  DRIFTLOG_LISTEN_HOST: Type.String({
    default: '127.0.0.1',
    minLength: 1,
    maxLength: 253,
    description:
      'Address to listen on. On a loopback address the hub is open; on any other it demands tokens. 0.0.0.0 or :: means every address.'
  }),
  DRIFTLOG_LISTEN_PORT: Type.Integer({
    default: 7400,
    minimum: 0,
    maximum: 65_535,
    description: 'Port to listen on; 0 takes any free one.'
  }),
  DRIFTLOG_PUBLIC_URL: Type.Optional(
    Type.String({
      maxLength: 2000,
      description:
        'Address under which people and agents reach the hub, where it differs from the one it listens on (a proxy, a name). Tokens are demanded when it is not loopback.'
    })
  ),
  DRIFTLOG_TLS_CERT_FILE: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'PEM file with the certificate to serve (its chain behind it); the hub then speaks https only. It is read again when it changes, or on SIGHUP. Absent: plain http.'
    })
  ),
  DRIFTLOG_TLS_KEY_FILE: Type.Optional(
    Type.String({
      maxLength: 4096,
      description: 'PEM file with the private key of the certificate, without a passphrase.'
    })
  ),
  DRIFTLOG_TRUSTED_PROXIES: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'Addresses or networks of reverse proxies (10.0.0.7, 10.0.0.0/8), separated by commas. From these alone X-Forwarded-For is believed (from nobody when not set); it says whose wrong tokens are counted, and what the log calls the address of a request.'
    })
  )
}

const ALL = Type.Object(LISTEN_OPTIONS)
type Values = Static<typeof ALL>

export interface ListenSettings {
  listenHost: string
  /** 0 takes any free port. */
  listenPort: number
  publicUrl?: URL
  /** Served by https where it is there. */
  tls?: { certFile: string; keyFile: string }
  /** Proxies whose X-Forwarded-For is believed. */
  trustedProxies?: string[]
}

/** Throws a ConfigError that names what is missing or wrong. */
export function listenOf(values: Values): ListenSettings {
  const publicUrl = publicUrlOf(values.DRIFTLOG_PUBLIC_URL)
  return {
    listenHost: values.DRIFTLOG_LISTEN_HOST,
    listenPort: values.DRIFTLOG_LISTEN_PORT,
    ...(publicUrl ? { publicUrl } : {}),
    ...tlsOf(values),
    ...trustedProxiesOf(values.DRIFTLOG_TRUSTED_PROXIES)
  }
}

/** True for localhost, *.localhost, 127.0.0.0/8 and ::1, with or without brackets. */
export function isLoopback(host: string): boolean {
  const name = host
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
  if (isIP(name) === 4) return name.startsWith('127.')
  if (isIP(name) === 6) return name === '::1' || name.startsWith('::ffff:127.')
  return name === 'localhost' || name.endsWith('.localhost')
}

/** No token is demanded where only this machine can reach the hub. */
export function isOpen(config: Pick<ListenSettings, 'listenHost' | 'publicUrl'>): boolean {
  return isLoopback(config.listenHost) && (!config.publicUrl || isLoopback(config.publicUrl.hostname))
}

/** Tokens and lines go over the network in clear: neither the hub nor a proxy before it speaks https. */
export function isClear(config: Pick<ListenSettings, 'listenHost' | 'publicUrl' | 'tls'>): boolean {
  return !isOpen(config) && !config.tls && config.publicUrl?.protocol !== 'https:'
}

function publicUrlOf(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search || url.pathname !== '/') {
    throw new ConfigError(
      `DRIFTLOG_PUBLIC_URL="${text}" is no plain http or https address. Write it like https://logs.example.org, without a path.`
    )
  }
  return url
}

function tlsOf(values: Values): Pick<ListenSettings, 'tls'> {
  const { DRIFTLOG_TLS_CERT_FILE: certFile, DRIFTLOG_TLS_KEY_FILE: keyFile } = values
  if (certFile !== undefined && keyFile !== undefined)
    return { tls: { certFile: resolve(certFile), keyFile: resolve(keyFile) } }
  if (certFile === undefined && keyFile === undefined) return {}
  const missing = certFile === undefined ? 'DRIFTLOG_TLS_CERT_FILE' : 'DRIFTLOG_TLS_KEY_FILE'
  throw new ConfigError(
    `A certificate and its key belong together, but ${missing} is not set. Set both, or none.`
  )
}

function trustedProxiesOf(text: string | undefined): Pick<ListenSettings, 'trustedProxies'> {
  if (text === undefined) return {}
  const trustedProxies = text.split(',').map((part) => part.trim())
  const wrong = trustedProxies.find((part) => !isNetwork(part))
  if (wrong === undefined) return { trustedProxies }
  throw new ConfigError(
    `DRIFTLOG_TRUSTED_PROXIES has "${wrong}", which is no address or network. Write it like 10.0.0.7 or 10.0.0.0/8, with commas between.`
  )
}

function isNetwork(text: string): boolean {
  const [address = '', bits] = text.split('/', 2)
  const family = isIP(address)
  if (family === 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}
