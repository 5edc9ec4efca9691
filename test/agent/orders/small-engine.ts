/**
 * An engine of a few containers that do nothing but listen on their port, over a real socket: for faults that a real one
 * can't be made to show. Those of orders on real engines stand in test/real/docker.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'

export interface SmallContainer {
  id: string
  name: string
  image: string
  labels: Record<string, string>
  env: string[]
  status: 'created' | 'running' | 'exited'
  policy: string
  startedAt: string
  exitCode: number
  server: Server | undefined
}

export interface SmallImage {
  id: string
  tags: string[]
  digests: string[]
}

export class SmallEngine implements AsyncDisposable {
  readonly socketPath: string
  readonly containers = new Map<string, SmallContainer>()
  readonly images: SmallImage[] = []
  /** What can be pulled, by `name:tag` or `name@digest`. */
  readonly registry = new Map<string, SmallImage>()
  /** Calls that changed something, such as `POST /containers/create`. */
  readonly acts: string[] = []
  /** Statuses to be answered instead, by the beginning of the call; 0: the connection is cut after it was done. */
  readonly faults: { call: string; status: number }[] = []
  readonly #server: Server

  private constructor(folder: string) {
    this.socketPath = join(folder, 'engine.sock')
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async open(folder: string): Promise<SmallEngine> {
    const engine = new SmallEngine(folder)
    await new Promise<void>((resolve) => engine.#server.listen(engine.socketPath, resolve))
    return engine
  }

  /** Orders whose containers run. */
  get running(): (string | undefined)[] {
    const up = [...this.containers.values()].filter(({ status }) => status === 'running')
    return up.map(({ labels }) => labels['driftlog.order'])
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const piece of request) text += piece
    const url = new URL(request.url ?? '/', 'http://engine')
    const call = `${request.method} ${url.pathname}`
    if (request.method !== 'GET') this.acts.push(call)
    const index = this.faults.findIndex((fault) => call.startsWith(fault.call))
    const [fault] = index < 0 ? [] : this.faults.splice(index, 1)
    if (fault && fault.status > 0) return json(response, fault.status, { message: 'ordered by the test' })
    const [status, body] = await this.#reply(request.method ?? '', url, text === '' ? {} : JSON.parse(text))
    if (fault) response.socket?.destroy()
    else if (typeof body === 'string') response.writeHead(status).end(body)
    else json(response, status, body)
  }

  async #reply(method: string, url: URL, body: Record<string, unknown>): Promise<[number, object | string]> {
    const { pathname: path, searchParams: asked } = url
    if (path === '/containers/json')
      return [200, this.#list(JSON.parse(asked.get('filters') ?? '{}').label ?? [])]
    if (path === '/containers/create') return this.#create(asked.get('name') ?? '', body)
    if (path === '/images/create') return this.#pull(asked)
    const [, imageName] = /^\/images\/(.+)\/json$/.exec(decodeURIComponent(path)) ?? []
    if (imageName) return this.#image(imageName)
    const [, id = '', action = ''] = /^\/containers\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? []
    const container = this.containers.get(id)
    if (!container) return [404, { message: `No such container: ${id}` }]
    if (action === 'json') return [200, inspected(container)]
    if (action === 'logs') return [200, '']
    if (method === 'DELETE') {
      await this.#stop(container)
      this.containers.delete(id)
    } else if (action === 'start') await this.#start(container)
    else if (action === 'stop') await this.#stop(container)
    else if (action === 'update') container.policy = (body['RestartPolicy'] as { Name: string }).Name
    return [204, '']
  }

  #list(labels: string[]): object[] {
    const fits = ({ labels: own }: SmallContainer) =>
      labels.every((label) => {
        const [name = '', value] = label.split(/=(.*)/s)
        return value === undefined ? name in own : own[name] === value
      })
    return [...this.containers.values()]
      .filter(fits)
      .map(({ id }) => ({ Id: id, Names: [], State: '', Status: '' }))
  }

  #create(name: string, body: Record<string, unknown>): [number, object] {
    if ([...this.containers.values()].some((one) => one.name === name))
      return [409, { message: `Conflict. The container name "/${name}" is already in use` }]
    const image = this.#find(String(body['Image']))
    if (!image) return [404, { message: `No such image: ${body['Image']}` }]
    const id = createHash('sha256').update(`${name}${this.acts.length}`).digest('hex')
    const labels = body['Labels'] as Record<string, string>
    const fresh = { policy: 'no', startedAt: '', exitCode: 0, server: undefined }
    const env = body['Env'] as string[]
    this.containers.set(id, { ...fresh, ...{ id, name, image: image.id, labels, env, status: 'created' } })
    return [201, { Id: id, Warnings: [] }]
  }

  async #start(container: SmallContainer): Promise<void> {
    if (container.status === 'running') return
    container.status = 'running'
    container.startedAt = new Date().toISOString()
    const server = createServer((_, response) => response.end('well'))
    container.server = server
    await new Promise<void>((resolve) => server.listen(Number(container.labels['driftlog.port']), resolve))
  }

  async #stop(container: SmallContainer): Promise<void> {
    container.status = container.startedAt === '' ? 'created' : 'exited'
    container.server?.closeAllConnections()
    await new Promise((resolve) => (container.server ? container.server.close(resolve) : resolve(undefined)))
    container.server = undefined
  }

  #pull(asked: URLSearchParams): [number, object | string] {
    const tag = asked.get('tag') ?? ''
    const name = `${asked.get('fromImage')}${tag.startsWith('sha256:') ? '@' : ':'}${tag}`
    const image = this.registry.get(name)
    if (!image) return [404, { message: `manifest for ${name} not found` }]
    this.images.push(image)
    const lines = [
      { status: 'Pulling fs layer', id: 'abc' },
      { status: 'Pull complete', id: 'abc' }
    ]
    return [200, lines.map((line) => JSON.stringify(line)).join('\r\n')]
  }

  #image(name: string): [number, object] {
    const found = this.#find(name)
    if (!found) return [404, { message: `No such image: ${name}` }]
    return [200, { Id: found.id, RepoTags: found.tags, RepoDigests: found.digests }]
  }

  #find(name: string): SmallImage | undefined {
    const [front, digest] = name.split('@')
    const repository = front?.replace(/:[^/:]*$/, '')
    return this.images.findLast(({ id, tags, digests }) => {
      if (digest !== undefined) return digests.includes(`${repository}@${digest}`)
      return id === name || tags.includes(name)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const container of this.containers.values()) await this.#stop(container)
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

function inspected({
  id,
  name,
  image,
  labels,
  env,
  status,
  startedAt,
  exitCode,
  policy
}: SmallContainer): object {
  return {
    Id: id,
    Name: `/${name}`,
    Created: '',
    Image: image,
    State: {
      Status: status,
      Running: status === 'running',
      StartedAt: startedAt || '0001-01-01T00:00:00Z',
      FinishedAt: '0001-01-01T00:00:00Z',
      ExitCode: exitCode
    },
    Config: { Image: image, Labels: labels, Env: env },
    HostConfig: { LogConfig: { Type: 'json-file' }, RestartPolicy: { Name: policy } }
  }
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
