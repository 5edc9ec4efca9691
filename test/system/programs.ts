/** Starts the built programs as a person would, and asks the hub what it has. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { storeEnv } from './engine.ts'

const BIN = fileURLToPath(new URL('../../dist/server/cli/main.js', import.meta.url))

/** Characters of a program's output that are kept: the newest. */
export const MOST_OUTPUT = 1_000_000

/** What a failed test has left running would write where the next one reads. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export interface Program extends AsyncDisposable {
  pid: number
  /** Everything it printed so far. */
  output(): string
  /** kill -9, and waits until it is gone. */
  kill(): Promise<void>
  /** SIGTERM, and waits; kills after 20 s. */
  stop(): Promise<number | null>
  exited(): boolean
}

/** `prefix` runs it elsewhere, e.g. inside a network namespace. */
export function startProgram(args: string[], env: NodeJS.ProcessEnv, prefix: string[] = []): Program {
  const [command = '', ...rest] = [...prefix, process.execPath, BIN, ...args]
  const isHub = args[0] === 'hub' || args[0] === 'up'
  const store = isHub && env['DRIFTLOG_DATA_DIR'] ? storeEnv(env['DRIFTLOG_DATA_DIR']) : {}
  const child = spawn(command, rest, {
    env: { ...process.env, ...store, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  running.add(child)
  child.once('exit', () => running.delete(child))
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8')
    stream?.on('data', (text: string) => {
      output = (output + text).slice(-MOST_OUTPUT)
    })
  }
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exited: () => over(child),
    kill: async () => {
      if (over(child)) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    stop: () => stop(child),
    [Symbol.asyncDispose]: async () => {
      await stop(child)
    }
  }
}

function over(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

async function stop(child: ChildProcess): Promise<number | null> {
  if (over(child)) return child.exitCode
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await once(child, 'exit')
  clearTimeout(timer)
  return child.exitCode
}

export interface HubOptions {
  dataDir: string
  port: number
  host?: string
  env?: NodeJS.ProcessEnv
}

/** A hub process; it can be killed and started again on the same folder and port. */
export class Hub implements AsyncDisposable {
  readonly options: HubOptions
  readonly url: string
  #program: Program | undefined

  constructor(options: HubOptions) {
    this.options = options
    this.url = `http://${options.host ?? '127.0.0.1'}:${options.port}`
  }

  get program(): Program {
    if (!this.#program) throw new Error('this hub was not started')
    return this.#program
  }

  async start(): Promise<this> {
    this.#program = startProgram(['hub'], {
      DRIFTLOG_LISTEN_HOST: this.options.host ?? '127.0.0.1',
      DRIFTLOG_LISTEN_PORT: String(this.options.port),
      DRIFTLOG_DATA_DIR: this.options.dataDir,
      ...this.options.env
    })
    await this.ready()
    return this
  }

  async ready(): Promise<void> {
    for (let attempt = 0; attempt < 600; attempt++) {
      if (this.program.exited()) throw new Error(`the hub ended at its start:\n${this.program.output()}`)
      const answer = await fetch(`${this.url}/readyz`).catch(() => undefined)
      if (answer?.ok) return
      await sleep(50)
    }
    throw new Error(`the hub is not ready after 30 s:\n${this.program.output()}`)
  }

  /** Secret of the first-start token of this name, as the command line on this machine would read it. */
  token(name: 'admin' | 'read' | 'join'): Promise<string> {
    return readFile(join(this.options.dataDir, 'tokens', name), 'utf8').then((text) => text.trim())
  }

  async get<T>(path: string): Promise<T> {
    const answer = await fetch(this.url + path, { headers: await this.#headers() })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  /** Texts of all records that match, oldest first. */
  async *texts(question: Record<string, string>): AsyncGenerator<string> {
    for await (const record of this.records(question)) yield record.text
  }

  async *records(
    question: Record<string, string>
  ): AsyncGenerator<{ text: string; time: string; host: string; hostName: string; id: string }> {
    const query = new URLSearchParams({ from: 'now-1d', to: 'now+1h', limit: '10000000', ...question })
    const answer = await fetch(`${this.url}/api/logs/export?${query}`, { headers: await this.#headers() })
    if (!answer.ok || !answer.body) throw new Error(`export: ${answer.status} ${await answer.text()}`)
    const lines = createInterface({
      input: Readable.fromWeb(answer.body as never),
      crlfDelay: Number.POSITIVE_INFINITY
    })
    for await (const line of lines) {
      const value = JSON.parse(line)
      if (typeof value.id === 'string') yield value
    }
  }

  /** Waits until the hub holds this many records of the question, or as long as the number still grows. */
  async settled(question: Record<string, string>, expected: number, patienceMs = 60_000): Promise<number> {
    let last = -1
    let changedMs = Date.now()
    for (;;) {
      const total = await this.total(question).catch(() => last)
      if (total >= expected) return total
      if (total !== last) changedMs = Date.now()
      if (Date.now() - changedMs > patienceMs) return total
      last = total
      await sleep(250)
    }
  }

  async total(question: Record<string, string>): Promise<number> {
    const query = new URLSearchParams({ from: 'now-1d', to: 'now+1h', buckets: '10', ...question })
    return (await this.get<{ total: number }>(`/api/logs/histogram?${query}`)).total
  }

  async #headers(): Promise<Record<string, string>> {
    return this.options.host === undefined ? {} : { authorization: `Bearer ${await this.token('admin')}` }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program?.stop()
  }
}

export interface AgentOptions {
  hubUrl: string
  socket: string
  stateDir: string
  name: string
  join?: string
  env?: NodeJS.ProcessEnv
  prefix?: string[]
}

export function startAgent(options: AgentOptions): Program {
  return startProgram(
    ['agent'],
    {
      DRIFTLOG_HUB_URL: options.hubUrl,
      DRIFTLOG_DOCKER_SOCKET: options.socket,
      DRIFTLOG_STATE_DIR: options.stateDir,
      DRIFTLOG_HOST_NAME: options.name,
      DRIFTLOG_AGENT_PORT: '0',
      ...(options.join ? { DRIFTLOG_JOIN_TOKEN: options.join } : {}),
      ...options.env
    },
    options.prefix
  )
}
