/** What went wrong inside, as what agents are told. */
import { HeadError, ShapeError, StoreFailedError, ThreadLostError } from './errors.ts'
import { BodyRefused, ThreadError } from './parse/pool.ts'
import { PASSING_REFUSALS } from './store/store.ts'

/** Of the parse threads. */
export function refusal(error: unknown): never {
  if (error instanceof ThreadError)
    throw Object.assign(new ThreadLostError(error.message), { retryAfterS: error.retryAfterS })
  if (!(error instanceof BodyRefused)) throw error
  if (error.code === 'DRIFTLOG_BODY') throw new ShapeError(error.message)
  if (error.code === 'DRIFTLOG_HEAD') throw new HeadError(error.message)
  throw new ThreadLostError(`The delivery could not be parsed (${error.message}).`)
}

/** An error of the store is told with its reason; coded errors pass. */
export function storeRefusal(error: unknown): unknown {
  const { code, statusCode, message } = error as { code?: string; statusCode?: number; message?: string }
  if (code?.startsWith('DRIFTLOG_') && (statusCode !== undefined || PASSING_REFUSALS.has(code))) return error
  return Object.assign(new StoreFailedError(message ?? 'unknown'), { cause: error })
}
