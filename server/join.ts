import type { CertificateFacts } from './tls.ts'

/** The command that joins another host. A certificate that nobody vouches for is pinned. */
export function joinCommand(
  token: string,
  url: string,
  certificate: Pick<CertificateFacts, 'fingerprint' | 'selfSigned'> | undefined
): string {
  const pin = certificate?.selfSigned ? ` --fingerprint ${certificate.fingerprint}` : ''
  return `DRIFTLOG_JOIN_TOKEN=${token} driftlog agent --hub ${url}${pin}`
}
