/** The way to the cluster, and what its failures mean. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, errors } from '@elastic/elasticsearch'
import { StoreAwayError, StoreRefusedError } from '../store.ts'

export interface ClusterSettings {
  /** Addresses of nodes or of a proxy before them. */
  urls: readonly string[]
  /** One of both, or none where the cluster is open. */
  apiKey?: string
  user?: { name: string; password: string }
  /** PEM file of the authority that signed the cluster's certificate. */
  caFile?: string
  /** Milliseconds that one request may take; a search has its own budget within. */
  requestTimeoutMs?: number
}

const REQUEST_TIMEOUT_MS = 60_000

export function clientOf(settings: ClusterSettings): Client {
  const { urls, apiKey, user, caFile, requestTimeoutMs = REQUEST_TIMEOUT_MS } = settings
  return new Client({
    nodes: [...urls],
    ...(apiKey === undefined ? {} : { auth: { apiKey } }),
    ...(user ? { auth: { username: user.name, password: user.password } } : {}),
    ...(caFile === undefined ? {} : { tls: { ca: readFileSync(caFile) } }),
    requestTimeout: requestTimeoutMs,
    maxRetries: 2,
    redaction: { type: 'replace' }
  })
}

/** Whether trying again may help: the cluster is away, starting, or has too much to do. */
export function isPassing(error: unknown): boolean {
  if (error instanceof errors.ResponseError) return isPassingStatus(error.statusCode ?? 0)
  return (
    error instanceof StoreAwayError ||
    error instanceof errors.ConnectionError ||
    error instanceof errors.TimeoutError ||
    error instanceof errors.NoLivingConnectionsError ||
    // An answer that is not whole.
    error instanceof errors.DeserializationError
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

/** Searches see from now on what was written; rejects where some of it stays unseen. */
export async function refresh(client: Client, index: string | string[]): Promise<void> {
  const { _shards: shards } = await client.indices.refresh({ index, ignore_unavailable: true })
  if (shards?.failed)
    throw new StoreAwayError(`${shards.failed} of ${shards.total} shards can't be refreshed`)
}

/** Errors of the cluster as the store's own, where it is away or refuses the hub as such; others as they are. */
export function storeErrorOf(error: unknown): unknown {
  if (error instanceof StoreAwayError) return error
  if (isPassing(error)) return new StoreAwayError(reasonOf(error))
  if (error instanceof errors.ProductNotSupportedError) return foreign()
  if (!(error instanceof errors.ResponseError)) return error
  const { statusCode, headers } = error
  if (statusCode === 401 || statusCode === 403) return refusalOf(statusCode, reasonOf(error))
  return headers?.['x-elastic-product'] === undefined ? foreign() : error
}

/** The same for the first questions, of which an Elasticsearch that a hub can use refuses none. */
export function startErrorOf(error: unknown): unknown {
  const told = storeErrorOf(error)
  if (!(told instanceof errors.ResponseError)) return told
  return new StoreRefusedError(reasonOf(told), 'see that it is Elasticsearch 8 or 9, and what its log says.')
}

function foreign(): StoreRefusedError {
  return new StoreRefusedError(
    'what answers there is no Elasticsearch',
    'correct DRIFTLOG_ELASTICSEARCH_URL.'
  )
}

/** What a bulk says of one of its parts, each of which has an outcome of its own. */
export interface Told {
  status?: number
  error?: { type: string; reason?: string | null }
}

/** The error for a part that was not done. `what` names it. */
export function partError(what: string, { status = 500, error }: Told): Error {
  const reason = `${what}: ${status} ${error?.type ?? ''}: ${(error?.reason ?? '').slice(0, 300)}`
  return isPassingStatus(status) ? new StoreAwayError(reason) : refusalOf(status, reason)
}

function refusalOf(status: number, reason: string): StoreRefusedError {
  return new StoreRefusedError(reason, REMEDIES[status] ?? REMEDY)
}

const REMEDY = 'see what driftlog@custom adds to the index template, and the log of the cluster.'
const REMEDIES: Readonly<Record<number, string>> = {
  401: 'set DRIFTLOG_ELASTICSEARCH_API_KEY, or DRIFTLOG_ELASTICSEARCH_USER and DRIFTLOG_ELASTICSEARCH_PASSWORD, to what the cluster knows.',
  403: "give the hub's key or user the privileges that docs/elasticsearch.md lists, and see that no index is blocked.",
  413: 'let the cluster, and any proxy before it, take larger bodies.'
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
