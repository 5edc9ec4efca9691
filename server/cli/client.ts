/** The hub as the client commands see it: its HTTP API, and its refusals as sentences with a way out. */
import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import type { ErrorJson } from '../api.ts'
import { isLoopback } from '../config.ts'
import { CliError, EXIT } from './exit.ts'
import { isWide } from './terminal.ts'

export interface HubAddress {
  url: URL
  token?: string
}

/** Where client commands look when nobody says where. */
const HOME = 'http://127.0.0.1:7400'

/** What a command has to add to reach this hub: nothing where it looks anyway. */
export function hubFlag(localUrl: string): string {
  return localUrl === HOME ? '' : ` --hub ${localUrl}`
}

export interface AddressOptions {
  hub?: string
  tokenFile?: string
}

/** --hub or DRIFTLOG_HUB_URL or this machine; the token from --token-file, DRIFTLOG_TOKEN or the hub's own folder. */
export function hubAddress(options: AddressOptions, env: NodeJS.ProcessEnv): HubAddress {
  const { DRIFTLOG_HUB_URL, DRIFTLOG_LISTEN_PORT, DRIFTLOG_TOKEN, DRIFTLOG_DATA_DIR } = env
  const text =
    options.hub ??
    (DRIFTLOG_HUB_URL || (DRIFTLOG_LISTEN_PORT ? `http://127.0.0.1:${DRIFTLOG_LISTEN_PORT}` : HOME))
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new CliError(EXIT.usage, `"${text}" is no address of a hub. Write it like http://127.0.0.1:7400.`)
  }
  if (options.tokenFile !== undefined) return { url, token: readToken(options.tokenFile) }
  if (DRIFTLOG_TOKEN) return { url, token: DRIFTLOG_TOKEN }
  // A token of this machine's hub is nobody else's business.
  if (!isThisMachine(url.hostname)) return { url }
  try {
    return { url, token: readToken(join(DRIFTLOG_DATA_DIR || './data', 'tokens', 'read')) }
  } catch {
    return { url }
  }
}

export class HubClient {
  readonly #address: HubAddress

  constructor(address: HubAddress) {
    this.#address = address
  }

  get url(): string {
    return this.#address.url.origin
  }

  async json<T>(path: string, question: Question = {}, signal?: AbortSignal): Promise<T> {
    return (await (await this.#ask(path, question, 'application/json', {}, signal)).json()) as T
  }

  /** Values of an NDJSON answer as they come. */
  async *lines(path: string, question: Question, signal?: AbortSignal): AsyncGenerator<unknown> {
    const answer = await this.#ask(path, question, 'application/x-ndjson', {}, signal)
    for await (const line of textLines(answer)) if (line !== '') yield JSON.parse(line)
  }

  /** Server-sent events as they come; ends when the hub ends the stream. */
  async *events(
    path: string,
    question: Question,
    lastId: string | undefined,
    signal: AbortSignal
  ): AsyncGenerator<HubEvent> {
    const head: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
    const answer = await this.#ask(path, question, 'text/event-stream', head, signal)
    let event: HubEvent = { kind: 'message', data: '' }
    for await (const line of textLines(answer)) {
      if (line === '') {
        if (event.data !== '') yield event
        event = { kind: 'message', data: '' }
        continue
      }
      const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? []
      if (field === 'event') event.kind = value
      else if (field === 'data') event.data += event.data === '' ? value : `\n${value}`
      else if (field === 'id') event.id = value
    }
  }

  async #ask(
    path: string,
    question: Question,
    accept: string,
    head: Record<string, string>,
    signal?: AbortSignal
  ) {
    const url = new URL(path, this.#address.url)
    for (const [name, value] of Object.entries(question)) {
      if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
    }
    const { token } = this.#address
    const headers = { accept, ...head, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
    const answer = await fetch(url, { headers, ...(signal ? { signal } : {}) }).catch((error: unknown) => {
      if (signal?.aborted) throw error
      throw new UnreachableError(this.url, error)
    })
    if (answer.ok) return answer
    throw refusal(await answer.text(), answer.status, this.url, question.q)
  }
}

export interface HubEvent {
  kind: string
  data: string
  id?: string
}

export interface Question {
  q?: string
  [name: string]: string | number | undefined
}

/** A refusal or failure that may be gone in a moment. */
export class PassingError extends CliError {}

class UnreachableError extends PassingError {
  constructor(url: string, cause: unknown) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
    const code = inner instanceof Error && 'code' in inner ? String(inner.code) : ''
    const reason = REASONS[code] ?? (inner instanceof Error ? inner.message : String(inner))
    super(
      EXIT.unreachable,
      `No hub answers at ${url}: ${reason}.\nStart one with "driftlog up", or name another with --hub or DRIFTLOG_HUB_URL.`,
      { cause }
    )
  }
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'the name is unknown',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNRESET: 'the connection was broken',
  EHOSTUNREACH: 'there is no way to that machine',
  UND_ERR_SOCKET: 'the connection was broken',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer in time',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'its certificate is signed by itself (NODE_EXTRA_CA_CERTS names a file with it)'
}

function refusal(body: string, status: number, url: string, q: string | undefined): CliError {
  const problem = problemIn(body)
  if (!problem) return new CliError(EXIT.failed, `${url} answered ${status}, and not as a Driftlog hub does.`)
  if (status === 401 || status === 403) {
    const hint = 'Give a token by --token-file or DRIFTLOG_TOKEN.'
    return new CliError(EXIT.refused, `${problem.message}\n${hint} (${problem.code})`)
  }
  if (problem.code === 'DRIFTLOG_QUERY' && q !== undefined)
    return new CliError(EXIT.usage, markedQuery(q, problem))
  if (status === 400) return new CliError(EXIT.usage, `${problem.message} (${problem.code})`)
  const Kind = status === 429 || status >= 500 ? PassingError : CliError
  return new Kind(EXIT.failed, `${problem.message} (${problem.code})`)
}

/** The query with a line of carets under the place, and the query as it might have been meant. */
export function markedQuery(q: string, problem: Pick<ErrorJson, 'message' | 'from' | 'to' | 'fix'>): string {
  const { message, from, to = from, fix } = problem
  if (from === undefined || to === undefined) return message
  const begin = Math.max(0, from - 60)
  const end = Math.min(q.length, Math.max(to, from + 1) + 20)
  const shown = q.slice(begin, end).replace(/\s/g, ' ')
  const before = [...q.slice(begin, from)].map((character) => (isWide(character) ? '  ' : ' ')).join('')
  const marked = [...q.slice(from, to)].map((character) => (isWide(character) ? '^^' : '^')).join('')
  const lines = [message, `  ${shown}`, `  ${before}${marked || '^'}`]
  if (fix !== undefined && q.length <= 500)
    lines.push(`Meant perhaps: ${q.slice(0, from)}${fix}${q.slice(to)}`)
  return lines.join('\n')
}

function problemIn(body: string): ErrorJson | undefined {
  try {
    const value = JSON.parse(body) as Partial<ErrorJson>
    return typeof value.code === 'string' && typeof value.message === 'string'
      ? (value as ErrorJson)
      : undefined
  } catch {
    return undefined
  }
}

async function* textLines(answer: Response): AsyncGenerator<string> {
  if (!answer.body) return
  let rest = ''
  for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r?\n/)
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new CliError(EXIT.usage, `The token file ${path} can not be read: ${(error as Error).message}.`)
  }
}

function isThisMachine(hostname: string): boolean {
  if (isLoopback(hostname)) return true
  const name = hostname.replace(/^\[|\]$/g, '')
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === name)
  )
}
