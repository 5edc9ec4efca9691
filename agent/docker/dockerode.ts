/** The engine through dockerode. Only this file knows the library, and dockerode-acting.ts, which acts on the engine. */
import type { IncomingMessage } from 'node:http'
import { createRequire, Module } from 'node:module'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type Docker from 'dockerode'
import type { EngineAddress } from './address.ts'
import {
  type Engine,
  type EngineEvent,
  type EngineInfo,
  EngineRefusal,
  type EngineStats,
  type Inspected,
  type Listed,
  type LogsAnswer,
  type LogsAsked
} from './engine.ts'

/** A call that takes longer is given up; an engine under load can take seconds. */
export const CALL_MS = 30_000
const ACTIONS = ['create', 'start', 'kill', 'die', 'oom', 'rename', 'health_status', 'destroy']

export function dockerEngine(address: EngineAddress): Engine {
  return engineOf(openDocker(address))
}

export function openDocker(address: EngineAddress): Docker {
  // What is not given the library takes from the environment: DOCKER_HOST would count more than the socket.
  const nowhere = { host: undefined, port: undefined, ca: undefined, cert: undefined, key: undefined }
  const given = { ...nowhere, protocol: 'http', ...address } as Docker.DockerOptions
  return new (loadDockerode())(given)
}

export function engineOf(docker: Docker): Engine {
  // It takes options as the other calls do; its types do not say so.
  const info = docker.info as (options: {
    abortSignal: AbortSignal
  }) => Promise<Partial<Record<string, unknown>>>
  return {
    async info(signal) {
      return infoOf(await info.call(docker, { abortSignal: limited(signal) }))
    },
    async list(signal) {
      const containers = await docker.listContainers({ all: true, abortSignal: limited(signal) })
      return containers.map(listedOf)
    },
    async inspect(id, signal) {
      try {
        const found = await docker.getContainer(id).inspect({ abortSignal: limited(signal) })
        return found as Inspected
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined
        throw error
      }
    },
    async logs(id, asked, signal) {
      return logsAnswer(await askLogs(docker, id, asked, signal))
    },
    async stats(id, signal) {
      try {
        const asked = { stream: false, 'one-shot': true, abortSignal: limited(signal) } as const
        return (await docker.getContainer(id).stats(asked)) as unknown as EngineStats
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode === 404) return undefined
        throw error
      }
    },
    async *events(signal) {
      const filters = JSON.stringify({ type: ['container'], event: ACTIONS })
      const stream = (await docker.getEvents({ filters, abortSignal: signal })) as Readable
      yield* eventsOf(stream, signal)
    }
  }
}

/**
 * dockerode loads gRPC (for builds) and an SSH client (for ssh:// hosts) at once. The agent uses neither, and
 * together they cost every host 11 MB of memory, so they are not loaded. Where the library's inside is another
 * one day, nothing breaks: they are loaded again.
 */
function loadDockerode(): typeof Docker {
  const load = createRequire(import.meta.url)
  const inside = createRequire(load.resolve('dockerode'))
  for (const unused of ['dockerode/lib/session.js', 'docker-modem/lib/ssh.js']) {
    try {
      const path = inside.resolve(unused)
      load.cache[path] ??= Object.assign(new Module(path), { loaded: true, exports: {} })
    } catch {
      // Not there in this version.
    }
  }
  return load('dockerode') as typeof Docker
}

/** The library's own call gathers a whole answer in memory unless it follows. */
async function askLogs(
  { modem }: Docker,
  id: string,
  { since, follow, tail }: LogsAsked,
  signal: AbortSignal
): Promise<IncomingMessage> {
  const connecting = new AbortController()
  const timer = setTimeout(() => connecting.abort(new Error('the engine does not answer')), CALL_MS)
  const options = { stdout: true, stderr: true, timestamps: true, follow, since, tail }
  const asked = {
    path: `/containers/${id}/logs?`,
    method: 'GET',
    isStream: true,
    statusCodes: { 200: true },
    abortSignal: AbortSignal.any([signal, connecting.signal]),
    options: Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  }
  try {
    return await new Promise((resolve, reject) => {
      modem.dial(asked, (error: Error | null, answer: unknown) => {
        if (error) reject(refusalOf(error))
        else resolve(answer as IncomingMessage)
      })
    })
  } finally {
    clearTimeout(timer)
  }
}

function logsAnswer(answer: IncomingMessage): LogsAnswer {
  const type = answer.headers['content-type'] ?? ''
  const framed = type.includes('multiplexed-stream') || (type.includes('raw-stream') ? false : undefined)
  return { framed, chunks: answer }
}

/** `(HTTP code 501) unexpected - configured logging driver does not support reading ` */
export function refusalOf(error: Error & { statusCode?: number }): Error {
  if (error.statusCode === undefined) return error
  return new EngineRefusal(error.statusCode, error.message.replace(/^\(HTTP code \d+\) [^-]* - /, '').trim())
}

async function* eventsOf(stream: Readable, signal: AbortSignal): AsyncIterable<EngineEvent> {
  const stop = () => stream.destroy()
  signal.addEventListener('abort', stop, { once: true })
  // The line reader swallows the stream's error; it is kept to be thrown at the end.
  let failure: Error | undefined
  stream.once('error', (error) => {
    failure = error
  })
  try {
    for await (const line of createInterface({ input: stream })) {
      const event = line.trim() === '' ? undefined : eventOf(line)
      if (event) yield event
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
  if (!signal.aborted) throw failure ?? new Error('the engine closed the stream of events')
}

function eventOf(line: string): EngineEvent | undefined {
  const { Action: action, Actor: actor, timeNano, time } = JSON.parse(line) as DockerEvent
  if (!action || !actor?.ID) return undefined
  const atMs = timeNano ? Math.floor(timeNano / 1e6) : (time ?? 0) * 1000
  return { container: actor.ID, action, atMs, attributes: actor.Attributes ?? {} }
}

interface DockerEvent {
  Action?: string
  Actor?: { ID?: string; Attributes?: Record<string, string> }
  time?: number
  timeNano?: number
}

function listedOf({ Id, State, Status, Names }: Docker.ContainerInfo): Listed {
  return { id: Id, state: State, status: Status, name: (Names[0] ?? '').replace(/^\//, '') }
}

function infoOf(info: Partial<Record<string, unknown>>): EngineInfo {
  const text = (key: string) => (typeof info[key] === 'string' ? info[key] : '')
  const number = (key: string) => (typeof info[key] === 'number' ? info[key] : 0)
  const labels: unknown = info['Labels']
  return {
    id: text('ID'),
    name: text('Name'),
    version: text('ServerVersion'),
    os: text('OperatingSystem'),
    kernel: text('KernelVersion'),
    arch: text('Architecture'),
    cpus: number('NCPU'),
    memoryBytes: number('MemTotal'),
    rootDir: text('DockerRootDir') || '/var/lib/docker',
    labels: Array.isArray(labels) ? labels.map(String) : []
  }
}

export function limited(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)])
}
