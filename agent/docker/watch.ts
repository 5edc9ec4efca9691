/**
 * What happens to the containers of an engine. Subscribe, then list, then look again every now and then: the
 * engine keeps few events and drops slow listeners, so events make it quick and listings make it certain.
 */
import { type FactsOptions, type Instance, instanceOf, usualLogPath } from '../facts.ts'
import type { InstanceEvent } from '../protocol.ts'
import { type Backoff, delays, pause } from '../ship/backoff.ts'
import type { Engine, EngineEvent, EngineInfo, Listed } from './engine.ts'

export type Change =
  /** The engine answers (again). */
  | { kind: 'engine'; info: EngineInfo }
  /** It does not; the agent lives on. */
  | { kind: 'away'; error: Error; retryInMs: number }
  | { kind: 'instance'; event: InstanceEvent; instance: Instance }
  /** All containers that exist now. */
  | { kind: 'present'; containers: string[] }

export interface WatchOptions extends FactsOptions {
  engine: Engine
  /** Between two listings. */
  rescanMs: number
  /**
   * Called the moment a container is created or started, before anything is known of it: its log is probably
   * at `path`, and whoever opens it now has it, however short the container lives.
   */
  early: (container: string, path: string) => void
  /**
   * Called the moment a container is sent a signal, or has died (`endedMs`), before it is asked for: when it is being
   * removed, its files are there for a few milliseconds only.
   */
  ending: (container: string, endedMs: number | undefined) => void
  backoff?: Backoff
}

const BACKOFF: Backoff = { minMs: 500, maxMs: 30_000 }
/** Calls to the engine at the same time, when everything is looked at. */
const INSPECTS = 8

const KINDS: Readonly<Record<string, InstanceEvent['kind']>> = {
  create: 'seen',
  start: 'start',
  die: 'die',
  oom: 'oom',
  rename: 'rename',
  health_status: 'health'
}

interface Known {
  instance: Instance
  /** What a listing said of it. */
  summary: string
}

/** Goes on until the signal is aborted, whatever the engine does. */
export async function* watchEngine(options: WatchOptions, signal: AbortSignal): AsyncGenerator<Change> {
  const known = new Map<string, Known>()
  let waits = delays(options.backoff ?? BACKOFF)
  while (!signal.aborted) {
    const connection = new AbortController()
    const either = AbortSignal.any([signal, connection.signal])
    try {
      const info = await options.engine.info(either)
      yield { kind: 'engine', info }
      const early = ({ container, action, atMs }: EngineEvent) => {
        if (action === 'create' || action === 'start') {
          options.early(container, usualLogPath(container, info.rootDir, options))
        } else if (action === 'kill' || action === 'die') {
          options.ending(container, action === 'die' ? atMs : undefined)
        }
      }
      const waiting = new Waiting(options.engine.events(either), early, either)
      const look = new Look(options, info.rootDir, known, either)
      yield* look.all(true)
      waits = delays(options.backoff ?? BACKOFF)
      let dueMs = Date.now() + options.rescanMs
      for (;;) {
        const event = await waiting.next(dueMs - Date.now())
        if (signal.aborted) return
        if (event) yield* look.at(event)
        if (Date.now() < dueMs) continue
        yield* look.all(false)
        dueMs = Date.now() + options.rescanMs
      }
    } catch (error) {
      if (signal.aborted) return
      const retryInMs = Math.round(waits.next().value)
      yield { kind: 'away', error: error as Error, retryInMs }
      await pause(retryInMs, signal)
    } finally {
      connection.abort()
    }
  }
}

/** Looks at containers and says what is new. */
class Look {
  readonly #options: WatchOptions
  readonly #rootDir: string
  readonly #known: Map<string, Known>
  readonly #signal: AbortSignal

  constructor(options: WatchOptions, rootDir: string, known: Map<string, Known>, signal: AbortSignal) {
    this.#options = options
    this.#rootDir = rootDir
    this.#known = known
    this.#signal = signal
  }

  /** Everything: with `closely` each container is inspected, else those of which the listing says something new. */
  async *all(closely: boolean): AsyncGenerator<Change> {
    const listed = await this.#options.engine.list(this.#signal)
    const changed = listed.filter((one) => closely || this.#known.get(one.id)?.summary !== summaryOf(one))
    for (let from = 0; from < changed.length; from += INSPECTS) {
      const some = changed.slice(from, from + INSPECTS)
      const found = await Promise.all(some.map(({ id }) => this.#inspect(id)))
      for (const [index, one] of some.entries()) {
        const instance = found[index]
        if (instance) yield this.#tell('seen', Date.now(), instance, summaryOf(one))
      }
    }
    const there = new Set(listed.map(({ id }) => id))
    for (const id of [...this.#known.keys()]) if (!there.has(id)) yield* this.#removed(id, Date.now())
    yield { kind: 'present', containers: [...there] }
  }

  async *at({ container, action, atMs, attributes }: EngineEvent): AsyncGenerator<Change> {
    if (action === 'destroy') {
      yield* this.#removed(container, atMs)
      return
    }
    const kind = KINDS[action.split(':', 1)[0] ?? '']
    if (!kind) return
    const before = this.#known.get(container)
    // A short-lived container may be gone before anybody can ask for it: its event says the most important.
    const instance =
      (await this.#inspect(container)) ?? before?.instance ?? this.#fromEvent(container, attributes)
    if (kind !== 'die') {
      yield this.#tell(kind, atMs, instance, before?.summary ?? '')
      return
    }
    // By now it may have been started again: what is told is how it stood when it died.
    const facts = {
      ...instance.facts,
      state: 'exited',
      finishedMs: atMs,
      exitCode: Number(attributes['exitCode'] ?? instance.facts.exitCode ?? 0)
    }
    yield this.#tell('die', atMs, { ...instance, facts }, '')
  }

  *#removed(id: string, atMs: number): Generator<Change> {
    const before = this.#known.get(id)
    if (!before) return
    this.#known.delete(id)
    const facts = { ...before.instance.facts, state: 'removed' }
    const event: InstanceEvent = { kind: 'remove', atMs, instance: facts }
    yield { kind: 'instance', event, instance: { ...before.instance, facts } }
  }

  #tell(kind: InstanceEvent['kind'], atMs: number, instance: Instance, summary: string): Change {
    this.#known.set(instance.facts.container, { instance, summary })
    return { kind: 'instance', event: { kind, atMs, instance: instance.facts }, instance }
  }

  async #inspect(id: string): Promise<Instance | undefined> {
    const found = await this.#options.engine.inspect(id, this.#signal)
    return found && instanceOf(found, this.#rootDir, this.#options)
  }

  #fromEvent(id: string, attributes: Record<string, string>): Instance {
    const { name = id.slice(0, 12), image = '', exitCode, execDuration, signal, ...labels } = attributes
    return instanceOf(
      {
        Id: id,
        Name: name,
        Created: '',
        Image: '',
        State: { Status: 'removed', ...(exitCode !== undefined && { ExitCode: Number(exitCode) }) },
        Config: { Image: image, Labels: labels },
        HostConfig: { LogConfig: { Type: 'json-file' } }
      },
      this.#rootDir,
      this.#options
    )
  }
}

/** Events that came while something else was being done. */
class Waiting {
  readonly #events: EngineEvent[] = []
  #failure: Error | undefined
  #wake: (() => void) | undefined

  constructor(events: AsyncIterable<EngineEvent>, early: (event: EngineEvent) => void, signal: AbortSignal) {
    this.#gather(events, early).catch((error: Error) => {
      this.#failure = error
      this.#wake?.()
    })
    signal.addEventListener('abort', () => this.#wake?.(), { once: true })
  }

  /** Undefined when nothing came in time; throws when the connection is lost and all events are taken. */
  async next(timeoutMs: number): Promise<EngineEvent | undefined> {
    if (this.#events.length === 0 && !this.#failure) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.max(0, timeoutMs))
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.#wake = undefined
    }
    const event = this.#events.shift()
    if (!event && this.#failure) throw this.#failure
    return event
  }

  async #gather(events: AsyncIterable<EngineEvent>, early: (event: EngineEvent) => void): Promise<void> {
    for await (const event of events) {
      early(event)
      this.#events.push(event)
      this.#wake?.()
    }
  }
}

/** Without how long it has been up, which changes all the time. */
function summaryOf({ state, status, name }: Listed): string {
  const health = /\(([^)]*health[^)]*|starting)\)/.exec(status)?.[1] ?? ''
  return `${state} ${health} ${name}`
}
