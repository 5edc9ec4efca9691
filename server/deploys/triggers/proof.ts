/** How each product proves that it knows the trigger's secret. */
import { createHmac } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { same, standardSignature } from './secret.ts'
import type { CallerKind } from './trigger.ts'

export type Proof =
  /** The secret itself. */
  | { kind: 'token'; token: string }
  /** GitHub: sha256=<hex> over the body. */
  | { kind: 'hub-signature'; signature: string }
  /** Standard Webhooks, as GitLab signs: over id, time and body. */
  | { kind: 'standard'; id: string; timestamp: string; signatures: string[] }

/** A signature is good for so long, earlier and later. */
const TOLERANCE_MS = 5 * 60_000

/** Undefined where the request brings none, so that its body need not be read. */
export function proofOf(
  kind: CallerKind,
  headers: IncomingHttpHeaders,
  queryToken: string | undefined
): Proof | undefined {
  switch (kind) {
    case 'github':
      return signatureOf(headers)
    case 'gitlab':
      return standardOf(headers) ?? tokenIn(headers['x-gitlab-token'])
    case 'dockerhub':
      return tokenIn(queryToken)
    case 'generic':
      return standardOf(headers) ?? authorizationOf(headers)
    case 'jenkins':
    case 'registry':
    case 'harbor':
      return authorizationOf(headers)
    default:
      return kind satisfies never
  }
}

/** Of a token only `token` is looked at; a body is needed for signatures alone. */
export function isProven(proof: Proof, secret: string, body: Uint8Array, nowMs: number): boolean {
  switch (proof.kind) {
    case 'token':
      return same(proof.token, secret)
    case 'hub-signature':
      return same(proof.signature, `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`)
    case 'standard': {
      const { id, timestamp, signatures } = proof
      const right = standardSignature(secret, id, timestamp, body)
      // Each is compared, so that the time does not tell which one is right.
      const isSigned = signatures.filter((signature) => same(signature, right)).length > 0
      return isSigned && Math.abs(Number(timestamp) * 1000 - nowMs) <= TOLERANCE_MS
    }
    default:
      return proof satisfies never
  }
}

function signatureOf(headers: IncomingHttpHeaders): Proof | undefined {
  const signature = headers['x-hub-signature-256']
  return typeof signature === 'string' ? { kind: 'hub-signature', signature } : undefined
}

/** Whoever signs is held to the signature, also where a token comes along. */
function standardOf(headers: IncomingHttpHeaders): Proof | undefined {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature } = headers
  if (signature === undefined) return undefined
  return {
    ...{ kind: 'standard', id: String(id ?? ''), timestamp: String(timestamp ?? '') },
    signatures: String(signature).split(' ').slice(0, 10)
  }
}

/** `Bearer SECRET`, the secret alone (Harbor), or the password of `Basic` (Jenkins takes it out of its URL). */
function authorizationOf({ authorization }: IncomingHttpHeaders): Proof | undefined {
  if (authorization === undefined) return undefined
  const [, scheme = '', rest = ''] = /^(?:(Bearer|Basic) +)?(\S+)$/i.exec(authorization) ?? []
  if (scheme.toLowerCase() !== 'basic') return tokenIn(rest)
  const pair = Buffer.from(rest, 'base64').toString('utf8')
  return tokenIn(decoded(pair.slice(pair.indexOf(':') + 1)))
}

/** Jenkins sends the password as it stands in the URL, so with its escapes. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function tokenIn(header: string | string[] | undefined): Proof | undefined {
  return typeof header === 'string' && header !== '' ? { kind: 'token', token: header } : undefined
}
