/** One question to an instance whether it is well, as its definition wants it asked. */
import { request } from 'node:http'
import { connect, isIP } from 'node:net'
import type { ActingEngine } from '../docker/acting-engine.ts'
import { EngineRefusal } from '../docker/engine.ts'
import type { HealthCheck } from '../protocol-orders.ts'
import { pause } from '../ship/backoff.ts'
import { LogLook } from './log-look.ts'
import { within } from './within.ts'

export interface Target {
  container: string
  /** Where its port is reached from here. */
  address: string
  port: number
  check: HealthCheck
  /** Lines of its log from then on count. */
  logSinceMs: number
  tty: boolean
}

/** Undefined where it is well, else why not. Rejects only where the signal was aborted. */
export type Probe = (signal: AbortSignal) => Promise<string | undefined>

/** Between two looks at a command that runs. */
const COMMAND_LOOK_MS = 100

/** What it takes together: each part of the check must be well. Throws where its expression is none. */
export function probeOf(target: Target, engine: Pick<ActingEngine, 'logs' | 'exec' | 'execEnd'>): Probe {
  const { http, tcp, command, log } = target.check
  const probes: Probe[] = []
  if (http) probes.push((signal) => askHttp(target, http, signal))
  if (tcp) probes.push((signal) => reach(target, signal))
  if (command) probes.push(commandProbe(target.container, command, engine))
  if (log !== undefined) {
    const look = new LogLook(engine, target.container, log, target.logSinceMs)
    probes.push((signal) => look.next(target.tty, signal))
  }
  const { timeoutMs } = target.check
  return async (signal) => {
    for (const probe of probes) {
      using limited = within(timeoutMs, signal)
      const why = await probe(limited.signal).catch((error: Error) => error.message)
      signal.throwIfAborted()
      if (limited.isLate && why !== undefined) return `no answer within ${timeoutMs} ms`
      if (why !== undefined) return why
    }
    return undefined
  }
}

/** A check that asks nothing: that it runs is enough. */
export function asksNothing({ http, tcp, command, log }: HealthCheck): boolean {
  return !http && !tcp && !command && log === undefined
}

function askHttp(
  { address, port }: Target,
  { path, status }: NonNullable<HealthCheck['http']>,
  signal: AbortSignal
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const host = isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`
    const headers = { host, 'user-agent': 'driftlog-check', connection: 'close' }
    const call = request({ host: address, port, path, headers, signal, agent: false }, (answer) => {
      const { statusCode = 0 } = answer
      // Its body is of no interest, and neither is how it breaks off.
      answer.on('error', () => {})
      answer.destroy()
      const isGood = status === undefined ? statusCode >= 200 && statusCode < 400 : statusCode === status
      resolve(isGood ? undefined : `GET ${path} answers ${statusCode}`)
    })
    call.on('error', (error) => reject(new Error(`GET ${path}: ${error.message}`)))
    call.end()
  })
}

function reach({ address, port }: Target, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const end = (why: string | undefined) => {
      signal.removeEventListener('abort', stop)
      socket.destroy()
      resolve(why)
    }
    const stop = () => end('no connection in time')
    signal.addEventListener('abort', stop, { once: true })
    socket.once('connect', () => end(undefined))
    socket.once('error', (error) => end(error.message))
  })
}

/** The engine can not end a command: while one hangs none is begun beside it. */
function commandProbe(
  container: string,
  command: readonly string[],
  engine: Pick<ActingEngine, 'exec' | 'execEnd'>
): Probe {
  let running: string | undefined
  return async (signal) => {
    running ??= await engine.exec(container, command, signal)
    for (;;) {
      const code = await engine.execEnd(running, signal).catch((error: Error) => {
        // Engines forget commands that have ended a while ago, and all of them when they are restarted.
        if (error instanceof EngineRefusal) running = undefined
        throw error
      })
      if (code !== undefined) {
        running = undefined
        return code === 0 ? undefined : `the command ends with ${code}`
      }
      await pause(COMMAND_LOOK_MS, signal)
      signal.throwIfAborted()
    }
  }
}
