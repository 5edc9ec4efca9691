/** Bodies of hooks are read as JSON that is neither large nor deep, and each part is looked at before it is used. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import { depthOf } from '../../../collector/parse/frame.ts'
import { HookBodyError, HookSlowError, HookTooLargeError } from '../errors.ts'

/** A call whose sender is known. */
export interface Call {
  headers: IncomingHttpHeaders
  /** Parsed JSON of any shape. */
  body: unknown
}

/** What Compile() makes of a schema. */
interface Checker<T> {
  Check(value: unknown): value is T
  Errors(value: unknown): { instancePath: string; message: string }[]
}

const DEEPEST = 64

/** Reads at most `mostBytes` within `withinMs`; the stream is left as it is where there is more to come. */
export function readBytes(payload: Readable, mostBytes: number, withinMs: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer)
      payload.off('data', take).off('end', end).off('close', broken)
      // Whoever listens for it no more must not be killed by it.
      payload.on('error', () => {})
      if (!error) return resolve(Buffer.concat(pieces, length))
      payload.pause()
      reject(error)
    }
    const take = (piece: Buffer) => {
      length += piece.length
      if (length > mostBytes) settle(new HookTooLargeError(mostBytes))
      else pieces.push(piece)
    }
    const end = () => settle()
    const broken = () => settle(new HookBodyError('The connection ended before the body did.'))
    const timer = setTimeout(() => settle(new HookSlowError()), withinMs)
    payload.on('data', take).once('end', end).once('close', broken).once('error', broken)
  })
}

/** JSON, or a form whose field `payload` is JSON, as GitHub sends it where nothing else is chosen. */
export function parseBody(bytes: Buffer, contentType: string): unknown {
  const text = bytes.toString('utf8')
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(contentType)
  const json = isForm ? (new URLSearchParams(text).get('payload') ?? '') : text
  if (depthOf(isForm ? Buffer.from(json) : bytes) > DEEPEST)
    throw new HookBodyError(`The body nests deeper than ${DEEPEST} brackets. No product does that.`)
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new HookBodyError(`The body is no JSON: ${(error as Error).message}.`)
  }
}

/** The body as the schema has it; what else is in it does not matter. Throws DRIFTLOG_HOOK_BODY with the place. */
export function checked<T>(check: Checker<T>, body: unknown): T {
  if (check.Check(body)) return body
  const [first] = check.Errors(body)
  const place = first?.instancePath.slice(1).replaceAll('/', '.') ?? ''
  throw new HookBodyError(
    `The body is not what this product sends: ${place === '' ? 'it' : place} ${first?.message ?? ''}.`
  )
}
