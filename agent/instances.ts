/** The containers of this host and their log streams. */
import type { Logger } from 'pino'
import type { Change } from './docker/watch.ts'
import type { Standing } from './doctor/ways-out.ts'
import { EarlyLogs } from './early-logs.ts'
import { askedFor, hasEnded, type Instance } from './facts.ts'
import { boundHold } from './files/hold.ts'
import type { Log, Pool } from './files/log.ts'
import { LogStream, type LogStreamOptions } from './files/log-stream.ts'
import { Poller } from './files/poller.ts'
import { deliveredOf, type Member, newMember, told } from './member.ts'
import type { Metrics } from './metrics.ts'
import { notThere, obstacleOf, troubleOf } from './obstacle.ts'
import type { Outbox } from './outbox.ts'
import type { Loss } from './protocol.ts'
import type { Desk, Source, SourceKind } from './sources/source.ts'

export interface InstancesOptions {
  pollMs: number
  idleMs: number
  holdMaxBytes: number
  /** Since when this host is watched, in ms since 1970. */
  sinceMs: number
  outbox: Outbox
  metrics: Metrics
  log: Logger
  /** Who reads, for what can be done where something cannot be read. */
  standing: Standing
  /** Where else logs come from than the engine's own file of a container. */
  sources: readonly SourceKind[]
  /** The engine's own file, where that is not read but asked for. */
  engineLog: EngineLogKind
  /** There is more to send. */
  grew: () => void
}

export interface EngineLogKind {
  source: SourceKind
  /** This container's log is asked for already: it stays so, as its files would give everything again. */
  begun(container: string): boolean
  /** Its files cannot be read, and what they held was never sent: it may be asked for. */
  mayBegin(container: string): boolean
  /** Its files are read. */
  byFiles(container: string): void
}

/** The container's own log. */
const OWN_LOG = 'docker'
/** A running container's log file should be there after this long. */
const APPEARS_MS = 5000

export class Instances {
  readonly #options: InstancesOptions
  readonly #members = new Map<string, Member>()
  readonly #poller: Poller
  #streams: Log[] = []
  /** Instances that are no containers. */
  readonly #ofHost: string[] = []
  /** Opened before anything was known of the container. */
  readonly #early = new EarlyLogs()
  #rotations = 0

  constructor(options: InstancesOptions) {
    this.#options = options
    this.#poller = new Poller({
      pollMs: options.pollMs,
      idleMs: options.idleMs,
      grew: () => this.#grew(),
      done: (stream) => this.#done(stream),
      unreadable: (stream, error) => {
        const { container, path } = stream
        this.#trouble(container, path, error && troubleOf(path, error, options.standing))
        const member = this.#members.get(container)
        if (error && member) this.#askInstead(member, stream)
      }
    })
  }

  get streams(): readonly Log[] {
    return this.#streams
  }

  get pools(): Pool[] {
    const pools: Pool[] = []
    for (const { sources } of this.#members.values())
      for (const { pool } of sources) if (pool) pools.push(pool)
    return pools
  }

  get size(): number {
    return this.#members.size
  }

  get rotations(): number {
    return this.#streams.reduce((sum, stream) => sum + stream.rotations, this.#rotations)
  }

  find(container: string, stream: string): Log | undefined {
    return this.#members.get(container)?.streams.find((one) => one.stream === stream)
  }

  /** Takes hold of the log of a container of which nothing is known yet. */
  open(container: string, path: string): void {
    const stream = this.find(container, OWN_LOG) ?? this.#early.find(container)
    if (this.#options.engineLog.begun(container)) return
    if (stream) this.#poller.wake(stream)
    else if (!this.#members.has(container)) this.#early.add(this.#open({ container, stream: OWN_LOG, path }))
  }

  /** The container was told to end, or has ended (`endedMs`): what it wrote last is taken hold of before it is deleted. */
  ending(container: string, endedMs: number | undefined): void {
    const member = this.#members.get(container)
    for (const source of member?.sources ?? []) source.ending?.(endedMs)
    for (const stream of member?.streams ?? []) this.#poller.wake(stream)
  }

  /** An instance that is no container, and stands as long as the agent: logs of the host itself. */
  stand(instance: Instance): void {
    const { facts } = instance
    this.#ofHost.push(facts.container)
    this.apply({ kind: 'instance', event: { kind: 'seen', atMs: Date.now(), instance: facts }, instance })
  }

  /** What the engine's watch said. */
  apply(change: Extract<Change, { kind: 'instance' | 'present' }>): void {
    if (change.kind === 'present') {
      this.#options.outbox.present([...change.containers, ...this.#ofHost])
      this.#forgetEarly(new Set(change.containers))
      this.#missing()
      return
    }
    const { event } = change
    const { container } = event.instance
    const gone = event.kind === 'remove'
    const known = this.#members.get(container)
    const asked = known?.instance.asked ?? this.#options.engineLog.begun(container)
    const instance = asked && change.instance.log ? askedFor(change.instance) : change.instance
    const member = known ?? newMember(instance)
    member.instance = instance
    member.facts = instance.asked ? { ...event.instance, logSource: 'api' } : event.instance
    this.#members.set(container, member)
    this.#options.outbox.tell({ ...event, instance: told(member) })
    this.#ownLog(member, instance, gone)
    if (!known && !gone) member.sources = this.#sourcesOf(member, instance)
    else if (!gone) for (const source of member.sources) source.update(instance)
    if (gone) this.#remove(member)
    else for (const stream of member.streams) this.#poller.wake(stream)
  }

  /** How far the logs of a container are that has ended; `behind` also where that is not known here yet. */
  delivered(container: string): 'behind' | 'sent' | 'committed' {
    const member = this.#members.get(container)
    if (!member || !hasEnded(member.facts)) return 'behind'
    for (const stream of member.streams) this.#poller.wake(stream)
    return deliveredOf(member)
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
    for (const { sources } of this.#members.values()) for (const source of sources) source.close()
    this.#poller.close()
  }

  /** The log that the engine keeps of the container: opened early, or now that it is told. */
  #ownLog(member: Member, { log }: Instance, gone: boolean): void {
    const { container } = member.facts
    const early = this.#early.take(container)
    if (early && early.path !== log?.path) this.#poller.drop(early)
    if (!log || (gone && !early) || member.streams.some(({ stream }) => stream === OWN_LOG)) return
    const { path, rotation } = log
    const stream = early?.path === path ? early : this.#open({ container, stream: OWN_LOG, path })
    stream.rotation = rotation
    this.#add(member, stream)
    if (stream.generations.length > 0) return
    const trouble = obstacleOf(path, this.#options.standing)
    if (!trouble) return
    this.#trouble(container, path, trouble)
    this.#askInstead(member, stream)
  }

  #sourcesOf(member: Member, instance: Instance): Source[] {
    const { sources, engineLog } = this.#options
    return [engineLog.source, ...sources].flatMap((kind) => this.#sourceOf(kind, member, instance) ?? [])
  }

  #sourceOf(kind: SourceKind, member: Member, instance: Instance): Source | undefined {
    const { container } = instance.facts
    const name = Symbol('source')
    const desk: Desk = {
      follow: (options) => {
        const stream = this.#open({ ...options, container })
        this.#add(member, stream)
        return stream
      },
      add: (log) => {
        this.#poller.add(log)
        this.#add(member, log)
      },
      grew: () => this.#options.grew(),
      lost: (loss) => this.#lost(loss),
      drop: (stream) => {
        this.#poller.drop(stream)
        this.#leave(member, stream)
      },
      wake: (stream) => this.#poller.wake(stream),
      trouble: (text) => this.#trouble(container, name, text)
    }
    return kind(instance, desk)
  }

  /** Files that the agent may not or cannot see: the engine gives the same log, if not as surely. */
  #askInstead(member: Member, stream: Log): void {
    const { instance, removed } = member
    const { container } = instance.facts
    const { engineLog, log } = this.#options
    if (removed || stream.stream !== OWN_LOG || !instance.log || stream.generations.length > 0) return
    if (!engineLog.mayBegin(container)) return
    const trouble = [...member.troubles.values()].join('; ')
    log.warn(
      { container, trouble },
      'a log is asked of the engine instead, for as long as its container lives'
    )
    member.troubles.clear()
    member.instance = askedFor(instance)
    member.facts = { ...member.facts, logSource: 'api' }
    this.#poller.drop(stream)
    this.#leave(member, stream)
    const source = this.#sourceOf(engineLog.source, member, member.instance)
    if (source) member.sources = [...member.sources, source]
    this.#options.outbox.tell({ kind: 'seen', atMs: Date.now(), instance: told(member) })
  }

  #open(options: Omit<LogStreamOptions, 'sinceMs' | 'lost'>): LogStream {
    const { sinceMs } = this.#options
    const stream = new LogStream({ ...options, sinceMs, lost: (loss) => this.#lost(loss) })
    this.#poller.add(stream)
    return stream
  }

  #add(member: Member, stream: Log): void {
    member.streams = [...member.streams, stream]
    this.#streams = [...this.#streams, stream]
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

  #remove(member: Member): void {
    member.removed = true
    for (const source of member.sources) source.remove()
    for (const stream of member.streams) {
      stream.remove()
      this.#poller.wake(stream)
    }
    this.#forget(member)
  }

  #done(stream: Log): void {
    const member = this.#members.get(stream.container)
    if (member) this.#leave(member, stream)
  }

  #leave(member: Member, stream: Log): void {
    this.#rotations += stream.rotations
    this.#streams = this.#streams.filter((other) => other !== stream)
    member.streams = member.streams.filter((other) => other !== stream)
    this.#forget(member)
  }

  /** A removed container of which nothing is left to be read. */
  #forget(member: Member): void {
    const { removed, streams, sources, facts } = member
    if (!removed || streams.length > 0 || !sources.every(({ done }) => done)) return
    for (const source of sources) source.close()
    if (this.#members.get(facts.container) === member) this.#members.delete(facts.container)
  }

  #lost(loss: Loss): void {
    this.#options.metrics.lost(loss)
    this.#options.outbox.lost(loss)
    this.#options.log.error({ ...loss }, 'log bytes are lost')
  }

  #trouble(container: string, what: unknown, trouble: string | undefined): void {
    const member = this.#members.get(container)
    if (!member || member.troubles.get(what) === trouble) return
    if (trouble === undefined) member.troubles.delete(what)
    else member.troubles.set(what, trouble)
    if (trouble) this.#options.log.warn({ container, trouble }, 'a log cannot be read, will try again')
    else this.#options.log.info({ container }, 'a log can be read again')
    this.#options.outbox.tell({ kind: 'seen', atMs: Date.now(), instance: told(member) })
  }

  /** The engine was away before it could say what these containers were, and now they are gone. */
  #forgetEarly(present: ReadonlySet<string>): void {
    for (const stream of this.#early.takeGone(present)) {
      const { container, unsentBytes: bytes } = stream
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
    for (const [container, member] of this.#members) {
      const { instance, facts, sinceMs } = member
      const stream = instance.log && this.find(container, OWN_LOG)
      if (stream && stream.generations.length > 0) this.#options.engineLog.byFiles(container)
      if (!stream || facts.state !== 'running' || Date.now() - sinceMs < APPEARS_MS) continue
      const absent = stream.generations.length === 0 && !stream.placed
      this.#trouble(container, '', absent ? notThere(stream.path, this.#options.standing) : undefined)
      if (absent) this.#askInstead(member, stream)
    }
  }
}
