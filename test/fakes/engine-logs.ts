/**
 * An engine that gives logs by its API, with faults to order that a real one can't be made to show. Everything else
 * is answered by the pretended engine behind it.
 */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'

export type LogFault =
  | { kind: 'none' }
  /** The connection breaks after so many bytes. */
  | { kind: 'cut'; bytes: number }
  /** Nothing comes any more after so many bytes, and nothing says so. */
  | { kind: 'silent'; bytes: number }
  /** An error within the answer, after so many records. */
  | { kind: 'error'; records: number; message: string }
  | { kind: 'refused'; status: number; message: string }

interface LogRecord {
  output: 'stdout' | 'stderr'
  time: string
  text: string
}

interface Follower {
  container: string
  give: (record: LogRecord) => void
  end: () => void
}

export function frame(output: number, record: string): Buffer {
  const text = Buffer.from(record)
  const head = Buffer.alloc(8)
  head[0] = output
  head.writeUInt32BE(text.length, 4)
  return Buffer.concat([head, text])
}

export class EngineLogs implements AsyncDisposable {
  /** Asked at the beginning of each answer with a log. */
  fault: () => LogFault = () => ({ kind: 'none' })
  /** What was asked for, newest last. */
  readonly asked: URLSearchParams[] = []
  readonly #records = new Map<string, LogRecord[]>()
  readonly #followers = new Set<Follower>()
  readonly #behind: string
  readonly #server: Server

  private constructor(behind: string) {
    this.#behind = behind
    this.#server = createServer((asked, response) => this.#answer(asked, response))
  }

  static async start(socketPath: string, behind: string): Promise<EngineLogs> {
    const engine = new EngineLogs(behind)
    await new Promise<void>((resolve, reject) => {
      engine.#server.once('error', reject)
      engine.#server.listen(socketPath, resolve)
    })
    return engine
  }

  write(container: string, output: 'stdout' | 'stderr', text: string, time: string): void {
    const records = this.#records.get(container) ?? []
    this.#records.set(container, records)
    const record = { output, time, text }
    records.push(record)
    for (const follower of this.#followers) if (follower.container === container) follower.give(record)
  }

  /** The engine forgets the oldest, as by a rotation. */
  forget(container: string, keep: number): void {
    this.#records.set(container, (this.#records.get(container) ?? []).slice(-keep))
  }

  /** The container ended: whoever follows its log is through with it. */
  endOf(container: string): void {
    for (const follower of this.#followers) if (follower.container === container) follower.end()
  }

  get followers(): number {
    return this.#followers.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #answer(asked: IncomingMessage, response: ServerResponse): void {
    const url = new URL(asked.url ?? '/', 'http://engine')
    const [, container] = /\/containers\/([^/]+)\/logs$/.exec(url.pathname) ?? []
    if (container !== undefined) this.#logs(container, url.searchParams, response)
    else this.#passOn(asked, response)
  }

  #logs(container: string, asked: URLSearchParams, response: ServerResponse): void {
    this.asked.push(asked)
    const fault = asked.has('tail') ? ({ kind: 'none' } as const) : this.fault()
    if (fault.kind === 'refused') {
      response.writeHead(fault.status).end(JSON.stringify({ message: fault.message }))
      return
    }
    response.writeHead(200, { 'content-type': 'application/vnd.docker.multiplexed-stream' })
    response.flushHeaders()
    let bytes = 0
    let records = 0
    const follower: Follower = {
      container,
      give: ({ output, time, text }) => {
        if (response.writableEnded || response.destroyed) return
        if (fault.kind === 'error' && records++ === fault.records) {
          response.end(frame(3, `Error grabbing logs: ${fault.message}`))
          return
        }
        const all = frame(output === 'stderr' ? 2 : 1, `${time} ${text}`)
        const left = fault.kind === 'cut' || fault.kind === 'silent' ? fault.bytes - bytes : all.length
        bytes += all.length
        if (left > 0) response.write(all.subarray(0, left))
        if (left < all.length && fault.kind === 'cut') response.write('', () => response.destroy())
      },
      end: () => response.end()
    }
    const kept = since(this.#records.get(container) ?? [], asked.get('since'))
    for (const record of kept.slice(-Number(asked.get('tail') ?? kept.length))) follower.give(record)
    if (asked.get('follow') !== 'true') response.end()
    else this.#followers.add(follower)
    response.once('close', () => this.#followers.delete(follower))
  }

  #passOn(asked: IncomingMessage, response: ServerResponse): void {
    const { method, url: path, headers } = asked
    const behind = request({ socketPath: this.#behind, method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      response.flushHeaders()
      answer.pipe(response)
      answer.once('error', () => response.destroy())
    })
    behind.once('error', () => response.destroy())
    response.once('close', () => behind.destroy())
    behind.end()
  }
}

/** As dockerd does it: from the first record of that moment on. */
function since(records: readonly LogRecord[], moment: string | null): readonly LogRecord[] {
  if (!moment) return records
  const [seconds = '', nanos = ''] = moment.split('.')
  const from = `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${nanos}Z`
  const first = records.findIndex(({ time }) => time >= from)
  return first < 0 ? [] : records.slice(first)
}
