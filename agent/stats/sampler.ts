/** Looks at the host and at every running container on a steady beat. */
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineStats } from '../docker/engine.ts'
import type { Instance } from '../facts.ts'
import type { InstanceFacts, StatsSample } from '../protocol.ts'
import { pause } from '../ship/backoff.ts'
import { type Cgroup, type CgroupPlaces, findCgroup, readCgroup } from './cgroup.ts'
import { readingOf } from './engine-stats.ts'
import { readFileSystem, readHost } from './host.ts'
import { readNetwork } from './network.ts'
import type { Reading } from './reading.ts'

export interface SamplerOptions extends CgroupPlaces {
  intervalMs: number
  /** The engine is on another machine: nothing here is of its containers, and this is not their host. */
  remote: boolean
  /** Where the host's root folder is; '' where it is the agent's own. */
  hostRoot: string
  /** Asked where control groups cannot be read. */
  engine: { stats(id: string, signal: AbortSignal): Promise<EngineStats | undefined> }
  /** Docker's data folder; undefined while the engine has not said. */
  rootDir: () => string | undefined
  measured: (samples: StatsSample[]) => void
  /** What a container gave no numbers for, and why. */
  failed: (container: string, error: Error) => void
}

interface Target {
  facts: InstanceFacts
  pid: number | undefined
  hostNetwork: boolean
  /** `undefined`: not looked for yet; `api`: not to be seen from here. */
  cgroup: Cgroup | 'api' | undefined
  /** Where its network counters are; undefined where it shares the host's network. */
  network: string | undefined
}

/** Engines answer one sample in up to a second (they wait for a beat of their own), so many are asked at once. */
const ASKED_AT_ONCE = 16
/** Containers that are read from files before others get their turn. */
const READ_AT_ONCE = 10
const HEALTH: Readonly<Record<string, number>> = { unhealthy: 0, starting: 1, healthy: 2 }

export class Sampler {
  readonly #options: SamplerOptions
  readonly #targets = new Map<string, Target>()

  constructor(options: SamplerOptions) {
    this.#options = options
  }

  /** What the engine's watch said of a container. */
  tell(facts: InstanceFacts, { pid, hostNetwork = false }: Pick<Instance, 'pid' | 'hostNetwork'>): void {
    const before = this.#targets.get(facts.container)
    if (facts.state !== 'running' && facts.state !== 'paused') this.#targets.delete(facts.container)
    else if (before && before.pid === pid && before.facts.startedMs === facts.startedMs) before.facts = facts
    else
      this.#targets.set(facts.container, { facts, pid, hostNetwork, cgroup: undefined, network: undefined })
  }

  /** Until the signal is aborted. The beat lies on half intervals of the clock, so that hosts look at the same time. */
  async run(signal: AbortSignal): Promise<void> {
    const { intervalMs, measured, failed } = this.#options
    if (intervalMs === 0) return
    while (!signal.aborted) {
      const phase = (Date.now() + intervalMs / 2) % intervalMs
      await pause(intervalMs - phase, signal)
      if (signal.aborted) return
      try {
        measured(await this.look(signal))
      } catch (error) {
        failed('all', error as Error)
      }
    }
  }

  /** One sample of the host, then one of each container. */
  async look(signal: AbortSignal): Promise<StatsSample[]> {
    const { procDir, remote } = this.#options
    const host = readHost(procDir)
    const samples = remote ? [] : [await this.#host(host, Date.now())]
    const asked: Target[] = []
    let read = 0
    for (const target of [...this.#targets.values()]) {
      if (++read % READ_AT_ONCE === 0) await new Promise((resolve) => setImmediate(resolve))
      const reading = this.#fromFiles(target, host.gauges.memoryLimitBytes)
      if (reading) samples.push(sampleOf(target, reading, Date.now()))
      else asked.push(target)
    }
    samples.push(...(await this.#fromEngine(asked, signal)))
    return samples
  }

  async #host({ counters, gauges, bootMs }: ReturnType<typeof readHost>, atMs: number): Promise<StatsSample> {
    const { hostRoot } = this.#options
    const rootDir = this.#options.rootDir()
    const [root, docker] = await Promise.all([
      readFileSystem(`${hostRoot}/`),
      rootDir === undefined ? undefined : readFileSystem(hostRoot + rootDir)
    ])
    if (root) Object.assign(gauges, { rootUsedBytes: root.used, rootTotalBytes: root.total })
    if (docker) Object.assign(gauges, { dockerUsedBytes: docker.used, dockerTotalBytes: docker.total })
    return { atMs, ...(bootMs !== undefined && { sinceMs: bootMs }), counters, gauges }
  }

  #fromFiles(target: Target, hostMemoryBytes: number | undefined): Reading | undefined {
    if (target.cgroup === undefined) this.#find(target)
    const { cgroup, network } = target
    if (cgroup === 'api' || cgroup === undefined) return undefined
    const reading = readCgroup(cgroup, hostMemoryBytes)
    // It may have ended a moment ago; otherwise it is looked for again.
    if (!reading) target.cgroup = undefined
    if (reading && network !== undefined) Object.assign(reading.counters, readNetwork(network))
    return reading
  }

  #find(target: Target): void {
    const { procDir, remote } = this.#options
    const { facts, pid, hostNetwork } = target
    target.cgroup = (remote ? undefined : findCgroup(facts.container, pid, this.#options)) ?? 'api'
    const own = pid === undefined ? undefined : networkOf(procDir, String(pid))
    const shared = hostNetwork || own === undefined || own === networkOf(procDir, '1')
    target.network = shared ? undefined : join(procDir, String(pid), 'net', 'dev')
  }

  async #fromEngine(targets: readonly Target[], signal: AbortSignal): Promise<StatsSample[]> {
    const { engine, failed } = this.#options
    const samples: StatsSample[] = []
    const waiting = [...targets]
    const ask = async () => {
      for (let target = waiting.shift(); target && !signal.aborted; target = waiting.shift()) {
        const { container } = target.facts
        try {
          const stats = await engine.stats(container, signal)
          if (stats) samples.push(sampleOf(target, readingOf(stats), Date.now()))
        } catch (error) {
          if (!signal.aborted) failed(container, error as Error)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(ASKED_AT_ONCE, targets.length) }, ask))
    return samples
  }
}

function sampleOf({ facts }: Target, { counters, gauges }: Reading, atMs: number): StatsSample {
  const { container, startedMs, restarts, health } = facts
  const well = health === undefined ? undefined : HEALTH[health]
  return {
    container,
    atMs,
    ...(startedMs !== undefined && { sinceMs: startedMs }),
    counters,
    gauges: {
      ...gauges,
      ...(restarts !== undefined && { restarts }),
      ...(well !== undefined && { health: well })
    }
  }
}

/** Names the network of a process; undefined where that may not be seen. */
function networkOf(procDir: string, pid: string): string | undefined {
  try {
    return readlinkSync(join(procDir, pid, 'ns', 'net'))
  } catch {
    return undefined
  }
}
