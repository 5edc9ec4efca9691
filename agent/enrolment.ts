/** How an agent becomes known to a hub, and the folder where it keeps that: `agent.json`, its id and key. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync
} from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { thisMachine } from './doctor/machine.ts'
import { whereNoState } from './doctor/ways-out.ts'
import { AgentError } from './errors.ts'
import { type FolderLock, lockFolder } from './folder-lock.ts'
import type { HostFacts } from './protocol.ts'
import { delays, pause } from './ship/backoff.ts'
import { type Hub, PROTOCOL } from './ship/hub.ts'

export interface Credentials {
  /** The host's id, given by the hub. */
  host: string
  /** Goes with every later request. */
  key: string
}

export interface StateFolder extends AsyncDisposable {
  credentials: Credentials | undefined
  /** A restarted agent has the same place, a copy of the folder or of the whole machine another. */
  place: string
  /** Since when this host is watched, milliseconds since 1970: what containers created later write is to be read. */
  sinceMs: number
  save(credentials: Credentials): void
}

const FILE = 'agent.json'

/** Throws DRIFTLOG_STATE_LOCKED where another agent uses the folder, DRIFTLOG_STATE_UNUSABLE where nobody can. */
export async function openStateFolder(path: string): Promise<StateFolder> {
  let lock: FolderLock
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    lock = await lockFolder(path)
  } catch (error) {
    throw asAgentError(path, error as Error)
  }
  try {
    return {
      credentials: read(path),
      place: placeOf(path),
      sinceMs: statSync(join(path, FILE), { throwIfNoEntry: false })?.mtimeMs ?? Date.now(),
      save: (credentials) => save(path, credentials),
      [Symbol.asyncDispose]: () => lock.release()
    }
  } catch (error) {
    await lock.release()
    throw asAgentError(path, error as Error)
  }
}

export interface EnrolOptions {
  hub: Hub
  version: string
  joinToken: string | undefined
  /** Where the token is, or will be once the hub has started. */
  joinTokenFile: string | undefined
  facts: HostFacts
  log: Logger
}

/** Asks until the hub answers. Throws where it refuses; undefined where the signal came first. */
export async function enrol(options: EnrolOptions, signal: AbortSignal): Promise<Credentials | undefined> {
  const { hub, version, facts, log } = options
  const joinToken = options.joinToken ?? (await tokenIn(options, signal))
  const request = { protocol: PROTOCOL, version, ...(joinToken && { join: joinToken }), facts }
  for (const delayMs of delays({ minMs: 500, maxMs: 30_000 })) {
    if (signal.aborted) return undefined
    const outcome = await hub.enrol(request, signal)
    if (signal.aborted) return undefined
    if (outcome.kind === 'accepted') return outcome.value
    if (outcome.kind === 'refused') throw refusal(outcome, joinToken !== undefined)
    const reason = outcome.kind === 'retry' ? outcome.reason : outcome.kind
    const retryInMs = Math.round(Math.max(delayMs, outcome.kind === 'retry' ? (outcome.afterMs ?? 0) : 0))
    log.warn({ reason, retryInMs }, 'the hub does not answer, will try again')
    await pause(retryInMs, signal)
  }
  return undefined
}

/** Waits for a file that is not there yet: a hub beside the agent writes it at its first start. */
async function tokenIn({ joinTokenFile: path, log }: EnrolOptions, signal: AbortSignal) {
  if (path === undefined) return undefined
  for (const delayMs of delays({ minMs: 500, maxMs: 10_000 })) {
    try {
      const token = readFileSync(path, 'utf8').trim()
      if (token !== '') return token
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT') {
        const text = `the join token cannot be read from DRIFTLOG_JOIN_TOKEN_FILE: ${message}`
        throw new AgentError('DRIFTLOG_CONFIG', text, { cause: error })
      }
    }
    const retryInMs = Math.round(delayMs)
    log.warn({ path, retryInMs }, 'no join token in DRIFTLOG_JOIN_TOKEN_FILE yet, will look again')
    await pause(retryInMs, signal)
    if (signal.aborted) return undefined
  }
  return undefined
}

function refusal(
  { code, message, status }: { code: string; message: string; status: number },
  tried: boolean
) {
  if (code === 'DRIFTLOG_HUB_FINGERPRINT' || code === 'DRIFTLOG_HUB_CERTIFICATE')
    return new AgentError(code, message)
  if (status === 401 || status === 403) {
    const cause = tried ? 'does not accept this join token' : 'wants a join token'
    const text = `the hub ${cause} (${message}): make one there with "driftlog token issue --scope agent" and set DRIFTLOG_JOIN_TOKEN`
    return new AgentError('DRIFTLOG_JOIN_REFUSED', text)
  }
  return new AgentError('DRIFTLOG_PROTOCOL', `the hub does not take this agent in: ${message} (${code})`)
}

function read(path: string): Credentials | undefined {
  let text: string
  try {
    text = readFileSync(join(path, FILE), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  try {
    const { host, key } = JSON.parse(text) as Partial<Credentials>
    if (typeof host === 'string' && typeof key === 'string') return { host, key }
  } catch {
    // Told below, together with a file of another shape.
  }
  throw new AgentError(
    'DRIFTLOG_STATE_UNUSABLE',
    `${join(path, FILE)} is damaged: remove it, and the agent joins the hub as a new host`
  )
}

/** On disk before it counts: a host that forgets its key would join again as another one. */
function save(path: string, { host, key }: Credentials): void {
  const next = join(path, `${FILE}.new`)
  const fd = openSync(next, 'w', 0o600)
  try {
    writeSync(fd, `${JSON.stringify({ host, key })}\n`)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(next, join(path, FILE))
  const folder = openSync(path, 'r')
  fsyncSync(folder)
  closeSync(folder)
}

function placeOf(path: string): string {
  const { dev, ino } = statSync(path)
  return createHash('sha256').update(`${bootId()} ${dev}:${ino}`).digest('hex').slice(0, 32)
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

function asAgentError(path: string, error: Error): AgentError {
  if (error instanceof AgentError) return error
  const text = `the state folder ${path} cannot be used: ${error.message}; ${whereNoState(path, thisMachine())}`
  return new AgentError('DRIFTLOG_STATE_UNUSABLE', text, { cause: error })
}
