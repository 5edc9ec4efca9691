/** By what a delivery is known again when it comes twice. */
import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { Told } from './event.ts'
import type { Key } from './seen.ts'
import type { CallerKind } from './trigger.ts'

const LONG_MS = 30 * 86_400_000
/** Where two deliveries that are meant to be two may have the same body. */
const SHORT_MS = 10 * 60_000

/** The product's own name of the delivery; of many things told at once each has its own. */
export function idOf(kind: CallerKind, headers: IncomingHttpHeaders, told: Told): string | undefined {
  return (told.id ?? headerId(kind, headers)) || undefined
}

/**
 * GitHub signs the body and not the name of the delivery, so that both count. GitLab before 17.4 names the event, and hooks
 * that it leads to have the same name. Bodies of Harbor and Docker Hub hold the time of the push, and no two are alike.
 * Elsewhere a body without a name is known again for ten minutes only.
 */
export function keysOf(kind: CallerKind, headers: IncomingHttpHeaders, body: Buffer, told: Told): Key[] {
  const id = idOf(kind, headers, told)
  const hash = `${createHash('sha256').update(body).digest('hex')}/${told.text}`
  const isTimed = kind === 'github' || kind === 'harbor' || kind === 'dockerhub'
  const byBody = { text: `body/${hash}`, forMs: isTimed ? LONG_MS : SHORT_MS }
  if (id === undefined) return [byBody]
  const isEventName = kind === 'gitlab' && id === headers['x-gitlab-event-uuid']
  const byName = { text: isEventName ? `id/${id}/${hash}` : `id/${id}`, forMs: LONG_MS }
  return kind === 'github' ? [byName, byBody] : [byName]
}

function headerId(kind: CallerKind, headers: IncomingHttpHeaders): string | undefined {
  const named = (name: string) => {
    const value = headers[name]
    return typeof value === 'string' ? value : undefined
  }
  if (kind === 'github') return named('x-github-delivery')
  // Where it is signed, this name is, too.
  if (headers['webhook-signature'] !== undefined) return named('webhook-id')
  if (kind === 'gitlab') return named('idempotency-key') ?? named('x-gitlab-event-uuid')
  return kind === 'generic' ? named('idempotency-key') : undefined
}
