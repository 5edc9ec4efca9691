/** The way to the cluster, and what its failures mean. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, errors } from '@elastic/elasticsearch'
import { StoreAwayError } from '../store.ts'

export interface ClusterSettings {
  /** Addresses of nodes or of a proxy before them. */
  urls: readonly string[]
  /** One of both, or none where the cluster is open. */
  apiKey?: string
  user?: { name: string; password: string }
  /** PEM file of the authority that signed the cluster's certificate. */
  caFile?: string
}

/** Milliseconds that one request may take; a search has its own budget within. */
const REQUEST_TIMEOUT_MS = 60_000

export function clientOf({ urls, apiKey, user, caFile }: ClusterSettings): Client {
  return new Client({
    nodes: [...urls],
    ...(apiKey === undefined ? {} : { auth: { apiKey } }),
    ...(user ? { auth: { username: user.name, password: user.password } } : {}),
    ...(caFile === undefined ? {} : { tls: { ca: readFileSync(caFile) } }),
    requestTimeout: REQUEST_TIMEOUT_MS,
    maxRetries: 2,
    redaction: { type: 'replace' }
  })
}

/** Whether trying again may help: the cluster is away, starting, or has too much to do. */
export function isPassing(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return isPassingStatus(error.statusCode ?? 0)
  return (
    error instanceof errors.ConnectionError ||
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoLivingConnectionsError
  )
}

export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500
}

/** Tries again, with growing pauses, what fails for reasons that pass: a shard that is just starting, too much to do. */
export async function patiently<T>(patienceMs: number, act: () => Promise<T>): Promise<T> {
  const endsMs = performance.now() + patienceMs
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2) {
    try {
      return await act()
    } catch (error) {
      if (!isPassing(error) || performance.now() + pauseMs > endsMs) throw error
      await sleep(pauseMs * (0.5 + Math.random()))
    }
  }
}

const FIRST_PAUSE_MS = 50

/** Errors of the cluster as StoreAwayError, where it is away; others as they are. */
export function awayOr(error: unknown): unknown {
  return isPassing(error) ? new StoreAwayError(reasonOf(error)) : error
}

/** One line, without what the request held. */
export function reasonOf(error: unknown): string {
  if (error instanceof errors.ResponseError) {
    const { statusCode, body } = error
    const { type, reason } = (body as { error?: { type?: string; reason?: string } } | undefined)?.error ?? {}
    return `it answers ${statusCode}${type ? ` ${type}` : ''}${reason ? `: ${reason.slice(0, 300)}` : ''}`
  }
  return error instanceof Error ? error.message.slice(0, 300) : String(error)
}
