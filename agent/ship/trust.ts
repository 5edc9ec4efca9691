/**
 * Who the hub is, before anything is said to it. A connection is given out when the hub has proved itself by its
 * certificate; until then not a byte of a request is written, so that no token reaches a stranger.
 */
import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { type AgentOptions, Agent as HttpsAgent, type RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'

export interface Trust {
  /** PEM file with the certificates that vouch for the hub; absent: the system's. */
  caFile?: string | undefined
  /** The hub's certificate is one of these (`sha256:` and 64 hex digits), whoever vouches for it. */
  fingerprints?: readonly string[] | undefined
}

/** The hub did not prove who it is. Trying again changes nothing until a person has looked. */
export class TrustError extends Error {
  readonly code: 'DRIFTLOG_HUB_FINGERPRINT' | 'DRIFTLOG_HUB_CERTIFICATE'

  constructor(code: TrustError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** Connection and handshake must be done by then. */
const CONNECT_MS = 10_000
/** Where systems keep the certificates that they trust. */
const SYSTEM_CA_FILES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem'
]

/** For requests to `url`; throws where the file of certificates can't be read. */
export function agentFor(url: URL, trust: Trust, options: AgentOptions): HttpAgent {
  return url.protocol === 'https:' ? new CheckingAgent(trust, options) : new HttpAgent(options)
}

/** Any usual way to write one, as `sha256:` and 64 hex digits; undefined where it is none. */
export function fingerprintOf(text: string): string | undefined {
  const hex = text
    .trim()
    .toLowerCase()
    .replace(/^sha-?256(?: fingerprint)?[:=]/, '')
    .replaceAll(':', '')
  return /^[0-9a-f]{64}$/.test(hex) ? `sha256:${hex}` : undefined
}

class CheckingAgent extends HttpsAgent {
  readonly #trust: Trust
  readonly #context: SecureContext
  readonly #pending = new Set<TLSSocket>()

  constructor(trust: Trust, options: AgentOptions) {
    super(options)
    this.#trust = trust
    const ca = trust.fingerprints?.length ? undefined : certificatesOf(trust.caFile)
    this.#context = createSecureContext({ minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) })
  }

  /** Node calls it for every new connection, and writes requests to what `taken` is given. */
  override createConnection(
    { host, port }: RequestOptions,
    taken: (error: Error | null, socket: Duplex) => void = () => {}
  ): undefined {
    const name = host ?? 'localhost'
    const socket = connect({
      ...{
        host: name,
        port: Number(port ?? 443),
        secureContext: this.#context,
        ALPNProtocols: ['http/1.1'],
        noDelay: true
      },
      ...(isIP(name) === 0 ? { servername: name } : {}),
      // Judged below, where it can be said what was seen.
      rejectUnauthorized: false
    })
    this.#pending.add(socket)
    const timer = setTimeout(() => settle(new Error('no secure connection within 10 s')), CONNECT_MS)
    const settle = (error: Error | undefined) => {
      if (!this.#pending.has(socket)) return
      clearTimeout(timer)
      this.#pending.delete(socket)
      socket.off('secureConnect', judge)
      if (error) socket.destroy()
      else socket.off('error', fail)
      taken(error ?? null, socket)
    }
    const fail = (error: Error) => settle(isNotTls(error) ? new Error(NOT_TLS, { cause: error }) : error)
    const judge = () => settle(objection(socket, this.#trust, `${name}:${port ?? 443}`))
    socket.once('secureConnect', judge)
    socket.on('error', fail)
  }

  override destroy(): void {
    for (const socket of this.#pending) socket.destroy(new Error('stopped'))
    super.destroy()
  }
}

const NOT_TLS = 'it does not speak https; write http:// where that is meant'

/** What comes back is no TLS record. */
function isNotTls(error: Error): boolean {
  return 'code' in error && /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG/.test(String(error.code))
}

/** Why the hub at the other end is not to be spoken to. */
function objection(socket: TLSSocket, { fingerprints, caFile }: Trust, place: string): Error | undefined {
  const seen = fingerprintOf(socket.getPeerCertificate().fingerprint256 ?? '') ?? 'no certificate'
  if (fingerprints?.length) {
    if (fingerprints.includes(seen)) return undefined
    return new TrustError(
      'DRIFTLOG_HUB_FINGERPRINT',
      `the hub at ${place} shows another certificate than expected: seen ${seen}, expected ${fingerprints.join(' or ')}. If its certificate was renewed, set DRIFTLOG_HUB_FINGERPRINT (--fingerprint) to the new one, as the hub prints it; if not, somebody stands between. Nothing was sent`
    )
  }
  if (socket.authorized) return undefined
  const reason = REASONS[String(socket.authorizationError)] ?? String(socket.authorizationError)
  const by = caFile === undefined ? "this system's authorities" : `the authorities in ${caFile}`
  return new TrustError(
    'DRIFTLOG_HUB_CERTIFICATE',
    `the certificate of the hub at ${place} can not be trusted by ${by}: ${reason}. Set DRIFTLOG_HUB_CA_FILE (--ca) to a file with its authority, or, if this is what the hub itself prints, DRIFTLOG_HUB_FINGERPRINT (--fingerprint) to ${seen}. Nothing was sent`
  )
}

const REASONS: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is not among them',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is not among them',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its authority is not among them, or the hub does not send its whole chain',
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: "it is not valid yet, or this machine's clock is wrong",
  ERR_TLS_CERT_ALTNAME_INVALID: 'it was made for another name or address'
}

/** Undefined: those that Node brings. */
function certificatesOf(caFile: string | undefined): string | undefined {
  if (caFile !== undefined) {
    const text = readFileSync(caFile, 'utf8')
    if (text.includes('-----BEGIN CERTIFICATE-----')) return text
    throw new Error('it holds no certificate in PEM form')
  }
  const extra = process.env['NODE_EXTRA_CA_CERTS']
  for (const path of SYSTEM_CA_FILES) {
    const text = readable(path)
    if (text !== undefined) return text + (extra ? `\n${readable(extra) ?? ''}` : '')
  }
  return undefined
}

function readable(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
