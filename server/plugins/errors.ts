/** Every refusal leaves as ErrorJson: what is wrong, where, and the way out. Faults of the hub stay in its log. */
import type { Socket } from 'node:net'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { TokenFailuresError } from '../../collector/failures.ts'
import type { ErrorJson } from '../api/error.ts'
import {
  BodyError,
  BodyTooLargeError,
  HeadersTooLargeError,
  InternalError,
  MediaTypeError,
  RequestBrokenError,
  RequestSlowError,
  RouteNotFoundError,
  UrlError,
  ValidationError
} from '../errors.ts'
import { HEADERS } from './headers.ts'

export default fp(
  async (app) => {
    app.setErrorHandler(answerError)
    app.setNotFoundHandler((request) => {
      throw new RouteNotFoundError(request.method, pathOf(request.url))
    })
  },
  { name: 'errors' }
)

/** Also the `frameworkErrors` of Fastify: paths that can't be read never reach a route. */
export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  if (reply.sent || reply.raw.destroyed) {
    request.log.debug({ err: error }, 'request ended before its answer')
    return
  }
  const refusal = refusalOf(error)
  if (refusal.statusCode === 500) request.log.error({ err: error }, 'request failed')
  else request.log.debug({ code: refusal.code, reason: refusal.message }, 'request refused')
  if (refusal.statusCode === 401) reply.header('www-authenticate', 'Bearer')
  if ((refusal.statusCode === 429 || refusal.statusCode === 503) && !reply.hasHeader('retry-after')) {
    reply.header('retry-after', error instanceof TokenFailuresError ? error.retryAfterS : 1)
  }
  // Where a path can't be read no hook has run before.
  if (!reply.hasHeader('content-security-policy')) reply.headers(HEADERS)
  reply
    .code(refusal.statusCode)
    .header('cache-control', 'no-store')
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(refusal)
}

/** What may be told of an error. Everything that is not a coded refusal is told as DRIFTLOG_INTERNAL. */
export function refusalOf(error: unknown): ErrorJson {
  const known = errorOf(error)
  const place = known as Partial<Pick<ErrorJson, 'detail' | 'from' | 'to' | 'fix' | 'problems'>>
  return {
    code: known.code,
    message: known.message,
    statusCode: known.statusCode ?? 500,
    ...(place.detail === undefined ? {} : { detail: place.detail }),
    ...(place.from === undefined ? {} : { from: place.from }),
    ...(place.to === undefined ? {} : { to: place.to }),
    ...(place.fix === undefined ? {} : { fix: place.fix }),
    ...(place.problems === undefined ? {} : { problems: place.problems })
  }
}

/** Refusals of Node's HTTP parser, before there is a request: `clientErrorHandler` of Fastify. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  // A handshake that failed: there is nobody who could read an answer.
  if (/^ERR_(?:SSL|TLS)_|^EPROTO$/.test(error.code ?? '')) return void socket.destroy()
  const refusal = refusalOf(parserError(error.code))
  const body = JSON.stringify(refusal)
  if (socket.writable) {
    socket.write(
      `HTTP/1.1 ${refusal.statusCode} ${refusal.code}\r\nContent-Type: application/json; charset=utf-8\r\n` +
        `Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
    )
  }
  socket.destroySoon()
}

function parserError(code: string | undefined): Error {
  if (code === 'HPE_HEADER_OVERFLOW') return new HeadersTooLargeError()
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? new RequestSlowError() : new RequestBrokenError()
}

/** Coded errors of the stores carry no status, because they know nothing of HTTP. */
const STORE_STATUS: Record<string, number> = {
  DRIFTLOG_STORE_FULL: 503,
  DRIFTLOG_STORE_AWAY: 503,
  DRIFTLOG_STORE_REFUSED: 503,
  DRIFTLOG_STORE_CLOSED: 503,
  DRIFTLOG_CURSOR: 400,
  DRIFTLOG_TOO_MANY_BUCKETS: 400
}

type Coded = Pick<FastifyError, 'code' | 'message' | 'statusCode'>

function errorOf(error: unknown): Coded {
  const coded: Partial<FastifyError> = error instanceof Error ? error : {}
  const code = coded.code ?? ''
  const message = coded.message ?? ''
  if (coded.validation) return new ValidationError(validationText(coded))
  if (code.startsWith('DRIFTLOG_')) {
    const statusCode = coded.statusCode ?? STORE_STATUS[code]
    return statusCode === undefined || statusCode === 500
      ? new InternalError()
      : Object.assign(error as Error, { code, message, statusCode })
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new BodyTooLargeError()
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new MediaTypeError()
  if (code === 'FST_ERR_BAD_URL' || code === 'FST_ERR_INVALID_URL' || code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return new UrlError()
  }
  if (code.startsWith('FST_ERR_CTP_')) return new BodyError(message)
  return new InternalError()
}

/** "limit must be <= 1000 (query string)" */
function validationText(error: Partial<FastifyError>): string {
  const [first] = error.validation ?? []
  const place = first?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  const where =
    error.validationContext === 'querystring' ? 'query string' : (error.validationContext ?? 'body')
  const extra = first?.params['additionalProperty']
  const text =
    typeof extra === 'string'
      ? `There is no parameter "${extra.slice(0, 80)}"`
      : `${place} ${first?.message ?? ''}`.trim()
  return `${text} (${where}). /openapi.json lists what this route takes.`
}

function pathOf(url: string): string {
  const path = url.split('?', 1)[0] ?? ''
  return path.length > 200 ? `${path.slice(0, 200)}…` : path
}
