/** Agents as child processes of this program: started again when they die, ended when it ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface ChildOptions {
  /** What messages call it, e.g. "the agent of berlin-1". */
  name: string
  args: string[]
  /** Secrets go here: other users of the machine can read a process's arguments, but not its environment. */
  env(): NodeJS.ProcessEnv
  remark(text: string): void
}

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000
const RESTART_WAIT_MS = 100
/** Whoever lived this long may be started again without a wait. */
const LIVED_WELL_MS = 60_000
/** A child that does not end when asked is killed. */
const PATIENCE_MS = 10_000

/** Runs until it is disposed of, which resolves once the process is gone. */
export class Child implements AsyncDisposable {
  readonly #options: ChildOptions
  #process: ChildProcess | undefined
  #again: NodeJS.Timeout | undefined
  #waitMs = FIRST_WAIT_MS
  #ending = false

  constructor(options: ChildOptions) {
    this.#options = options
    this.#start()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending = true
    clearTimeout(this.#again)
    const running = this.#process
    if (!running || isOver(running)) return
    const gone = once(running, 'exit')
    running.kill('SIGTERM')
    const timer = setTimeout(() => running.kill('SIGKILL'), PATIENCE_MS)
    await gone
    clearTimeout(timer)
  }

  /** Ends it in order and starts it again, with what its environment is by then. */
  restart(): void {
    this.#waitMs = RESTART_WAIT_MS
    this.#process?.kill('SIGTERM')
  }

  #start(): void {
    const { args, env, name } = this.#options
    const startedMs = Date.now()
    const main = fileURLToPath(
      new URL(`./main.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
    )
    // The channel tells the child when this process is gone, whatever ended it.
    const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
      env: env(),
      stdio: ['ignore', 'inherit', 'inherit', 'ipc']
    })
    this.#process = child
    const ended = (how: string) => {
      if (this.#ending || this.#process !== child) return
      this.#process = undefined
      if (Date.now() - startedMs >= LIVED_WELL_MS) this.#waitMs = FIRST_WAIT_MS
      this.#options.remark(`${name} ended (${how}); it is started again in ${this.#waitMs / 1000} s`)
      this.#again = setTimeout(() => this.#start(), this.#waitMs)
      this.#waitMs = Math.min(this.#waitMs * 2, LONGEST_WAIT_MS)
    }
    child.once('error', (error) => ended(error.message))
    child.once('exit', (code, signal) => ended(signal === null ? `exit code ${code}` : signal))
  }
}

function isOver(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
