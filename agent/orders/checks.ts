/** The checks of all instances that orders have made, as long as they run; also after a restart of the agent. */
import type { Logger } from 'pino'
import type { ActingEngine } from '../docker/acting-engine.ts'
import type { Inspected } from '../docker/engine.ts'
import type { Change } from '../docker/watch.ts'
import type { InstanceFacts } from '../protocol.ts'
import type { HealthCheck } from '../protocol-orders.ts'
import { LABELS } from './container.ts'
import { HealthWatch } from './health.ts'
import { probeOf } from './probe.ts'
import { checkProblem } from './shape.ts'

export interface ChecksOptions {
  engine: Pick<ActingEngine, 'inspect' | 'logs' | 'exec' | 'execEnd'>
  /** Where ports of this host are reached from here. */
  address: () => string
  log: Logger
  /** An instance's health is another one: what is to be told. */
  changed: (change: InstanceChange) => void
}

export type InstanceChange = Extract<Change, { kind: 'instance' }>

const LATE_START_MS = 2000

interface Watched {
  watch: HealthWatch
  startedMs: number
}

export class Checks {
  readonly #options: ChecksOptions
  readonly #watched = new Map<string, Watched>()
  readonly #known = new Map<string, InstanceChange['instance']>()
  readonly #ending = new AbortController()

  constructor(options: ChecksOptions) {
    this.#options = options
  }

  /** What the engine's watch said, with the health that the checks have found where the engine has none of its own. */
  seen(change: InstanceChange): InstanceChange {
    const { facts } = change.instance
    const { container, labels, state } = facts
    if (labels[LABELS.order] === undefined || labels[LABELS.check] === undefined) return change
    if (state !== 'running') {
      this.drop(container)
      this.#known.delete(container)
      return change
    }
    this.#known.set(container, change.instance)
    if (facts.health !== undefined) return change
    if (this.#watched.get(container)?.startedMs !== facts.startedMs) this.#begin(container)
    return withHealth(change, this.#watched.get(container)?.watch.state ?? 'starting')
  }

  /**
   * Asks the instance from now on, if nobody does yet. Undefined where its labels do not say how, or it does not run.
   * Throws where the expression of its check is none.
   */
  of(found: Inspected): HealthWatch | undefined {
    const known = this.#watched.get(found.Id)
    const startedMs = Date.parse(found.State.StartedAt ?? '')
    if (known?.startedMs === startedMs) return known.watch
    known?.watch.close()
    this.#watched.delete(found.Id)
    const asked = checkIn(found)
    if (!asked || found.State.Running !== true) return undefined
    const check = withoutLog(found, asked, startedMs)
    const probe = probeOf(
      {
        container: found.Id,
        address: this.#options.address(),
        port: Number(found.Config.Labels?.[LABELS.port]),
        check,
        logSinceMs: logSince(found, startedMs),
        tty: found.Config.Tty ?? false
      },
      this.#options.engine
    )
    const watch = new HealthWatch(check, startedMs, probe, (state) => this.#tell(found.Id, state))
    this.#watched.set(found.Id, { watch, startedMs })
    return watch
  }

  drop(container: string): void {
    this.#watched.get(container)?.watch.close()
    this.#watched.delete(container)
  }

  close(): void {
    this.#ending.abort()
    for (const { watch } of this.#watched.values()) watch.close()
    this.#watched.clear()
  }

  /** Labels as they are told may be cut: the engine has them whole. */
  #begin(container: string): void {
    const { engine, log } = this.#options
    const begin = async () => {
      const found = await engine.inspect(container, this.#ending.signal)
      if (found && !this.#ending.signal.aborted) this.of(found)
    }
    begin().catch((err: Error) => {
      if (!this.#ending.signal.aborted)
        log.warn({ err, container }, 'the check of an instance cannot be made')
    })
  }

  #tell(container: string, health: string): void {
    const instance = this.#known.get(container)
    if (!instance || instance.facts.health !== undefined) return
    const event = { kind: 'health', atMs: Date.now(), instance: instance.facts } as const
    this.#options.changed(withHealth({ kind: 'instance', event, instance }, health))
  }
}

function withHealth({ kind, event, instance }: InstanceChange, health: string): InstanceChange {
  const facts = (of: InstanceFacts): InstanceFacts => ({ ...of, health })
  return {
    kind,
    event: { ...event, instance: facts(event.instance) },
    instance: { ...instance, facts: facts(instance.facts) }
  }
}

/**
 * One line of its log is enough for ever. An agent that was started anew need not find it: it may be rotated away, and
 * what the engine starts again was healthy once.
 */
function withoutLog({ HostConfig }: Inspected, check: HealthCheck, startedMs: number): HealthCheck {
  const isOld = Date.now() - startedMs > check.withinMs
  if (HostConfig.RestartPolicy?.Name !== 'unless-stopped' || !isOld) return check
  const { log: _, ...others } = check
  return others
}

/**
 * Under load an engine notes the start of a container after its first lines. One that the engine does not start again has
 * only one start.
 */
function logSince({ HostConfig }: Inspected, startedMs: number): number {
  return HostConfig.RestartPolicy?.Name === 'unless-stopped' ? startedMs - LATE_START_MS : 0
}

/** Anybody on the host can give a container this label. */
function checkIn({ Config: { Labels } }: Inspected): HealthCheck | undefined {
  try {
    const check: unknown = JSON.parse(Labels?.[LABELS.check] ?? '')
    return checkProblem(check) === undefined ? (check as HealthCheck) : undefined
  } catch {
    return undefined
  }
}
