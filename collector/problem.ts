/** Every refusal leaves as a Problem; faults of the hub stay in its log. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { DELIVERY_TYPE, type Problem } from '../agent/protocol.ts'
import { PositionError } from './errors.ts'
import { TokenFailuresError } from './failures.ts'
import { PASSING_REFUSALS } from './store/store.ts'

const RETRY_AFTER_S = 1
/** While the disk is full there is no point in coming back at once. */
const FULL_RETRY_AFTER_S = 10

/** Answers with a Problem; its code. */
export function answerProblem(error: FastifyError, request: FastifyRequest, reply: FastifyReply): string {
  const problem = problemOf(error)
  const { statusCode, code } = problem
  if (statusCode >= 500) {
    const retryAfterS = 'retryAfterS' in error ? Number(error.retryAfterS) : RETRY_AFTER_S
    reply.header('retry-after', code === 'DRIFTLOG_STORE_FULL' ? FULL_RETRY_AFTER_S : retryAfterS)
    request.log.warn({ err: error, code }, 'a request of an agent could not be served')
  } else request.log.debug({ code, reason: problem.message }, 'a request of an agent was refused')
  if (error instanceof TokenFailuresError) reply.header('retry-after', error.retryAfterS)
  // The rest of a body that was not read is not waited for.
  if (statusCode === 408 || statusCode === 411 || statusCode === 413) reply.header('connection', 'close')
  if (statusCode === 401) reply.header('www-authenticate', 'Bearer')
  if (!reply.raw.destroyed)
    reply.code(statusCode).type('application/json; charset=utf-8').serializer(JSON.stringify).send(problem)
  return code
}

function problemOf(error: FastifyError): Problem {
  const { code = '', message, validation } = error
  if (error instanceof PositionError)
    return { code, message, statusCode: error.statusCode, positions: error.positions }
  if (PASSING_REFUSALS.has(code)) return { code, message, statusCode: 503 }
  if (code.startsWith('DRIFTLOG_')) return { code, message, statusCode: error.statusCode ?? 500 }
  if (validation || code === 'FST_ERR_VALIDATION') return { code: 'DRIFTLOG_BODY', message, statusCode: 400 }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return { code: 'DRIFTLOG_BODY_TOO_LARGE', message: 'The body is too large.', statusCode: 413 }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return {
      code: 'DRIFTLOG_MEDIA_TYPE',
      message: `Send application/json, and deliveries as ${DELIVERY_TYPE}.`,
      statusCode: 415
    }
  if (error.statusCode === 400) return { code: 'DRIFTLOG_BODY', message, statusCode: 400 }
  return {
    code: 'DRIFTLOG_INTERNAL',
    message: 'Something went wrong inside the hub. Its log has the cause.',
    statusCode: 500
  }
}
