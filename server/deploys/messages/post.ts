/** Sends one message over HTTP: within a time, no redirect is followed, and little is read of the answer. */
import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { guardedLookup } from './address.ts'
import type { Answer, Letter } from './products.ts'

export interface PostOptions {
  /** Those that are allowed, where there is a list. */
  hosts?: readonly string[]
  timeoutMs?: number
  /** A hub that ends does not wait for whoever hangs. */
  signal: AbortSignal
}

const TIMEOUT_MS = 10_000
const MOST_ANSWER_BYTES = 16 * 1024

/** Rejects where nobody answers in time; the message names at most the host, never the path, which may be a secret. */
export function post(
  letter: Letter,
  { hosts, timeoutMs = TIMEOUT_MS, signal }: PostOptions
): Promise<Answer> {
  const { url, headers, body } = letter
  const send = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)),
      timeoutMs
    )
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    const request = send(url, {
      ...{ method: 'POST', agent: false, lookup: guardedLookup(hosts), signal },
      headers: { ...headers, 'content-length': Buffer.byteLength(body), 'user-agent': 'driftlog' }
    })
    request.on('error', fail)
    request.on('response', (response) => {
      let text = ''
      const done = () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, text })
      }
      response.setEncoding('utf8').on('error', fail).on('end', done)
      response.on('data', (piece: string) => {
        text += piece
        if (text.length < MOST_ANSWER_BYTES) return
        done()
        response.destroy()
      })
    })
    request.end(body)
  })
}
