/** The hub as the client commands see it: its HTTP API, and its refusals as sentences with a way out. */
import { type Agent, type IncomingMessage, request } from 'node:http'
import { request as secureRequest } from 'node:https'
import { agentFor, TrustError } from '../../agent/ship/trust.ts'
import type { ErrorJson } from '../api/error.ts'
import type { HubAddress } from './address.ts'
import { CliError, EXIT } from './exit.ts'
import { isWide } from './terminal.ts'

export class HubClient {
  readonly #address: HubAddress
  readonly #agent: Agent

  constructor(address: HubAddress) {
    this.#address = address
    try {
      this.#agent = agentFor(address.url, address.trust ?? {}, { keepAlive: false })
    } catch (error) {
      const { caFile } = address.trust ?? {}
      throw new CliError(
        EXIT.usage,
        `The authorities in ${caFile} can not be used: ${(error as Error).message}.`
      )
    }
  }

  get url(): string {
    return this.#address.url.origin
  }

  async json<T>(path: string, question: Question = {}, signal?: AbortSignal): Promise<T> {
    return jsonOf<T>(await this.#ask(path, question, 'application/json', {}, signal))
  }

  /** A question that changes something; `body` goes as JSON. */
  async change<T>(method: 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    const head = { accept: 'application/json', ...(body ? { 'content-type': 'application/json' } : {}) }
    return jsonOf<T>(await this.#send(new URL(path, this.#address.url), head, { method, body }))
  }

  /** The same with a text that is no JSON, as it is. */
  async changeByText<T>(path: string, kind: string, text: string): Promise<T> {
    const head = { accept: 'application/json', 'content-type': kind }
    return jsonOf<T>(await this.#send(new URL(path, this.#address.url), head, { method: 'POST', text }))
  }

  /** An answer that is a text. */
  async text(path: string, question: Question = {}, signal?: AbortSignal): Promise<string> {
    return textOf(await this.#ask(path, question, '*/*', {}, signal))
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
    return this.#send(url, { accept, ...head }, { q: question.q, ...(signal ? { signal } : {}) })
  }

  async #send(url: URL, head: Record<string, string>, sent: Sent): Promise<IncomingMessage> {
    const { token } = this.#address
    const { method = 'GET', body, text = body && JSON.stringify(body), q, signal } = sent
    const headers = { ...head, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) }
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const send = url.protocol === 'https:' ? secureRequest : request
      const call = send(url, { method, headers, agent: this.#agent, ...(signal ? { signal } : {}) })
      call.on('response', resolve).on('error', reject)
      call.end(text)
    }).catch((error: unknown) => {
      if (signal?.aborted) throw error
      if (error instanceof TrustError)
        throw new CliError(EXIT.unreachable, `${sentence(error.message)} (${error.code})`)
      throw new UnreachableError(this.url, error)
    })
    const { statusCode = 0 } = answer
    if (statusCode >= 200 && statusCode < 300) return answer
    throw refusal(await textOf(answer), statusCode, this.url, q)
  }
}

interface Sent {
  method?: string
  body?: object | undefined
  /** Instead of a body. */
  text?: string
  /** The query, for what may be said against it. */
  q?: string | undefined
  signal?: AbortSignal
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
    const inner = cause instanceof AggregateError ? (cause.errors[0] as unknown) : cause
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
  ETIMEDOUT: 'it does not answer in time'
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

async function jsonOf<T>(answer: IncomingMessage): Promise<T> {
  return JSON.parse(await textOf(answer)) as T
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of answer.setEncoding('utf8')) text += part
  return text
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

async function* textLines(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  for await (const text of answer.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split(/\r?\n/)
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
