/** The containers of this host and their log streams. */
import type { Logger } from 'pino'
import type { Change } from './docker/watch.ts'
import { boundHold } from './files/hold.ts'
import { LogStream } from './files/log-stream.ts'
import { Poller } from './files/poller.ts'
import type { Metrics } from './metrics.ts'
import type { Outbox } from './outbox.ts'
import type { InstanceFacts, Loss } from './protocol.ts'

export interface InstancesOptions {
  pollMs: number
  idleMs: number
  holdMaxBytes: number
  /** Since when this host is watched, in ms since 1970. */
  sinceMs: number
  outbox: Outbox
  metrics: Metrics
  log: Logger
  /** There is more to send. */
  grew: () => void
}

/** The container's own log. */
const OWN_LOG = 'docker'
/** A running container's log file should be there after this long. */
const APPEARS_MS = 5000

interface Member {
  facts: InstanceFacts
  stream: LogStream | undefined
  sinceMs: number
  /** Why its files cannot be read just now. */
  trouble: string | undefined
}

export class Instances {
  readonly #options: InstancesOptions
  readonly #members = new Map<string, Member>()
  readonly #poller: Poller
  #streams: LogStream[] = []
  /** Opened before anything was known of the container. */
  readonly #early = new Map<string, { stream: LogStream; sinceMs: number }>()
  #rotations = 0

  constructor(options: InstancesOptions) {
    this.#options = options
    this.#poller = new Poller({
      pollMs: options.pollMs,
      idleMs: options.idleMs,
      grew: () => this.#grew(),
      done: (stream) => this.#done(stream),
      unreadable: (stream, error) => this.#trouble(stream.container, error && troubleOf(stream.path, error))
    })
  }

  get streams(): readonly LogStream[] {
    return this.#streams
  }

  get size(): number {
    return this.#members.size
  }

  get rotations(): number {
    return this.#streams.reduce((sum, stream) => sum + stream.rotations, this.#rotations)
  }

  find(container: string, stream: string): LogStream | undefined {
    const found = this.#members.get(container)?.stream
    return found?.stream === stream ? found : undefined
  }

  /** Takes hold of the log of a container of which nothing is known yet. */
  open(container: string, path: string): void {
    const stream = this.#members.get(container)?.stream ?? this.#early.get(container)?.stream
    if (stream) this.#poller.wake(stream)
    else if (!this.#members.has(container)) {
      this.#early.set(container, { stream: this.#follow(container, path), sinceMs: Date.now() })
    }
  }

  /** What the engine's watch said. */
  apply(change: Extract<Change, { kind: 'instance' | 'present' }>): void {
    if (change.kind === 'present') {
      this.#options.outbox.present(change.containers)
      this.#forgetEarly(new Set(change.containers))
      this.#missing()
      return
    }
    const { event, log } = change
    const { container } = event.instance
    const before = this.#members.get(container)
    const member: Member = before ?? {
      facts: event.instance,
      stream: undefined,
      sinceMs: Date.now(),
      trouble: undefined
    }
    member.facts = event.instance
    this.#members.set(container, member)
    this.#options.outbox.tell({ ...event, instance: told(member) })
    const early = this.#early.get(container)?.stream
    this.#early.delete(container)
    if (early && early.path !== log?.path) this.#poller.drop(early)
    if (log && !member.stream && (early || event.kind !== 'remove')) {
      const { path, rotation } = log
      member.stream = early?.path === path ? early : this.#follow(container, path)
      member.stream.rotation = rotation
      this.#streams = [...this.#streams, member.stream]
    }
    if (event.kind === 'remove') this.#remove(container, member)
    else if (member.stream) this.#poller.wake(member.stream)
  }

  /** A session begins: everything is told anew, also removed containers whose log is not delivered yet. */
  retell(): void {
    const atMs = Date.now()
    for (const member of this.#members.values()) {
      this.#options.outbox.tell({ kind: 'seen', atMs, instance: told(member) })
    }
  }

  look(): void {
    this.#poller.lookNow()
  }

  close(): void {
    this.#poller.close()
  }

  #follow(container: string, path: string): LogStream {
    const lost = (loss: Loss) => this.#lost(loss)
    const { sinceMs } = this.#options
    const stream = new LogStream({ container, stream: OWN_LOG, path, sinceMs, lost })
    this.#poller.add(stream)
    return stream
  }

  #grew(): void {
    for (const { size } of boundHold(this.#streams, this.#options.holdMaxBytes)) {
      const { holdMaxBytes } = this.#options
      this.#options.log.error(
        { bytes: size, holdMaxBytes },
        'too much waits for the hub, oldest rotated file let go'
      )
    }
    this.#options.grew()
  }

  #remove(container: string, { stream }: Member): void {
    if (!stream) {
      this.#members.delete(container)
      return
    }
    stream.remove()
    this.#poller.wake(stream)
  }

  #done(stream: LogStream): void {
    this.#rotations += stream.rotations
    this.#streams = this.#streams.filter((other) => other !== stream)
    this.#members.delete(stream.container)
  }

  #lost(loss: Loss): void {
    this.#options.metrics.lost(loss)
    this.#options.outbox.lost(loss)
    this.#options.log.error({ ...loss }, 'log bytes are lost')
  }

  #trouble(container: string, trouble: string | undefined): void {
    const member = this.#members.get(container)
    if (!member || member.trouble === trouble) return
    member.trouble = trouble
    if (trouble) this.#options.log.warn({ container, trouble }, 'a log cannot be read, will try again')
    else this.#options.log.info({ container }, 'a log can be read again')
    this.#options.outbox.tell({ kind: 'seen', atMs: Date.now(), instance: told(member) })
  }

  /** The engine was away before it could say what these containers were, and now they are gone. */
  #forgetEarly(present: ReadonlySet<string>): void {
    for (const [container, { stream, sinceMs }] of this.#early) {
      // A younger one may have come after the listing; its event is still on its way.
      if (present.has(container) || Date.now() - sinceMs < APPEARS_MS) continue
      const bytes = stream.unsentBytes
      this.#early.delete(container)
      this.#poller.drop(stream)
      if (bytes === 0) continue
      this.#options.metrics.lost({
        container,
        stream: OWN_LOG,
        atMs: Date.now(),
        bytes,
        cause: 'removed-unread'
      })
      this.#options.log.error({ container, bytes }, 'a container came and went unknown, its log is lost')
    }
  }

  /** A running container whose file is nowhere: the folder is probably not mounted where the agent runs. */
  #missing(): void {
    for (const [container, { stream, facts, sinceMs }] of this.#members) {
      if (!stream || facts.state !== 'running' || Date.now() - sinceMs < APPEARS_MS) continue
      const absent = stream.generations.length === 0 && !stream.placed
      const text = `${stream.path} is not there: mount Docker's containers folder where the agent runs, or set DRIFTLOG_CONTAINERS_DIR`
      if (absent) this.#trouble(container, text)
      else if (this.#members.get(container)?.trouble === text) this.#trouble(container, undefined)
    }
  }
}

function told({ facts, trouble }: Member): InstanceFacts {
  return trouble === undefined ? facts : { ...facts, unread: trouble }
}

function troubleOf(path: string, error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') {
    return `${path} cannot be read: permission denied; run the agent as root or in the group that may read it`
  }
  return `${path} cannot be read: ${error.message}`
}
