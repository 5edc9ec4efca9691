/** Acting on the engine through dockerode. Loaded only where orders are taken. */
import type { IncomingMessage } from 'node:http'
import type Docker from 'dockerode'
import type { ActingEngine, EngineImage, PullAsked, PullProgress } from './acting-engine.ts'
import type { EngineAddress } from './address.ts'
import { CALL_MS, engineOf, limited, openDocker, refusalOf } from './dockerode.ts'

/** A registry that is silent for so long does not go on. */
const SILENT_PULL_MS = 300_000

export function actingEngine(address: EngineAddress): ActingEngine {
  const docker = openDocker(address)
  const { inspect, logs } = engineOf(docker)
  return {
    inspect,
    logs,
    async labelled(label, signal) {
      const filters = JSON.stringify({ label })
      const found = await answered(
        docker.listContainers({ all: true, filters, abortSignal: limited(signal) })
      )
      return found.map(({ Id }) => Id)
    },
    image: (name, signal) =>
      unlessGone(docker.getImage(name).inspect({ abortSignal: limited(signal) } as object)).then(
        (found) => found && imageOf(found)
      ),
    pull: (asked, signal) => pull(docker, asked, signal),
    async create(name, container, signal) {
      // Else all of it would stand in the address as well, secrets included.
      const asked = { _query: { name }, _body: container, abortSignal: limited(signal) }
      return (await answered(docker.createContainer(asked as Docker.ContainerCreateOptions))).id
    },
    async start(id, signal) {
      await unlessSo(docker.getContainer(id).start({ abortSignal: limited(signal) }), 304)
    },
    async setRestartPolicy(id, Name, signal) {
      const asked = { RestartPolicy: { Name }, abortSignal: limited(signal) }
      await answered(docker.getContainer(id).update(asked))
    },
    async stop(id, graceMs, signal) {
      const t = Math.ceil(graceMs / 1000)
      const abortSignal = AbortSignal.any([signal, AbortSignal.timeout(t * 1000 + CALL_MS)])
      await unlessSo(docker.getContainer(id).stop({ t, abortSignal } as object), 304, 404)
    },
    async remove(id, signal) {
      await unlessSo(
        docker.getContainer(id).remove({ v: true, force: true, abortSignal: limited(signal) }),
        404
      )
    },
    async exec(id, command, signal) {
      const abortSignal = limited(signal)
      const exec = await answered(docker.getContainer(id).exec({ Cmd: [...command], abortSignal }))
      const stream = await answered(exec.start({ Detach: true, abortSignal } as Docker.ExecStartOptions))
      stream.resume()
      return exec.id
    },
    async execEnd(exec, signal) {
      const { Running, ExitCode } = await answered(
        docker.getExec(exec).inspect({ abortSignal: limited(signal) })
      )
      return Running ? undefined : (ExitCode ?? 0)
    }
  }
}

async function* pull(
  docker: Docker,
  { name, version, credentials }: PullAsked,
  signal: AbortSignal
): AsyncGenerator<PullProgress> {
  const silent = new AbortController()
  const late = () => silent.abort(new Error(`the engine tells nothing of it for ${SILENT_PULL_MS / 1000} s`))
  let timer = setTimeout(late, SILENT_PULL_MS)
  let stop = () => {}
  const abortSignal = AbortSignal.any([signal, silent.signal])
  const asked = { _query: { fromImage: name, tag: version }, _body: {}, authconfig: credentials, abortSignal }
  try {
    const answer = (await answered(docker.createImage(asked))) as IncomingMessage
    stop = () => answer.destroy(abortSignal.reason)
    abortSignal.addEventListener('abort', stop, { once: true })
    for await (const line of linesOf(answer)) {
      clearTimeout(timer)
      timer = setTimeout(late, SILENT_PULL_MS)
      const { status, id, error } = JSON.parse(line) as { status?: string; id?: string; error?: string }
      if (error !== undefined) throw new Error(error)
      if (status !== undefined) yield { status, layer: id }
    }
  } finally {
    clearTimeout(timer)
    // With it the answer would stay as long as the signal does.
    abortSignal.removeEventListener('abort', stop)
  }
}

/** Throws where the answer breaks off, which Node's own reader of lines does not. */
async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = ''
  answer.setEncoding('utf8')
  for await (const text of answer as AsyncIterable<string>) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines.filter((line) => line.trim() !== '')
  }
  if (rest.trim() !== '') yield rest
}

function imageOf({ Id, RepoTags, RepoDigests }: Docker.ImageInspectInfo): EngineImage {
  return { id: Id, tags: RepoTags ?? [], digests: RepoDigests ?? [] }
}

async function answered<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw refusalOf(error as Error)
  }
}

async function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  return unlessSo(call, 404)
}

/** Undefined where the engine answers with one of these statuses: it is as it should be already. */
async function unlessSo<T>(call: Promise<T>, ...statuses: number[]): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (statuses.includes((error as { statusCode?: number }).statusCode ?? 0)) return undefined
    throw refusalOf(error as Error)
  }
}
