/** The hub, as the page sees it: one method per question, typed by server/api/. */
import type { Static } from 'typebox'
import type { CompletenessAnswer } from '../../server/api/completeness.ts'
import type { ErrorJson } from '../../server/api/error.ts'
import type { AppsAnswer, HostsAnswer, InstancesAnswer, MovesAnswer } from '../../server/api/fleet.ts'
import type {
  ContextAnswer,
  FacetsAnswer,
  HistogramAnswer,
  PageInfo,
  RecordJson
} from '../../server/api/logs.ts'
import type { StatusAnswer } from '../../server/api/status.ts'
import { linesOf } from './lines.ts'
import type { Login } from './login.ts'
import { eventsOf, type TailEvent } from './tail.ts'

/** What every log question has in common; '' and absent mean the same. */
export interface Asked {
  q?: string
  app?: string
  environment?: string
  from?: string
  to?: string
}

export interface SearchAsked extends Asked {
  limit?: number
  direction?: 'older' | 'newer'
  after?: string
}

export interface FacetsAsked extends Asked {
  /** Comma-separated. */
  fields?: string
  limit?: number
  prefix?: string
  discover?: boolean
}

export interface FleetAsked {
  app?: string
  environment?: string
  host?: string
  from?: string
  to?: string
  limit?: number
}

/**
 * Every way in which a question can fail. `code` is the hub's, or `NETWORK` (no answer came), `BROKEN`
 * (the answer ended early or was not understood). `from`, `to`, `fix`: the place in the query text.
 */
export class HubError extends Error {
  readonly code: string
  /** 0 where no answer came. */
  readonly status: number
  readonly detail: string | undefined
  readonly from: number | undefined
  readonly to: number | undefined
  readonly fix: string | undefined

  constructor(problem: Partial<ErrorJson> & { code: string; message: string }) {
    super(problem.message)
    this.code = problem.code
    this.status = problem.statusCode ?? 0
    this.detail = problem.detail
    this.from = problem.from
    this.to = problem.to
    this.fix = problem.fix
  }
}

/** True for the error that an AbortController of ours caused: nothing to tell anybody. */
export function wasAborted(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError'
}

export class Client {
  readonly #login: Login
  readonly #fetch: typeof fetch

  constructor(login: Login, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#login = login
    this.#fetch = fetcher
  }

  status(signal?: AbortSignal): Promise<Static<typeof StatusAnswer>> {
    return this.json('/api/status', {}, signal)
  }

  /** `onRecords` is called as they arrive, in the direction asked; resolves to what the answer says of itself. */
  async search(asked: SearchAsked, onRecords: (records: RecordJson[]) => void, signal?: AbortSignal) {
    const response = await this.get('/api/logs', { ...asked }, signal, { accept: 'application/x-ndjson' })
    let page: Static<typeof PageInfo> | undefined
    for await (const lines of linesOf(response)) {
      const records: RecordJson[] = []
      for (const line of lines) {
        if (line === '') continue
        const value = parsed(line)
        if ('page' in value) page = value.page as Static<typeof PageInfo>
        else if ('code' in value && 'message' in value) throw new HubError(value as ErrorJson)
        else records.push(value as RecordJson)
      }
      if (records.length > 0) onRecords(records)
    }
    if (!page) throw new HubError({ code: 'BROKEN', message: 'The answer ended before its end' })
    return page
  }

  histogram(asked: Asked & { buckets?: number; zone?: string }, signal?: AbortSignal) {
    return this.json<Static<typeof HistogramAnswer>>('/api/logs/histogram', { ...asked }, signal)
  }

  facets(asked: FacetsAsked, signal?: AbortSignal) {
    return this.json<Static<typeof FacetsAnswer>>('/api/logs/facets', { ...asked }, signal)
  }

  record(id: string, signal?: AbortSignal) {
    return this.json<RecordJson>(`/api/logs/${encodeURIComponent(id)}`, {}, signal)
  }

  context(
    id: string,
    asked: { before: number; after: number; scope: 'instance' | 'app' },
    signal?: AbortSignal
  ) {
    return this.json<Static<typeof ContextAnswer>>(
      `/api/logs/${encodeURIComponent(id)}/context`,
      asked,
      signal
    )
  }

  apps(signal?: AbortSignal) {
    return this.json<Static<typeof AppsAnswer>>('/api/apps', {}, signal)
  }

  hosts(signal?: AbortSignal) {
    return this.json<Static<typeof HostsAnswer>>('/api/hosts', {}, signal)
  }

  instances(asked: FleetAsked, signal?: AbortSignal) {
    return this.json<Static<typeof InstancesAnswer>>('/api/instances', { ...asked }, signal)
  }

  moves(asked: FleetAsked, signal?: AbortSignal) {
    return this.json<Static<typeof MovesAnswer>>('/api/moves', { ...asked }, signal)
  }

  completeness(asked: FleetAsked, signal?: AbortSignal) {
    return this.json<CompletenessAnswer>('/api/completeness', { ...asked }, signal)
  }

  /**
   * The live tail from `after` on (absent: from now). Resolves once the hub follows: what is written from then
   * on will come. The events end when the connection does; an AbortSignal ends them quietly.
   */
  async tail(
    asked: Pick<Asked, 'q' | 'app' | 'environment'>,
    after: string | undefined,
    signal: AbortSignal
  ): Promise<AsyncIterable<TailEvent>> {
    const headers: Record<string, string> = { accept: 'text/event-stream' }
    if (after !== undefined) headers['last-event-id'] = after
    return eventsOf(await this.get('/api/tail', { ...asked }, signal, headers))
  }

  /** Absolute address of a question, as a person would call it. */
  address(path: string, asked: object): string {
    const params = new URLSearchParams()
    for (const [name, value] of Object.entries(asked)) {
      if (value !== undefined && value !== '') params.set(name, String(value))
    }
    const query = params.toString()
    return query ? `${path}?${query}` : path
  }

  async json<T>(path: string, asked: object, signal?: AbortSignal): Promise<T> {
    const response = await this.get(path, asked, signal, { accept: 'application/json' })
    return (await response.json()) as T
  }

  /** A question that changes something; `body` goes as JSON. */
  async change<T>(
    method: 'POST' | 'DELETE',
    path: string,
    body?: object,
    more?: Record<string, string>
  ): Promise<T> {
    const type = body ? { 'content-type': 'application/json' } : {}
    const headers = { accept: 'application/json', ...type, ...more }
    const response = await this.#asked(path, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {})
    })
    return (await response.json()) as T
  }

  /** The answer as it comes. */
  get(
    path: string,
    asked: object,
    signal: AbortSignal | undefined,
    headers: Record<string, string>
  ): Promise<Response> {
    return this.#asked(this.address(path, asked), { headers, ...(signal ? { signal } : {}) })
  }

  /** Where the hub wants a login, the page asks for one. */
  async #asked(address: string, init: RequestInit): Promise<Response> {
    const round = this.#login.round.get()
    try {
      const response = await this.send(address, init)
      this.#login.answered()
      return response
    } catch (error) {
      if (error instanceof HubError && error.status === 401) this.#login.refused(round)
      throw error
    }
  }

  /** Throws a HubError for every answer but a good one. */
  async send(address: string, init: RequestInit): Promise<Response> {
    const response = await this.#fetch(address, init).catch((error: unknown) => {
      if (wasAborted(error)) throw error
      throw new HubError({ code: 'NETWORK', message: 'The hub does not answer' })
    })
    if (response.ok) return response
    throw await problemOf(response)
  }
}

async function problemOf(response: Response): Promise<HubError> {
  const body: unknown = await response.json().catch(() => undefined)
  if (typeof body === 'object' && body !== null && 'code' in body && 'message' in body) {
    return new HubError({ ...(body as ErrorJson), statusCode: response.status })
  }
  return new HubError({
    code: 'BROKEN',
    message: `The hub answered ${response.status}`,
    statusCode: response.status
  })
}

function parsed(line: string): object {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // told below
  }
  throw new HubError({ code: 'BROKEN', message: 'The answer holds a line that is not JSON' })
}
