/** Long answers end when the token or login that opened them does. */
import type { FastifyInstance } from 'fastify'
import { AccessEndedError } from './errors.ts'
import type { Caller } from './plugins/auth.ts'

/** Tokens and logins expire without a word, so they are looked at this often. */
const LOOK_MS = 5000

/** Aborts once the caller is not welcome any more, until it is disposed of. */
export function whileWelcome(
  app: Pick<FastifyInstance, 'onDeparture'>,
  caller: Caller
): Disposable & { signal: AbortSignal } {
  const controller = new AbortController()
  const look = () => {
    if (!caller.isWelcome()) controller.abort(new AccessEndedError())
  }
  const forget = app.onDeparture(look)
  const timer = setInterval(look, LOOK_MS)
  timer.unref()
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      forget()
      clearInterval(timer)
    }
  }
}
