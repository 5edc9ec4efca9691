import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname, networkInterfaces } from 'node:os'
import { join, resolve } from 'node:path'
import { makeCertificate } from '../certificate.ts'
import { readCertificate } from '../tls.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'

export interface CertificateFlags {
  name?: string[]
  out: string
  days: number
}

/** Makes a certificate that signs itself, and says how hub and agents use it. */
export async function certificate(flags: CertificateFlags, say: Say): Promise<ExitCode> {
  const names = flags.name ?? ownNames()
  const wrong = names.find((name) => !/^[\w*.:-]{1,253}$/.test(name))
  if (wrong !== undefined) throw new CliError(EXIT.usage, `"${wrong}" is no name or address of a machine.`)
  const folder = resolve(flags.out)
  const certFile = join(folder, 'cert.pem')
  const keyFile = join(folder, 'key.pem')
  const pair = makeCertificate({ names, days: flags.days, nowMs: Date.now() })
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  write(keyFile, pair.key, 0o600)
  write(certFile, pair.cert, 0o644)
  const { fingerprint } = await readCertificate({ certFile, keyFile })
  say.line(`DRIFTLOG_TLS_CERT_FILE=${certFile}`)
  say.line(`DRIFTLOG_TLS_KEY_FILE=${keyFile}`)
  say.line(`DRIFTLOG_HUB_FINGERPRINT=${fingerprint}`)
  say.remark(
    `Made for ${names.join(', ')}, ${flags.days} days. The first two are settings of the hub, the last one of its agents and readers.`
  )
  return EXIT.ok
}

function ownNames(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? [])
  // Addresses of one link (fe80::) mean nothing elsewhere.
  const known = addresses.map(({ address }) => address).filter((address) => !/^fe80:/i.test(address))
  return [...new Set([hostname(), 'localhost', ...known])]
}

function write(path: string, text: string, mode: number): void {
  try {
    writeFileSync(path, text, { mode, flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const reason =
      code === 'EEXIST' ? 'is there already; name another folder with --out' : `can not be written (${code})`
    throw new CliError(EXIT.failed, `${path} ${reason}.`)
  }
}
