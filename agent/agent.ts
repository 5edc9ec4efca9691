/** The agent: finds the containers of this host and replicates their logs to the hub. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { AGENT_OPTIONS, type Config, isClear } from './config.ts'
import { addressText } from './docker/address.ts'
import { dockerEngine } from './docker/dockerode.ts'
import type { Engine } from './docker/engine.ts'
import { type Change, watchEngine } from './docker/watch.ts'
import { type Machine, thisMachine } from './doctor/machine.ts'
import { diesWithContainer } from './doctor/state.ts'
import { whereNoEngine, whereNoState } from './doctor/ways-out.ts'
import { EngineStanding } from './engine-standing.ts'
import { type Credentials, enrol, openStateFolder } from './enrolment.ts'
import { AgentError } from './errors.ts'
import { type Face, type FaceOptions, type Health, openFace } from './face.ts'
import { hostFacts, ownContainer } from './facts.ts'
import { heldBytes } from './files/hold.ts'
import type { Log } from './files/log.ts'
import { type EngineLogKind, Instances } from './instances.ts'
import { Journal } from './journal/journal.ts'
import { type Gauges, Metrics } from './metrics.ts'
import type { OpenedOrders, OpenOptions } from './orders/open.ts'
import { Outbox } from './outbox.ts'
import type { Hello, HostFacts } from './protocol.ts'
import { pause } from './ship/backoff.ts'
import { codecsFor } from './ship/codec.ts'
import { Hub, PROTOCOL } from './ship/hub.ts'
import { Shipper } from './ship/shipper.ts'
import { engineLogs } from './sources/engine-log.ts'
import { fileSource } from './sources/file-source.ts'
import { hostInstance } from './sources/host.ts'
import { ByFiles } from './spool/by-files.ts'
import { Spools } from './spool/spools.ts'
import { Sampler } from './stats/sampler.ts'
import { ownVersion } from './version.ts'

export interface AgentOptions {
  log: Logger
  /** Aborting it ends the agent: the last bytes are delivered if the hub takes them within two seconds. */
  signal: AbortSignal
  /** Told instead of what the agent finds out about its host. */
  facts?: Partial<HostFacts>
  engine?: Engine
  /** Called once with the port of /metrics and /healthz. */
  listening?: (port: number) => void
}

const CLEAR = 'key and lines go to the hub in clear: reach it by https where the network is not yours alone'

/** So long the first greeting waits for the engine, whose name and id belong to it. */
const ENGINE_PATIENCE_MS = 2000

/** Resolves when the signal was aborted. Rejects with an AgentError where a person has to do something first. */
export async function runAgent(config: Config, options: AgentOptions): Promise<void> {
  const { log, signal } = options
  const version = ownVersion()
  await using folder = await openStateFolder(config.stateDir)
  const { pollMs, idlePollMs: idleMs, holdMaxBytes, gatherMs } = config
  const hub = hubOf(config)
  if (isClear(config.hubUrl)) log.warn({ hub: config.hubUrl.origin }, CLEAR)
  const engine = new EngineStanding()
  const metrics = new Metrics()
  const wake = () => shipper.wake()
  const outbox = new Outbox(wake)
  const { sinceMs } = folder
  const limits = { pollMs, idleMs, holdMaxBytes, sinceMs }
  const watched = options.engine ?? dockerEngine(config.engine)
  using spools = new Spools({
    folder: join(config.stateDir, 'spool'),
    maxBytes: config.spoolMaxBytes,
    paused: (reason) => pausing(reason, metrics, log)
  })
  const byFiles = new ByFiles(config.stateDir)
  const engineLog: EngineLogKind = {
    source: engineLogs({ engine: watched, spools, metrics, log, checkMs: config.logCheckMs }),
    begun: (container) => config.logAccess !== 'files' && spools.has(container),
    mayBegin: (container) => config.logAccess === 'auto' && !byFiles.has(container),
    byFiles: (container) => byFiles.add(container)
  }
  const standing = thisMachine()
  const journal = new Journal({
    ...{ units: config.journalUnits, dir: config.journalDir, environment: config.environment },
    ...{ path: join(config.stateDir, 'journal.json'), spools, log },
    stand: (instance) => instances.stand(instance)
  })
  const read = { standing, engineLog, sources: [fileSource({ pollMs, idleMs }), journal.source] }
  const instances: Instances = new Instances({ ...limits, ...read, outbox, metrics, log, grew: wake })
  const takesOrders = config.orders !== undefined && 'socketPath' in config.engine
  const hello = (): Hello => ({
    protocol: PROTOCOL,
    version,
    place: folder.place,
    facts: hostFacts(engine.info, { ...config, takesOrders }, options.facts),
    codecs: codecsFor(config.hubUrl),
    clockMs: Date.now()
  })
  const shipper: Shipper = new Shipper(
    {
      ...{ hub, hello, outbox, metrics, log, gatherMs },
      streams: () => instances.streams,
      pools: () => instances.pools,
      find: (container, stream) => instances.find(container, stream),
      look: () => instances.look(),
      retell: () => instances.retell()
    },
    signal
  )
  const sampler = samplerOf(config, watched, { outbox, metrics, log, rootDir: () => engine.info?.rootDir })
  const changed = (change: Extract<Change, { kind: 'instance' }>) => {
    sampler.tell(change.event.instance, change.instance)
    instances.apply(change)
  }
  const logs = {
    delivered: (container: string) => instances.delivered(container),
    connected: () => shipper.standing.connected
  }
  using orders = await ordersOf(config, { log, logs, changed, ended: (kind) => metrics.ordered(kind) })
  await using face = await faceOf(config.port, log, {
    metrics: () => metrics.text(gaugesOf(instances, spools), Date.now()),
    health: () => healthOf(shipper, engine, instances)
  })
  if (face) options.listening?.(face.port)

  for (const app of config.hostFiles) instances.stand(hostInstance(app, config.hostRoot))
  const ending = new AbortController()
  const either = AbortSignal.any([signal, ending.signal])
  const working = [watchContainers(config, either), sampler.run(either), journal.run(either)]
  const watching = Promise.all(working)
  try {
    await Promise.race([engine.answered, pause(ENGINE_PATIENCE_MS, signal)])
    const credentials = folder.credentials ?? (await joinHub())
    if (!credentials) return
    hub.use(credentials.key)
    await Promise.all([shipper.run(), orders?.run(credentials.key, either)])
  } finally {
    ending.abort()
    await watching
    instances.close()
    hub.close()
  }

  async function joinHub(): Promise<Credentials | undefined> {
    const { joinToken, joinTokenFile } = config
    const { facts } = hello()
    const credentials = await enrol({ hub, version, joinToken, joinTokenFile, facts, log }, signal)
    if (credentials) folder.save(credentials)
    return credentials
  }

  async function watchContainers(
    { environment, containersDir, hostRoot, procDir, logAccess, rescanMs }: Config,
    until: AbortSignal
  ): Promise<void> {
    const address = addressText(config.engine)
    const early = (container: string, path: string) => {
      if (logAccess !== 'api') instances.open(container, path)
    }
    const own = ownContainer()
    const view = { environment, containersDir, hostRoot, procDir, logAccess, ownContainer: own }
    const ending = instances.ending.bind(instances)
    const all = { ...view, engine: watched, rescanMs, early, ending }
    let listed = false
    for await (const change of watchEngine(all, until)) {
      if (change.kind === 'engine') {
        const { name, version: engineVersion } = change.info
        log.info({ address, engine: name, engineVersion }, 'watching the containers of an engine')
        // A played engine's agent is meant to be gone at the end.
        if (!listed && !change.info.labels.includes('driftlog.pretended=true'))
          warnOfState(config.stateDir, standing, log)
        if (engine.changed(change.info)) shipper.greetAgain()
      } else if (change.kind === 'away') {
        const { error: err, retryInMs } = change
        metrics.engineErrors++
        if (engine.lost(err)) {
          const remedies = whereNoEngine(address, String((err as NodeJS.ErrnoException).code), standing)
          log.warn(
            { err, address, remedies, retryInMs },
            'the engine does not answer, known logs are read on'
          )
        }
      } else {
        if (change.kind === 'instance') changed(orders?.seen(change) ?? change)
        else instances.apply(change)
        if (change.kind !== 'present' || listed) continue
        listed = true
        const present = new Set(change.containers)
        byFiles.keep(present)
        for (const one of leftOver(spools, present)) instances.apply(one)
      }
    }
  }
}

/** Containers that went while no agent ran, and of which something is left to be delivered. */
function leftOver(spools: Spools, present: ReadonlySet<string>): Extract<Change, { kind: 'instance' }>[] {
  const atMs = Date.now()
  const gone = spools
    .left()
    .filter(({ container, logSource }) => logSource === 'api' && !present.has(container))
  return gone.flatMap((left) => {
    const facts = { ...left, state: 'removed' }
    const instance = { facts, log: undefined, asked: true, tty: false }
    return (['seen', 'remove'] as const).map((kind) => {
      return { kind: 'instance', event: { kind, atMs, instance: facts }, instance }
    })
  })
}

/** Told once when it begins and once when it ends. */
function pausing(reason: string | undefined, metrics: Metrics, log: Logger): void {
  if (reason !== undefined) {
    metrics.spoolPauses++
    log.warn({ reason }, 'no room in the spool: logs wait where they are, the engine may forget the oldest')
  } else {
    metrics.spoolResumes++
    log.info('there is room in the spool again')
  }
}

interface SamplerParts {
  outbox: Outbox
  metrics: Metrics
  log: Logger
  rootDir: () => string | undefined
}

/** Undefined where this host takes no orders. */
async function ordersOf(config: Config, options: OpenOptions): Promise<OpenedOrders | undefined> {
  if (!config.orders) return undefined
  const { openOrders } = await import('./orders/open.ts')
  return openOrders(config, config.orders, options)
}

/** Numbers are worth less than logs: whatever goes wrong with them is counted, told once, and tried again. */
function samplerOf(
  { statsIntervalMs: intervalMs, cgroupDir, procDir, hostRoot, engine: address }: Config,
  engine: Engine,
  { outbox, metrics, log, rootDir }: SamplerParts
): Sampler {
  return new Sampler({
    ...{ intervalMs, cgroupDir, procDir, hostRoot, engine, rootDir },
    remote: !('socketPath' in address),
    measured: (samples) => {
      metrics.statsSamples += samples.length
      outbox.measured(samples)
      metrics.statsDropped = outbox.statsDropped
    },
    failed: (container, err) => {
      if (metrics.statsErrors++ === 0) log.warn({ err, container }, 'no stats of a container, will try again')
    }
  })
}

function warnOfState(stateDir: string, standing: Machine, log: Logger): void {
  if (!diesWithContainer(stateDir, standing)) return
  const remedy = whereNoState(stateDir, standing)
  log.warn(
    { stateDir, remedy },
    'the state folder dies with this container, and the next one joins as another host'
  )
}

/** Throws where the file with the authorities can't be used. */
function hubOf({ hubUrl, trust }: Config): Hub {
  try {
    return new Hub(hubUrl, trust)
  } catch (error) {
    const { name } = AGENT_OPTIONS.caFile
    const text = `${name} is ${trust.caFile}, which can not be used: ${(error as Error).message}`
    throw new AgentError('DRIFTLOG_CONFIG', text, { cause: error })
  }
}

/** The agent's work matters more than its port: where that is taken, it goes on without. */
async function faceOf(
  port: number,
  log: Logger,
  given: Omit<FaceOptions, 'port'>
): Promise<Face | undefined> {
  try {
    return await openFace({ port, ...given })
  } catch (err) {
    log.warn({ err, port }, 'no /metrics and /healthz: set DRIFTLOG_AGENT_PORT to a free port')
    return undefined
  }
}

function gaugesOf({ streams, size, rotations }: Instances, { bytes: spoolBytes }: Spools): Gauges {
  const behindBytes = unsent(streams)
  const held = heldBytes(streams)
  return { streams: streams.length, instances: size, behindBytes, heldBytes: held, rotations, spoolBytes }
}

function healthOf({ standing }: Shipper, engine: EngineStanding, { streams }: Instances): Health {
  return {
    ok: standing.connected && engine.problem === undefined,
    hub: standing.problem ?? 'ok',
    engine: engine.problem ?? 'ok',
    streams: streams.length,
    behindBytes: unsent(streams)
  }
}

function unsent(streams: readonly Log[]): number {
  return streams.reduce((sum, { unsentBytes }) => sum + unsentBytes, 0)
}
