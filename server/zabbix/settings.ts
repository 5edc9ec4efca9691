/** Settings of the Zabbix that hosts are registered in. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Static, Type } from 'typebox'
import { ConfigError } from '../errors.ts'
import type { ApiSettings } from './api.ts'
import type { TrapperSettings } from './trapper.ts'

export const ZABBIX_OPTIONS = {
  DRIFTLOG_ZABBIX_URL: Type.Optional(
    Type.String({
      maxLength: 2000,
      description:
        "Address of Zabbix's web frontend, such as https://zabbix.example.org/zabbix. With it the hub registers its hosts there and sends their values. Absent: nothing is told to Zabbix."
    })
  ),
  DRIFTLOG_ZABBIX_TOKEN: Type.Optional(
    Type.String({
      maxLength: 1000,
      description: "Token of the hub's user in Zabbix, as `driftlog zabbix bootstrap` has shown it."
    })
  ),
  DRIFTLOG_ZABBIX_TOKEN_FILE: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        'File with that token instead, as `driftlog zabbix bootstrap --token-file` writes it. Until it is there nothing is told to Zabbix.'
    })
  ),
  DRIFTLOG_ZABBIX_PUBLIC_URL: Type.Optional(
    Type.String({
      maxLength: 2000,
      description:
        'Address under which browsers open the frontend, where it is another one: links of the page lead there.'
    })
  ),
  DRIFTLOG_ZABBIX_CA_FILE: Type.Optional(
    Type.String({
      maxLength: 4096,
      description:
        "PEM file of the authority that signed the frontend's certificate, where it is a private one."
    })
  ),
  DRIFTLOG_ZABBIX_SERVER: Type.Optional(
    Type.String({
      maxLength: 300,
      description:
        "Zabbix's server or proxy that takes values, as host:port. Absent: the frontend's host, port 10051."
    })
  ),
  DRIFTLOG_ZABBIX_PSK_IDENTITY: Type.Optional(
    Type.String({ maxLength: 128, description: 'Name of the pre-shared key, where the server demands one.' })
  ),
  DRIFTLOG_ZABBIX_PSK_FILE: Type.Optional(
    Type.String({ maxLength: 4096, description: 'File with that key, in hexadecimal digits.' })
  ),
  DRIFTLOG_ZABBIX_GROUP: Type.String({
    default: 'Driftlog',
    minLength: 1,
    maxLength: 255,
    description: 'Group of hosts in Zabbix that hosts are put into.'
  }),
  DRIFTLOG_ZABBIX_REGISTRATION: Type.Union([Type.Literal('api'), Type.Literal('autoregistration')], {
    default: 'api',
    description:
      'How hosts come into Zabbix: "api" makes them, "autoregistration" greets as an agent does, and Zabbix\'s own action makes them.'
  }),
  DRIFTLOG_ZABBIX_INTERVAL_SECONDS: Type.Integer({
    default: 60,
    minimum: 10,
    maximum: 600,
    description: 'Seconds between two values of an item.'
  }),
  DRIFTLOG_ZABBIX_LEAVE_AFTER_DAYS: Type.Number({
    default: 7,
    minimum: 0.01,
    maximum: 3650,
    description:
      'Days without a sign of a host after which it is disabled in Zabbix. It is never deleted there.'
  }),
  DRIFTLOG_ZABBIX_BUFFER_VALUES: Type.Integer({
    default: 200_000,
    minimum: 1000,
    maximum: 10_000_000,
    description:
      'Values that wait in memory while Zabbix is away (about 200 bytes each); the oldest go first, and are counted.'
  })
}

const ALL = Type.Object(ZABBIX_OPTIONS)

export interface ZabbixSettings {
  /** Without a token where that stands in a file. */
  api: ApiSettings
  /** Absolute path. */
  tokenFile?: string
  /** Below this browsers find the frontend's pages. */
  pages: URL
  trapper: TrapperSettings
  group: string
  registration: 'api' | 'autoregistration'
  intervalMs: number
  leaveAfterMs: number
  mostValues: number
}

const TRAPPER_PORT = 10_051
const API_TIMEOUT_MS = 30_000
const TRAPPER_TIMEOUT_MS = 10_000

/** Undefined where no Zabbix is named. Throws a ConfigError that names what is missing or wrong. */
export function zabbixOf(values: Static<typeof ALL>): ZabbixSettings | undefined {
  const { DRIFTLOG_ZABBIX_URL: address, DRIFTLOG_ZABBIX_TOKEN: token } = values
  const { DRIFTLOG_ZABBIX_TOKEN_FILE: tokenFile, DRIFTLOG_ZABBIX_PUBLIC_URL: shown = address } = values
  if (address === undefined || shown === undefined) return undefined
  const url = apiUrlOf(address)
  if (token === undefined && tokenFile === undefined)
    throw new ConfigError(
      'DRIFTLOG_ZABBIX_URL needs a token: run `driftlog zabbix bootstrap` once, and set DRIFTLOG_ZABBIX_TOKEN to what it shows.'
    )
  if (token !== undefined && tokenFile !== undefined)
    throw new ConfigError(
      'DRIFTLOG_ZABBIX_TOKEN and DRIFTLOG_ZABBIX_TOKEN_FILE say the same. Set one of them.'
    )
  return {
    api: {
      ...{ url, timeoutMs: API_TIMEOUT_MS, ...authorityOf(values.DRIFTLOG_ZABBIX_CA_FILE) },
      ...(token === undefined ? {} : { token })
    },
    ...(tokenFile === undefined ? {} : { tokenFile: resolve(tokenFile) }),
    pages: new URL('.', apiUrlOf(shown, 'DRIFTLOG_ZABBIX_PUBLIC_URL')),
    trapper: trapperOf(values, url),
    group: values.DRIFTLOG_ZABBIX_GROUP,
    registration: values.DRIFTLOG_ZABBIX_REGISTRATION,
    intervalMs: values.DRIFTLOG_ZABBIX_INTERVAL_SECONDS * 1000,
    leaveAfterMs: values.DRIFTLOG_ZABBIX_LEAVE_AFTER_DAYS * 86_400_000,
    mostValues: values.DRIFTLOG_ZABBIX_BUFFER_VALUES
  }
}

/** The frontend's address as people know it, or that of the API. */
export function apiUrlOf(address: string, name = 'DRIFTLOG_ZABBIX_URL'): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.search)
    throw new ConfigError(
      `${name}="${address}" is no plain http or https address. Write it like https://zabbix.example.org/zabbix.`
    )
  if (!url.pathname.endsWith('.php')) url.pathname = `${url.pathname.replace(/\/$/, '')}/api_jsonrpc.php`
  return url
}

/** The authority of the frontend's certificate, where a file names one. */
export function authorityOf(file: string | undefined): Pick<ApiSettings, 'ca'> {
  return file === undefined ? {} : { ca: contentsOf('DRIFTLOG_ZABBIX_CA_FILE', file) }
}

function trapperOf(values: Static<typeof ALL>, api: URL): TrapperSettings {
  const { DRIFTLOG_ZABBIX_SERVER: server = api.hostname, DRIFTLOG_ZABBIX_PSK_IDENTITY: identity } = values
  const { DRIFTLOG_ZABBIX_PSK_FILE: keyFile } = values
  const [, host, port] = /^\[?([^\]]+?)\]?(?::(\d{1,5}))?$/.exec(server) ?? []
  if (host === undefined)
    throw new ConfigError(`DRIFTLOG_ZABBIX_SERVER="${server}" is no host:port. Write it like zabbix:10051.`)
  if ((identity === undefined) !== (keyFile === undefined))
    throw new ConfigError(
      'DRIFTLOG_ZABBIX_PSK_IDENTITY and DRIFTLOG_ZABBIX_PSK_FILE belong together. Set both, or none.'
    )
  const at = { host, port: Number(port ?? TRAPPER_PORT), timeoutMs: TRAPPER_TIMEOUT_MS }
  if (identity === undefined || keyFile === undefined) return at
  const key = contentsOf('DRIFTLOG_ZABBIX_PSK_FILE', keyFile).trim()
  if (!/^([0-9a-f]{2}){16,256}$/i.test(key))
    throw new ConfigError(
      `DRIFTLOG_ZABBIX_PSK_FILE="${keyFile}" holds no key of 32 to 512 hexadecimal digits. Make one with: openssl rand -hex 32`
    )
  return { ...at, psk: { identity, key } }
}

function contentsOf(name: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new ConfigError(
      `${name}="${file}" can't be read: ${(error as Error).message}. Correct the variable.`
    )
  }
}
