/**
 * Whether a line of an instance's log matches, since its start. What is read is bounded, and so is the time of the
 * expression, which comes from people and may backtrack for hours: V8 stops it.
 */
import { type Context, createContext, Script } from 'node:vm'
import type { ActingEngine } from '../docker/acting-engine.ts'
import { BareLog, FramedLog } from '../docker/log-frames.ts'

/** What a log has beyond this from its start is not looked at. */
const MOST_BYTES = 8 * 1024 * 1024
/** Beginnings of longer lines are. */
const LONGEST_LINE = 8 * 1024
/** All lines of one look together; the agent does nothing else meanwhile. */
const MATCH_MS = 100

const MATCH = new Script('lines.some((line) => expression.test(line))')

export class LogLook {
  readonly #engine: Pick<ActingEngine, 'logs'>
  readonly #container: string
  /** Some hundred KiB; undefined once a line has matched. */
  #context: Context | undefined
  /** Of the last record that was read. */
  #since: string
  #bytes = 0
  /** Read, and not looked at yet. */
  #lines: string[] = []
  #found = false
  #hopeless: string | undefined

  /** Throws where it is no expression. `(?i)` at its beginning ignores case. */
  constructor(engine: Pick<ActingEngine, 'logs'>, container: string, source: string, sinceMs: number) {
    const ignoreCase = source.startsWith('(?i)')
    const expression = new RegExp(ignoreCase ? source.slice('(?i)'.length) : source, ignoreCase ? 'i' : '')
    this.#engine = engine
    this.#container = container
    this.#since = (sinceMs / 1000).toFixed(3)
    this.#context = createContext({ expression, lines: [] })
  }

  /** Reads what is new. Why not, where no line matched yet; undefined where one did. */
  async next(tty: boolean, signal: AbortSignal): Promise<string | undefined> {
    if (this.#found) return undefined
    if (this.#hopeless !== undefined) return this.#hopeless
    const { framed, chunks } = await this.#engine.logs(
      this.#container,
      { since: this.#since, follow: false },
      signal
    )
    const decoder = (framed ?? !tty) ? new FramedLog() : new BareLog()
    const each = (_output: string, time: string, text: Buffer) => {
      if (time !== '') this.#since = sinceOf(time)
      this.#lines.push(text.toString('utf8', 0, LONGEST_LINE).replace(/\r?\n$/, ''))
    }
    for await (const chunk of chunks) {
      this.#bytes += chunk.length
      decoder.push(chunk, each)
      if (this.#matches()) return undefined
      if (this.#hopeless !== undefined) return this.#hopeless
      if (this.#bytes > MOST_BYTES) {
        this.#hopeless = `no line matches in the first ${MOST_BYTES / 2 ** 20} MiB of its log`
        return this.#hopeless
      }
    }
    return 'no line of its log matches'
  }

  #matches(): boolean {
    const context = this.#context
    if (this.#lines.length === 0 || !context) return this.#found
    context['lines'] = this.#lines
    const before = process.cpuUsage()
    try {
      this.#found = MATCH.runInContext(context, { timeout: MATCH_MS }) === true
      this.#lines = []
      if (this.#found) this.#context = undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      // On a busy machine the time may have passed without any work: the same lines are looked at again.
      const { user } = process.cpuUsage(before)
      if (user > (MATCH_MS * 1000) / 2)
        this.#hopeless = `the expression is too slow: it took more than ${MATCH_MS} ms for ${this.#lines.length} lines`
    } finally {
      context['lines'] = []
    }
    return this.#found
  }
}

/** `2026-11-25T13:47:23.604300822Z` is `1795614443.604300822`, as the engine wants it. */
function sinceOf(time: string): string {
  return `${Math.floor(Date.parse(`${time.slice(0, 19)}Z`) / 1000)}${time.slice(19, 29)}`
}
