/** What an answer of the hub means for whoever asked. */
import type { Position, Problem } from '../protocol.ts'
import type { Reply } from './http.ts'

export type Outcome<T> =
  | { kind: 'accepted'; value: T }
  /** The same request may be sent again, not before `afterMs` where the hub says so. */
  | { kind: 'retry'; reason: string; afterMs: number | undefined }
  /** The chunks begin at the wrong places; these are the right ones. */
  | { kind: 'position'; positions: Position[] }
  /** The hub does not know this session (any more): say hello. */
  | { kind: 'session' }
  /** A person is needed; trying again later is all one can do. */
  | { kind: 'refused'; code: string; message: string; status: number }

export function outcomeOf<T>(reply: Reply): Outcome<T> {
  if (reply.status >= 200 && reply.status < 300) return parsed<T>(reply)
  const problem = problemOf(reply)
  if (problem.code === 'DRIFTLOG_POSITION') return { kind: 'position', positions: problem.positions ?? [] }
  if (problem.code === 'DRIFTLOG_SESSION') return { kind: 'session' }
  const { status } = reply
  if (status === 408 || status === 429 || status >= 500) {
    return { kind: 'retry', reason: `${status} ${problem.code}`, afterMs: retryAfterMs(reply) }
  }
  return { kind: 'refused', code: problem.code, message: problem.message, status }
}

function parsed<T>(reply: Reply): Outcome<T> {
  try {
    return { kind: 'accepted', value: JSON.parse(reply.body.toString()) as T }
  } catch {
    return {
      kind: 'retry',
      reason: 'the answer is no JSON: is this address a Driftlog hub?',
      afterMs: undefined
    }
  }
}

function problemOf(reply: Reply): Partial<Problem> & Pick<Problem, 'code' | 'message'> {
  try {
    const problem = JSON.parse(reply.body.toString()) as Partial<Problem>
    return { ...problem, code: problem.code ?? 'UNKNOWN', message: problem.message ?? '' }
  } catch {
    const text = reply.body.toString('utf8', 0, 200)
    return { code: 'UNKNOWN', message: text }
  }
}

function retryAfterMs(reply: Reply): number | undefined {
  const seconds = Number(reply.headers['retry-after'])
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined
}
