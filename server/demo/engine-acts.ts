/**
 * What orders ask of an engine, answered as dockerd does: images of a registry, and containers that are created,
 * started, stopped and removed. An engine without it can only be looked at.
 */
import { existsSync, readFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { type Container, imageIdOf } from './container.ts'
import type { PretendedEngine } from './engine.ts'
import type { Reply } from './engine-api.ts'

export interface ActOptions {
  /** What can be pulled: `office/mailer:1.5.0`. */
  registry: readonly string[]
  /** It was made by an order, and runs now. */
  started(container: Container): void
  /** It is asked to end, and may still write. */
  ending(container: Container): void
}

interface Asked {
  Image: string
  Env?: string[]
  Labels?: Record<string, string>
  HostConfig?: { LogConfig?: { Config?: Record<string, string> } }
}

const MISSING: Reply = { status: 404, body: { message: 'manifest unknown' } }
const DONE: Reply = { status: 204, body: {} }
/** SIGTERM. */
const ASKED_TO_END = 143

export class EngineActs {
  readonly #engine: PretendedEngine
  readonly #options: ActOptions

  constructor(engine: PretendedEngine, options: ActOptions) {
    this.#engine = engine
    this.#options = options
  }

  /** Undefined where it is nothing of this kind. */
  async reply(request: IncomingMessage, path: string, asked: URLSearchParams): Promise<Reply | undefined> {
    const { method } = request
    const [, image] = /^\/images\/(.+)\/json$/.exec(path) ?? []
    if (image !== undefined && method === 'GET') return this.#image(decodeURIComponent(image)) ?? MISSING
    if (method === 'POST' && path === '/images/create') return this.#pull(asked)
    if (method === 'POST' && path === '/containers/create')
      return this.#create(asked.get('name') ?? '', JSON.parse(await textOf(request)) as Asked)
    const [, name = '', act] = /^\/containers\/([^/]+)(?:\/(start|stop|update|logs))?$/.exec(path) ?? []
    if (name === '' || (method === 'GET' && act !== 'logs')) return undefined
    const container = this.#find(name)
    if (!container) return { status: 404, body: { message: `No such container: ${name}` } }
    return method === 'GET'
      ? logsOf(container, asked)
      : this.#act(container, method === 'DELETE' ? 'remove' : act)
  }

  #act(container: Container, act: string | undefined): Reply | undefined {
    const { id, state } = container
    switch (act) {
      case 'start':
        if (state === 'running') return { status: 304, body: {} }
        this.#engine.start(id)
        this.#options.started(container)
        return DONE
      case 'stop':
        if (state !== 'running') return { status: 304, body: {} }
        this.#options.ending(container)
        this.#engine.stop(id, { exitCode: ASKED_TO_END })
        return DONE
      case 'update':
        return { status: 200, body: { Warnings: null } }
      case 'remove':
        this.#engine.remove(id)
        return DONE
      default:
        return undefined
    }
  }

  #create(name: string, { Image, Env = [], Labels = {}, HostConfig }: Asked): Reply {
    const image = this.#known(Image)
    if (image === undefined) return { status: 404, body: { message: `No such image: ${Image}` } }
    if (this.#find(name)) return { status: 409, body: { message: `The container name "/${name}" is in use` } }
    const logOptions = HostConfig?.LogConfig?.Config ?? {}
    const Id = this.#engine.create({
      ...{ name, image: Image, env: Env, labels: Labels, logOptions },
      imageId: imageIdOf(image)
    })
    return { status: 201, body: { Id, Warnings: [] } }
  }

  #pull(asked: URLSearchParams): Reply {
    const [name = '', tag = ''] = [asked.get('fromImage'), asked.get('tag')].map((text) => text ?? '')
    const image = this.#known(`${name}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`)
    if (image === undefined) return MISSING
    const id = imageIdOf(image).slice('sha256:'.length, 'sha256:'.length + 12)
    const lines = [
      { status: 'Pulling fs layer', id },
      { status: 'Pull complete', id },
      { status: `Digest: ${digestOf(image)}` }
    ]
    return { status: 200, text: lines.map((line) => `${JSON.stringify(line)}\n`).join('') }
  }

  #image(name: string): Reply | undefined {
    const image = this.#known(name)
    if (image === undefined) return undefined
    const RepoDigests = [`${image.replace(/:[^:]*$/, '')}@${digestOf(image)}`]
    return { status: 200, body: { Id: imageIdOf(image), RepoTags: [image], RepoDigests } }
  }

  /** By tag, by digest with or without tag, or by id. */
  #known(name: string): string | undefined {
    const [tagged, digest] = name.split('@')
    return this.#options.registry.find((image) =>
      digest === undefined ? image === tagged || imageIdOf(image) === name : digestOf(image) === digest
    )
  }

  #find(name: string): Container | undefined {
    return [...this.#engine.containers].find((one) => one.id === name || one.name === name)
  }
}

function digestOf(image: string): string {
  return imageIdOf(`manifest of ${image}`)
}

/** Framed as of a container without a terminal: output, length, and the line behind its time. */
function logsOf({ logPath }: Container, asked: URLSearchParams): Reply {
  const tail = Number(asked.get('tail') ?? Number.POSITIVE_INFINITY)
  const text = existsSync(logPath) ? readFileSync(logPath, 'utf8') : ''
  const records = text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LogRecord]))
  const frames = records.slice(-tail).map(({ log, stream, time }) => {
    const line = Buffer.from(`${time} ${log}`)
    const head = Buffer.alloc(8)
    head[0] = stream === 'stderr' ? 2 : 1
    head.writeUInt32BE(line.length, 4)
    return Buffer.concat([head, line])
  })
  return { status: 200, bytes: Buffer.concat(frames) }
}

interface LogRecord {
  log: string
  stream: 'stdout' | 'stderr'
  time: string
}

async function textOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts).toString()
}
