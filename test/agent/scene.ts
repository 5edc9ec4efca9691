/** A pretended engine, a hub and agents around them, in a folder of their own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pino from 'pino'
import { runAgent } from '../../agent/agent.ts'
import { type Config, readConfig } from '../../agent/config.ts'
import { type PretendedEngine, startPretendedEngine } from '../../server/demo/engine.ts'
import type { TextWriterOptions } from './files-scene.ts'
import { FakeHub, type HubOptions } from './hub.ts'

export interface RunningAgent extends AsyncDisposable {
  /** Of /metrics and /healthz. */
  port: Promise<number>
  /** Rejects where the agent ended with an error. */
  end(): Promise<void>
}

export class Scene implements AsyncDisposable {
  readonly folder: string
  readonly hub: FakeHub
  readonly engine: PretendedEngine
  readonly #agents: RunningAgent[] = []
  readonly #children: ChildProcess[] = []

  private constructor(folder: string, hub: FakeHub, engine: PretendedEngine) {
    this.folder = folder
    this.hub = hub
    this.engine = engine
  }

  static async open(options: HubOptions = {}): Promise<Scene> {
    const folder = mkdtempSync(join(tmpdir(), 'driftlog-agent-'))
    const hub = new FakeHub(options)
    await hub.start()
    const engine = await startPretendedEngine({
      socketPath: join(folder, 'docker.sock'),
      dir: join(folder, 'docker'),
      id: 'ENGINE',
      name: 'test-host'
    })
    return new Scene(folder, hub, engine)
  }

  env(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    return {
      DRIFTLOG_HUB_URL: this.hub.url,
      DRIFTLOG_DOCKER_SOCKET: join(this.folder, 'docker.sock'),
      DRIFTLOG_STATE_DIR: join(this.folder, 'state'),
      DRIFTLOG_AGENT_PORT: '0',
      DRIFTLOG_POLL_MS: '20',
      DRIFTLOG_RESCAN_MS: '300',
      DRIFTLOG_LOG_LEVEL: 'silent',
      ...more
    }
  }

  /** An agent in this process. */
  agent(more: NodeJS.ProcessEnv = {}): RunningAgent {
    const config: Config = readConfig(this.env(more))
    const ending = new AbortController()
    let listening: (port: number) => void = () => {}
    const port = new Promise<number>((resolve) => {
      listening = resolve
    })
    const log = pino({ level: config.logLevel })
    const run = runAgent(config, { log, signal: ending.signal, listening })
    run.catch(() => {})
    const end = async () => {
      ending.abort()
      await run
    }
    const agent = { port, end, [Symbol.asyncDispose]: end }
    this.#agents.push(agent)
    return agent
  }

  /** An agent in a process of its own, to be killed. */
  agentProcess(more: NodeJS.ProcessEnv = {}): ChildProcess {
    return this.#spawn('agent-process.ts', [], this.env(more))
  }

  /** A process that writes numbered lines into a log as dockerd does; see writer-process.ts. */
  writer(options: WriterOptions): ChildProcess {
    return this.#spawn('writer-process.ts', [JSON.stringify(options)], {})
  }

  /** A process that writes numbered lines into a file as an app does; see text-writer-process.ts. */
  textWriter(options: TextWriterOptions): ChildProcess {
    return this.#spawn('text-writer-process.ts', [JSON.stringify(options)], {})
  }

  #spawn(script: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const path = fileURLToPath(new URL(script, import.meta.url))
    const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
      env: { PATH: process.env['PATH'], HOME: this.folder, ...env },
      stdio: ['pipe', 'pipe', 'inherit']
    })
    this.#children.push(child)
    return child
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await killed(child)
    for (const agent of this.#agents) await agent.end().catch(() => {})
    await this.engine.close()
    await this.hub.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export interface WriterOptions {
  path: string
  maxSize?: string
  maxFile?: number
  compress?: boolean
  lines: number
  /** 0: as fast as it can. */
  linesPerSecond: number
  /** The number of the first line. */
  from?: number
}

export async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
}

/** Waits until the condition holds; the test's own time-out is the limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(20)
}

/** The text of each record of a json-file, pieces of long lines apart. */
export function linesOf(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { log: string }).log.replace(/\n$/, ''))
}

export interface Count {
  lines: number
  lost: number
  repeated: number
  disordered: number
}

/** What became of the lines 0 … expected-1, each of which begins with its number. */
export function countOf(lines: readonly string[], expected: number): Count {
  const seen = new Uint8Array(expected)
  let repeated = 0
  let disordered = 0
  let before = -1
  for (const line of lines) {
    const number = Number.parseInt(line, 10)
    if (seen[number]) repeated++
    seen[number] = 1
    if (number < before) disordered++
    before = number
  }
  return { lines: lines.length, lost: seen.filter((one) => one === 0).length, repeated, disordered }
}
