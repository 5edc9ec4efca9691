/** The hub's certificate: read and checked, served, and read again when its files change. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer, type Server, type ServerOptions } from 'node:https'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { CertificateError } from './errors.ts'
import { answerPlain } from './plain-answer.ts'

export interface TlsFiles {
  certFile: string
  keyFile: string
}

/** What a certificate says of itself. */
export interface CertificateFacts {
  /** `sha256:` and 64 hex digits, of the whole certificate. */
  fingerprint: string
  expiresMs: number
  /** Nobody else vouches for it: agents and programs pin its fingerprint. */
  selfSigned: boolean
}

/** How the certificate stands; `problem` says why newer files were not taken. */
export interface CertificateStanding extends CertificateFacts {
  problem?: string
}

export interface Certificate extends CertificateFacts {
  cert: string
  key: string
}

/** Files that are being written are looked at again before they are taken. */
const LOOK_MS = 2000
/** A handshake, and its first byte, must have arrived by then. */
const HANDSHAKE_MS = 10_000
/** The first byte of a TLS handshake. */
const HANDSHAKE_RECORD = 22
const SERVED = { minVersion: 'TLSv1.2', honorCipherOrder: true } as const

/** Throws a CertificateError that names the file and what is wrong with it. */
export async function readCertificate({ certFile, keyFile }: TlsFiles): Promise<Certificate> {
  const cert = await read(certFile, 'DRIFTLOG_TLS_CERT_FILE')
  const key = await read(keyFile, 'DRIFTLOG_TLS_KEY_FILE')
  const parsed = parsedOf(cert, certFile)
  if (!parsed.checkPrivateKey(keyOf(key, keyFile))) {
    throw new CertificateError(
      `The key in ${keyFile} does not belong to the certificate in ${certFile}. Set DRIFTLOG_TLS_CERT_FILE and DRIFTLOG_TLS_KEY_FILE to files of one pair; the hub's own certificate comes first in its file.`
    )
  }
  return { ...factsOf(parsed), cert, key }
}

/** Serves one certificate on every socket of the hub, and another one from any moment on. */
export class SecureServers {
  readonly #servers = new Set<Server>()
  /** Connections that have not said a thing. */
  readonly #silent = new Set<Socket>()
  #certificate: Certificate

  constructor(certificate: Certificate) {
    this.#certificate = certificate
  }

  get certificate(): Certificate {
    return this.#certificate
  }

  /** Connections that stand are not touched. */
  use(certificate: Certificate): void {
    this.#certificate = certificate
    const { cert, key } = certificate
    for (const server of this.#servers) server.setSecureContext({ ...SERVED, cert, key })
  }

  /** A hub that stops does not wait for whoever says nothing. */
  dropSilent(): void {
    for (const socket of this.#silent) socket.destroy()
  }

  create(listener: RequestListener, options: ServerOptions): Server {
    const { cert, key } = this.#certificate
    const server = createServer(
      { ...options, ...SERVED, cert, key, handshakeTimeout: HANDSHAKE_MS },
      listener
    )
    const handshakes = server.listeners('connection') as ((this: Server, socket: Socket) => void)[]
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      this.#silent.add(socket)
      socket.once('close', () => this.#silent.delete(socket))
      sortOut(socket, () => {
        this.#silent.delete(socket)
        for (const handshake of handshakes) handshake.call(server, socket)
      })
    })
    this.#servers.add(server)
    return server
  }
}

/** Whoever speaks plain http here is told so, instead of meeting a connection that breaks without a word. */
function sortOut(socket: Socket, handshake: () => void): void {
  const drop = () => socket.destroy()
  socket.on('error', drop)
  socket.setTimeout(HANDSHAKE_MS, drop)
  socket.once('readable', () => {
    const first: Buffer | null = socket.read(1)
    if (!first) return drop()
    socket.setTimeout(0, drop)
    socket.off('timeout', drop)
    socket.off('error', drop)
    if (first[0] !== HANDSHAKE_RECORD) return answerPlain(socket)
    socket.unshift(first)
    handshake()
  })
}

export interface KeeperOptions {
  files: TlsFiles
  servers: SecureServers
  log: Pick<Logger, 'info' | 'error'>
  /** Told when another certificate is served. */
  changed: () => void
  lookMs?: number
}

/** Takes newer files as soon as they are a pair; until then the old one is served, and the reason kept. */
export class CertificateKeeper {
  readonly #options: KeeperOptions
  /** Of the files that were last tried. */
  #tried = ''
  #problem: string | undefined

  constructor(options: KeeperOptions) {
    this.#options = options
  }

  get standing(): CertificateStanding {
    const { fingerprint, expiresMs, selfSigned } = this.#options.servers.certificate
    return {
      fingerprint,
      expiresMs,
      selfSigned,
      ...(this.#problem === undefined ? {} : { problem: this.#problem })
    }
  }

  /** Looks until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { files, lookMs = LOOK_MS } = this.#options
    this.#tried = await stampOf(files)
    let seen = this.#tried
    while (!signal.aborted) {
      await sleep(lookMs, undefined, { signal }).catch(() => undefined)
      if (signal.aborted) return
      const stamp = await stampOf(files)
      // Two looks at the same files: nobody is in the middle of writing them.
      if (stamp === seen && stamp !== this.#tried) await this.#take(stamp)
      seen = stamp
    }
  }

  /** Reads the files now. */
  async reload(): Promise<void> {
    await this.#take(await stampOf(this.#options.files))
  }

  async #take(stamp: string): Promise<void> {
    const { files, servers, log, changed } = this.#options
    this.#tried = stamp
    try {
      const next = await readCertificate(files)
      this.#problem = undefined
      const isOther = next.fingerprint !== servers.certificate.fingerprint
      servers.use(next)
      const { fingerprint, expiresMs } = next
      if (isOther) log.info({ fingerprint, expires: new Date(expiresMs) }, 'a new certificate is served')
      if (isOther) changed()
    } catch (error) {
      this.#problem = (error as Error).message
      log.error({ reason: this.#problem }, 'the new certificate can not be used, the old one is served on')
    }
  }
}

/** Changes whenever a file is another, also where a link leads elsewhere. */
async function stampOf({ certFile, keyFile }: TlsFiles): Promise<string> {
  const stamps = [certFile, keyFile].map(async (path) => {
    const found = await stat(path).catch(() => undefined)
    return found ? `${found.dev}:${found.ino}:${found.size}:${found.mtimeMs}` : 'none'
  })
  return (await Promise.all(stamps)).join(' ')
}

async function read(path: string, variable: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CertificateError(
      `${path} can not be read (${code}). Set ${variable} to a PEM file that this user may read.`
    )
  }
}

function parsedOf(cert: string, path: string): X509Certificate {
  try {
    return new X509Certificate(cert)
  } catch {
    throw new CertificateError(
      `${path} holds no certificate in PEM form. It begins with "-----BEGIN CERTIFICATE-----"; set DRIFTLOG_TLS_CERT_FILE.`
    )
  }
}

function keyOf(key: string, path: string): KeyObject {
  try {
    return createPrivateKey(key)
  } catch {
    throw new CertificateError(
      `${path} holds no private key in PEM form without a passphrase. Set DRIFTLOG_TLS_KEY_FILE; "openssl pkey -in FILE" takes a passphrase off.`
    )
  }
}

function factsOf(parsed: X509Certificate): CertificateFacts {
  return {
    fingerprint: `sha256:${parsed.fingerprint256.replaceAll(':', '').toLowerCase()}`,
    expiresMs: Date.parse(parsed.validTo),
    selfSigned: parsed.issuer === parsed.subject && parsed.verify(parsed.publicKey)
  }
}
