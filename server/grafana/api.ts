/** Grafana's HTTP API with the token of a service account. */
import type { Json, JsonObject } from '../../dashboards/json.ts'
import { GrafanaAnswerError, GrafanaAwayError, GrafanaRefusedError } from './errors.ts'

export interface GrafanaAddress {
  /** Ends with a slash. */
  url: URL
  token: string
}

interface Options extends GrafanaAddress {
  /** Ends what is being asked; whoever asks is not to go on. */
  signal?: AbortSignal
  timeoutMs?: number
}

const TIMEOUT_MS = 30_000

export class GrafanaApi {
  readonly #url: URL
  readonly #token: string
  readonly #signal: AbortSignal | undefined
  readonly #timeoutMs: number

  constructor({ url, token, signal, timeoutMs = TIMEOUT_MS }: Options) {
    this.#url = url
    this.#token = token
    this.#signal = signal
    this.#timeoutMs = timeoutMs
  }

  /** Undefined where there is no such thing. */
  async get<T>(path: string): Promise<T | undefined> {
    try {
      return await this.#ask<T>('GET', path)
    } catch (error) {
      if (error instanceof GrafanaRefusedError && error.httpStatus === 404) return undefined
      throw error
    }
  }

  async post<T>(path: string, body: JsonObject): Promise<T> {
    return await this.#ask<T>('POST', path, body)
  }

  async #ask<T>(method: string, path: string, body?: JsonObject): Promise<T> {
    const { status, text } = await this.#answer(method, path, body)
    const value = jsonOf(text)
    if (value === undefined) throw new GrafanaAnswerError(this.#url.href, `${status}, and no JSON`)
    if (status >= 200 && status < 300) return value as T
    const { message = 'without a reason', status: word = '' } = (value ?? {}) as Record<string, unknown>
    throw new GrafanaRefusedError(`${method} /${path}`, status, String(message), String(word))
  }

  async #answer(method: string, path: string, body?: JsonObject): Promise<{ status: number; text: string }> {
    const inTime = AbortSignal.timeout(this.#timeoutMs)
    try {
      const answer = await fetch(new URL(path, this.#url), {
        method,
        headers: {
          ...{ authorization: `Bearer ${this.#token}`, accept: 'application/json' },
          ...(body === undefined ? {} : { 'content-type': 'application/json' })
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A login page at another address is no answer, and must not get the token.
        redirect: 'manual',
        signal: this.#signal ? AbortSignal.any([this.#signal, inTime]) : inTime
      })
      return { status: answer.status, text: await answer.text() }
    } catch (error) {
      const { message, cause } = error as Error
      throw new GrafanaAwayError(this.#url.href, cause instanceof Error ? cause.message : message)
    }
  }
}

function jsonOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
