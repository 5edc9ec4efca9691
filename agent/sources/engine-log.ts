/**
 * A container's own log by way of the engine: what it answers is written to a spool. For log drivers whose files
 * are the engine's own affair, for files that the agent may not read, and for engines on other machines.
 *
 * The engine is asked again from where the spool ends, whenever it falls silent; what comes twice then is recognised.
 */
import type { Logger } from 'pino'
import { type Engine, EngineRefusal } from '../docker/engine.ts'
import { BareLog, FramedLog, type LogDecoder } from '../docker/log-frames.ts'
import type { Instance } from '../facts.ts'
import type { LogStream } from '../files/log-stream.ts'
import type { Metrics } from '../metrics.ts'
import type { Loss } from '../protocol.ts'
import { type Backoff, delays, pause } from '../ship/backoff.ts'
import { fullTime } from '../spool/resume.ts'
import type { Spools } from '../spool/spools.ts'
import { SpoolWriter } from '../spool/writer.ts'
import type { Desk, Source, SourceKind } from './source.ts'

export interface EngineLogOptions {
  engine: Pick<Engine, 'logs'>
  spools: Spools
  metrics: Metrics
  log: Logger
  /** A silent answer is checked this often for whether it is still alive. */
  checkMs: number
  backoff?: Backoff
}

/** Every container whose log is not read as files and not left out. */
export function engineLogs(options: EngineLogOptions): SourceKind {
  return (instance, desk) => {
    if (!instance.asked) return undefined
    try {
      return new EngineLog(instance, desk, options)
    } catch (error) {
      desk.trouble(
        `${(error as Error).message}: mend the state folder, and restart the agent to read this log`
      )
      return undefined
    }
  }
}

type Outcome =
  | { kind: 'ended' }
  | { kind: 'full' }
  /** The container is gone, or on its way. */
  | { kind: 'gone'; message: string }
  /** The engine will not give it. */
  | { kind: 'refused'; message: string }
  | { kind: 'failed'; error: Error }

const BACKOFF: Backoff = { minMs: 200, maxMs: 30_000 }
/** After the newest record was asked for, it should arrive within this time. */
const LATE_MS = 3000
/** The end of a long line is waited for this long; then its beginning goes on alone. */
const LINE_PATIENCE_MS = 1000
/** A spool that could not be used is tried again after so long. */
const RETRY_MS = 10_000
/** Who is refused asks this seldom. */
const REFUSED_MS = 300_000
/** When a container is removed, the engine ends its answer; it gets this long. */
const FAREWELL_MS = 5000

class EngineLog implements Source {
  readonly #container: string
  readonly #desk: Desk
  readonly #options: EngineLogOptions
  readonly #stream: LogStream
  readonly #writer: SpoolWriter
  readonly #ending = new AbortController()
  /** Aborted some time after the container was removed. */
  readonly #farewell = new AbortController()
  #connection = new AbortController()
  #tty: boolean
  #running: boolean
  #startedMs: number | undefined
  #removed = false
  #finished = false
  /** Counts what the engine told of the container, so that nothing is missed while it is asked. */
  #told = 0
  #wake: (() => void) | undefined
  #heardMs = 0
  #late: NodeJS.Timeout | undefined
  /** The last answer broke off. */
  #failing = false
  /** The engine has ended its answer since the container was last started: there is no more. */
  #complete = false

  constructor({ facts, tty = false }: Instance, desk: Desk, options: EngineLogOptions) {
    this.#container = facts.container
    this.#desk = desk
    this.#options = options
    this.#tty = tty
    this.#running = facts.state === 'running' || facts.state === 'paused'
    this.#startedMs = facts.startedMs
    const { spool, stream } = options.spools.open(facts, (path) => desk.follow({ stream: 'docker', path }))
    this.#stream = stream
    const append = (bytes: Buffer, state: string) => options.spools.append(facts.container, bytes, state)
    this.#writer = new SpoolWriter(spool, append)
    if (facts.state === 'removed') this.#finish()
    else this.#begin()
  }

  update({ facts, tty = false }: Instance): void {
    this.#options.spools.tell(facts)
    const running = facts.state === 'running' || facts.state === 'paused'
    this.#tty = tty
    const changed = running !== this.#running || facts.startedMs !== this.#startedMs
    if (!changed && !this.#failing) return
    if (running) this.#complete = false
    this.#running = running
    this.#startedMs = facts.startedMs
    this.#news()
  }

  remove(): void {
    this.#removed = true
    this.#running = false
    this.#news()
    setTimeout(() => this.#farewell.abort(), FAREWELL_MS).unref()
  }

  get behind(): boolean {
    return !this.#complete && !this.#finished
  }

  get done(): boolean {
    return this.#finished
  }

  close(): void {
    this.#ending.abort()
    this.#wake?.()
    this.#options.spools.close(this.#container, this.#finished && this.#stream.done)
  }

  /** Whatever the spool's disk does, the rest of the agent goes on. */
  #begin(): void {
    this.#run().catch((err: Error) => {
      if (this.#ending.signal.aborted) return
      this.#options.log.error({ err, ...this.#named }, 'a spool cannot be used, will try again')
      this.#desk.trouble(err.message)
      setTimeout(() => this.#begin(), RETRY_MS).unref()
    })
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    const patience = AbortSignal.any([signal, this.#farewell.signal])
    let waits = delays(this.#options.backoff ?? BACKOFF)
    let gone = 0
    while (!signal.aborted) {
      await this.#options.spools.room(this.#container, patience)
      const told = this.#told
      const running = this.#running
      const heardMs = this.#heardMs
      const outcome = await this.#read(running)
      if (signal.aborted) return
      if (outcome.kind === 'ended') this.#complete = told === this.#told || !this.#running
      if (this.#removed) {
        if (!this.#complete) this.#lost('removed-unread')
        this.#finish()
        return
      }
      if (this.#heardMs !== heardMs) waits = delays(this.#options.backoff ?? BACKOFF)
      if (outcome.kind === 'full') continue
      if (outcome.kind === 'failed') {
        const { error: err } = outcome
        this.#options.metrics.engineLogErrors++
        if (!this.#failing)
          this.#options.log.warn({ err, ...this.#named }, 'a log of the engine broke off, will ask again')
      }
      this.#failing = outcome.kind === 'failed'
      if (outcome.kind === 'refused') this.#desk.trouble(refusalOf(outcome.message))
      // Once is what a container that is just being removed looks like.
      gone = outcome.kind === 'gone' ? gone + 1 : 0
      if (outcome.kind === 'gone' && gone > 1) this.#desk.trouble(goneOf(outcome.message))
      const covered = outcome.kind === 'ended' && !running
      if (covered) await this.#toldSince(told, undefined)
      else if (outcome.kind === 'refused') await this.#toldSince(told, REFUSED_MS)
      else await this.#toldSince(told, waits.next().value)
    }
  }

  /** One answer of the engine, until it ends. */
  async #read(follow: boolean): Promise<Outcome> {
    this.#connection = new AbortController()
    const { signal } = this.#connection
    const either = AbortSignal.any([this.#ending.signal, this.#farewell.signal, signal])
    const writer = this.#writer
    const since = writer.begin()
    const checking = follow ? this.#check(either) : undefined
    try {
      const { framed, chunks } = await this.#options.engine.logs(this.#container, { since, follow }, either)
      this.#desk.trouble(undefined)
      const decoder: LogDecoder = (framed ?? !this.#tty) ? new FramedLog() : new BareLog()
      for await (const chunk of chunks) {
        this.#heardMs = Date.now()
        decoder.push(chunk, writer.each)
        if (!this.#flush(false)) return { kind: 'full' }
      }
      decoder.end(writer.each)
      return this.#flush(true) ? { kind: 'ended' } : { kind: 'full' }
    } catch (error) {
      // An unfinished line is asked for again, together with its end.
      return this.#flush(false) ? outcomeOf(error as Error) : { kind: 'full' }
    } finally {
      clearTimeout(this.#late)
      this.#connection.abort()
      await checking
    }
  }

  #flush(all: boolean): boolean {
    clearTimeout(this.#late)
    const room = this.#writer.flush(Date.now(), all)
    if (this.#writer.takeTorn()) this.#lost('source-gap')
    if (this.#writer.waiting) this.#late = setTimeout(() => this.#flush(true), LINE_PATIENCE_MS)
    return room
  }

  /** A connection may be dead without a word, and engines have been seen to fall silent: what is newest? */
  async #check(signal: AbortSignal): Promise<void> {
    const { checkMs, engine, metrics, log } = this.#options
    this.#heardMs = Date.now()
    while (!signal.aborted) {
      await pause(checkMs - (Date.now() - this.#heardMs), signal)
      if (signal.aborted) return
      if (Date.now() - this.#heardMs < checkMs) continue
      this.#heardMs = Date.now()
      const newest = await newestTime(engine, this.#container, this.#tty, signal).catch(() => undefined)
      if (newest === undefined || newest <= this.#writer.newest) continue
      await pause(Math.min(LATE_MS, checkMs), signal)
      if (signal.aborted || newest <= this.#writer.newest) continue
      metrics.engineLogStalls++
      log.warn({ ...this.#named }, 'a log of the engine has fallen silent, asking anew')
      this.#connection.abort(new Error('silent although there is more'))
    }
  }

  /** Until something new is told of the container, or so long. */
  async #toldSince(told: number, waitMs: number | undefined): Promise<void> {
    if (told !== this.#told || this.#ending.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = waitMs === undefined ? undefined : setTimeout(resolve, waitMs)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    this.#wake = undefined
  }

  #news(): void {
    this.#told++
    this.#wake?.()
  }

  /** Nothing will be written any more. The stream must have met every file before the last one loses its name. */
  #finish(): void {
    this.#desk.wake(this.#stream)
    this.#writer.finish()
    this.#finished = true
    this.#desk.wake(this.#stream)
  }

  #lost(cause: Loss['cause']): void {
    this.#desk.lost({ container: this.#container, stream: this.#stream.stream, atMs: Date.now(), cause })
  }

  get #named(): { container: string } {
    return { container: this.#container }
  }
}

async function newestTime(
  engine: Pick<Engine, 'logs'>,
  container: string,
  tty: boolean,
  signal: AbortSignal
): Promise<string | undefined> {
  const { framed, chunks } = await engine.logs(container, { follow: false, tail: 1 }, signal)
  const decoder = (framed ?? !tty) ? new FramedLog() : new BareLog()
  let newest: string | undefined
  const each = (_output: string, time: string) => {
    newest = fullTime(time)
  }
  for await (const chunk of chunks) decoder.push(chunk, each)
  decoder.end(each)
  return newest
}

function outcomeOf(error: Error): Outcome {
  if (!(error instanceof EngineRefusal)) return { kind: 'failed', error }
  const { status, message } = error
  if (status === 404 || status === 409) return { kind: 'gone', message }
  return status === 501 || status < 500 ? { kind: 'refused', message } : { kind: 'failed', error }
}

function goneOf(message: string): string {
  return `the engine does not give this log (${message}), will ask again`
}

function refusalOf(message: string): string {
  return `the engine does not give this log (${message}): use a log driver that can be read, json-file or local, or do not disable the engine's own cache of it`
}
