/** JSON-RPC over HTTP, bounded in time and size. What is no JSON-RPC is an error that says so. */
import { request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { ZabbixAnswerError, ZabbixAwayError } from './errors.ts'

export interface Call {
  url: URL
  body: object
  /** For the header Authorization. */
  bearer?: string
  /** PEM of the authority of the frontend's certificate, where it is a private one. */
  ca?: string
  timeoutMs: number
}

/** The envelope of an answer: it has one of both. */
export interface Envelope {
  result?: unknown
  error?: { code: number; message?: string; data?: string }
}

/** Exports of large templates are a few megabytes. */
const MOST_BYTES = 64 << 20
const SHOWN = 120

export async function send({ url, body, bearer, ca, timeoutMs }: Call): Promise<Envelope> {
  const bytes = Buffer.from(JSON.stringify(body))
  const { status, type, text } = await post(url, bytes, { bearer, ca, timeoutMs })
  if (status !== 200) throw new ZabbixAnswerError(placeOf(url), `it answers ${status}`)
  if (!/^application\/json/.test(type))
    throw new ZabbixAnswerError(placeOf(url), `it sends ${type || 'no content type'}: ${shown(text)}`)
  return envelopeOf(url, text)
}

function envelopeOf(url: URL, text: string): Envelope {
  let answer: unknown
  try {
    answer = JSON.parse(text)
  } catch {
    throw new ZabbixAnswerError(placeOf(url), `its JSON is broken: ${shown(text)}`)
  }
  const isEnvelope =
    typeof answer === 'object' && answer !== null && ('result' in answer || 'error' in answer)
  if (!isEnvelope) throw new ZabbixAnswerError(placeOf(url), `it sends ${shown(text)}`)
  return answer as Envelope
}

function post(
  url: URL,
  bytes: Buffer,
  { bearer, ca, timeoutMs }: { bearer: string | undefined; ca: string | undefined; timeoutMs: number }
): Promise<{ status: number; type: string; text: string }> {
  const request = url.protocol === 'https:' ? secureRequest : plainRequest
  const headers = {
    // Without this type Zabbix answers 412.
    'content-type': 'application/json-rpc',
    'content-length': bytes.length,
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` })
  }
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new ZabbixAwayError(placeOf(url), reasonOf(error)))
    const options = { method: 'POST', headers, signal: AbortSignal.timeout(timeoutMs), ...(ca && { ca }) }
    const call = request(url, options, (response) => {
      const pieces: Buffer[] = []
      let length = 0
      response.on('data', (piece: Buffer) => {
        length += piece.length
        if (length > MOST_BYTES) response.destroy(new Error('its answer is too long'))
        else pieces.push(piece)
      })
      response.on('error', fail)
      response.on('end', () => {
        const { statusCode: status = 0, headers: told } = response
        resolve({ status, type: told['content-type'] ?? '', text: Buffer.concat(pieces).toString() })
      })
    })
    call.on('error', fail)
    call.end(bytes)
  })
}

/** Without name and password. */
function placeOf({ protocol, host, pathname }: URL): string {
  return `${protocol}//${host}${pathname}`
}

function reasonOf(error: Error): string {
  return error.name === 'TimeoutError' || error.name === 'AbortError' ? 'no answer in time' : error.message
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, SHOWN))
}
