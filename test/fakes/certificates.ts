/** Certificates as files, for programs that serve or trust them. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CertificatePair, makeCertificate } from '../../server/certificate.ts'

export interface MadePair extends CertificatePair {
  certFile: string
  keyFile: string
  fingerprint: string
}

export interface CertificateFolder extends AsyncDisposable {
  path: string
  /** Signs itself, unless an authority does. */
  make(
    name: string,
    wanted?: { names?: string[]; days?: number; nowMs?: number; by?: MadePair }
  ): Promise<MadePair>
  authority(name: string): Promise<MadePair>
}

export async function certificateFolder(): Promise<CertificateFolder> {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-certificates-'))
  const write = async (name: string, pair: CertificatePair): Promise<MadePair> => {
    const [certFile, keyFile] = [join(path, `${name}.cert.pem`), join(path, `${name}.key.pem`)]
    await writeFile(keyFile, pair.key)
    await writeFile(certFile, pair.cert)
    return { ...pair, certFile, keyFile, fingerprint: fingerprintIn(pair.cert) }
  }
  return {
    path,
    make(name, { names = ['localhost', '127.0.0.1', '::1'], days = 30, nowMs = Date.now(), by } = {}) {
      const authorityKey = by && createPrivateKey(by.key)
      return write(name, makeCertificate({ names, days, nowMs, ...(authorityKey ? { authorityKey } : {}) }))
    },
    authority: (name) =>
      write(name, makeCertificate({ names: [], days: 30, nowMs: Date.now(), isAuthority: true })),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true })
  }
}

function fingerprintIn(cert: string): string {
  return `sha256:${new X509Certificate(cert).fingerprint256.replaceAll(':', '').toLowerCase()}`
}
